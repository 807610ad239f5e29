/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FAT12, FAT16 and FAT32 (Microsoft's FAT specification 1.03): what the files of this folder share.
 *
 * Places are bytes into the volume. Everything that is not a file's contents is read and written
 * through a small cache of the volume (fat_read, fat_write): the FAT, directories, FSInfo and
 * the boot sector. What it holds of files nobody looks at: a cluster becomes a directory by being
 * written through the cache, all of it. It holds whole lines; only what is marked dirty is written.
 */
#pragma once
#include <string.h>

#include "fs/fs.h"
#include "lib/endian.h"

enum {
	FAT_LINE_BYTES = 64 * 1024, FAT_LINES = 16,
	FAT_SLOT_BYTES = 32,
	FAT_SLOTS_MAX = 21,		/* of one name: 20 with 13 characters each, and its entry */
	FAT_ALIAS_BYTES = 12 * 3 + 1,
};

enum fat_attribute {
	FAT_READ_ONLY = 0x01, FAT_HIDDEN = 0x02, FAT_SYSTEM = 0x04, FAT_VOLUME_LABEL = 0x08,
	FAT_DIRECTORY = 0x10, FAT_ARCHIVE = 0x20, FAT_LONG_NAME = 0x0f, FAT_LONG_NAME_MASK = 0x3f,
};

/* Where the fields of a directory entry are (6.1, 7). */
enum {
	ENTRY_NAME = 0, ENTRY_ATTRIBUTES = 11, ENTRY_CASE = 12, ENTRY_CREATED_TENTHS = 13,
	ENTRY_CREATED_TIME = 14, ENTRY_CREATED_DATE = 16, ENTRY_ACCESSED_DATE = 18,
	ENTRY_CLUSTER_HIGH = 20, ENTRY_WRITTEN_TIME = 22, ENTRY_WRITTEN_DATE = 24,
	ENTRY_CLUSTER_LOW = 26, ENTRY_SIZE = 28,
	CASE_LOWER_BASE = 0x08, CASE_LOWER_EXTENSION = 0x10,
	LONG_ORDER = 0, LONG_TYPE = 12, LONG_CHECKSUM = 13, LONG_LAST = 0x40, LONG_UNITS = 13,
	NAME_FREE = 0xe5, NAME_END = 0x00, NAME_E5 = 0x05,
};

struct fat_line {
	u8 *data;			/* FAT_LINE_BYTES; NULL: not used so far */
	u64 at;				/* a multiple of FAT_LINE_BYTES */
	u64 used;			/* when, for replacement */
	u64 dirty[2];			/* a bit for each 512 bytes */
};

struct fat {
	struct filesystem fs;
	unsigned bits;			/* 12, 16, 32: of an entry */
	u32 sector_bytes, cluster_bytes;
	u32 clusters;			/* numbered 2 .. clusters + 1 */
	u64 fat_at, fat_bytes;		/* the copy that counts; the size of one */
	u64 fats_at;			/* the first copy */
	unsigned fats;			/* copies */
	bool mirrored;			/* all copies are alike; else only one counts */
	u64 root_at;			/* FAT12, 16: the root directory, of fixed size ... */
	u32 root_bytes;
	u32 root_cluster;		/* FAT32: its first cluster; else 0 */
	u64 data_at;			/* of cluster 2 */
	u64 info_at;			/* FSInfo, if it is one; else 0 */
	bool dirty;			/* the medium said so when it was mounted */
	u32 search;			/* writing: where to look for free clusters, 0: not yet */
	u32 freed;			/* clusters, by the operation under way; modulo 2^32 */

	struct fat_line lines[FAT_LINES];
	unsigned line;			/* the last one looked at */
	u64 clock;
};

static inline struct fat *fat_of(struct filesystem *fs)
{
	return (struct fat *)fs;
}

/* Sets fs->why and gives back @error. */
int fat_fail(struct fat *f, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, -EIO, for what only damage explains: nobody writes to this volume before an fsck. */
int fat_damaged(struct fat *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- cache.c ---- */

int fat_read(struct fat *f, u64 at, void *to, size_t bytes);
/*
 * Into the cache. It reaches the disk with fat_sync, or earlier; of the copy of the FAT that
 * counts, the others too if they are mirrored.
 */
int fat_write(struct fat *f, u64 at, const void *from, size_t bytes);
/* What the cache has from @at on, *bytes of it, until the next call of any of these. */
int fat_peek(struct fat *f, u64 at, const u8 **data, size_t *bytes);
int fat_sync(struct fat *f);		/* all that is dirty goes to the disk; no flush */
void fat_forget(struct fat *f);		/* all of it, also what is dirty */

/* ---- chain.c ---- */

/* What the FAT says of @cluster, of 12, 16 or 28 bits; raw. */
int fat_entry(struct fat *f, u32 cluster, u32 *value);
int fat_entry_set(struct fat *f, u32 cluster, u32 value);

static inline bool fat_is_cluster(const struct fat *f, u32 number)
{
	return number >= 2 && number - 2 < f->clusters;
}

/* The values from which on it is the last one, the one that is bad, and what we write. */
static inline u32 fat_last(const struct fat *f)
{
	return (u32)(0x0fffffff >> (f->bits == 32 ? 0 : 28 - f->bits)) - 7;
}

static inline u64 fat_cluster_at(const struct fat *f, u32 cluster)
{
	return f->data_at + (u64)(cluster - 2) * f->cluster_bytes;
}

/* Whether what the FAT says of @cluster lies in two sectors: the power may fail in between. */
static inline bool fat_is_split(const struct fat *f, u32 cluster)
{
	return f->bits == 12 && (f->fat_at + (u64)cluster * 3 / 2) % 512 == 511;
}

/* *next is 0 after the last one. -EIO: free, bad, or none of this volume's. */
int fat_next(struct fat *f, u32 cluster, u32 *next);

/* ---- directory.c ---- */

/* A place in a directory, before the slot that is read next. */
struct fat_walk {
	u32 first;			/* cluster; 0: the root of FAT12 and 16 */
	u32 cluster;			/* the last one of the chain, past its end */
	u32 offset;			/* bytes into the cluster, or into that root */
	u32 clusters, mark;		/* seen so far, and one of them: to notice loops */
};

/* A name: its slots, the last being its entry. */
struct fat_name {
	char name[FS_NAME_BYTES];	/* UTF-8, long if there is a good long one */
	char alias[FAT_ALIAS_BYTES];	/* the short one, UTF-8 */
	u8 entry[FAT_SLOT_BYTES];
	unsigned slots;			/* 1: it has no long name */
	u64 at[FAT_SLOTS_MAX];		/* where each slot is; at[slots - 1] is the entry's */
};

void fat_walk_begin(struct fat *f, struct fat_walk *w, u32 first);
/* The next slot, whatever it is. -ENOENT: the directory's memory ends. */
int fat_walk_slot(struct fat *f, struct fat_walk *w, u8 slot[static FAT_SLOT_BYTES], u64 *at);
/* The next name; the volume label, '.' and '..' too. -ENOENT: past the last. */
int fat_walk_name(struct fat *f, struct fat_walk *w, struct fat_name *n);

u32 fat_entry_cluster(const struct fat *f, const u8 entry[static FAT_SLOT_BYTES]);

static inline u32 fat_name_cluster(const struct fat *f, const struct fat_name *n)
{
	return fat_entry_cluster(f, n->entry);	/* 0: none, or the root */
}

bool fat_is_directory(const struct fat_name *n);

/*
 * Follow @path from the root. *directory: the first cluster of where its last name is. The root
 * itself is a directory without a name, in itself, with no slots. -ENOENT: if only the last name
 * is not there then *last is that name, else NULL. Every directory on the way is known to lie
 * where its '..' says, so nothing goes round in circles.
 */
int fat_resolve(struct fat *f, const char *path, u32 *directory, struct fat_name *n,
		const char **last);

/* own[] of a struct file: its first cluster, its entry's place, the last cluster looked for. */
enum { FILE_FIRST, FILE_ENTRY_AT, FILE_AT_INDEX, FILE_AT_CLUSTER };

/* ---- read.c, and chain.c's fat_pieces: of struct filesystem_type ---- */

int fat_open(struct filesystem *fs, const char *path, struct file *file);
int fat_open_directory(struct filesystem *fs, const char *path, struct directory *d);
int fat_directory_next(struct directory *d, struct file_info *info);
int fat_pieces(struct file *file, u64 offset, void *to, u64 *bytes, struct piece *p,
	       size_t *count);

/* ---- name.c ---- */

u8 fat_checksum(const u8 short_name[static 11]);
/* Behind what was put; without the blanks at its end. Code page 850. */
char *fat_oem_text(char *to, const u8 *from, unsigned count, bool lower);
/* Of an entry's 11 bytes. */
void fat_short_name(const u8 entry[static FAT_SLOT_BYTES], char to[static FAT_ALIAS_BYTES]);

/* Seconds since 1970; 0 for what is no date. */
s64 fat_time(u16 date, u16 time);
