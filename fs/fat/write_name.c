/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in directories: the short one, the slots of the long one, their places, and the order in
 * which they are written so that a name is there or is not.
 */
#include "fs/fat/write.h"

#include <stdio.h>
#include <string.h>

#include "fs/text.h"
#include "lib/endian.h"
#include "lib/errors.h"

enum {
	SHORT_BASE = 8, SHORT_BYTES = 11, LONG_MOST = 255,
	TAIL_END = 999999,		/* numbers in tails are below */
	DIRECTORY_BYTES = 65536 * FAT_SLOT_BYTES,	/* 6: at most so large */
};

/* Where the characters of a long name are in a slot. */
static const u8 long_at[LONG_UNITS] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };

/* ---- The long name ---- */

/* UTF-16, and how many; -EINVAL: FAT has no such name. */
static int long_name(struct fat *f, const char *name, const char *end, u16 units[LONG_MOST])
{
	unsigned count = 0;
	u32 code;

	while (name < end) {
		code = utf8_next(&name, end);
		if (code < ' ' || code == 0x7f || code == TEXT_BAD ||
		    (code < 0x80 && strchr("\"*:<>?\\|", (int)code)))
			return fat_fail(f, -EINVAL, "FAT has no such characters in names");
		if (count + (code > 0xffff) >= LONG_MOST)
			return -ENAMETOOLONG;
		if (code > 0xffff) {
			units[count++] = (u16)(0xd800 + ((code - 0x10000) >> 10));
			code = 0xdc00 + (code & 0x3ff);
		}
		units[count++] = (u16)code;
	}
	if (!count || units[count - 1] == ' ' || units[count - 1] == '.')
		return fat_fail(f, -EINVAL, "a name does not end in a dot or a space");
	return (int)count;
}

static void fill_slots(struct fat_new_name *n, const u16 *units, unsigned length)
{
	unsigned slots = n->count - 1;
	u8 checksum = fat_checksum(n->slots[slots]);

	for (unsigned i = 0; i < slots; i++) {
		u8 *slot = n->slots[slots - 1 - i];

		slot[LONG_ORDER] = (u8)((i + 1) | (i + 1 == slots ? LONG_LAST : 0));
		slot[ENTRY_ATTRIBUTES] = FAT_LONG_NAME;
		slot[LONG_CHECKSUM] = checksum;
		for (unsigned k = 0; k < LONG_UNITS; k++) {
			unsigned index = i * LONG_UNITS + k;

			store_le16(slot + long_at[k], index < length ? units[index] :
						      index == length ? 0 : 0xffff);
		}
	}
}

/* ---- The short name ---- */

/* One part of it: what is left out or replaced makes it @lossy; @lower, @upper: letters seen. */
static void short_part(u8 *to, unsigned room, const char *from, const char *end, bool *lossy,
		       bool *lower, bool *upper)
{
	while (from < end) {
		u32 code = utf8_next(&from, end);

		if (code == ' ' || code == '.') {
			*lossy = true;
			continue;
		}
		if (code >= 'a' && code <= 'z') {
			*lower = true;
			code -= 'a' - 'A';
		} else if (code >= 'A' && code <= 'Z') {
			*upper = true;
		} else if (code >= 0x80 || strchr("+,;=[]", (int)code)) {
			*lossy = true;
			code = '_';
		}
		if (!room) {
			*lossy = true;
			return;
		}
		*to++ = (u8)code;
		room--;
	}
}

/* Into @entry, its case too. True: it says everything that the name does. */
static bool short_name(u8 *entry, const char *name, const char *end, bool *lossy)
{
	bool lower[2] = { false }, upper[2] = { false };
	const char *dot = end;

	while (dot > name && *--dot != '.')
		;
	if (dot == name)
		dot = end;
	memset(entry, ' ', SHORT_BYTES);
	short_part(entry, SHORT_BASE, name, dot, lossy, &lower[0], &upper[0]);
	if (dot < end)
		short_part(entry + SHORT_BASE, SHORT_BYTES - SHORT_BASE, dot + 1, end, lossy,
			   &lower[1], &upper[1]);
	if (*lossy || (lower[0] && upper[0]) || (lower[1] && upper[1]))
		return false;
	entry[ENTRY_CASE] = (u8)((lower[0] ? CASE_LOWER_BASE : 0) |
				 (lower[1] ? CASE_LOWER_EXTENSION : 0));
	return true;
}

