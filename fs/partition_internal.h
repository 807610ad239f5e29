/* SPDX-License-Identifier: BSD-2-Clause */
/* What the readers of the kinds of tables share. */
#pragma once
#include <string.h>

#include "fs/partition.h"
#include "lib/endian.h"

enum { MBR_SIGNATURE = 510, MBR_DISK_ID = 440, MBR_ENTRIES = 446, MBR_ENTRY_BYTES = 16,
       MBR_TYPE = 4, MBR_FIRST = 8, MBR_BLOCKS = 12, MBR_TYPE_PROTECTIVE = 0xee };

struct block_limits;

/* One more thing to say of the table. Gives back @error. */
int partition_note(struct partitions *t, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
struct partition *partition_add(struct partitions *t, unsigned index);	/* NULL: too many */
void partition_place(struct partition *p, const struct block_limits *disk, u64 first, u64 blocks);

/* @v: the whole disk; @block: its first block. -ENOENT: there is no such table. */
int partitions_read_gpt(struct partitions *t, const struct volume *v, const u8 *block);
int partitions_read_mbr(struct partitions *t, const struct volume *v, const u8 *block);
