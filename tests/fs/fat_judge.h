/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A FAT volume in memory, judged without a line of what is tested: everything that fsck.fat looks
 * at and some more, thousands of times a second. And what is on it, as a sorted list.
 */
#pragma once
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/types.h"

enum { JUDGE_NODES = 512, JUDGE_PATH = 1024 };

/*
 * What is behind the end of a directory does not matter: the specification says so, fsck.fat not.
 */
static bool judge_leniently;

struct judged_node {
	char *path;			/* "/a/b", as stored: long names where there are */
	u8 *data;			/* NULL: a directory */
	u32 size;
};

struct judge {
	const u8 *image;
	u64 bytes;
	unsigned bits;
	u32 sector, cluster, clusters, fats, fat_bytes, root_bytes, root_cluster;
	u64 fat_at, root_at, data_at;
	u8 *used;
	struct judged_node nodes[JUDGE_NODES];
	unsigned count;
	char label[12];			/* of the root; "": none */
	char problem[256];		/* the first; "": none */
};

__attribute__((format(printf, 2, 3)))
static inline void judge_problem(struct judge *j, const char *format, ...)
{
	va_list arguments;

	if (j->problem[0])
		return;
	va_start(arguments, format);
	vsnprintf(j->problem, sizeof j->problem, format, arguments);
	va_end(arguments);
}

static inline u32 judge_load(const u8 *at, unsigned bytes)
{
	u32 value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (u32)at[i] << 8 * i;
	return value;
}

static inline u32 judge_entry(const struct judge *j, u32 cluster)
{
	const u8 *fat = j->image + j->fat_at;

	if (j->bits == 12)
		return judge_load(fat + cluster * 3 / 2, 2) >> (cluster & 1) * 4 & 0xfff;
	return judge_load(fat + cluster * j->bits / 8, j->bits / 8) & 0x0fffffff;
}

static inline u32 judge_end(const struct judge *j)
{
	return j->bits == 12 ? 0xff8 : j->bits == 16 ? 0xfff8 : 0x0ffffff8;
}

static inline void judge_geometry(struct judge *j)
{
	const u8 *b = j->image;
	u32 total = judge_load(b + 19, 2), fat = judge_load(b + 22, 2);
	const u8 *tail;

	j->sector = judge_load(b + 11, 2);
	j->cluster = j->sector * b[13];
	j->fats = b[16];
	j->root_bytes = judge_load(b + 17, 2) * 32;
	j->bits = fat ? 16 : 32;
	j->fat_bytes = (fat ? fat : judge_load(b + 36, 4)) * j->sector;
	j->fat_at = judge_load(b + 14, 2) * j->sector;
	j->root_at = j->fat_at + (u64)j->fats * j->fat_bytes;
	j->data_at = j->root_at + (j->root_bytes + j->sector - 1) / j->sector * j->sector;
	total = total ? total : judge_load(b + 32, 4);
	j->clusters = (u32)(((u64)total * j->sector - j->data_at) / j->cluster);
	if (j->bits == 16 && j->clusters < 4085)
		j->bits = 12;
	j->root_cluster = j->bits == 32 ? judge_load(b + 44, 4) : 0;
	tail = b + (j->bits == 32 ? 64 : 36);
	if (tail[1] & 1)
		judge_problem(j, "the boot sector says dirty");
	if (j->bits != 12 && (judge_entry(j, 1) >> (j->bits == 32 ? 26 : 14) & 3) != 3)
		judge_problem(j, "the FAT says dirty");
	for (u32 i = 1; i < j->fats; i++)
		if (memcmp(b + j->fat_at, b + j->fat_at + (u64)i * j->fat_bytes, j->fat_bytes))
			judge_problem(j, "copy %u of the FAT is another", i);
}

