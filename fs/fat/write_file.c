/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Contents of files. What a name shows is never written over: new contents go to new clusters, and
 * one sector switches to them, the directory entry or, in the middle of a file, one entry of the
 * FAT.
 */
#include "fs/fat/write.h"

#include <stdlib.h>

#include "lib/clock.h"
#include "lib/endian.h"
#include "lib/errors.h"

enum { COPY_BYTES = 64 * 1024 };
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

/* ---- Bytes in chains ---- */

/* A place in a chain that is known to be as long as is asked for. */
struct cursor {
	u32 first, cluster, index;
};

static struct cursor cursor_at(u32 first)
{
	return (struct cursor){ .first = first, .cluster = first };
}

static int seek(struct fat *f, struct cursor *c, u32 index)
{
	int error = 0;

	if (index < c->index)
		*c = cursor_at(c->first);
	for (; c->index < index && !error; c->index++)
		error = fat_next(f, c->cluster, &c->cluster);
	return error;
}

/* At @at of the chain, in pieces as long as clusters follow each other; one of both is NULL. */
static int transfer(struct fat *f, struct cursor *c, u64 at, void *to, const void *from, u64 bytes)
{
	for (u64 done = 0, part; done < bytes; done += part) {
		u64 inside = (at + done) % f->cluster_bytes, place;
		u32 next;
		int error = seek(f, c, (u32)((at + done) / f->cluster_bytes));

		if (error)
			return error;
		place = fat_cluster_at(f, c->cluster) + inside;
		for (part = f->cluster_bytes - inside; part < bytes - done;
		     part += f->cluster_bytes) {
			error = fat_next(f, c->cluster, &next);
			if (error)
				return error;
			if (next != c->cluster + 1)
				break;
			c->cluster = next;
			c->index++;
		}
		if (part > bytes - done)
			part = bytes - done;
		error = to ? volume_read(&f->fs.volume, place, (u8 *)to + done, part)
			   : volume_write(&f->fs.volume, place, (const u8 *)from + done, part);
		if (error)
			return error;
	}
	return 0;
}

/* What goes into a chain: bytes from memory, zeroes, and what another chain has. */
static int put(struct fat *f, struct cursor *c, u64 at, const void *from, u64 bytes)
{
	u8 *zeroes = NULL;
	int error = 0;

	if (from)
		return transfer(f, c, at, NULL, from, bytes);
	if (bytes && !(zeroes = calloc(1, COPY_BYTES)))
		return -ENOMEM;
	for (u64 part; bytes && !error; at += part, bytes -= part) {
		part = bytes < COPY_BYTES ? bytes : COPY_BYTES;
		error = transfer(f, c, at, NULL, zeroes, part);
	}
	free(zeroes);
	return error;
}

static int copy(struct fat *f, struct cursor *to, struct cursor *from, u64 at, u64 bytes)
{
	u8 *memory = NULL;
	int error = 0;

	if (bytes && !(memory = malloc(COPY_BYTES)))
		return -ENOMEM;
	for (u64 part; bytes && !error; at += part, bytes -= part) {
		part = bytes < COPY_BYTES ? bytes : COPY_BYTES;
		error = transfer(f, from, at, memory, NULL, part);
		if (!error)
			error = transfer(f, to, at, NULL, memory, part);
	}
	free(memory);
	return error;
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
	struct cursor c;
	int error = 0;

	if (more)
		error = o->first ? fat_allocate_behind(f, o->last, more, &first)
				 : fat_allocate(f, more, &first);
	if (error)
		return error;
	c = (struct cursor){ o->last, o->last, o->clusters - 1 };
	c.first = o->first;
	if (!error && offset > o->size)
		error = put(f, &c, o->size, NULL, (offset < inside ? offset : inside) - o->size);
	if (!error && offset < inside)
		error = put(f, &c, offset, from, inside - offset);
	c = cursor_at(first);
	if (!error && offset > room)
		error = put(f, &c, 0, NULL, offset - room);
	if (offset < room) {
		from = from ? (const u8 *)from + (room - offset) : NULL;
		offset = room;
	}
	if (!error && end > room)
		error = put(f, &c, offset - room, from, end - offset);
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
	struct cursor old = cursor_at(o->first), before = old, new;
	u64 start = (u64)index * f->cluster_bytes, rest = (u64)(index + count) * f->cluster_bytes;
	u32 replaced, kept = 0;
	int error = index ? seek(f, &before, index - 1) : 0;

	replaced = o->first;
	if (!error && index)
		error = fat_next(f, before.cluster, &replaced);
	if (!error && index + count < o->clusters)
		error = seek(f, &old, index + count);
	if (index + count < o->clusters)
		kept = old.cluster;
	if (!error)
		error = fat_allocate(f, count, &first);
	if (error)
		return error;
	new = cursor_at(first);
	old = cursor_at(replaced);
	if (rest > o->size)
		rest = o->size;
	error = copy(f, &new, &old, 0, offset - start);
	if (!error)
		error = put(f, &new, offset - start, from, end - offset);
	if (!error && rest > end)
		error = copy(f, &new, &old, end - start, rest - end);
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
	struct cursor old = cursor_at(o->first), new;
	u32 first;
	int error = fat_allocate(f, fat_clusters_of(f, size), &first);

	if (error)
		return error;
	new = cursor_at(first);
	error = copy(f, &new, &old, 0, size);
	if (!error)
		error = fat_stage(f);
	if (!error)
		error = set_entry(f, o->at, o->entry, first, size);
	return error ? error : fat_free(f, old.first, 0);
}

