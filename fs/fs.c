/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/fs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/block.h"
#include "fs/partition.h"
#include "lib/errors.h"

bool fs_probe(const u8 *start)
{
	table_for_each(filesystems, struct filesystem_type, type)
		if (type->probe(start))
			return true;
	return false;
}

int fs_mount(const struct volume *v, struct filesystem **fs, char *why)
{
	int error = -ENODEV;

	why[0] = 0;
	table_for_each(filesystems, struct filesystem_type, type) {
		error = type->mount(v, fs, why);
		if (!error)
			(*fs)->type = type;
		if (error != -ENODEV)
			break;
	}
	if (error == -ENODEV)
		snprintf(why, FS_WHY_BYTES, "no filesystem that is known here");
	return error;
}

int fs_unmount(struct filesystem *fs)
{
	return fs->type->unmount(fs);
}

/* What a filesystem lacks, and why not to write: before every call. */
static int may(struct filesystem *fs, bool write, bool can)
{
	fs->why[0] = 0;
	if (write && fs->why_read_only) {
		snprintf(fs->why, sizeof(fs->why), "not written to: %s", fs->why_read_only);
		return -EROFS;
	}
	return can ? 0 : -ENOTSUP;
}

#define CALL(fs_, write, operation, ...) ({				\
	struct filesystem *of = (fs_);					\
	int error_ = may(of, write, of->type->operation != NULL);	\
	error_ ? error_ : of->type->operation(__VA_ARGS__);		\
})

int fs_space(struct filesystem *fs, struct space *s)
{
	return CALL(fs, false, space, fs, s);
}

int fs_open(struct filesystem *fs, const char *path, struct file *f)
{
	return CALL(fs, false, open, fs, path, f);
}

int fs_open_directory(struct filesystem *fs, const char *path, struct directory *d)
{
	return CALL(fs, false, open_directory, fs, path, d);
}

int directory_next(struct directory *d, struct file_info *info)
{
	return CALL(d->fs, false, next, d, info);
}

int file_write(struct file *f, u64 offset, const void *from, size_t bytes)
{
	return CALL(f->fs, true, write, f, offset, from, bytes);
}

int file_overwrite(struct file *f, u64 offset, const void *from, size_t bytes)
{
	int error = may(f->fs, true, !f->is_directory);

	if (!error && (offset > f->size || bytes > f->size - offset))
		error = -ERANGE;
	for (const u8 *at = from; bytes && !error; ) {
		u64 part = bytes;
		size_t count = 1;
		struct piece p;

		error = f->fs->type->pieces(f, offset, (void *)(uintptr_t)at, &part, &p, &count);
		if (!error)
			error = volume_write(&f->fs->volume, p.offset, at, (size_t)part);
		at += part;
		offset += part;
		bytes -= (size_t)part;
	}
	return error ? error : volume_flush(&f->fs->volume);
}

int file_truncate(struct file *f, u64 size)
{
	return CALL(f->fs, true, truncate, f, size);
}

int fs_replace_from(struct filesystem *fs, const char *path, struct fs_source *s)
{
	return CALL(fs, true, replace, fs, path, s);
}

struct memory_source {
	struct fs_source source;
	const void *data;
};

static int next_of_memory(struct fs_source *s, const void **data, size_t *bytes)
{
	*data = ((struct memory_source *)s)->data;
	*bytes = (size_t)s->bytes;
	return 0;
}

int fs_replace(struct filesystem *fs, const char *path, const void *from, size_t bytes)
{
	struct memory_source m = { { .bytes = bytes, .next = next_of_memory }, from };

	return fs_replace_from(fs, path, &m.source);
}

int fs_rename(struct filesystem *fs, const char *from, const char *to)
{
	return CALL(fs, true, rename, fs, from, to);
}

int fs_remove(struct filesystem *fs, const char *path)
{
	return CALL(fs, true, remove, fs, path);
}

int fs_make_directory(struct filesystem *fs, const char *path)
{
	return CALL(fs, true, make_directory, fs, path);
}

int fs_set_label(struct filesystem *fs, const char *label)
{
	return CALL(fs, true, set_label, fs, label);
}

const char *fs_explain(const struct filesystem *fs, const char *path, int error,
		       char text[static FS_EXPLAIN_BYTES])
{
	snprintf(text, FS_EXPLAIN_BYTES, "%s:%.100s: %s", fs->volume.name, path,
		 fs->why[0] ? fs->why : error_text(error));
	return text;
}

int fs_check(struct filesystem *fs, struct fs_check *c)
{
	return CALL(fs, false, check, fs, c);	/* it decides itself whether it can repair */
}
