/* SPDX-License-Identifier: BSD-2-Clause */
#include "fs/volume.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/block.h"
#include "lib/errors.h"

void volume_whole(struct volume *v, struct block_device *disk)
{
	*v = (struct volume){
		.disk = disk, .size = disk->limits.block_count * disk->limits.block_size,
	};
	snprintf(v->name, sizeof(v->name), "%s", disk->name);
}

bool volume_exists(const struct volume *v)
{
	const struct block_device *b = block_first();

	while (b && (b != v->disk || strncmp(v->name, b->name, strlen(b->name))))
		b = b->next;
	return b;
}

bool volume_read_only(const struct volume *v)
{
	return v->disk->limits.read_only || v->disk->flush_failed;
}

/* Of a disk that has no room left for blocks it said it has, or was stopped. */
static int disk_error(int error)
{
	return error == -ENOSPC || error == -ECANCELED ? -EIO : error;
}

int volume_read(const struct volume *v, u64 offset, void *to, size_t size)
{
	struct piece piece = { offset, to, size };

	return disk_error(volume_gather(v, &piece, 1));
}

/* What begins or ends inside a block: at most to the end of that block. */
static int write_partial(const struct volume *v, u64 at, const u8 *from, size_t size, u8 *block)
{
	u32 block_size = v->disk->limits.block_size;
	u64 lba = at / block_size;
	int error = block_read(v->disk, lba, 1, block);

	if (error)
		return error;
	memcpy(block + at % block_size, from, size);
	return block_write(v->disk, lba, 1, block);
}

int volume_write(const struct volume *v, u64 offset, const void *from, size_t size)
{
	u32 block_size = v->disk->limits.block_size;
	const u8 *bytes = from;
	u64 at = v->start + offset;
	u8 *block = NULL;
	int error = 0;

	if (offset > v->size || size > v->size - offset)
		return -ERANGE;
	if (volume_read_only(v))
		return -EROFS;
	while (size && !error) {
		size_t part = block_size - at % block_size;

		if (part > size)
			part = size;
		if (part == block_size) {
			part = size / block_size * block_size;
			error = block_write(v->disk, at / block_size, part / block_size, bytes);
		} else if (block || (block = malloc(block_size))) {
			error = write_partial(v, at, bytes, part, block);
		} else {
			error = -ENOMEM;
		}
		at += part;
		bytes += part;
		size -= part;
	}
	free(block);
	return disk_error(error);
}

int volume_flush(const struct volume *v)
{
	return disk_error(block_flush(v->disk));
}
