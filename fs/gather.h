/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of volume_gather share. */
#pragma once
#include "drivers/block.h"
#include "fs/volume.h"

enum {
	GATHER_SLOTS = 8,			/* requests in flight */
	GATHER_GAP_BYTES = 32 * 1024,		/* to read is cheaper than another request */
};

struct gather_slot {
	struct block_request request;
	struct gather *gather;
	bool busy;
	size_t first, first_done;	/* where it begins: a piece, and bytes of it */
	u8 *bounce;			/* NULL: it goes to where it belongs */
	size_t last;			/* bouncing: the last piece that lies in it */
	struct block_segment *segments;
};

struct gather {
	const struct volume *volume;
	const struct block_limits *limits;
	struct piece *pieces;
	size_t count, next, done;
	struct gather_slot *waiting;	/* built, but the disk was full */
	unsigned slot_count, in_flight;
	unsigned segment_count;		/* of each slot */
	u32 request_bytes, gap_bytes;	/* at most */
	u8 *bounces;			/* of each slot bounce_bytes; NULL: none was needed */
	u32 bounce_bytes;
	int error;
	struct gather_slot slots[GATHER_SLOTS];
	struct block_segment segments[];
};

static inline u64 gather_place(const struct gather *g, size_t piece)
{
	return g->volume->start + g->pieces[piece].offset;
}

/* ---- pieces.c ---- */

/* Sorted by place; pieces without bytes are dropped. -ERANGE: one is beyond the volume. */
int pieces_prepare(const struct volume *v, struct piece *pieces, size_t *count);

/* ---- gather_build.c ---- */

/* The next request. -ENOMEM: no memory to copy through. */
int gather_build(struct gather *g, struct gather_slot *s);

/* What came into the slot's bounce, if it has one, goes to where it belongs. */
void gather_copy_out(const struct gather_slot *s);
void gather_bounces_free(struct gather *g);