/* The size first; then the chain ends there, and only then what was behind it is free. */
static int shorten(struct fat *f, struct opened *o, u32 size)
{
	struct cursor c = cursor_at(o->first);
	u32 keep = fat_clusters_of(f, size), rest = o->first;
	int error = 0;

	if (keep) {
		error = seek(f, &c, keep - 1);
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

static int new_contents(struct fat *f, const void *from, size_t bytes, u32 *first)
{
	struct cursor c;
	int error;

	*first = 0;
	if (!bytes)
		return 0;
	error = fat_allocate(f, fat_clusters_of(f, bytes), first);
	if (error)
		return error;
	c = cursor_at(*first);
	error = put(f, &c, 0, from, bytes);
	return error ? error : fat_stage(f);
}

static int create(struct fat *f, struct fat_new_name *name, const void *from, size_t bytes)
{
	u8 entry[FAT_SLOT_BYTES] = { [ENTRY_ATTRIBUTES] = FAT_ARCHIVE };
	u32 first;
	int error = new_contents(f, from, bytes, &first);

	if (error)
		return error;
	fat_entry_set_cluster(entry, first);
	store_le32(entry + ENTRY_SIZE, (u32)bytes);
	fat_entry_set_time(entry);
	store_le16(entry + ENTRY_CREATED_TIME, load_le16(entry + ENTRY_WRITTEN_TIME));
	store_le16(entry + ENTRY_CREATED_DATE, load_le16(entry + ENTRY_WRITTEN_DATE));
	error = fat_name_add(f, name, entry);
	if (error == -ENOSPC && fat_free(f, first, 0))
		error = -EIO;
	return error;
}

static int replace(struct fat *f, struct opened *o, const void *from, size_t bytes)
{
	u32 first;
	int error = new_contents(f, from, bytes, &first);

	if (!error)
		error = set_entry(f, o->at, o->entry, first, (u32)bytes);
	return error ? error : fat_free(f, o->first, 0);
}

int fat_replace(struct filesystem *fs, const char *path, const void *from, size_t bytes)
{
	struct fat *f = fat_of(fs);
	struct fat_new_name name;
	struct fat_name old;
	struct opened o;
	const char *last;
	u32 directory;
	int error;

	if (bytes > FILE_MOST)
		return fat_fail(f, -EFBIG, "a file on FAT is less than 4 GiB");
	error = fat_ready(f);
	if (error)
		return error;
	error = fat_resolve(f, path, &directory, &old, &last);
	if (error == -ENOENT && last) {
		error = fat_name_plan(f, directory, last, strcspn(last, "/"), 0, &name);
		if (!error)
			error = fat_begin(f);
		return error ? error : fat_end(f, create(f, &name, from, bytes));
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
	return error ? error : fat_end(f, replace(f, &o, from, bytes));
}
