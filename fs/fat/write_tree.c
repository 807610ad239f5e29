/* SPDX-License-Identifier: BSD-2-Clause */
/* Names that move, appear and disappear: rename, remove, directories, the label. */
#include "fs/fat/write.h"

#include <ctype.h>
#include <stdio.h>

#include "fs/text.h"
#include "lib/endian.h"
#include "lib/errors.h"

enum {
	LABEL_BYTES = 11,
	BOOT_LABEL_16 = 43, BOOT_LABEL_32 = 71,
	BOOT_SIGNATURE = 5, BOOT_HAS_LABEL = 0x29,	/* as many bytes before the label */
	BOOT_RESERVED = 14, BOOT_BACKUP = 50,		/* in sectors */
};

/* The root, and what '..' is a name of. */
static bool is_nameless(const struct fat_name *n)
{
	return !n->slots || n->entry[0] == '.';
}

static int nameless(struct fat *f)
{
	return fat_fail(f, -EBUSY, "it is the root directory, or called '..'");
}

/* ---- Remove ---- */

static int check_empty(struct fat *f, u32 directory)
{
	struct fat_name n;
	struct fat_walk w;
	int error;

	fat_walk_begin(f, &w, directory);
	while (!(error = fat_walk_name(f, &w, &n)))
		if (n.entry[0] != '.')
			return -ENOTEMPTY;
	return error == -ENOENT ? 0 : error;
}

int fat_remove(struct filesystem *fs, const char *path)
{
	struct fat *f = fat_of(fs);
	struct fat_name n;
	const char *last;
	u32 directory, first;
	int error = fat_ready(f);

	if (!error)
		error = fat_resolve(f, path, &directory, &n, &last);
	if (error)
		return error;
	if (is_nameless(&n))
		return nameless(f);
	first = fat_name_cluster(f, &n);
	if (n.entry[ENTRY_ATTRIBUTES] & FAT_READ_ONLY)
		return fat_fail(f, -EACCES, "it is marked read-only");
	if (fat_is_directory(&n))
		error = check_empty(f, first);
	if (!error)
		error = fat_chain_check(f, first, NULL, NULL);
	if (!error)
		error = fat_begin(f);
	if (error)
		return error;
	error = fat_name_remove(f, &n);
	return fat_end(f, error ? error : fat_free(f, first, 0));
}

/* ---- Make a directory ---- */

static void dots(u8 *slot, unsigned count, u32 cluster)
{
	memset(slot, ' ', LABEL_BYTES);
	memset(slot, '.', count);
	slot[ENTRY_ATTRIBUTES] = FAT_DIRECTORY;
	fat_entry_set_cluster(slot, cluster);
	fat_entry_set_time(slot);
}

static int make(struct fat *f, struct fat_new_name *name)
{
	u8 slots[FAT_UNIT_BYTES] = { 0 }, entry[FAT_SLOT_BYTES] = { 0 };
	u32 parent = name->directory == f->root_cluster ? 0 : name->directory, first;
	int error = fat_allocate(f, 1, &first);

	if (error)
		return error;
	dots(slots, 1, first);
	dots(slots + FAT_SLOT_BYTES, 2, parent);
	for (u32 i = 0; i < f->cluster_bytes && !error; i += FAT_UNIT_BYTES) {
		error = fat_write(f, fat_cluster_at(f, first) + i, slots, FAT_UNIT_BYTES);
		memset(slots, 0, sizeof slots);
	}
	if (!error)
		error = fat_stage(f);
	if (error)
		return error;
	dots(entry, 1, first);
	error = fat_name_add(f, name, entry);
	if (error == -ENOSPC && fat_free(f, first, 0))
		error = -EIO;
	return error;
}

int fat_make_directory(struct filesystem *fs, const char *path)
{
	struct fat *f = fat_of(fs);
	struct fat_new_name name;
	struct fat_name old;
	const char *last;
	u32 directory;
	int error = fat_ready(f);

	if (error)
		return error;
	error = fat_resolve(f, path, &directory, &old, &last);
	if (error != -ENOENT || !last)
		return error ? error : -EEXIST;
	error = fat_name_plan(f, directory, last, strcspn(last, "/"), 0, &name);
	if (!error)
		error = fat_begin(f);
	return error ? error : fat_end(f, make(f, &name));
}

/* ---- Rename ---- */

struct move {
	u32 directory[2];		/* from, to */
	struct fat_name old, target;
	bool replaces;			/* @target, which is there */
	struct fat_new_name name;	/* else this appears */
};

