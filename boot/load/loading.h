/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the steps of loading. Private to this folder. */
#pragma once
#include "boot/image/image.h"
#include "boot/load/load.h"
#include "boot/plan.h"
#include "boot/progress.h"

enum { LOAD_KERNEL, LOAD_INITRD, LOAD_TREE, LOAD_SCRATCH, LOAD_WANTS };

struct loading {
	const struct boot_entry *entry;
	struct filesystem *fs;
	struct want wants[LOAD_WANTS];
	struct progress progress;	/* of kernel and initrd, in bytes of their files */
	void *tree;			/* from a file, checked; NULL: the firmware's */
	size_t tree_bytes;		/* of that; then, of the one that is handed over */
	u64 start;			/* the first instruction */
	bool bare;			/* an ELF program; else a Linux Image */
};

/* A part, opened. */
struct load_file {
	const char *path;
	struct file file;
	u64 offset, bytes;		/* of the part in the file */
	struct image_source source;
};

/* Logs "cannot boot x: path: ..." and gives back @error. */
int load_fail(struct loading *l, const char *path, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int load_fail_file(struct loading *l, const char *path, int error);

int load_open(struct loading *l, const struct boot_part *part, struct load_file *f);

/* Bytes of the part to @to, with a bar; then a line in the log of how long that took. */
int load_bytes(struct loading *l, struct load_file *f, u64 offset, void *to, u64 bytes);
int load_progress(struct loading *l, const struct load_file *f, u64 bytes);
void load_log(struct loading *l, const struct load_file *f, u64 start_us, u64 bytes,
	      const char *how);

/* Place everything, now that this is known of the kernel, instead of what was placed before. */
int load_plan(struct loading *l, struct want kernel, struct want scratch);
void *load_at(const struct loading *l, int want);

/* What they want; then, with everything placed, that. load_kernel plans. */
int load_initrd_want(struct loading *l);
int load_tree_want(struct loading *l);
int load_kernel(struct loading *l);
int load_initrd(struct loading *l);
int load_tree(struct loading *l);
