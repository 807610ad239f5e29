/* SPDX-License-Identifier: BSD-2-Clause */
/* Boot Loader Specification (UAPI.1), type 1: a small file for each entry, and loader.conf. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "arch/arch.h"
#include "boot/entries/scan.h"
#include "boot/entries/sort.h"
#include "lib/errors.h"

enum { SECOND_MS = 1000 };
enum { PATH_BYTES = FS_NAME_BYTES + 24 };
static const char folder[] = "/loader/entries";

void entry_counts(struct boot_entry *e)
{
	char *plus = strrchr(e->id, '+'), *end;
	unsigned long l, d = 0;

	if (!plus || !isdigit((u8)plus[1]))
		return;
	l = strtoul(plus + 1, &end, 10);
	if (*end == '-' && isdigit((u8)end[1]))
		d = strtoul(end + 1, &end, 10);
	if (*end || l > TRIES_MAX || d > TRIES_MAX)
		return;
	*plus = '\0';
	e->tries_left = (int)l;
	e->tries_done = (int)d;
}

static void architecture(struct boot_entry *e, const char *value)
{
	if (strcasecmp(value, arch_efi_name))
		entry_refuse(e, "it is for another architecture (%s, this is %s)", value,
			     arch_efi_name);
}

static void take(struct boot_scan *s, struct boot_entry *e, const char *word, char *value)
{
	if (!strcmp(word, "title"))
		entry_set(e, &e->title, value);
	else if (!strcmp(word, "version"))
		entry_set(e, &e->version, value);
	else if (!strcmp(word, "sort-key"))
		entry_set(e, &e->sort_key, value);
	else if (!strcmp(word, "machine-id"))
		entry_set(e, &e->machine_id, value);
	else if (!strcmp(word, "linux"))
		entry_part(e, &e->kernel, "", value, 0, 0);
	else if (!strcmp(word, "initrd"))
		entry_part(e, &e->initrd, "", value, 0, 0);
	else if (!strcmp(word, "options"))
		entry_append(e, &e->arguments, value);
	else if (!strcmp(word, "devicetree"))
		entry_part(e, &e->tree, "", value, 0, 0);
	else if (!strcmp(word, "devicetree-overlay"))
		for (char *path; (path = strtok(value, " \t")); value = NULL)
			entry_part(e, &e->overlays, "", path, 0, 0);
	else if (!strcmp(word, "architecture"))
		architecture(e, value);
	else if (!strcmp(word, "efi") || !strcmp(word, "uki"))
		entry_refuse(e, "it names an EFI program (%s), and there is no EFI here", value);
	else if (strcmp(word, "grub_users") && strcmp(word, "grub_arg") &&
		 strcmp(word, "grub_class") && strcmp(word, "grub_hotkey"))
		scan_note(s, "'%.40s' is not known here, and skipped", word);
}

void bls_parse(struct boot_scan *s, char *text, const char *name)
{
	char id[FS_NAME_BYTES];
	int length = (int)strlen(name) - 5;		/* without .conf */
	struct boot_entry *e;

	snprintf(id, sizeof(id), "%.*s", length < 0 ? 0 : length, name);
	e = scan_add(s, id);
	if (!e)
		return;
	entry_counts(e);
	for (char *line, *value; (line = scan_line(s, &text)); ) {
		char *word = line_word(line, &value);

		if (*value)
			take(s, e, word, line_unquote(value));
	}
	if (!e->kernel)
		entry_refuse(e, "it names no kernel (linux)");
}

void loader_conf_parse(struct boot_scan *s, char *text)
{
	for (char *line, *value; (line = scan_line(s, &text)); ) {
		char *word = line_word(line, &value);

		if (!strcmp(word, "default")) {
			size_t length = strlen(value);

			/* Entries are named with and without the end of their file's name. */
			if (length > 5 && !strcmp(value + length - 5, ".conf"))
				value[length - 5] = '\0';
			free(s->preferred);
			s->preferred = strdup(value);
			s->patterns = true;
		} else if (!strcmp(word, "timeout")) {
			s->timeout_ms = line_timeout(value, SECOND_MS);
			if (!strcmp(value, "menu-hidden") || !strcmp(value, "menu-disabled"))
				s->timeout_ms = 0;
			else if (s->timeout_ms < 0 && strcmp(value, "menu-force"))
				scan_note(s, "timeout %.40s is no time", value);
		}
	}
}

static bool is_conf(const char *name)
{
	size_t length = strlen(name);

	return length > 5 && !strcasecmp(name + length - 5, ".conf");
}

static void read_entries(struct boot_scan *s)
{
	static struct file_info info;		/* a name is long; only one is at work */
	struct directory d;
	int error = fs_open_directory(s->fs, folder, &d);

	while (!error && !(error = directory_next(&d, &info))) {
		char path[PATH_BYTES], *text;

		if (info.is_directory || !is_conf(info.name))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, info.name);
		text = scan_read(s, path);
		if (text)
			bls_parse(s, text, info.name);
		free(text);
	}
	s->source = folder;
	s->line = 0;
	if (error != -ENOENT && error != -ENOTDIR) {
		char why[FS_EXPLAIN_BYTES];

		scan_note(s, "%s", fs_explain(s->fs, folder, error, why));
	}
}

void bls_find(struct boot_scan *s)
{
	char *text = scan_read(s, "/loader/loader.conf");

	if (text)
		loader_conf_parse(s, text);
	free(text);
	read_entries(s);
	entries_sort(s);
	s->source = NULL;
}
