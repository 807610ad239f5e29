/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A few large lines of the volume. Large, because one request for 64 KiB costs hardly more than one
 * for a sector, and is the FAT of 16384 clusters.
 */
#include <stdlib.h>

#include "fs/fat/fat.h"
#include "lib/errors.h"

enum { GRAIN_BYTES = 512, GRAINS = FAT_LINE_BYTES / GRAIN_BYTES };

static bool grain_dirty(const struct fat_line *l, unsigned grain)
{
	return l->dirty[grain / 64] >> grain % 64 & 1;
}

/* Into every copy of the FAT that is kept alike, where it is the FAT. */
static int put(struct fat *f, u64 at, const u8 *from, size_t bytes)
{
	bool is_fat = f->mirrored && at >= f->fat_at && at < f->fat_at + f->fat_bytes;
	int error = 0;

	if (!is_fat)
		return volume_write(&f->fs.volume, at, from, bytes);
	for (unsigned i = 0; i < f->fats && !error; i++)
		error = volume_write(&f->fs.volume, at + i * f->fat_bytes, from, bytes);
	return error;
}

/* Runs of dirty grains; the FAT and what is around it are told apart at its edges. */
static int clean(struct fat *f, struct fat_line *l)
{
	unsigned first = 0, end;

	if (!(l->dirty[0] | l->dirty[1]))
		return 0;
	for (; first < GRAINS; first = end) {
		u64 at = l->at + first * GRAIN_BYTES;
		int error;

		end = first + 1;
		if (!grain_dirty(l, first))
			continue;
		while (end < GRAINS && grain_dirty(l, end)) {
			u64 next = l->at + end * GRAIN_BYTES;

			if (next == f->fat_at || next == f->fat_at + f->fat_bytes)
				break;
			end++;
		}
		error = put(f, at, l->data + first * GRAIN_BYTES, (end - first) * GRAIN_BYTES);
		if (error)
			return error;
	}
	l->dirty[0] = l->dirty[1] = 0;
	return 0;
}

static struct fat_line *oldest(struct fat *f)
{
	struct fat_line *found = &f->lines[0];

	for (unsigned i = 0; i < FAT_LINES; i++) {
		struct fat_line *l = &f->lines[i];

		if (!l->data) {
			l->data = malloc(FAT_LINE_BYTES);
			if (l->data)
				return l;
			break;				/* fewer will do */
		}
		if (l->used < found->used)
			found = l;
	}
	return found->data ? found : NULL;
}

static int load(struct fat *f, u64 at, struct fat_line **line)
{
	u64 start = at / FAT_LINE_BYTES * FAT_LINE_BYTES, bytes = f->fs.volume.size - start;
	struct fat_line *l = &f->lines[f->line];
	int error;

	*line = l;
	if (l->used && l->at == start)
		return 0;
	for (l = f->lines; l < f->lines + FAT_LINES; l++)
		if (l->used && l->at == start)
			goto found;
	l = oldest(f);
	if (!l)
		return -ENOMEM;
	error = clean(f, l);
	if (error)
		return error;
	l->used = 0;
	error = volume_read(&f->fs.volume, start, l->data,
			    bytes < FAT_LINE_BYTES ? bytes : FAT_LINE_BYTES);
	if (error)
		return error;
	l->at = start;
found:
	l->used = ++f->clock;
	f->line = (unsigned)(l - f->lines);
	*line = l;
	return 0;
}

static int transfer(struct fat *f, u64 at, u8 *to, const u8 *from, size_t bytes)
{
	if (at > f->fs.volume.size || bytes > f->fs.volume.size - at)
		return -ERANGE;
	while (bytes) {
		u32 offset = at % FAT_LINE_BYTES;
		size_t part = FAT_LINE_BYTES - offset;
		struct fat_line *l;
		int error = load(f, at, &l);

		if (error)
			return error;
		if (part > bytes)
			part = bytes;
		if (to) {
			memcpy(to, l->data + offset, part);
			to += part;
		} else {
			u32 first = offset / f->sector_bytes * f->sector_bytes / GRAIN_BYTES;
			u32 end = (offset + (u32)part + f->sector_bytes - 1) / f->sector_bytes *
				  f->sector_bytes / GRAIN_BYTES;

			memcpy(l->data + offset, from, part);
			from += part;
			for (; first < end; first++)
				l->dirty[first / 64] |= 1ull << first % 64;
		}
		at += part;
		bytes -= part;
	}
	return 0;
}

int fat_peek(struct fat *f, u64 at, const u8 **data, size_t *bytes)
{
	u32 offset = at % FAT_LINE_BYTES;
	struct fat_line *l;
	int error = load(f, at, &l);

	if (error)
		return error;
	*data = l->data + offset;
	*bytes = FAT_LINE_BYTES - offset;
	return 0;
}

int fat_read(struct fat *f, u64 at, void *to, size_t bytes)
{
	return transfer(f, at, to, NULL, bytes);
}

int fat_write(struct fat *f, u64 at, const void *from, size_t bytes)
{
	return transfer(f, at, NULL, from, bytes);
}

int fat_sync(struct fat *f)
{
	int error = 0;

	for (unsigned i = 0; i < FAT_LINES && !error; i++)
		error = clean(f, &f->lines[i]);
	return error;
}

void fat_forget(struct fat *f)
{
	for (struct fat_line *l = f->lines; l < f->lines + FAT_LINES; l++)
		l->used = l->dirty[0] = l->dirty[1] = 0;
}