/* All bytes of a chain; *size: as many as its clusters have. */
static inline u8 *judge_chain(struct judge *j, const char *path, u32 first, u32 *size)
{
	u8 *data = NULL;
	u32 count = 0;

	for (u32 cluster = first; cluster < judge_end(j) && !j->problem[0]; count++) {
		if (cluster < 2 || cluster - 2 >= j->clusters) {
			judge_problem(j, "%s: cluster %u", path, cluster);
		} else if (j->used[cluster]++) {
			judge_problem(j, "%s: cluster %u is used twice", path, cluster);
		} else {
			data = realloc(data, (size_t)(count + 1) * j->cluster);
			memcpy(data + (size_t)count * j->cluster, j->image + j->data_at +
			       (u64)(cluster - 2) * j->cluster, j->cluster);
			cluster = judge_entry(j, cluster);
		}
	}
	*size = count * j->cluster;
	return data;
}

static inline void judge_node(struct judge *j, const char *path, u8 *data, u32 size)
{
	if (j->count == JUDGE_NODES)
		judge_problem(j, "%s: too many names for a test", path);
	else
		j->nodes[j->count++] = (struct judged_node){ strdup(path), data, size };
	if (j->problem[0] && (!j->count || j->nodes[j->count - 1].data != data))
		free(data);
}

static inline void judge_directory(struct judge *j, const char *path, const u8 *slots, u32 size,
				   u32 self, u32 parent);

static inline void judge_name(struct judge *j, const char *path, const u8 *e, u32 self)
{
	u32 first = judge_load(e + 26, 2) | (j->bits == 32 ? judge_load(e + 20, 2) << 16 : 0);
	u32 size = judge_load(e + 28, 4), have = 0;
	u8 *data = first ? judge_chain(j, path, first, &have) : NULL;

	if (e[12] & ~0x18)
		judge_problem(j, "%s: marked %02x", path, e[12]);
	if (e[11] & 0x10) {
		if (!first || size)
			judge_problem(j, "%s: a directory in cluster %u, of %u bytes", path, first,
				      size);
		judge_node(j, path, NULL, 0);
		judge_directory(j, path, data, have, first, self);
		free(data);
		return;
	}
	if (have / j->cluster != (size + j->cluster - 1) / j->cluster)
		judge_problem(j, "%s: %u bytes, but clusters for %u", path, size, have);
	judge_node(j, path, data ? data : calloc(1, 1), size);
}

static inline char *judge_utf8(char *to, u32 c)
{
	if (c >= 0x800) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c >= 0x80) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)c;
	}
	return to;
}

/* The name before an entry: @parts slots of a long one, or the short one. */
static inline void judge_text(struct judge *j, const u8 *e, unsigned parts, char *name)
{
	static const u8 at[13] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	u8 sum = 0;

	for (unsigned i = 0; i < 11; i++)
		sum = (u8)((sum << 7 | sum >> 1) + e[i]);
	for (unsigned i = 1; i <= parts; i++) {
		const u8 *slot = e - 32 * i;

		if ((slot[0] & 0x3f) != i || !(slot[0] & 0x40) != (i != parts))
			judge_problem(j, "slot %u of a long name has number %02x", i, slot[0]);
		if (slot[13] != sum)
			judge_problem(j, "the checksum of a long name is wrong");
		for (unsigned k = 0; k < 13 && judge_load(slot + at[k], 2); k++)
			name = judge_utf8(name, judge_load(slot + at[k], 2));
	}
	for (unsigned i = 0; i < 11 && !parts; i++) {
		bool lower = e[12] & (i < 8 ? 0x08 : 0x10);

		if (i == 8 && e[8] != ' ')
			*name++ = '.';
		if (e[i] != ' ')
			*name++ = (char)(lower && e[i] >= 'A' && e[i] <= 'Z' ? e[i] + 32 : e[i]);
	}
	*name = 0;
}

static inline void judge_dots(struct judge *j, const char *path, const u8 *slots, u32 self,
			      u32 parent)
{
	for (unsigned i = 0; i < 2; i++) {
		const u8 *e = slots + 32 * i;
		u32 leads = judge_load(e + 26, 2) |
			    (j->bits == 32 ? judge_load(e + 20, 2) << 16 : 0);

		if (memcmp(e, i ? "..         " : ".          ", 11) || !(e[11] & 0x10))
			judge_problem(j, "%s has no dots", path);
		else if (leads != (i ? parent : self))
			judge_problem(j, "%s: '%s' leads to %u", path, i ? ".." : ".", leads);
	}
}

