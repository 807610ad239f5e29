/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories: slots, the names they make, and paths. */
#include <inttypes.h>

#include "fs/fat/fat.h"
#include "fs/text.h"
#include "lib/errors.h"

enum { NAME_UNITS_MAX = 255 };

void fat_walk_begin(struct fat *f, struct fat_walk *w, u32 first)
{
	if (!first)
		first = f->root_cluster;
	*w = (struct fat_walk){ .first = first, .cluster = first, .mark = first };
}

static int next_cluster(struct fat *f, struct fat_walk *w)
{
	u32 next;
	int error = fat_next(f, w->cluster, &next);

	if (error)
		return error;
	if (!next)
		return -ENOENT;
	w->clusters++;
	if (next == w->mark || w->clusters > f->clusters)
		return fat_damaged(f, "the directory's chain loops at cluster %" PRIu32, next);
	if ((w->clusters & (w->clusters - 1)) == 0)
		w->mark = next;
	w->cluster = next;
	w->offset = 0;
	return 0;
}

int fat_walk_slot(struct fat *f, struct fat_walk *w, u8 slot[static FAT_SLOT_BYTES], u64 *at)
{
	int error;

	if (!w->first) {
		if (w->offset >= f->root_bytes)
			return -ENOENT;
		*at = f->root_at + w->offset;
	} else {
		if (!fat_is_cluster(f, w->cluster))
			return fat_damaged(f, "the directory begins in cluster %" PRIu32
					   ", which the volume does not have", w->cluster);
		if (w->offset == f->cluster_bytes) {
			error = next_cluster(f, w);
			if (error)
				return error;
		}
		*at = fat_cluster_at(f, w->cluster) + w->offset;
	}
	error = fat_read(f, *at, slot, FAT_SLOT_BYTES);
	if (!error)
		w->offset += FAT_SLOT_BYTES;
	return error;
}

/* A long name as it comes: last part first. */
struct long_name {
	unsigned parts, missing;	/* 0 parts: there is none, or it is broken */
	u8 checksum;
	u8 units[(FAT_SLOTS_MAX - 1) * LONG_UNITS * 2];
};

static void add_part(struct long_name *l, struct fat_name *n, const u8 *slot, u64 at)
{
	unsigned order = slot[LONG_ORDER] & ~LONG_LAST;
	u8 *to;

	if (slot[LONG_ORDER] & LONG_LAST) {
		l->parts = l->missing = order < FAT_SLOTS_MAX ? order : 0;
		l->checksum = slot[LONG_CHECKSUM];
	}
	if (!l->missing || order != l->missing || slot[LONG_CHECKSUM] != l->checksum) {
		l->parts = l->missing = 0;
		return;
	}
	n->at[l->parts - l->missing] = at;
	l->missing--;
	to = l->units + l->missing * LONG_UNITS * 2;
	memcpy(to, slot + 1, 10);
	memcpy(to + 10, slot + 14, 12);
	memcpy(to + 22, slot + 28, 4);
}

/* A long name without its entry, or that was given to another one, does not count. */
static void finish(struct long_name *l, struct fat_name *n, u64 at)
{
	unsigned units = l->parts * LONG_UNITS;

	fat_short_name(n->entry, n->alias);
	n->name[0] = 0;
	if (l->parts && !l->missing && fat_checksum(n->entry) == l->checksum)
		utf16_text(n->name, l->units, units < NAME_UNITS_MAX ? units : NAME_UNITS_MAX);
	else
		l->parts = 0;
	if (!n->name[0])
		memcpy(n->name, n->alias, sizeof(n->alias));
	n->slots = l->parts + 1;
	n->at[l->parts] = at;
}

int fat_walk_name(struct fat *f, struct fat_walk *w, struct fat_name *n)
{
	struct long_name l = { .parts = 0 };

	for (;;) {
		u64 at;
		int error = fat_walk_slot(f, w, n->entry, &at);

		if (error)
			return error;
		if (n->entry[0] == NAME_END) {
			w->offset -= FAT_SLOT_BYTES;
			return -ENOENT;
		}
		if (n->entry[0] == NAME_FREE) {
			l.parts = l.missing = 0;
		} else if ((n->entry[ENTRY_ATTRIBUTES] & FAT_LONG_NAME_MASK) == FAT_LONG_NAME) {
			add_part(&l, n, n->entry, at);
		} else {
			finish(&l, n, at);
			return 0;
		}
	}
}

u32 fat_entry_cluster(const struct fat *f, const u8 entry[static FAT_SLOT_BYTES])
{
	u32 low = load_le16(entry + ENTRY_CLUSTER_LOW);

	return f->bits == 32 ? low | (u32)load_le16(entry + ENTRY_CLUSTER_HIGH) << 16 : low;
}

bool fat_is_directory(const struct fat_name *n)
{
	return n->entry[ENTRY_ATTRIBUTES] & FAT_DIRECTORY;
}

/* In the directory that begins at @first. -ENOENT; not the volume label. */
static int find(struct fat *f, u32 first, const char *name, size_t bytes, struct fat_name *n)
{
	struct fat_walk w;
	int error;

	fat_walk_begin(f, &w, first);
	while (!(error = fat_walk_name(f, &w, n)))
		if (!(n->entry[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL) &&
		    (text_equal(name, bytes, n->name) || text_equal(name, bytes, n->alias)))
			return 0;
	return error;
}

/* The directory @n in @parent says so itself: no two names lead to it, nor does a circle. */
static int check_parent(struct fat *f, u32 parent, const struct fat_name *n)
{
	u32 cluster = fat_name_cluster(f, n), up;
	struct fat_name dots = { .slots = 0 };
	int error;

	if (!fat_is_cluster(f, cluster))
		return fat_damaged(f, "directory '%.60s' begins in cluster %" PRIu32
				   ", which the volume does not have", n->name, cluster);
	error = fat_read(f, fat_cluster_at(f, cluster) + FAT_SLOT_BYTES, dots.entry,
			 FAT_SLOT_BYTES);
	if (error)
		return error;
	up = fat_name_cluster(f, &dots);
	if (up == f->root_cluster)
		up = 0;
	if (parent == f->root_cluster)
		parent = 0;
	if (memcmp(dots.entry, "..         ", 11) == 0 && up == parent)
		return 0;
	return fat_damaged(f, "the '..' of directory '%.60s', cluster %" PRIu32
			   ", does not lead back", n->name, cluster);
}

int fat_resolve(struct fat *f, const char *path, u32 *directory, struct fat_name *n,
		const char **last)
{
	u32 here = 0;			/* first cluster of the directory that @n is */
	int error;

	memset(n, 0, sizeof(*n));
	n->entry[ENTRY_ATTRIBUTES] = FAT_DIRECTORY;
	*directory = 0;
	*last = NULL;
	for (;;) {
		size_t bytes;
		bool up;

		path += strspn(path, "/");
		bytes = strcspn(path, "/");
		if (!bytes)
			return 0;
		if (!fat_is_directory(n))
			return -ENOTDIR;
		if (bytes == 1 && path[0] == '.') {
			path += bytes;
			continue;
		}
		up = bytes == 2 && path[0] == '.' && path[1] == '.';
		if (up && (!here || here == f->root_cluster)) {
			path += bytes;
			continue;
		}
		*directory = here;
		error = find(f, here, path, bytes, n);
		if (error == -ENOENT && !path[bytes + strspn(path + bytes, "/")])
			*last = path;
		if (!error && fat_is_directory(n)) {
			if (!up)
				error = check_parent(f, here, n);
			here = fat_name_cluster(f, n);
		}
		if (error)
			return error;
		path += bytes;
	}
}
