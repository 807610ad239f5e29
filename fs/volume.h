/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run of bytes on a disk: a partition, or all of it. The border: blocks below, bytes above.
 *
 * int results are 0 or -errno: -ERANGE beyond the volume, -EROFS, -ENOMEM, or what the disk says
 * (it has been logged: device, operation, place, cause), but never -ENOSPC or -ECANCELED: up here
 * those are a filesystem's, and mean that nothing has happened.
 */
#pragma once
#include "arch/types.h"

struct block_device;

struct volume {
	struct block_device *disk;
	u64 start, size;		/* bytes; start is a multiple of the disk's block size */
	char name[48];			/* "virtio0p1"; "virtio0" is the whole disk */
};

/* The whole disk. */
void volume_whole(struct volume *v, struct block_device *disk);
/* Is its disk still there? To be asked of a volume that was kept, before anything else. */
bool volume_exists(const struct volume *v);
bool volume_read_only(const struct volume *v);

/*
 * Any offset, any size. Whole blocks go straight to and from memory. A write that begins or ends
 * inside a block reads that block first; it is on the medium after volume_flush.
 */
int volume_read(const struct volume *v, u64 offset, void *to, size_t size);
int volume_write(const struct volume *v, u64 offset, const void *from, size_t size);
int volume_flush(const struct volume *v);

/* One piece of a file: where it lies, and where it goes. */
struct piece {
	u64 offset;			/* bytes into the volume */
	void *to;
	size_t size;
};

/*
 * Read @count pieces, in whatever order is cheapest. Neighbours are joined; a small gap is read
 * through into nowhere instead of costing a request; requests overlap; every piece goes where it
 * belongs without a copy, unless the disk cannot reach it there. So a file in a thousand fragments
 * costs little more than a contiguous one. The pieces are sorted in place.
 */
int volume_gather(const struct volume *v, struct piece *pieces, size_t count);

/*
 * The same in two steps, with the reads under way in between; what does not fit into the requests
 * of one gather is submitted by gather_end. One that has begun must be ended, errors or not.
 */
struct gather;
int gather_begin(struct gather **g, const struct volume *v, struct piece *pieces, size_t count);
int gather_end(struct gather *g);