/* The number in the tail of @other if, but for that, it is as @wanted; else 0. */
static u32 tail_of(const u8 *other, const u8 *wanted)
{
	unsigned end = SHORT_BASE, at;
	u32 number = 0;

	while (end && other[end - 1] == ' ')
		end--;
	for (at = end; at && other[at - 1] >= '0' && other[at - 1] <= '9'; at--)
		;
	if (!at || other[at - 1] != '~' || memcmp(other, wanted, at - 1) ||
	    memcmp(other + SHORT_BASE, wanted + SHORT_BASE, SHORT_BYTES - SHORT_BASE))
		return 0;
	while (at < end)
		number = number * 10 + other[at++] - '0';
	return number < TAIL_END ? number : 0;
}

static int add_tail(struct fat *f, u8 *name, u32 number)
{
	char tail[8];
	int size = snprintf(tail, sizeof tail, "~%u", (unsigned)number), at = 0;

	if (number == TAIL_END)
		return fat_fail(f, -ENOSPC, "too many names like this one");
	while (at < SHORT_BASE - size && name[at] != ' ')
		at++;
	memcpy(name + at, tail, (size_t)size);
	return 0;
}

/* ---- A place ---- */

/* What one walk over the directory tells. */
struct survey {
	unsigned run;			/* free slots, the last seen */
	bool ended;			/* behind the end all are free */
	bool taken;			/* the short name is */
	u32 tail;			/* the highest number of those like it */
};

