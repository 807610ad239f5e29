/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contents of files. What a name shows is never written over: new contents go to new clusters, and
 * one sector switches to them, the directory entry or, in the middle of a file, one entry of the
 * FAT.
 */
#include "fs/fat/write.h"

#include "lib/clock.h"
#include "lib/endian.h"
#include "lib/errors.h"

#define FILE_MOST UINT32_MAX		/* bytes */
/* Where no clock keeps the date. */
static const struct clock_date fixed_date = { .year = 2026, .month = 1, .day = 1 };

/* ---- Entries ---- */

void fat_entry_set_cluster(u8 *entry, u32 cluster)
{
	store_le16(entry + ENTRY_CLUSTER_LOW, (u16)cluster);
	store_le16(entry + ENTRY_CLUSTER_HIGH, (u16)(cluster >> 16));
}

/* 1980 to 2107, in steps of two seconds (FAT 1.03, "Date and Time Formats"). */
void fat_entry_set_time(u8 *entry)
{
	struct clock_date now;
	u16 date, time;

	if (!clock_now(&now))
		now = fixed_date;
	date = (u16)((now.year - 1980) << 9 | now.month << 5 | now.day);
	time = (u16)(now.hour << 11 | now.minute << 5 | now.second / 2);
	store_le16(entry + ENTRY_WRITTEN_TIME, time);
	store_le16(entry + ENTRY_WRITTEN_DATE, date);
	store_le16(entry + ENTRY_ACCESSED_DATE, date);
}

/* The switch: what the name shows from now on. */
static int set_entry(struct fat *f, u64 at, u8 *entry, u32 first, u32 size)
{
	int error;

	fat_entry_set_cluster(entry, first);
	store_le32(entry + ENTRY_SIZE, size);
	fat_entry_set_time(entry);
	entry[ENTRY_ATTRIBUTES] |= FAT_ARCHIVE;
	error = fat_write(f, at, entry, FAT_SLOT_BYTES);
	return error ? error : fat_stage(f);
}

/* ---- An open file ---- */

/* Everything about it that is on the disk, found to be in order. */
struct opened {
	u8 entry[FAT_SLOT_BYTES];
	u64 at;				/* of the entry */
	u32 first, clusters, last, size;
};

static void look(struct fat *f, struct opened *o)
{
	o->size = load_le32(o->entry + ENTRY_SIZE);
	o->first = fat_entry_cluster(f, o->entry);
}

static int check_chain(struct fat *f, struct opened *o)
{
	u32 needed = fat_clusters_of(f, o->size);
	int error;

	if (o->first && !fat_is_cluster(f, o->first))
		return fat_damaged(f, "it begins in cluster %u, which the volume does not have",
				   (unsigned)o->first);
	error = fat_chain_check(f, o->first, &o->clusters, &o->last);
	if (!error && o->clusters != needed)
		error = fat_damaged(f, "it has %u clusters, its size needs %u",
				    (unsigned)o->clusters, (unsigned)needed);
	return error;
}

static int reopen(struct file *file, struct opened *o)
{
	struct fat *f = fat_of(file->fs);
	int error;

	if (file->is_directory)
		return -EISDIR;
	o->at = file->own[FILE_ENTRY_AT];
	error = fat_read(f, o->at, o->entry, FAT_SLOT_BYTES);
	if (error)
		return error;
	look(f, o);
	if (o->size != file->size || o->first != file->own[FILE_FIRST] ||
	    o->entry[0] == NAME_FREE)
		return fat_fail(f, -ESTALE, "somebody else changed it");
	if (o->entry[ENTRY_ATTRIBUTES] & FAT_READ_ONLY)
		return fat_fail(f, -EACCES, "it is marked read-only");
	return check_chain(f, o);
}

static void remember(struct file *file, struct opened *o)
{
	look(fat_of(file->fs), o);
	file->size = o->size;
	file->own[FILE_FIRST] = o->first;
	file->own[FILE_AT_INDEX] = file->own[FILE_AT_CLUSTER] = 0;
}

/*
 * Behind the end: in the last cluster nobody looks there, the clusters after it are new. The entry
 * with the new size comes last.
 */
