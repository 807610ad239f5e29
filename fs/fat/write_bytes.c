/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes in chains: what goes into new clusters. */
#include "fs/fat/write.h"

#include <stdlib.h>

#include "lib/errors.h"

enum { COPY_BYTES = 64 * 1024 };

struct fat_cursor fat_cursor_at(u32 first)
{
	return (struct fat_cursor){ .first = first, .cluster = first };
}

int fat_cursor_seek(struct fat *f, struct fat_cursor *c, u32 index)
{
	int error = 0;

	if (index < c->index)
		*c = fat_cursor_at(c->first);
	for (; c->index < index && !error; c->index++)
		error = fat_next(f, c->cluster, &c->cluster);
	return error;
}

/* At @at of the chain, in pieces as long as clusters follow each other; one of both is NULL. */
static int transfer(struct fat *f, struct fat_cursor *c, u64 at, void *to, const void *from,
		    u64 bytes)
{
	for (u64 done = 0, part; done < bytes; done += part) {
		u64 inside = (at + done) % f->cluster_bytes, place;
		u32 next;
		int error = fat_cursor_seek(f, c, (u32)((at + done) / f->cluster_bytes));

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

int fat_put(struct fat *f, struct fat_cursor *c, u64 at, const void *from, u64 bytes)
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

int fat_copy(struct fat *f, struct fat_cursor *to, struct fat_cursor *from, u64 at, u64 bytes)
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
