/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * extlinux.conf, as syslinux defined it, U-Boot reads it and Debian's u-boot-menu writes it: a list
 * of labels. Words that are about screens are skipped; words that we cannot obey are noted.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"

enum { TENTH_MS = 100 };

static void kernel(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s;
	if (strchr(value, '#'))
		entry_refuse(e, "it wants a part of a FIT image (%s), which is not known here",
			     value);
	entry_part(e, &e->kernel, folder, value, 0, 0);
}

static void fit(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s, (void)folder;
	entry_refuse(e, "it is a FIT image (%s), which is not known here", value);
}

/* syslinux takes a list with commas, others with blanks. */
static void parts(struct boot_entry *e, struct boot_part **list, const char *folder, char *value)
{
	for (char *path; (path = strtok(value, ", \t")); value = NULL)
		entry_part(e, list, folder, path, 0, 0);
}

static void initrd(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s;
	parts(e, &e->initrd, folder, value);
}

static void tree(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s;
	entry_part(e, &e->tree, folder, value, 0, 0);
}

static void overlays(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s;
	parts(e, &e->overlays, folder, value);
}

/* The file in it is for others to guess; the firmware knows the board. */
static void tree_folder(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)folder;
	scan_note(s, "%s: fdtdir %s is not used: the firmware's device tree is", e->id, value);
}

static void arguments(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s, (void)folder;
	entry_append(e, &e->arguments, value);
}

static void menu(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	char *rest, *word = line_word(value, &rest);

	(void)folder;
	if (!strcasecmp(word, "label"))
		entry_set(e, &e->title, rest);
	else if (!strcasecmp(word, "default") && !s->preferred)
		s->preferred = strdup(e->id);
}

static void refuse_local(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value)
{
	(void)s, (void)folder, (void)value;
	entry_refuse(e, "it says to boot without a kernel (localboot), which nothing here can");
}

static const struct {
	const char *word;
	void (*take)(struct boot_scan *s, struct boot_entry *e, const char *folder, char *value);
} words[] = {
	{ "kernel", kernel }, { "linux", kernel }, { "fit", fit },
	{ "initrd", initrd },
	{ "fdt", tree }, { "devicetree", tree },
	{ "fdtdir", tree_folder }, { "devicetreedir", tree_folder },
	{ "fdtoverlays", overlays }, { "devicetree-overlay", overlays },
	{ "append", arguments },
	{ "menu", menu },
	{ "localboot", refuse_local },
};

/* Before the first label, or about all of them. true: it was that. */
static bool take_global(struct boot_scan *s, const char *word, char *value)
{
	static const char *const ignored[] = {
		"prompt", "ui", "serial", "console", "say", "display", "noescape", "ipappend",
		"kaslrseed", "allowoptions", "implicit", "nohalt", "font",
	};

	if (!strcasecmp(word, "timeout")) {
		s->timeout_ms = line_timeout(value, TENTH_MS);
	} else if (!strcasecmp(word, "default") || !strcasecmp(word, "ontimeout")) {
		free(s->preferred);
		s->preferred = strdup(line_unquote(value));
	} else {
		for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
			if (!strcasecmp(word, ignored[i]))
				return true;
		return false;
	}
	return true;
}

static void finish(struct boot_scan *s, struct boot_entry *e)
{
	(void)s;
	if (e && !e->kernel)
		entry_refuse(e, "its label names no kernel");
}

/* The lines of "text help" are for people, up to "endtext". */
static void skip_help(struct boot_scan *s, char **text)
{
	char *line, *rest;

	while ((line = scan_line(s, text)) && strcasecmp(line_word(line, &rest), "endtext"))
		;
}

void extlinux_parse(struct boot_scan *s, char *text, const char *folder)
{
	struct boot_entry *e = NULL;
	bool skipping = false;

	for (char *line, *value; (line = scan_line(s, &text)); ) {
		char *word = line_word(line, &value);
		size_t i;

		if (!strcasecmp(word, "label")) {
			finish(s, e);
			e = scan_add(s, line_unquote(value));
			skipping = !e;
			continue;
		}
		if (!strcasecmp(word, "text")) {
			skip_help(s, &text);
			continue;
		}
		for (i = 0; e && i < sizeof(words) / sizeof(*words); i++)
			if (!strcasecmp(word, words[i].word))
				break;
		if (e && i < sizeof(words) / sizeof(*words))
			words[i].take(s, e, folder, value);
		else if (!take_global(s, word, value) && !skipping && strcasecmp(word, "menu"))
			scan_note(s, "'%.40s' is not known here, and skipped", word);
	}
	finish(s, e);
}

void extlinux_find(struct boot_scan *s)
{
	static const char *const folders[] = { "/extlinux", "/boot/extlinux" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders) && !s->count; i++) {
		char path[40], *text;

		strcpy(path, folders[i]);
		strcat(path, "/extlinux.conf");
		text = scan_read(s, path);
		if (!text)
			continue;
		extlinux_parse(s, text, folders[i]);
		if (!s->count)
			scan_note(s, "there is no label in it");
		free(text);
	}
	s->source = NULL;
}
