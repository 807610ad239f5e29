/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filesystems on volumes. Paths are UTF-8, '/' between names, case-insensitive where the
 * filesystem is.
 *
 * int results are 0 or -errno; fs->why then says what was wrong in words where the number does not
 * (fs_explain() has both). Common numbers: -ENOENT, -ENOTDIR, -EISDIR, -EIO (damaged, or the disk
 * said so), -EROFS, -ENOSPC, -EEXIST, -ENOTEMPTY, -ENAMETOOLONG, -EINVAL (no such name here).
 */
#pragma once
#include "fs/volume.h"
#include "lib/table.h"

enum { FS_NAME_BYTES = 255 * 3 + 1, FS_WHY_BYTES = 160, FS_LABEL_BYTES = 112, FS_UUID_BYTES = 40 };

struct filesystem_type;

/* What every mounted filesystem begins with. */
struct filesystem {
	const struct filesystem_type *type;
	struct volume volume;
	const char *kind;		/* "FAT32" */
	char label[FS_LABEL_BYTES];	/* UTF-8; "": none */
	char uuid[FS_UUID_BYTES];	/* as Linux shows it; "": none */
	const char *why_read_only;	/* damaged, write-protected, ...; NULL: it can be written */
	u32 unit_bytes;			/* what a file is made of: fragments are no smaller */
	char why[FS_WHY_BYTES];		/* of the last error; "": the number says it all */
};

/* An open file: a value, nothing to close. Stale when somebody else removes or replaces it. */
struct file {
	struct filesystem *fs;
	u64 size;			/* bytes */
	s64 modified;			/* seconds since 1970, in the time zone of who wrote it */
	bool is_directory, read_only;
	u64 own[4];			/* the filesystem's */
};

struct directory {
	struct filesystem *fs;
	u64 own[3];
};

struct file_info {
	char name[FS_NAME_BYTES];	/* UTF-8, as stored */
	u64 size;			/* bytes */
	s64 modified;			/* as above */
	bool is_directory, read_only, hidden;
};

struct space {
	u64 bytes, free_bytes;
};

/* A look at all of it. */
struct fs_check {
	/* A line for people for each problem that is found; may be NULL. */
	void (*say)(void *context, const char *line);
	/* How far it is; false ends it with -ECANCELED, but for a repair. May be NULL. */
	bool (*progress)(void *context, u64 done, u64 total);
	void *context;
	bool repair;			/* what can be repaired without losing anything */
	unsigned damage;		/* out: problems for which there is no such repair; */
	unsigned repairs;		/* out: for which there is, or was, one */
	u32 files, directories;		/* out */
};

/* Where the contents of a new file come from, piece by piece. */
struct fs_source {
	u64 bytes;			/* all of it */
	/* The next one, not empty, and valid until the next call; or an error, which ends it. */
	int (*next)(struct fs_source *s, const void **data, size_t *bytes);
	int error;			/* out: that one */
};

struct filesystem_type {
	const char *name;

	/* Whether @start, the first 512 bytes of a volume, look like one. */
	bool (*probe)(const u8 *start);
	/* @why (FS_WHY_BYTES) says why not. */
	int (*mount)(const struct volume *v, struct filesystem **fs, char *why);
	/* What was written is on the medium, and the memory is free, errors or not. */
	int (*unmount)(struct filesystem *fs);
	int (*space)(struct filesystem *fs, struct space *s);	/* counts: may take long */

	int (*open)(struct filesystem *fs, const char *path, struct file *f);
	/*
	 * Where bytes [offset, offset + *bytes) of @f lie, going to @to. At most *count pieces;
	 * both are set to what they cover, at least one.
	 */
	int (*pieces)(struct file *f, u64 offset, void *to, u64 *bytes, struct piece *p,
		      size_t *count);
	int (*open_directory)(struct filesystem *fs, const char *path, struct directory *d);
	int (*next)(struct directory *d, struct file_info *info);	/* -ENOENT past the last */

