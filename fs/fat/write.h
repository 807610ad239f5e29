/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing FAT so that the power may fail at any moment (docs/fat.md has the whole argument).
 *
 * A sector (512 bytes, or a block of the disk if that is more) is written as a whole or not at all.
 * Between two flushes sectors reach the medium in any order, or do not. So every operation is a
 * row of stages with a flush behind each, and exactly one stage, one sector, makes it visible:
 *
 *  1. The volume is marked dirty.
 *  2. Data and chains, in clusters that nobody knows yet; slots of long names that nobody sees.
 *  3. One sector: the directory entry (cluster and size together), or one entry of the FAT.
 *  4. What nobody knows any more is freed; FSInfo.
 *  5. The volume is marked clean.
 *
 * A volume that is dirty when the first operation wants to write is repaired before (check.c):
 * clusters that nobody knows are freed, a rename is finished.
 *
 * int results as in fs/fs.h. An operation looks at everything that it is going to follow before it
 * writes anything, and refuses where that is damaged.
 */
#pragma once
#include "fs/fat/fat.h"
#include "lib/endian.h"

enum { FAT_UNIT_BYTES = 512 };		/* what is written as a whole: no disk has smaller blocks */

/*
 * A rename across sectors: its old entry and its new one, while both are there. In the byte that
 * has the case of the short name; no system uses these two bits.
 */
enum { CASE_RENAMED_FROM = 0x80, CASE_RENAMED_TO = 0x40, CASE_RENAMED = 0xc0 };

/* ---- write.c: stages, clusters ---- */

/* First of all, before anything is looked at: may it be written to? Repairs it if it is dirty. */
int fat_ready(struct fat *f);
/* Before the first write. */
int fat_begin(struct fat *f);
/* What was written since the last stage is on the medium before what is written from now on. */
int fat_stage(struct fat *f);
/*
 * After the last one, whatever came of it. Gives back @error, or its own. -ENOSPC and -ECANCELED
 * mean that all was undone; if the operation left something half done, the volume is read-only
 * from now on, and dirty: the next mount repairs it.
 */
int fat_end(struct fat *f, int error);
/* Nobody knows what is on the disk: nothing more is written before the next mount. */
void fat_write_failed(struct fat *f);
/* The dirty bits, of the boot sector and the FAT; no stage. */
int fat_mark(struct fat *f, bool dirty);

/* @count > 0 clusters in a chain of their own; -ENOSPC: and nothing is taken. */
int fat_allocate(struct fat *f, u32 count, u32 *first);
/* From @first to the end of the chain, or up to and without @stop. 0 is no chain. */
int fat_free(struct fat *f, u32 first, u32 stop);
/* Whether it can be followed to its end; how many there are, and the last one (NULL: no matter). */
int fat_chain_check(struct fat *f, u32 first, u32 *count, u32 *last);
/*
 * The chain, which somebody knows, has @next (a chain) behind @last from now on; 0: it ends there.
 * Stages. Only if fat_may_follow(@last, @next), or for 0 what followed it so far: else a power
 * failure could leave it with a third cluster. fat_allocate_behind finds a chain that may.
 */
int fat_chain_extend(struct fat *f, u32 last, u32 next);
bool fat_may_follow(const struct fat *f, u32 last, u32 next);
int fat_allocate_behind(struct fat *f, u32 last, u32 count, u32 *first);

static inline u32 fat_clusters_of(const struct fat *f, u64 bytes)
{
	return (u32)((bytes + f->cluster_bytes - 1) / f->cluster_bytes);
}

/* ---- write_bytes.c: bytes in chains ---- */

/* A place in a chain that is known to be as long as is asked for. */
struct fat_cursor {
	u32 first, cluster, index;
};
struct fat_cursor fat_cursor_at(u32 first);
int fat_cursor_seek(struct fat *f, struct fat_cursor *c, u32 index);
/* At @at of the chain: bytes from memory, zeroes (@from NULL), or what another one has there. */
int fat_put(struct fat *f, struct fat_cursor *c, u64 at, const void *from, u64 bytes);
int fat_copy(struct fat *f, struct fat_cursor *to, struct fat_cursor *from, u64 at, u64 bytes);

/* ---- write_name.c: names in directories ---- */

/* Where a new name goes. */
struct fat_new_name {
	u32 directory;
	u8 slots[FAT_SLOTS_MAX][FAT_SLOT_BYTES];
	u64 at[FAT_SLOTS_MAX];
	unsigned count;			/* slots, the last being the entry */
	unsigned found;			/* of them, with a place; the rest is in clusters to come */
	unsigned end;			/* the first at or behind the end of the directory */
	u64 end_at;			/* the slot behind them, if it becomes the end; 0: none */
};

/*
 * A place for the name (@size bytes of UTF-8) in the directory, and its short name, unlike those of
 * all others but the one whose entry is at @but_at (0: none). Writes nothing.
 */
int fat_name_plan(struct fat *f, u32 directory, const char *name, size_t size, u64 but_at,
		  struct fat_new_name *n);
/* It appears, with what @entry says except for name and case; stages before and after. */
int fat_name_add(struct fat *f, struct fat_new_name *n, const u8 entry[static FAT_SLOT_BYTES]);
/* It disappears; what is left of its long name is free after the next stage. */
int fat_name_remove(struct fat *f, const struct fat_name *n);
/* The same for a volume label, in the root directory. */
int fat_label_plan(struct fat *f, const u8 label[static 11], struct fat_new_name *n);

/* ---- write_file.c ---- */

void fat_entry_set_cluster(u8 *entry, u32 cluster);
void fat_entry_set_time(u8 *entry);

/* What fs/fs.h says of them. */
int fat_file_write(struct file *file, u64 offset, const void *from, size_t bytes);
int fat_file_truncate(struct file *file, u64 size);
int fat_replace(struct filesystem *fs, const char *path, struct fs_source *s);

/* ---- write_tree.c ---- */

int fat_rename(struct filesystem *fs, const char *from, const char *to);
int fat_remove(struct filesystem *fs, const char *path);
int fat_make_directory(struct filesystem *fs, const char *path);
int fat_set_label(struct filesystem *fs, const char *label);
/* What boot sector and its copy say of the label (NULL: none); no stage. 1: it was another one. */
int fat_boot_label(struct fat *f, const u8 *label, bool write);
/* The entry of the label, in the root. -ENOENT */
int fat_find_label(struct fat *f, struct fat_name *n);

/* ---- check.c ---- */

int fat_check(struct filesystem *fs, struct fs_check *c);
