/* SPDX-License-Identifier: BSD-2-Clause */
/* The FAT: entries, and what they make of a file. */
#include <inttypes.h>

#include "fs/fat/fat.h"
#include "lib/errors.h"

static u64 entry_at(const struct fat *f, u32 cluster)
{
	return f->fat_at + (u64)cluster * f->bits / 8;
}

/* Entry @i of those at @entries; not of 12 bits. */
static u32 load_entry(const struct fat *f, const void *entries, u32 i)
{
	return f->bits == 32 ? le32_get(((const le32 *)entries)[i]) & 0x0fffffff
			     : le16_get(((const le16 *)entries)[i]);
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
		*value = load_entry(f, at, 0);
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

/* Entries that lie together in the cache: long chains are followed without asking for each. */
struct view {
	const void *entries;
	u32 first, count;
};

static int look(struct fat *f, struct view *v, u32 cluster)
{
	u64 at = entry_at(f, cluster) / FAT_LINE_BYTES * FAT_LINE_BYTES;
	const u8 *entries;
	size_t bytes;
	int error;

	if (at < f->fat_at)
		at = f->fat_at;
	error = fat_peek(f, at, &entries, &bytes);
	if (error)
		return error;
	*v = (struct view){
		entries, (u32)((at - f->fat_at) / (f->bits / 8)), (u32)bytes / (f->bits / 8),
	};
	return 0;
}

/* fat_next; the view is the last one looked at, or empty. */
static int follow(struct fat *f, struct view *v, u32 cluster, u32 *next)
{
	if (f->bits == 12)
		return fat_next(f, cluster, next);
	if (cluster - v->first >= v->count) {
		int error = look(f, v, cluster);

		if (error)
			return error;
	}
	*next = load_entry(f, v->entries, cluster - v->first);
	return fat_is_cluster(f, *next) ? 0 : fat_next(f, cluster, next);
}

static int ends_early(const struct file *file, u32 cluster, u64 clusters)
{
	struct fat *f = fat_of(file->fs);

	return fat_damaged(f, "the chain ends with cluster %" PRIu32 ", after %" PRIu64 " of %"
			   PRIu64 " bytes", cluster, clusters * f->cluster_bytes, file->size);
}

/* The cluster of @index in the file, from the last one that was looked for if it is before it. */
static int seek(struct file *file, struct view *v, u64 index, u32 *cluster)
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
	for (; at < index; at++) {
		u32 next;
		int error = follow(f, v, *cluster, &next);

		if (error)
			return error;
		if (!next)
			return ends_early(file, *cluster, at + 1);
		*cluster = next;
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

/* How many more, by eights, go on like entry @at of the view, which says @cluster; @most at most */
static u32 go_on(const struct fat *f, const struct view *v, u32 at, u32 cluster, u64 most)
{
	const u8 *next = (const u8 *)v->entries + 4 * ((size_t)at + 1);

	if (f->bits != 32 || (uintptr_t)next % 8)
		return 0;
	if (most > v->count - at - 1)
		most = v->count - at - 1;
	if (most > f->clusters + 1 - cluster)
		most = f->clusters + 1 - cluster;
	return eights_following(next, (u32)most, cluster + 1);
}

/*
 * How many clusters, at most @most, follow each other on the medium, too, from @cluster on. If they
 * are fewer, *next is what comes then: 0, the chain has ended.
 */
static int run(struct fat *f, struct view *v, u32 cluster, u64 most, u32 *count, u32 *next)
{
	u32 n = 1;

	for (; n < most; n++) {
		u32 at = cluster + n - 1 - v->first;
		int error = 0;

		if (at < v->count)
			*next = load_entry(f, v->entries, at);
		if (at >= v->count || !fat_is_cluster(f, *next))
			error = follow(f, v, cluster + n - 1, next);
		if (error)
			return error;
		if (*next != cluster + n)
			break;
		if (at < v->count)
			n += go_on(f, v, at, cluster + n, most - n - 1);
	}
	*count = n;
	return 0;
}

int fat_pieces(struct file *file, u64 offset, void *to, u64 *bytes, struct piece *p,
	       size_t *piece_count)
{
	struct fat *f = fat_of(file->fs);
	u64 index = offset / f->cluster_bytes, left = *bytes;
	u32 skip = offset % f->cluster_bytes, cluster = 0, count = 0;
	u64 clusters = (skip + left + f->cluster_bytes - 1) / f->cluster_bytes;
	size_t n = 0;
	struct view v = { 0 };
	int error;

	if (offset > file->size || *bytes > file->size - offset)
		return -ERANGE;
	error = left ? seek(file, &v, index, &cluster) : 0;
	while (left && !error) {
		u64 part;
		u32 next = 0;

		error = run(f, &v, cluster, clusters, &count, &next);
		if (error)
			break;
		part = (u64)count * f->cluster_bytes - skip;
		if (part > left)
			part = left;
		p[n++] = (struct piece){ fat_cluster_at(f, cluster) + skip, to, (size_t)part };
		to = (u8 *)to + part;
		left -= part;
		skip = 0;
		index += count;
		clusters -= count;
		file->own[FILE_AT_INDEX] = index - 1;
		file->own[FILE_AT_CLUSTER] = cluster + count - 1;
		if (n == *piece_count || !left)
			break;
		if (!next)
			error = ends_early(file, cluster + count - 1, index);
		cluster = next;
	}
	*bytes -= left;
	*piece_count = n;
	if (!error && n && offset + *bytes == file->size)
		error = check_end(f, cluster + count - 1);
	return error;
}