	/* NULL, all of them, where it cannot write. */
	int (*write)(struct file *f, u64 offset, const void *from, size_t bytes);
	int (*truncate)(struct file *f, u64 size);
	int (*replace)(struct filesystem *fs, const char *path, struct fs_source *s);
	int (*rename)(struct filesystem *fs, const char *from, const char *to);
	int (*remove)(struct filesystem *fs, const char *path);
	int (*make_directory)(struct filesystem *fs, const char *path);
	int (*set_label)(struct filesystem *fs, const char *label);
	int (*check)(struct filesystem *fs, struct fs_check *c);
};

#define FILESYSTEM(symbol) \
	static const struct filesystem_type symbol; \
	TABLE_ENTRY(filesystems, struct filesystem_type, symbol); \
	static const struct filesystem_type symbol

/* Whether any filesystem's probe says so. */
bool fs_probe(const u8 *start);

/* -ENODEV: no filesystem that we know. The reason is in @why (FS_WHY_BYTES). */
int fs_mount(const struct volume *v, struct filesystem **fs, char *why);
int fs_unmount(struct filesystem *fs);
int fs_space(struct filesystem *fs, struct space *s);

int fs_open(struct filesystem *fs, const char *path, struct file *f);	/* directories, too */
int fs_open_directory(struct filesystem *fs, const char *path, struct directory *d);
int directory_next(struct directory *d, struct file_info *info);	/* without . and .. */

/* All of it, or an error; -ERANGE: beyond its end. */
int file_read(struct file *f, u64 offset, void *to, size_t bytes);

/* In place, or growing; truncate: also growing, with zeroes. */
int file_write(struct file *f, u64 offset, const void *from, size_t bytes);
int file_truncate(struct file *f, u64 size);
/*
 * Bytes that are there, where they lie, and onto the medium: nothing else of the volume changes.
 * Within one block all or nothing. -ERANGE: beyond its end.
 */
int file_overwrite(struct file *f, u64 offset, const void *from, size_t bytes);
/* A new file, or new contents of an old one: all or nothing, whatever happens meanwhile. */
int fs_replace(struct filesystem *fs, const char *path, const void *from, size_t bytes);
/* The same, with contents of any length. Where @s fails that is the error, and nothing happens. */
int fs_replace_from(struct filesystem *fs, const char *path, struct fs_source *s);
int fs_rename(struct filesystem *fs, const char *from, const char *to);	/* onto a file, too */
int fs_remove(struct filesystem *fs, const char *path);		/* a file or an empty directory */
int fs_make_directory(struct filesystem *fs, const char *path);
int fs_set_label(struct filesystem *fs, const char *label);
int fs_check(struct filesystem *fs, struct fs_check *c);	/* problems are no error */

/* "virtio0p1:/boot/vmlinuz: cluster 17 ... " into @text: for people. */
enum { FS_EXPLAIN_BYTES = 320 };
const char *fs_explain(const struct filesystem *fs, const char *path, int error,
		       char text[static FS_EXPLAIN_BYTES]);

/*
 * A file read ahead of its consumer, with two windows in flight while a third is consumed: for
 * decoders and hashes. next: 0, with *bytes 0 past the end; *data is valid until the next call.
 */
struct file_stream;
int file_stream_open(struct file_stream **s, struct file *f, u64 offset, u64 bytes);
int file_stream_next(struct file_stream *s, const void **data, size_t *bytes);
void file_stream_close(struct file_stream *s);

/*
 * A volume by name: "virtio0p1", "virtio0", "LABEL=x" (the filesystem's, or the partition's),
 * "PARTLABEL=x", "UUID=x", "PARTUUID=x", or "2", its place in the list of all. 0; -ENOENT;
 * -EINVAL: several answer to it, or the partition has a problem. @why as above.
 */
int volume_find(struct volume *v, const char *name, char *why);

/*
 * Every partition, and every disk without any, for @each to look at, until it returns something
 * else than 0, which then is the result. @p: NULL for a disk; the volume of one with a problem is
 * empty. Tables that are damaged are told in the log.
 */
struct partition;
int volumes_walk(int (*each)(void *context, const struct volume *v, const struct partition *p),
		 void *context);
