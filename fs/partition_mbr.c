/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Partition tables of PCs: four entries in block 0. One of them may be an extended partition: a
 * list of blocks like block 0 in it, each with one logical partition (places relative to that
 * block) and the next of the list (relative to the extended partition).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/block.h"
#include "fs/partition_internal.h"
#include "lib/errors.h"

enum { FIRST_LOGICAL = 5, LOGICAL_MAX = 256 };

struct entry {
	u8 flag, type;
	u32 first, blocks;
};

static struct entry entry(const u8 *block, unsigned i)
{
	const u8 *e = block + MBR_ENTRIES + i * MBR_ENTRY_BYTES;

	return (struct entry){
		e[0], e[MBR_TYPE], load_le32(e + MBR_FIRST), load_le32(e + MBR_BLOCKS),
	};
}

static bool is_extended(u8 type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

static bool is_signed(const u8 *block)
{
	return block[MBR_SIGNATURE] == 0x55 && block[MBR_SIGNATURE + 1] == 0xaa;
}

static struct partition *add(struct partitions *t, const struct volume *v, unsigned index,
			     u32 disk_id, u64 base, struct entry e)
{
	struct partition *p = partition_add(t, index);

	if (!p)
		return NULL;
	snprintf(p->type, sizeof(p->type), "%02x", e.type);
	if (disk_id)
		snprintf(p->uuid, sizeof(p->uuid), "%08" PRIx32 "-%02x", disk_id, index);
	partition_place(p, &v->disk->limits, base + e.first, e.blocks);
	return p;
}

/* An extended partition, while its list is followed. */
struct list {
	struct partitions *t;
	const struct volume *v;
	u32 disk_id;
	struct entry outer;		/* in block 0 */
	unsigned *index;		/* of the next logical partition */
	unsigned count;
	u32 seen[LOGICAL_MAX];		/* blocks of the list, from the start of @outer */
};

static int add_logical(struct list *l, u32 at, struct entry e)
{
	struct partition *p = add(l->t, l->v, (*l->index)++, l->disk_id, (u64)l->outer.first + at,
				  e);

	if (!p)
		return l->t->count == PARTITIONS_MAX ? 0 : -ENOMEM;
	p->logical = true;
	if (!p->problem && (u64)at + e.first + e.blocks > l->outer.blocks) {
		p->problem = "reaches beyond the extended partition";
		p->start = p->size = 0;
	}
	return 0;
}

/* The list goes on at @at: does it lead anywhere new? */
static bool goes_on(struct list *l, u32 at)
{
	unsigned i = 0;

	while (i < l->count && l->seen[i] != at)
		i++;
	if (i == l->count && l->count < LOGICAL_MAX && at < l->outer.blocks) {
		l->seen[l->count++] = at;
		return true;
	}
	partition_note(l->t, 0, "the list of logical partitions %s at block %" PRIu64,
		       i < l->count ? "loops" : l->count == LOGICAL_MAX ? "does not end" :
		       "leaves the extended partition", (u64)l->outer.first + at);
	return false;
}

static int read_list(struct list *l, u8 *block)
{
	u32 block_size = l->v->disk->limits.block_size, at = 0;
	struct entry logical, next;

	while (goes_on(l, at)) {
		u64 lba = (u64)l->outer.first + at;
		int error = volume_read(l->v, lba * block_size, block, block_size);

		if (error)
			return error;
		if (!is_signed(block)) {
			partition_note(l->t, 0, "block %" PRIu64
				       " has no list of logical partitions", lba);
			break;
		}
		logical = entry(block, 0);
		next = entry(block, 1);
		if (logical.type && !is_extended(logical.type))
			error = add_logical(l, at, logical);
		if (error)
			return error;
		if (!is_extended(next.type) || !next.blocks)
			break;
		at = next.first;
	}
	return 0;
}

static int read_extended(struct partitions *t, const struct volume *v, u32 disk_id,
			 struct entry outer, unsigned *index)
{
	u8 *block = malloc(v->disk->limits.block_size);
	struct list *l = malloc(sizeof(*l));
	int error = -ENOMEM;

	if (block && l) {
		*l = (struct list){ t, v, disk_id, outer, index, .count = 0 };
		error = read_list(l, block);
	}
	free(block);
	free(l);
	return error;
}

int partitions_read_mbr(struct partitions *t, const struct volume *v, const u8 *block)
{
	u32 disk_id = load_le32(block + MBR_DISK_ID);
	unsigned next = FIRST_LOGICAL;
	struct entry e[4];
	int error = 0;

	if (!is_signed(block))
		return 0;
	for (unsigned i = 0; i < 4; i++) {
		e[i] = entry(block, i);
		if (e[i].flag & 0x7f)
			return 0;		/* code, or text: no table */
	}
	for (unsigned i = 0; i < 4; i++) {
		struct partition *p;

		if (!e[i].type || e[i].type == MBR_TYPE_PROTECTIVE)
			continue;
		t->scheme = "MBR";
		p = add(t, v, i + 1, disk_id, 0, e[i]);
		if (!p)
			return -ENOMEM;
		p->container = is_extended(e[i].type);
	}
	for (unsigned i = 0; i < t->count && t->list[i].index < FIRST_LOGICAL && !error; i++)
		if (t->list[i].container && !t->list[i].problem)
			error = read_extended(t, v, disk_id, e[t->list[i].index - 1], &next);
	return error;
}
