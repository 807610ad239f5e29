/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables: GPT (UEFI 2.10, 5.3), MBR with extended partitions (UEFI 2.10, 5.2, and what
 * everybody does), or none.
 *
 * What lies (overlaps, reaches beyond the disk, ...) is listed with the reason and cannot be
 * opened; everything else can.
 */
#pragma once
#include "fs/volume.h"

enum { PARTITIONS_MAX = 1024, PARTITION_UUID_BYTES = 37 };

struct partition {
	unsigned index;			/* "p1" is 1; as Linux counts */
	u64 start, size;		/* bytes */
	char type[PARTITION_UUID_BYTES];	/* GPT: a UUID, MBR: "0c" */
	char uuid[PARTITION_UUID_BYTES];	/* PARTUUID; MBR: "1a2b3c4d-01" */
	char label[36 * 3 + 1];		/* GPT: UTF-8 */
	const char *problem;		/* NULL: none */
	bool container;			/* an extended partition: others lie in it */
	bool logical;			/* lies in it */
};

struct partitions {
	const char *scheme;		/* "GPT", "MBR", "none" */
	struct partition *list;		/* in order of index */
	unsigned count;
	char note[160];			/* what else is wrong; "": nothing */
};

/*
 * 0; -ENOMEM or the disk's error; -EIO: a GPT should be there, but neither it nor its backup is
 * whole, see note. @t is to be freed when it was read.
 */
int partitions_read(struct partitions *t, struct block_device *disk);
void partitions_free(struct partitions *t);

/* Its name in any case. 0; -EINVAL: it has a problem, or is a container; @v is empty. */
int partition_volume(struct volume *v, struct block_device *disk, const struct partition *p);
