/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the steps of loading. Private to this folder. */
#pragma once
#include "boot/image/image.h"
#include "boot/load/load.h"

enum { LOAD_CLAIMS_MAX = 8 };

struct loading {
	const struct boot_entry *entry;
	struct filesystem *fs;
	struct range claimed[LOAD_CLAIMS_MAX];	/* of memory, to be given back if it fails */
	unsigned claims;

	u64 start;			/* the first instruction */
	struct range kernel, initrd, tree;	/* initrd: no bytes: there is none */
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
int load_fail(const struct loading *l, const char *path, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int load_fail_file(const struct loading *l, const char *path, int error);

int load_open(const struct loading *l, const struct boot_part *part, struct load_file *f);

/* All of it to @to, and a line in the log of how long that took. */
int load_read(const struct loading *l, struct load_file *f, void *to);
void load_log(const struct load_file *f, u64 start_us, u64 bytes, const char *how);

/* Memory for the next stage: as memory_claim and memory_take, noted in l->claimed. */
int load_claim(struct loading *l, struct range r, const char *owner);
int load_take(struct loading *l, u64 bytes, u64 low, u64 high, const char *owner, u64 *start);
void load_give_back(struct loading *l, u64 start);	/* one of them, before the end */

int load_kernel(struct loading *l);
int load_initrd(struct loading *l);
int load_tree(struct loading *l);
