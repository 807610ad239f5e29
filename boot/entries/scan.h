/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between entries.c and the formats: one volume that is looked at. Private to them.
 *
 * Memory that runs out is not handled at each string: an entry then gets that as its reason.
 */
#pragma once
#include "boot/entries/entry.h"

struct boot_scan {
	struct boot_entries *all;
	struct filesystem *fs;
	const char *format;
	const char *source;		/* the file that is read now */
	unsigned line;			/* in it; 0: no particular one */
	struct boot_entry *first;	/* that this format found on this volume ... */
	unsigned count;
	char *preferred;		/* ... the id of its default; may be NULL */
	bool patterns;			/* that is a pattern, of ids or titles */
	s64 timeout_ms;
};

/* What the state says of the entries; the preferred one. */
void entries_recall(struct boot_entries *all);

/* A format: adds what it finds. */
void extlinux_find(struct boot_scan *s);
void bls_find(struct boot_scan *s);
void uki_find(struct boot_scan *s);
void bare_find(struct boot_scan *s);

/* The parsers, for text that is theirs to change. */
void extlinux_parse(struct boot_scan *s, char *text, const char *folder);
void bls_parse(struct boot_scan *s, char *text, const char *name);
void loader_conf_parse(struct boot_scan *s, char *text);

/* "virtio0p1:/loader/loader.conf, line 3: ..." for boot explain. */
void scan_note(struct boot_scan *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* NULL: too many, or no memory; noted. At the end of the list; @id is copied. */
struct boot_entry *scan_add(struct boot_scan *s, const char *id);

/* Boot counting in a file's name: "a+3-1" becomes "a", with 3 tries left and 1 done. */
void entry_counts(struct boot_entry *e);

/* The first reason stays. */
void entry_refuse(struct boot_entry *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Replace a string of it; append one behind a blank. */
void entry_set(struct boot_entry *e, char **string, const char *to);
void entry_append(struct boot_entry *e, char **string, const char *more);

/* Append a part; @folder ("/extlinux") is where a path that does not begin with '/' begins. */
void entry_part(struct boot_entry *e, struct boot_part **list, const char *folder,
		const char *path, u64 offset, u64 bytes);

/*
 * A configuration file as a string, without a byte order mark, to free(). NULL: not there (silent),
 * or not to be read, too large, not text: noted.
 */
char *scan_read(struct boot_scan *s, const char *path);

/*
 * The next line that is not empty and not a comment, without blanks at its ends; NULL: no more.
 * s->line counts.
 */
char *scan_line(struct boot_scan *s, char **text);

/* What would do something to a terminal becomes '?'. */
void text_clean(char *text);

/* Its first word, ended; *rest is what follows. */
char *line_word(char *line, char **rest);
/* "50" of @unit_ms each; at most an hour; BOOT_NO_TIMEOUT: no number. */
s64 line_timeout(const char *text, unsigned unit_ms);
/* Without the quotes around it, if there are. */
char *line_unquote(char *text);

/* fnmatch's *, ? and [...], without regard for case. */
bool pattern_matches(const char *pattern, const char *text);
/* As the UAPI group compares versions: <0, 0, >0. NULL sorts first. */
int version_compare(const char *a, const char *b);