/* A directory does not go below itself; the '..' on the way up have been found to be right. */
static int check_above(struct fat *f, u32 directory, u32 moved)
{
	for (u32 steps = 0; directory && directory != f->root_cluster; steps++) {
		u8 slot[FAT_SLOT_BYTES];
		int error;

		if (directory == moved)
			return fat_fail(f, -EINVAL, "a directory cannot go into itself");
		if (!fat_is_cluster(f, directory) || steps == f->clusters)
			return fat_damaged(f, "the '..' of directories go in circles");
		error = fat_read(f, fat_cluster_at(f, directory) + FAT_SLOT_BYTES, slot,
				 FAT_SLOT_BYTES);
		if (error)
			return error;
		directory = fat_entry_cluster(f, slot);
	}
	return 0;
}

static const char *last_name(const char *path, size_t *size)
{
	const char *end = path + strlen(path), *start;

	while (end > path && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	*size = (size_t)(end - start);
	return start;
}

/* Everything that can be refused is, here. 1: there is nothing to do. */
static int plan(struct fat *f, struct move *m, const char *from, const char *to)
{
	const char *last;
	size_t size;
	u64 old_at;
	int error = fat_resolve(f, from, &m->directory[0], &m->old, &last);

	if (error)
		return error;
	if (is_nameless(&m->old))
		return nameless(f);
	old_at = m->old.at[m->old.slots - 1];
	error = fat_chain_check(f, fat_name_cluster(f, &m->old), NULL, NULL);
	if (error)
		return error;
	error = fat_resolve(f, to, &m->directory[1], &m->target, &last);
	if (error && (error != -ENOENT || !last))
		return error;
	last = last_name(to, &size);
	m->replaces = !error;
	if (m->replaces && m->target.slots && m->target.at[m->target.slots - 1] == old_at) {
		if (size == strlen(m->old.name) && !memcmp(last, m->old.name, size))
			return 1;
		m->replaces = false;		/* its own name, in another case */
	}
	if (m->replaces) {
		if (fat_is_directory(&m->target))
			return fat_is_directory(&m->old) ? -EEXIST : -EISDIR;
		if (fat_is_directory(&m->old))
			return -ENOTDIR;
		if (m->target.entry[ENTRY_ATTRIBUTES] & FAT_READ_ONLY)
			return fat_fail(f, -EACCES, "it is marked read-only");
		return fat_chain_check(f, fat_name_cluster(f, &m->target), NULL, NULL);
	}
	error = fat_name_plan(f, m->directory[1], last, size,
			      m->directory[0] == m->directory[1] ? old_at : 0, &m->name);
	if (!error && fat_is_directory(&m->old))
		error = check_above(f, m->directory[1], fat_name_cluster(f, &m->old));
	return error;
}

static int set_case(struct fat *f, u64 entry_at, u8 value)
{
	return fat_write(f, entry_at + ENTRY_CASE, &value, 1);
}

/* The new name has what the old one has. Its entry: *at. */
static int appear(struct fat *f, struct move *m, u64 *at)
{
	u8 *entry = m->target.entry;
	int error;

	if (!m->replaces) {
		u8 copy[FAT_SLOT_BYTES];

		memcpy(copy, m->old.entry, sizeof copy);
		copy[ENTRY_CASE] = CASE_RENAMED_TO;
		error = fat_name_add(f, &m->name, copy);
		*at = m->name.at[m->name.count - 1];
		m->target.entry[ENTRY_CASE] = m->name.slots[m->name.count - 1][ENTRY_CASE];
		return error;
	}
	*at = m->target.at[m->target.slots - 1];
	entry[ENTRY_CASE] |= CASE_RENAMED_TO;
	entry[ENTRY_ATTRIBUTES] = m->old.entry[ENTRY_ATTRIBUTES];
	memcpy(entry + ENTRY_CREATED_TENTHS, m->old.entry + ENTRY_CREATED_TENTHS,
	       FAT_SLOT_BYTES - ENTRY_CREATED_TENTHS);
	error = fat_write(f, *at, entry, FAT_SLOT_BYTES);
	return error ? error : fat_stage(f);
}

/* At each moment, one of its two names is the one that its '..' leads back to. */
static int change_parent(struct fat *f, struct move *m)
{
	u32 parent = m->directory[1] == f->root_cluster ? 0 : m->directory[1];
	u64 at = fat_cluster_at(f, fat_name_cluster(f, &m->old)) + FAT_SLOT_BYTES;
	u8 slot[FAT_SLOT_BYTES];
	int error = fat_read(f, at, slot, sizeof slot);

	fat_entry_set_cluster(slot, parent);
	if (!error)
		error = fat_write(f, at, slot, sizeof slot);
	return error ? error : fat_stage(f);
}

/*
 * Both entries are marked while both are there, so that the next mount knows which of them has to
 * go, even of two empty files.
 */
static int move(struct fat *f, struct move *m)
{
	u32 freed = m->replaces ? fat_name_cluster(f, &m->target) : 0;
	u64 old_at = m->old.at[m->old.slots - 1], new_at;
	u8 old_case = m->old.entry[ENTRY_CASE];
	int error = set_case(f, old_at, old_case | CASE_RENAMED_FROM);

	if (!error)
		error = fat_stage(f);
	if (!error)
		error = appear(f, m, &new_at);
	if (error) {
		if (error == -ENOSPC && set_case(f, old_at, old_case))
			error = -EIO;
		return error;
	}
	if (fat_is_directory(&m->old) && m->directory[0] != m->directory[1])
		error = change_parent(f, m);
	if (!error)
		error = fat_name_remove(f, &m->old);
	if (!error)
		error = set_case(f, new_at, m->target.entry[ENTRY_CASE] & ~CASE_RENAMED);
	return error ? error : fat_free(f, freed, 0);
}

int fat_rename(struct filesystem *fs, const char *from, const char *to)
{
	struct fat *f = fat_of(fs);
	struct move m;
	int error = fat_ready(f);

	if (!error)
		error = plan(f, &m, from, to);
	if (error)
		return error > 0 ? 0 : error;
	error = fat_begin(f);
	return error ? error : fat_end(f, move(f, &m));
}

/* ---- The label ---- */

int fat_find_label(struct fat *f, struct fat_name *n)
{
	struct fat_walk w;
	int error;

	fat_walk_begin(f, &w, f->root_cluster);
	while (!(error = fat_walk_name(f, &w, n)))
		if (n->entry[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL)
			return 0;
	return error;
}

int fat_boot_label(struct fat *f, const u8 *label, bool write)
{
	u64 at = f->bits == 32 ? BOOT_LABEL_32 : BOOT_LABEL_16, copy = 0;
	u8 start[64], had[BOOT_SIGNATURE + LABEL_BYTES];
	int error = fat_read(f, 0, start, sizeof start);

	if (!label)
		label = (const u8 *)"NO NAME    ";
	if (!error)
		error = fat_read(f, at - BOOT_SIGNATURE, had, sizeof had);
	if (error || had[0] != BOOT_HAS_LABEL ||
	    !memcmp(had + BOOT_SIGNATURE, label, LABEL_BYTES))
		return error;
	if (f->bits == 32 && load_le16(start + BOOT_BACKUP) < load_le16(start + BOOT_RESERVED))
		copy = (u64)load_le16(start + BOOT_BACKUP) * f->sector_bytes;
	if (write)
		error = fat_write(f, at, label, LABEL_BYTES);
	if (write && !error && copy)
		error = fat_write(f, copy + at, label, LABEL_BYTES);
	return error ? error : 1;
}

/* 11 bytes of upper-case ASCII. */
static int label_from(struct fat *f, const char *text, u8 label[LABEL_BYTES])
{
	size_t size = strlen(text);

	memset(label, ' ', LABEL_BYTES);
	for (size_t i = 0; i < size; i++) {
		if (i == LABEL_BYTES || text[i] < ' ' || text[i] > '~' ||
		    strchr("\"*+,./:;<=>?[\\]|", text[i]) || text[0] == ' ')
			return fat_fail(f, -EINVAL, "a label has 11 characters of ASCII at most, "
					"and few signs");
		label[i] = (u8)toupper(text[i]);
	}
	return 0;
}

static int change_label(struct fat *f, struct fat_new_name *name, struct fat_name *old,
			const u8 *label)
{
	u8 entry[FAT_SLOT_BYTES] = { [ENTRY_ATTRIBUTES] = FAT_VOLUME_LABEL };
	int error;

	fat_entry_set_time(entry);
	if (name->count)
		error = fat_name_add(f, name, entry);
	else if (!old->slots)
		error = 0;
	else if (label[0] == ' ')
		error = fat_name_remove(f, old);
	else
		error = fat_write(f, old->at[old->slots - 1], label, LABEL_BYTES);
	if (error)
		return error;
	error = fat_boot_label(f, label[0] == ' ' ? NULL : label, true);
	return error < 0 ? error : 0;
}

int fat_set_label(struct filesystem *fs, const char *text)
{
	struct fat *f = fat_of(fs);
	struct fat_new_name name = { .count = 0 };
	struct fat_name old = { .slots = 0 };
	u8 label[LABEL_BYTES];
	int error = fat_ready(f);

	if (!error)
		error = label_from(f, text, label);
	if (error)
		return error;
	error = fat_find_label(f, &old);
	if (error == -ENOENT) {
		old.slots = 0;
		error = text[0] ? fat_label_plan(f, label, &name) : 0;
	}
	if (!error)
		error = fat_begin(f);
	if (error)
		return error;
	error = fat_end(f, change_label(f, &name, &old, label));
	if (!error)
		fat_oem_text(fs->label, label, LABEL_BYTES, false);
	return error;
}
