/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"
#include "boot/timeline.h"
#include "fs/partition.h"
#include "lib/errors.h"
#include "lib/log.h"

/*
 * In this order on each volume; the first that finds something bootable has the default. Files
 * without a configuration are only looked for where there is none.
 */
static const struct {
	const char *name;
	void (*find)(struct boot_scan *s);
} formats[] = {
	{ "extlinux", extlinux_find },
	{ "BLS", bls_find },
	{ "UKI", uki_find },
	{ "file", bare_find },
};

enum { NOTE_BYTES = 320 };

static const char no_memory[] = "there is no memory left to describe it";

/* ---- Notes ---- */

static void note_add(struct boot_entries *all, const char *text)
{
	struct boot_note *n;

	if (all->note_count >= BOOT_NOTES_MAX)
		return;
	if (++all->note_count == BOOT_NOTES_MAX)
		text = "... and more";
	n = malloc(sizeof(*n) + strlen(text) + 1);
	if (!n)
		return;
	n->next = NULL;
	strcpy(n->text, text);
	*all->last_note = n;
	all->last_note = &n->next;
}

void boot_warn(struct boot_entries *all, const char *format, ...)
{
	char text[NOTE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	note_add(all, text);
	log_warning("%s", text);
}

void scan_note(struct boot_scan *s, const char *format, ...)
{
	char text[NOTE_BYTES], line[24] = "";
	va_list arguments;
	int used;

	if (s->line)
		snprintf(line, sizeof(line), ", line %u", s->line);
	used = snprintf(text, sizeof(text), "%s:%s%s: ", s->fs->volume.name,
			s->source ? s->source : "", line);
	if (used < 0 || used >= (int)sizeof(text))
		return;
	va_start(arguments, format);
	vsnprintf(text + used, sizeof(text) - (size_t)used, format, arguments);
	va_end(arguments);
	note_add(s->all, text);
}

/* ---- Entries ---- */

static bool is_constant(const char *reason)
{
	return reason == no_memory;
}

void entry_refuse(struct boot_entry *e, const char *format, ...)
{
	char text[NOTE_BYTES];
	va_list arguments;

	if (e->reason)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	e->reason = strdup(text);
	if (!e->reason)
		e->reason = (char *)no_memory;
}

void entry_set(struct boot_entry *e, char **string, const char *to)
{
	char *copy = strdup(to);

	if (!copy) {
		entry_refuse(e, no_memory);
		return;
	}
	free(*string);
	*string = copy;
}

void entry_append(struct boot_entry *e, char **string, const char *more)
{
	size_t before = *string ? strlen(*string) : 0;
	char *longer = realloc(*string, before + 1 + strlen(more) + 1);

	if (!longer) {
		entry_refuse(e, no_memory);
		return;
	}
	if (before)
		longer[before++] = ' ';
	strcpy(longer + before, more);
	*string = longer;
}

void entry_part(struct boot_entry *e, struct boot_part **list, const char *folder,
		const char *path, u64 offset, u64 bytes)
{
	size_t before = *path == '/' ? 0 : strlen(folder) + 1;
	struct boot_part *p = malloc(sizeof(*p) + before + strlen(path) + 1);

	if (!p) {
		entry_refuse(e, no_memory);
		return;
	}
	*p = (struct boot_part){ .offset = offset, .bytes = bytes };
	sprintf(p->path, "%s%s%s", before ? folder : "", before ? "/" : "", path);
	while (*list)
		list = &(*list)->next;
	*list = p;
}

static void parts_free(struct boot_part *p)
{
	while (p) {
		struct boot_part *next = p->next;

		free(p);
		p = next;
	}
}

static void entry_free(struct boot_entry *e)
{
	free(e->source);
	free(e->id);
	free(e->title);
	free(e->version);
	free(e->sort_key);
	free(e->machine_id);
	free(e->arguments);
	parts_free(e->kernel);
	parts_free(e->initrd);
	parts_free(e->tree);
	parts_free(e->overlays);
	if (!is_constant(e->reason))
		free(e->reason);
	free(e);
}

struct boot_entry *scan_add(struct boot_scan *s, const char *id)
{
	struct boot_entries *all = s->all;
	struct boot_entry *e;

	if (all->count >= BOOT_ENTRIES_MAX) {
		scan_note(s, "%s is left out: there are %d entries already", id, all->count);
		return NULL;
	}
	e = calloc(1, sizeof(*e));
	if (!e || !(e->id = strdup(id)) || !(e->title = strdup(id)) ||
	    !(e->source = strdup(s->source))) {
		scan_note(s, "%s is left out: %s", id, no_memory);
		if (e)
			entry_free(e);
		return NULL;
	}
	e->format = s->format;
	e->tries_left = e->tries_done = -1;
	e->volume = s->fs->volume;
	*all->last = e;
	all->last = &e->next;
	all->count++;
	if (!s->first)
		s->first = e;
	s->count++;
	return e;
}

/* ---- Configuration files ---- */

static char *check_text(struct boot_scan *s, char *text, size_t bytes)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (memchr(text, 0, bytes)) {
		scan_note(s, "it is not a text file");
		free(text);
		return NULL;
	}
	text[bytes] = '\0';
	text_clean(text);
	if (!strncmp(text, bom, sizeof(bom) - 1))
		memmove(text, text + sizeof(bom) - 1, bytes + 1 - (sizeof(bom) - 1));
	return text;
}

