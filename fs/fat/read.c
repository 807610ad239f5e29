/* SPDX-License-Identifier: BSD-2-Clause */
/* Files and directories as fs/fs.h shows them. */
#include <inttypes.h>

#include "fs/fat/fat.h"
#include "lib/errors.h"

_Static_assert(sizeof(struct fat_walk) <= sizeof(((struct directory *)NULL)->own), "it holds one");

static s64 modified(const struct fat_name *n)
{
	return fat_time((u16)load_le16(n->entry + ENTRY_WRITTEN_DATE),
			(u16)load_le16(n->entry + ENTRY_WRITTEN_TIME));
}

int fat_open(struct filesystem *fs, const char *path, struct file *file)
{
	struct fat *f = fat_of(fs);
	struct fat_name n;
	const char *last;
	u32 directory;
	int error = fat_resolve(f, path, &directory, &n, &last);

	if (error)
		return error;
	*file = (struct file){
		.fs = fs, .modified = modified(&n), .is_directory = fat_is_directory(&n),
		.read_only = n.entry[ENTRY_ATTRIBUTES] & FAT_READ_ONLY,
	};
	file->own[FILE_FIRST] = fat_name_cluster(f, &n);
	if (n.slots)
		file->own[FILE_ENTRY_AT] = n.at[n.slots - 1];
	if (file->is_directory)
		return 0;
	file->size = load_le32(n.entry + ENTRY_SIZE);
	if (file->size > (u64)f->clusters * f->cluster_bytes)
		return fat_damaged(f, "its %" PRIu64 " bytes are more than the volume has",
				   file->size);
	return 0;
}

int fat_open_directory(struct filesystem *fs, const char *path, struct directory *d)
{
	struct fat *f = fat_of(fs);
	struct fat_walk w;
	struct fat_name n;
	const char *last;
	u32 directory;
	int error = fat_resolve(f, path, &directory, &n, &last);

	if (error)
		return error;
	if (!fat_is_directory(&n))
		return -ENOTDIR;
	fat_walk_begin(f, &w, fat_name_cluster(f, &n));
	*d = (struct directory){ .fs = fs };
	memcpy(d->own, &w, sizeof(w));
	return 0;
}

int fat_directory_next(struct directory *d, struct file_info *info)
{
	struct fat *f = fat_of(d->fs);
	struct fat_walk w;
	struct fat_name n;
	u8 attributes;
	int error;

	memcpy(&w, d->own, sizeof(w));
	do
		error = fat_walk_name(f, &w, &n);
	while (!error && ((n.entry[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL) || n.entry[0] == '.'));
	memcpy(d->own, &w, sizeof(w));
	if (error)
		return error;
	attributes = n.entry[ENTRY_ATTRIBUTES];
	*info = (struct file_info){
		.size = attributes & FAT_DIRECTORY ? 0 : load_le32(n.entry + ENTRY_SIZE),
		.modified = modified(&n), .is_directory = attributes & FAT_DIRECTORY,
		.read_only = attributes & FAT_READ_ONLY, .hidden = attributes & FAT_HIDDEN,
	};
	memcpy(info->name, n.name, sizeof(n.name));
	return 0;
}