static int append(struct fat *f, struct opened *o, u64 offset, const void *from, u64 end)
{
	u32 more = fat_clusters_of(f, end) - o->clusters, first = 0;
	u64 room = (u64)o->clusters * f->cluster_bytes, inside = end < room ? end : room;
	struct fat_cursor c;
	int error = 0;

	if (more)
		error = o->first ? fat_allocate_behind(f, o->last, more, &first)
				 : fat_allocate(f, more, &first);
	if (error)
		return error;
	c = (struct fat_cursor){ o->last, o->last, o->clusters - 1 };
	c.first = o->first;
	if (!error && offset > o->size)
		error = fat_put(f, &c, o->size, NULL,
				(offset < inside ? offset : inside) - o->size);
	if (!error && offset < inside)
		error = fat_put(f, &c, offset, from, inside - offset);
	c = fat_cursor_at(first);
	if (!error && offset > room)
		error = fat_put(f, &c, 0, NULL, offset - room);
	if (offset < room) {
		from = from ? (const u8 *)from + (room - offset) : NULL;
		offset = room;
	}
	if (!error && end > room)
		error = fat_put(f, &c, offset - room, from, end - offset);
	if (!error)
		error = fat_stage(f);
	if (!error && more && o->first)
		error = fat_chain_extend(f, o->last, first);
	return error ? error : set_entry(f, o->at, o->entry, o->first ? o->first : first, (u32)end);
}

/*
 * From cluster @from_index on there are new clusters, up to the end of what is written; then the
 * old ones go on. One entry of the FAT switches, or, where they are the first or the size changes,
 * the directory entry; on FAT12 always that one, since an entry of the FAT may lie in two sectors.
 */
static int rewrite(struct fat *f, struct opened *o, u64 offset, const void *from, u64 end)
{
	bool grows = end > o->size;
	u32 index = f->bits == 12 || grows ? 0 : (u32)(offset / f->cluster_bytes);
	u32 count = fat_clusters_of(f, end) - index, first, last;
	struct fat_cursor old = fat_cursor_at(o->first), before = old, new;
	u64 start = (u64)index * f->cluster_bytes, rest = (u64)(index + count) * f->cluster_bytes;
	u32 replaced, kept = 0;
	int error = index ? fat_cursor_seek(f, &before, index - 1) : 0;

	replaced = o->first;
	if (!error && index)
		error = fat_next(f, before.cluster, &replaced);
	if (!error && index + count < o->clusters)
		error = fat_cursor_seek(f, &old, index + count);
	if (index + count < o->clusters)
		kept = old.cluster;
	if (!error)
		error = fat_allocate(f, count, &first);
	if (error)
		return error;
	new = fat_cursor_at(first);
	old = fat_cursor_at(replaced);
	if (rest > o->size)
		rest = o->size;
	error = fat_copy(f, &new, &old, 0, offset - start);
	if (!error)
		error = fat_put(f, &new, offset - start, from, end - offset);
	if (!error && rest > end)
		error = fat_copy(f, &new, &old, end - start, rest - end);
	if (!error)
		error = fat_chain_check(f, first, NULL, &last);
	if (!error && kept)
		error = fat_entry_set(f, last, kept);
	if (!error)
		error = fat_stage(f);
	if (!error && index) {
		error = fat_chain_extend(f, before.cluster, first);
		fat_entry_set_time(o->entry);
		if (!error)
			error = fat_write(f, o->at, o->entry, FAT_SLOT_BYTES);
	} else if (!error) {
		error = set_entry(f, o->at, o->entry, first, grows ? (u32)end : o->size);
	}
	return error ? error : fat_free(f, replaced, kept);
}

/* @from NULL: zeroes. */
static int write_at(struct file *file, u64 offset, const void *from, u64 bytes)
{
	struct fat *f = fat_of(file->fs);
	struct opened o;
	int error;

	if (bytes > FILE_MOST || offset > FILE_MOST - bytes)
		return fat_fail(f, -EFBIG, "a file on FAT is less than 4 GiB");
	error = fat_ready(f);
	if (!error)
		error = reopen(file, &o);
	if (error || !bytes)
		return error;
	error = fat_begin(f);
	if (error)
		return error;
	error = fat_end(f, offset < o.size ? rewrite(f, &o, offset, from, offset + bytes)
					   : append(f, &o, offset, from, offset + bytes));
	if (!error)
		remember(file, &o);
	return error;
}

int fat_file_write(struct file *file, u64 offset, const void *from, size_t bytes)
{
	return write_at(file, offset, from, bytes);
}

/* What is kept goes to new clusters: for a chain that cannot be cut where it has to. */
static int shorten_copy(struct fat *f, struct opened *o, u32 size)
{
	struct fat_cursor old = fat_cursor_at(o->first), new;
	u32 first;
	int error = fat_allocate(f, fat_clusters_of(f, size), &first);

	if (error)
		return error;
	new = fat_cursor_at(first);
	error = fat_copy(f, &new, &old, 0, size);
	if (!error)
		error = fat_stage(f);
	if (!error)
		error = set_entry(f, o->at, o->entry, first, size);
	return error ? error : fat_free(f, old.first, 0);
}