char *scan_read(struct boot_scan *s, const char *path)
{
	char why[FS_EXPLAIN_BYTES], *text;
	struct file f;
	int error;

	s->source = path;
	s->line = 0;
	error = fs_open(s->fs, path, &f);
	if (error == -ENOENT || error == -ENOTDIR)
		return NULL;
	if (!error && f.is_directory) {
		scan_note(s, "it is a directory");
		return NULL;
	}
	if (!error && f.size > BOOT_CONFIG_BYTES) {
		scan_note(s, "it is larger than %d KiB", BOOT_CONFIG_BYTES / 1024);
		return NULL;
	}
	text = error ? NULL : malloc(f.size + 1);
	if (text)
		error = file_read(&f, 0, text, f.size);
	if (text && !error)
		return check_text(s, text, f.size);
	free(text);
	scan_note(s, "%s", error ? fs_explain(s->fs, path, error, why) : no_memory);
	return NULL;
}

/* ---- All volumes ---- */

static bool is_wanted(const struct boot_scan *s, const struct boot_entry *e)
{
	return s->patterns ? pattern_matches(s->preferred, e->id) ||
			     pattern_matches(s->preferred, e->title) : !strcmp(s->preferred, e->id);
}

static void look_for(struct boot_entries *all, struct filesystem *fs, unsigned format)
{
	struct boot_scan s = {
		.all = all, .fs = fs, .format = formats[format].name,
		.timeout_ms = BOOT_NO_TIMEOUT,
	};
	struct boot_entry *e;
	bool found = false;

	formats[format].find(&s);
	e = s.first;
	for (unsigned n = 0; n < s.count; n++, e = e->next) {
		e->group = all->groups;
		e->timeout_ms = s.timeout_ms;
		e->wanted = s.preferred && is_wanted(&s, e);
		found |= e->wanted;
	}
	if (s.count && s.preferred && !found)
		scan_note(&s, "its default, '%.40s', is none of its entries", s.preferred);
	all->groups++;
	free(s.preferred);
}

static int look_at(void *context, const struct volume *v, const struct partition *p)
{
	struct boot_entries *all = context;
	unsigned before = all->count, notes;
	char why[FS_WHY_BYTES], text[NOTE_BYTES];
	struct filesystem *fs;
	const char *problem;
	int error;

	if (p && p->container)
		return 0;
	error = v->size ? fs_mount(v, &fs, why) : -EINVAL;
	if (error) {
		snprintf(text, sizeof(text), "%s: %s", v->name,
			 !v->size && p && p->problem ? p->problem : why);
		note_add(all, text);
		return 0;
	}
	if (!all->state.volume.size) {
		problem = state_read(&all->state, fs);
		if (problem)
			boot_warn(all, "%s:/plinth: %s", v->name, problem);
	}
	notes = all->note_count;
	for (unsigned i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i].find != bare_find || all->count == before)
			look_for(all, fs, i);
	if (all->count == before && all->note_count == notes) {
		snprintf(text, sizeof(text), "%s: no extlinux.conf, /loader/entries/*.conf or "
			 "/EFI/Linux/*.efi, and no kernel in / or /boot", v->name);
		note_add(all, text);
	}
	fs_unmount(fs);
	return 0;
}

void boot_find(struct boot_entries *all)
{
	boot_forget(all);
	volumes_walk(look_at, all);
	entries_recall(all);
	if (!all->note_count && !all->count)
		note_add(all, "there is no volume: 'blk' lists the disks, 'explain' says what "
			      "has no driver");
	timeline_reached("configurations");
}

void boot_forget(struct boot_entries *all)
{
	struct boot_note *n = all->notes;

	while (all->first) {
		struct boot_entry *next = all->first->next;

		entry_free(all->first);
		all->first = next;
	}
	while (n) {
		struct boot_note *next = n->next;

		free(n);
		n = next;
	}
	*all = (struct boot_entries){ .timeout_ms = BOOT_NO_TIMEOUT };
	all->last = &all->first;
	all->last_note = &all->notes;
}

struct boot_entry *boot_entry_find(const struct boot_entries *all, const char *name)
{
	struct boot_entry *found = NULL;
	char *end;
	unsigned long number = strtoul(name, &end, 10), n = 0;

	for (struct boot_entry *e = all->first; e; e = e->next) {
		if (*name && !*end ? ++n == number : !strcasecmp(name, e->id))
			return e;
		if (pattern_matches(name, e->id)) {
			if (found)
				return NULL;
			found = e;
		}
	}
	return *name && !*end ? NULL : found;
}
