/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What could be booted: found on every volume, in every format, each with what speaks against it.
 * Nothing is loaded here; boot/load does that.
 */
#pragma once
#include "boot/state/state.h"

/* A run of bytes of a file on the entry's volume: all of it, or a section of a UKI. */
struct boot_part {
	struct boot_part *next;		/* several initrds, several overlays */
	u64 offset, bytes;		/* bytes 0: to its end */
	char path[];
};

struct boot_entry {
	struct boot_entry *next;
	const char *format;		/* "extlinux", "BLS", "UKI", "file" */
	struct volume volume;		/* where it was found */
	char *source;			/* the file that describes it */
	char *id;			/* a label, or a file's name without its counters */
	char *title;			/* for people; never NULL */
	char *version, *sort_key, *machine_id;	/* BLS and UKI, for sorting; may be NULL */
	char *arguments;		/* NULL: none were given, so those of the firmware */
	struct boot_part *kernel, *initrd, *tree, *overlays;
	int tries_left, tries_done;	/* boot counting; -1: it is not counted */
	bool tries_in_state;		/* they are remembered; else its file's name has them */
	char *reason;			/* why it cannot boot; NULL: nothing is known against it */

	unsigned group;			/* the same: of one format on one volume */
	s64 timeout_ms;			/* of that configuration, */
	bool wanted;			/* whose default it is */
	bool failed;			/* it was tried since boot_find */
};

/* What was seen on the way, in order: for `boot explain`. */
struct boot_note {
	struct boot_note *next;
	char text[];
};

enum { BOOT_ENTRIES_MAX = 128, BOOT_NOTES_MAX = 400, BOOT_CONFIG_BYTES = 64 * 1024 };
enum { TRIES_MAX = 1000000 };
enum { BOOT_NO_TIMEOUT = -1 };		/* nobody said */

struct boot_entries {
	struct boot_entry *first, **last;	/* in the order of the menu */
	unsigned count;
	struct boot_entry *preferred;	/* NULL: none can boot */
	const char *why;		/* that one */
	s64 timeout_ms;			/* of its configuration */
	unsigned groups;

	struct boot_state state;
	struct boot_entry *once, *remembered;	/* what it names, or NULL */
	struct boot_note *notes, **last_note;
	unsigned note_count;
};

/* On every volume of every disk. What it found before is gone. */
void boot_find(struct boot_entries *all);
void boot_forget(struct boot_entries *all);

/* One that is to boot now: by number (1...), id, or id pattern; NULL: none, or several. */
struct boot_entry *boot_entry_find(const struct boot_entries *all, const char *name);
/* The one that is meant when its id is remembered. */
struct boot_entry *boot_entry_named(const struct boot_entries *all, const char *id);

/* The preferred one, and why: boot_find has done that, but one may have failed since then. */
void boot_choose(struct boot_entries *all);

/* For boot explain, and a warning in the log. */
void boot_warn(struct boot_entries *all, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