static void survey_slot(struct fat_new_name *n, struct survey *s, const u8 *slot, u64 at,
			u64 but_at)
{
	const u8 *wanted = n->slots[n->count - 1];
	bool ends = !s->ended && slot[0] == NAME_END;

	s->ended |= ends;
	if (s->ended || slot[0] == NAME_FREE) {
		if (n->found < n->count) {
			if (s->ended && n->end > n->found)
				n->end = n->found;
			n->at[n->found++] = at;
		} else if (n->end < n->count && !n->end_at) {
			n->end_at = at;
		}
		return;
	}
	if (n->found < n->count)
		n->found = 0;
	if ((slot[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL) || at == but_at)
		return;
	s->taken |= !memcmp(slot, wanted, SHORT_BYTES);
	if (tail_of(slot, wanted) > s->tail)
		s->tail = tail_of(slot, wanted);
}

/* Stops when the end has been seen, there is room, and what becomes the end is known. */
static int survey(struct fat *f, struct fat_new_name *n, struct survey *s, u64 but_at)
{
	u8 slot[FAT_SLOT_BYTES];
	struct fat_walk walk;
	u32 bytes = 0;
	u64 at;
	int error;

	fat_walk_begin(f, &walk, n->directory);
	for (;;) {
		error = fat_walk_slot(f, &walk, slot, &at);
		if (error)
			break;
		bytes += FAT_SLOT_BYTES;
		survey_slot(n, s, slot, at, but_at);
		if (s->ended && n->found == n->count && (n->end == n->count || n->end_at))
			return 0;
	}
	if (error != -ENOENT)
		return error;
	if (n->found == n->count)
		return 0;
	if (!n->directory)
		return fat_fail(f, -ENOSPC, "the root directory is full");
	if (bytes + (n->count - n->found) * FAT_SLOT_BYTES > DIRECTORY_BYTES)
		return fat_fail(f, -ENOSPC, "the directory is full");
	if (n->end > n->found)
		n->end = n->found;
	return 0;
}

int fat_name_plan(struct fat *f, u32 directory, const char *name, size_t size, u64 but_at,
		  struct fat_new_name *n)
{
	u8 entry[FAT_SLOT_BYTES] = { 0 };
	struct survey s = { 0 };
	u16 units[LONG_MOST];
	bool lossy = false, enough;
	int length, error;

	length = long_name(f, name, name + size, units);
	if (length < 0)
		return length;
	enough = short_name(entry, name, name + size, &lossy);

	memset(n, 0, sizeof *n);
	n->directory = directory ? directory : f->root_cluster;
	n->count = enough ? 1 : 1 + ((unsigned)length + LONG_UNITS - 1) / LONG_UNITS;
	n->end = n->count;
	memcpy(n->slots[n->count - 1], entry, FAT_SLOT_BYTES);
	error = survey(f, n, &s, but_at);
	if (error)
		return error;
	if (lossy || s.taken)
		error = add_tail(f, n->slots[n->count - 1], s.tail + 1);
	fill_slots(n, units, (unsigned)length);
	return error;
}

int fat_label_plan(struct fat *f, const u8 label[static 11], struct fat_new_name *n)
{
	struct survey s = { 0 };

	memset(n, 0, sizeof *n);
	n->directory = f->root_cluster;
	n->count = n->end = 1;
	memcpy(n->slots[0], label, SHORT_BYTES);
	return survey(f, n, &s, 0);
}

/* ---- Appearing and disappearing ---- */

/* The directory gets the clusters that the slots without a place need. */
static int grow(struct fat *f, struct fat_new_name *n)
{
	static const u8 zeroes[FAT_UNIT_BYTES];
	u32 bytes = (n->count - n->found) * FAT_SLOT_BYTES, first, last, cluster;
	int error;

	error = fat_chain_check(f, n->directory, NULL, &last);
	if (!error)
		error = fat_allocate_behind(f, last, fat_clusters_of(f, bytes), &first);
	if (error)
		return error;
	for (cluster = first; !error && cluster;) {
		u64 at = fat_cluster_at(f, cluster);

		for (u32 i = 0; i < f->cluster_bytes && !error; i += FAT_UNIT_BYTES)
			error = fat_write(f, at + i, zeroes, FAT_UNIT_BYTES);
		for (u32 i = 0; i < f->cluster_bytes && n->found < n->count; i += FAT_SLOT_BYTES)
			n->at[n->found++] = at + i;
		if (!error)
			error = fat_next(f, cluster, &cluster);
	}
	if (!error)
		error = fat_stage(f);
	return error ? error : fat_chain_extend(f, last, first);
}

static bool same_unit(u64 a, u64 b)
{
	return a / FAT_UNIT_BYTES == b / FAT_UNIT_BYTES;
}

/* The slots in the unit of @at, or those in all others; how many bytes were written. */
static int write_slots(struct fat *f, const struct fat_new_name *n, u64 at, bool others)
{
	int error = 0, written = 0;

	for (unsigned i = 0; i < n->count && !error; i++)
		if (same_unit(n->at[i], at) != others) {
			error = fat_write(f, n->at[i], n->slots[i], FAT_SLOT_BYTES);
			written += FAT_SLOT_BYTES;
		}
	if (n->end_at && same_unit(n->end_at, at) != others && !error) {
		error = fat_write(f, n->end_at, "", 1);
		written++;
	}
	return error ? error : written;
}

/*
 * One unit makes the name visible: that of the directory's end, if the slots go beyond it, or that
 * of the entry. Without it, others are behind the end, or orphans of a long name.
 */
int fat_name_add(struct fat *f, struct fat_new_name *n, const u8 entry[static FAT_SLOT_BYTES])
{
	u8 *own = n->slots[n->count - 1];
	int error = 0;
	u64 at;

	own[ENTRY_CASE] |= entry[ENTRY_CASE] & CASE_RENAMED;
	own[ENTRY_ATTRIBUTES] = entry[ENTRY_ATTRIBUTES];
	memcpy(own + ENTRY_CREATED_TENTHS, entry + ENTRY_CREATED_TENTHS,
	       FAT_SLOT_BYTES - ENTRY_CREATED_TENTHS);
	if (n->found < n->count)
		error = grow(f, n);
	if (error)
		return error;
	at = n->at[n->end < n->count ? n->end : n->count - 1];
	error = write_slots(f, n, at, true);
	if (error > 0)
		error = fat_stage(f);
	if (!error)
		error = write_slots(f, n, at, false);
	return error < 0 ? error : fat_stage(f);
}

/* The entry first: what is left of the long name is an orphan then, and no name. */
int fat_name_remove(struct fat *f, const struct fat_name *n)
{
	static const u8 freed = NAME_FREE;
	u64 at = n->at[n->slots - 1];
	int error = 0;

	for (unsigned i = 0; i < n->slots && !error; i++)
		if (same_unit(n->at[i], at))
			error = fat_write(f, n->at[i], &freed, 1);
	if (!error)
		error = fat_stage(f);
	for (unsigned i = 0; i < n->slots && !error; i++)
		if (!same_unit(n->at[i], at))
			error = fat_write(f, n->at[i], &freed, 1);
	return error;
}
