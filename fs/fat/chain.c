/* SPDX-License-Identifier: BSD-2-Clause */
/* The FAT: entries, and what they make of a file. */
#include <inttypes.h>

#include "fs/fat/fat.h"
#include "lib/errors.h"

static u64 entry_at(const struct fat *f, u32 cluster)
{
	return f->fat_at + (u64)cluster * f->bits / 8;
}

/* One that is not of 12 bits. */
static u32 load_entry(const struct fat *f, const u8 *at)
{
	return f->bits == 32 ? load_le32(at) & 0x0fffffff : load_le16(at);
}

int fat_entry(struct fat *f, u32 cluster, u32 *value)
{
	const u8 *at;
	u8 raw[2];
	size_t bytes;
	int error;

	if (f->bits == 12) {			/* it may lie in two lines */
		error = fat_read(f, entry_at(f, cluster), raw, sizeof(raw));
		if (!error)
			*value = load_le16(raw) >> (cluster & 1 ? 4 : 0) & 0xfff;
		return error;
	}
	error = fat_peek(f, entry_at(f, cluster), &at, &bytes);
	if (!error)
		*value = load_entry(f, at);
	return error;
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
	if (*next >= fat_last(f) || (*next > 1 && fat_is_split(f, cluster))) {
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

/*
 * How many of @count entries of FAT32 at @at go on with @next, each the cluster after that of the
 * one before it: as far as eight at a time do, without upper bits. Most of a file's do, and a large
 * one has a hundred thousand; so this is a function with all registers for itself.
 */
static __attribute__((noinline)) u32 eights_following(const u8 *at, u32 count, u32 next)
{
	const u64 step = 0x0000000200000002;
	const u64 *two = __builtin_assume_aligned(at, 8);
	u64 wanted = (u64)(next + 1) << 32 | next;
	u32 done = 0;

	for (; count - done >= 8; done += 8, two += 4, wanted += 4 * step)
		if (two[0] != wanted || two[1] != wanted + step || two[2] != wanted + 2 * step ||
		    two[3] != wanted + 3 * step)
			break;
	return done;
}

/* How many clusters follow each other on the medium, too, from @cluster on; at most @most. */
static int run(struct fat *f, u32 cluster, u32 most, u32 *count)
{
	u32 n = 1, width = f->bits / 8;

	if (most > f->clusters + 2 - cluster)
		most = f->clusters + 2 - cluster;
	while (f->bits != 12 && n < most) {
		const u8 *entries;
		size_t bytes;
		int error = fat_peek(f, entry_at(f, cluster + n - 1), &entries, &bytes);

		if (error)
			return error;
		while (bytes >= width && n < most) {
			u32 more = 1;

			if (load_entry(f, entries) != cluster + n) {
				most = n;
				break;
			}
			if (f->bits == 32 && (uintptr_t)(entries + 4) % 8 == 0) {
				u32 left = (u32)bytes / 4 < most - n ? (u32)bytes / 4 : most - n;

				more += eights_following(entries + 4, left - 1, cluster + n + 1);
			}
			n += more;
			entries += width * more;
			bytes -= width * more;
		}
	}
	*count = n;
	return 0;
}

int fat_pieces(struct file *file, u64 offset, void *to, u64 *bytes, struct piece *p,
	       size_t *piece_count)
{
	struct fat *f = fat_of(file->fs);
	struct piece *end = p + *piece_count, *last = p;
	u64 at = offset;
	int error = 0;

	if (offset > file->size || *bytes > file->size - offset)
		return -ERANGE;
	last->size = 0;
	while (at < offset + *bytes) {
		u32 in_cluster = at % f->cluster_bytes, cluster, count;
		u64 part = offset + *bytes - at, place, index = at / f->cluster_bytes;
		u32 most = (u32)((in_cluster + part - 1) / f->cluster_bytes + 1);

		error = seek(file, index, &cluster);
		if (!error)
			error = run(f, cluster, most, &count);
		if (error)
			return error;
		place = fat_cluster_at(f, cluster) + in_cluster;
		if (part > (u64)count * f->cluster_bytes - in_cluster)
			part = (u64)count * f->cluster_bytes - in_cluster;
		if (last->size && last->offset + last->size != place) {
			if (last + 1 == end)
				break;
			(++last)->size = 0;
		}
		if (!last->size)
			*last = (struct piece){ place, (u8 *)to + (at - offset), 0 };
		last->size += part;
		at += part;
		file->own[FILE_AT_INDEX] = index + count - 1;
		file->own[FILE_AT_CLUSTER] = cluster + count - 1;
		if (at == file->size)
			error = check_end(f, cluster + count - 1);
		if (error)
			return error;
	}
	*bytes = at - offset;
	*piece_count = (size_t)(last - p) + (last->size != 0);
	return 0;
}