/* The size first; then the chain ends there, and only then what was behind it is free. */
static int shorten(struct fat *f, struct opened *o, u32 size)
{
	struct fat_cursor c = fat_cursor_at(o->first);
	u32 keep = fat_clusters_of(f, size), rest = o->first;
	int error = 0;

	if (keep) {
		error = fat_cursor_seek(f, &c, keep - 1);
		if (!error)
			error = fat_next(f, c.cluster, &rest);
		if (!error && rest && !fat_may_follow(f, c.cluster, rest))
			return shorten_copy(f, o, size);
	}
	if (!error)
		error = set_entry(f, o->at, o->entry, keep ? o->first : 0, size);
	if (!error && keep)
		error = fat_chain_extend(f, c.cluster, 0);
	return error ? error : fat_free(f, rest, 0);
}

int fat_file_truncate(struct file *file, u64 size)
{
	struct fat *f = fat_of(file->fs);
	struct opened o;
	int error;

	if (size > file->size)
		return write_at(file, file->size, NULL, size - file->size);
	error = fat_ready(f);
	if (!error)
		error = reopen(file, &o);
	if (error || size == file->size)
		return error;
	error = fat_begin(f);
	if (error)
		return error;
	error = fat_end(f, shorten(f, &o, (u32)size));
	if (!error)
		remember(file, &o);
	return error;
}

/* ---- All of it ---- */

/* -ECANCELED: the source has failed, and all is as it was. */
static int new_contents(struct fat *f, struct fs_source *s, u32 *first)
{
	struct fat_cursor c;
	size_t part;
	int error;

	*first = 0;
	if (!s->bytes)
		return 0;
	error = fat_allocate(f, fat_clusters_of(f, s->bytes), first);
	c = fat_cursor_at(*first);
	for (u64 at = 0; at < s->bytes && !error; at += part) {
		const void *data;

		s->error = s->next(s, &data, &part);
		if (s->error)
			return fat_free(f, *first, 0) ? -EIO : -ECANCELED;
		error = fat_put(f, &c, at, data, part);
	}
	return error ? error : fat_stage(f);
}

static int create(struct fat *f, struct fat_new_name *name, struct fs_source *s)
{
	u8 entry[FAT_SLOT_BYTES] = { [ENTRY_ATTRIBUTES] = FAT_ARCHIVE };
	u32 first;
	int error = new_contents(f, s, &first);

	if (error)
		return error;
	fat_entry_set_cluster(entry, first);
	store_le32(entry + ENTRY_SIZE, (u32)s->bytes);
	fat_entry_set_time(entry);
	store_le16(entry + ENTRY_CREATED_TIME, load_le16(entry + ENTRY_WRITTEN_TIME));
	store_le16(entry + ENTRY_CREATED_DATE, load_le16(entry + ENTRY_WRITTEN_DATE));
	error = fat_name_add(f, name, entry);
	if (error == -ENOSPC && fat_free(f, first, 0))
		error = -EIO;
	return error;
}

static int replace(struct fat *f, struct opened *o, struct fs_source *s)
{
	u32 first;
	int error = new_contents(f, s, &first);

	if (!error)
		error = set_entry(f, o->at, o->entry, first, (u32)s->bytes);
	return error ? error : fat_free(f, o->first, 0);
}

static int finish(struct fat *f, const struct fs_source *s, int error)
{
	error = fat_end(f, error);
	return error == -ECANCELED ? s->error : error;
}

int fat_replace(struct filesystem *fs, const char *path, struct fs_source *s)
{
	struct fat *f = fat_of(fs);
	struct fat_new_name name;
	struct fat_name old;
	struct opened o;
	const char *last;
	u32 directory;
	int error;

	if (s->bytes > FILE_MOST)
		return fat_fail(f, -EFBIG, "a file on FAT is less than 4 GiB");
	error = fat_ready(f);
	if (error)
		return error;
	error = fat_resolve(f, path, &directory, &old, &last);
	if (error == -ENOENT && last) {
		error = fat_name_plan(f, directory, last, strcspn(last, "/"), 0, &name);
		if (!error)
			error = fat_begin(f);
		return error ? error : finish(f, s, create(f, &name, s));
	}
	if (error)
		return error;
	if (fat_is_directory(&old))
		return -EISDIR;
	if (old.entry[ENTRY_ATTRIBUTES] & FAT_READ_ONLY)
		return fat_fail(f, -EACCES, "it is marked read-only");
	o.at = old.at[old.slots - 1];
	memcpy(o.entry, old.entry, FAT_SLOT_BYTES);
	look(f, &o);
	error = check_chain(f, &o);
	if (!error)
		error = fat_begin(f);
	return error ? error : finish(f, s, replace(f, &o, s));
}
