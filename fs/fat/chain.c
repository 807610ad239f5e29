/* SPDX-License-Identifier: BSD-2-Clause */
/* The FAT: entries, and what they make of a file. */
#include <inttypes.h>

#include "fs/fat/fat.h"
#include "lib/errors.h"

static u64 entry_at(const struct fat *f, u32 cluster)
{
	return f->fat_at + (u64)cluster * f->bits / 8;
}

int fat_entry(struct fat *f, u32 cluster, u32 *value)
{
	u8 raw[4];
	int error = fat_read(f, entry_at(f, cluster), raw, f->bits == 32 ? 4 : 2);

	if (error)
		return error;
	if (f->bits == 32)
		*value = load_le32(raw) & 0x0fffffff;
	else if (f->bits == 16)
		*value = load_le16(raw);
	else
		*value = load_le16(raw) >> (cluster & 1 ? 4 : 0) & 0xfff;
	return 0;
}

int fat_entry_set(struct fat *f, u32 cluster, u32 value)
{
	unsigned bytes = f->bits == 32 ? 4 : 2;
	unsigned shift = f->bits == 12 && (cluster & 1) ? 4 : 0;
	u32 mask = (0x0fffffffu >> (f->bits == 32 ? 0 : 28 - f->bits)) << shift;
	u64 at = entry_at(f, cluster);
	u32 old = 0;
	int error = fat_read(f, at, &old, bytes);

	if (error)
		return error;
	value = (old & ~mask) | (value << shift & mask);
	return fat_write(f, at, &value, bytes);
}

int fat_next(struct fat *f, u32 cluster, u32 *next)
{
	int error = fat_entry(f, cluster, next);

	if (error || fat_is_cluster(f, *next))
		return error;
	if (*next >= fat_last(f)) {
		*next = 0;
		return 0;
	}
	if (!*next)
		return fat_damaged(f, "cluster %" PRIu32 " is in use, but free in the FAT",
				   cluster);
	if (*next == fat_last(f) - 1)
		return fat_damaged(f, "cluster %" PRIu32 " is marked as bad", cluster);
	return fat_damaged(f, "after cluster %" PRIu32 " comes %" PRIu32
			   ", which the volume does not have", cluster, *next);
}

/* What follows a file's last cluster: nothing, or more than it needs, but no circle (Brent's). */
static int check_end(struct fat *f, u32 cluster)
{
	u32 mark = cluster, steps = 0, until = 1;

	for (;;) {
		int error = fat_next(f, cluster, &cluster);

		if (error || !cluster)
			return error;
		if (cluster == mark)
			return fat_damaged(f, "the chain loops at cluster %" PRIu32, cluster);
		if (++steps == until) {
			mark = cluster;
			until *= 2;
			steps = 0;
		}
	}
}

/* The cluster of @index in the file, from the last one that was looked for if it is before it. */
static int seek(struct file *file, u64 index, u32 *cluster)
{
	struct fat *f = fat_of(file->fs);
	u64 at = file->own[FILE_AT_INDEX];

	*cluster = (u32)file->own[FILE_AT_CLUSTER];
	if (!*cluster || at > index) {
		at = 0;
		*cluster = (u32)file->own[FILE_FIRST];
		if (!fat_is_cluster(f, *cluster))
			return fat_damaged(f, "it begins in cluster %" PRIu32
					   ", which the volume does not have", *cluster);
	}
	while (at < index) {
		u32 next;
		int error = fat_next(f, *cluster, &next);

		if (error)
			return error;
		at++;
		if (!next)
			return fat_damaged(f, "the chain ends with cluster %" PRIu32
					   ", after %" PRIu64 " of %" PRIu64 " bytes", *cluster,
					   at * f->cluster_bytes, file->size);
		*cluster = next;
		file->own[FILE_AT_INDEX] = at;
		file->own[FILE_AT_CLUSTER] = next;
	}
	return 0;
}

int fat_pieces(struct file *file, u64 offset, void *to, u64 *bytes, struct piece *p, size_t *count)
{
	struct fat *f = fat_of(file->fs);
	struct piece *end = p + *count, *last = p;
	u64 at = offset;
	int error = 0;

	if (offset > file->size || *bytes > file->size - offset)
		return -ERANGE;
	last->size = 0;
	while (at < offset + *bytes) {
		u64 part = f->cluster_bytes - at % f->cluster_bytes, place;
		u32 cluster;

		error = seek(file, at / f->cluster_bytes, &cluster);
		if (error)
			return error;
		place = fat_cluster_at(f, cluster) + at % f->cluster_bytes;
		if (part > offset + *bytes - at)
			part = offset + *bytes - at;
		if (last->size && last->offset + last->size != place) {
			if (last + 1 == end)
				break;
			(++last)->size = 0;
		}
		if (!last->size)
			*last = (struct piece){ place, (u8 *)to + (at - offset), 0 };
		last->size += part;
		at += part;
		if (at == file->size)
			error = check_end(f, cluster);
		if (error)
			return error;
	}
	*bytes = at - offset;
	*count = (size_t)(last - p) + (last->size != 0);
	return 0;
}