static inline void judge_directory(struct judge *j, const char *path, const u8 *slots, u32 size,
				   u32 self, u32 parent)
{
	bool root = !path[0], ended = false;
	unsigned parts = 0;

	if (!root && !j->problem[0])
		judge_dots(j, path, slots, self, parent == j->root_cluster ? 0 : parent);
	for (u32 i = root ? 0 : 64; i < size && !j->problem[0]; i += 32) {
		const u8 *e = slots + i;
		char full[JUDGE_PATH];

		ended |= !e[0];
		if (ended && e[0] && e[0] != 0xe5 && !judge_leniently)
			judge_problem(j, "%s: %.11s behind the end", path, e);
		if (ended)
			continue;
		if (e[0] != 0xe5 && (e[11] & 0x3f) == 0x0f) {
			parts++;
			continue;
		}
		if (parts && (e[0] == 0xe5 || (e[11] & 0x08)))
			judge_problem(j, "%s: a long name of nothing", path);
		if (e[0] != 0xe5 && !(e[11] & 0x08)) {
			size_t length = (size_t)snprintf(full, sizeof full, "%s/", path);

			judge_text(j, e, parts, full + length);
			judge_name(j, full, e, self);
			for (u32 k = root ? 0 : 64; k < i; k += 32)
				if (slots[k] != 0xe5 && !(slots[k + 11] & 0x08) &&
				    !memcmp(slots + k, e, 11))
					judge_problem(j, "%s: %.11s is there twice", path, e);
		} else if (e[0] != 0xe5 && root) {
			memcpy(j->label, e, 11);
		}
		parts = 0;
	}
	if (parts)
		judge_problem(j, "%s: a long name of nothing at the end", path);
}

static inline int judge_order(const void *a, const void *b)
{
	return strcmp(((const struct judged_node *)a)->path, ((const struct judged_node *)b)->path);
}

static inline void judge_rest(struct judge *j)
{
	const u8 *tail;
	u32 unused = 0, info = judge_load(j->image + 48, 2) * j->sector, said;

	for (u32 cluster = 2; cluster - 2 < j->clusters; cluster++) {
		u32 entry = judge_entry(j, cluster);

		unused += !entry;
		if (entry && !j->used[cluster] && entry != judge_end(j) - 1)
			judge_problem(j, "cluster %u is lost", cluster);
	}
	said = j->bits == 32 ? judge_load(j->image + info + 488, 4) : UINT32_MAX;
	if (said != unused && said != UINT32_MAX)
		judge_problem(j, "FSInfo: %u free, but there are %u", said, unused);
	qsort(j->nodes, j->count, sizeof j->nodes[0], judge_order);
	tail = j->image + (j->bits == 32 ? 64 : 36);
	if (tail[2] == 0x29 && memcmp(tail + 7, j->label[0] ? j->label : "NO NAME    ", 11))
		judge_problem(j, "the boot sector has label %.11s, the root %s", tail + 7,
			      j->label);
}

/* Whether it is in perfect order; j->problem says why not. judge_free afterwards. */
static inline bool judge(struct judge *j, const u8 *image, u64 bytes)
{
	memset(j, 0, sizeof *j);
	j->image = image;
	j->bytes = bytes;
	judge_geometry(j);
	j->used = calloc(1, j->clusters + 2);
	if (j->root_cluster) {
		u32 size;
		u8 *root = judge_chain(j, "/", j->root_cluster, &size);

		judge_directory(j, "", root, size, j->root_cluster, 0);
		free(root);
	} else {
		judge_directory(j, "", image + j->root_at, j->root_bytes, 0, 0);
	}
	judge_rest(j);
	return !j->problem[0];
}

static inline void judge_free(struct judge *j)
{
	for (unsigned i = 0; i < j->count; i++) {
		free(j->nodes[i].path);
		free(j->nodes[i].data);
	}
	free(j->used);
}
