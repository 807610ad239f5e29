/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whole ranges, while the caller waits: cut into requests as large as the device takes, a few of
 * them in flight together.
 */
#include <string.h>

#include "arch/arch.h"
#include "drivers/block_internal.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum {
	SLOTS = 16,			/* requests in flight */
	SEGMENTS = 20,			/* of one; blocks of 64 KiB in pages take 17 */
	PIECE_BYTES = 4 << 20,		/* of one */
	FLIGHT_BYTES = 32 << 20,	/* of all: eight of the largest are enough for any disk */
	BOUNCE_BYTES = 64 << 10,	/* of one that goes through our memory: a block at least */
	RANGE_TIMEOUT_US = 30 * 1000 * 1000,	/* a slow disk, and FLIGHT_BYTES before it */
	ERASE_TIMEOUT_US = 120 * 1000 * 1000,
};

struct slot {
	struct block_request request;
	struct block_segment segments[SEGMENTS];
	u8 *buffer;
};

struct run {
	struct block_device *b;
	enum block_op op;
	u64 lba, blocks;		/* not submitted so far */
	u8 *buffer;			/* NULL: no memory takes part */
	u32 piece;			/* blocks in a request, at most */
	u8 *bounce;			/* SLOTS * BOUNCE_BYTES; NULL: straight to the buffer */
	int error;
	struct slot *slots;
	unsigned slot_count;
	u32 busy, busy_count;		/* which slots, and how many */
};

static u32 smaller(u64 a, u32 b)
{
	return a < b ? (u32)a : b;
}

static unsigned segments_max(const struct block_limits *l)
{
	return smaller(l->max_segments, SEGMENTS);
}

/* ---- One request ---- */

/* Segments for as much of [memory, memory + bytes) as one request takes; how many bytes. */
static u32 cut(const struct block_limits *l, struct slot *s, u8 *memory, u32 bytes)
{
	unsigned most = segments_max(l), n = 0;
	u32 at = 0, extra;

	for (; n < most && at < bytes; n++) {
		u32 room = l->max_segment_bytes;

		if (bytes - at > room)		/* it ends where the next may begin */
			room -= ((uintptr_t)memory + at + room) & (l->segment_align - 1);
		s->segments[n] = (struct block_segment){ memory + at, smaller(bytes - at, room) };
		at += s->segments[n].bytes;
	}
	extra = at & (l->block_size - 1);
	at -= extra;
	while (extra && extra >= s->segments[n - 1].bytes)
		extra -= s->segments[--n].bytes;
	s->segments[n - 1].bytes -= extra;
	s->request.segment_count = (u16)n;
	return at;
}

static void prepare(struct run *run, unsigned index)
{
	const struct block_limits *l = &run->b->limits;
	struct slot *s = &run->slots[index];
	u32 bytes = smaller(run->blocks, run->piece) * l->block_size;
	u8 *bounce = run->bounce ? run->bounce + (size_t)index * BOUNCE_BYTES : NULL;

	s->request = (struct block_request){
		.op = run->op, .lba = run->lba, .segments = s->segments,
		.timeout_us = RANGE_TIMEOUT_US,
	};
	s->buffer = run->buffer;
	s->request.blocks = cut(l, s, bounce ? bounce : s->buffer, bytes) / l->block_size;
	if (bounce && run->op == BLOCK_WRITE)
		memcpy(bounce, s->buffer, (size_t)s->request.blocks * l->block_size);
}

static void prepare_erase(struct run *run, struct slot *s)
{
	s->request = (struct block_request){
		.op = run->op, .lba = run->lba, .blocks = smaller(run->blocks, run->piece),
		.timeout_us = ERASE_TIMEOUT_US,
	};
}

/* Too little memory to lend through, and nothing in flight: that will not pass; ask for less. */
static int too_much(struct run *run)
{
	if (run->b->in_flight)
		return -EAGAIN;
	run->piece /= 2;
	return run->piece ? -EAGAIN : -ENOMEM;
}

static int submit(struct run *run, unsigned index)
{
	struct slot *s = &run->slots[index];
	struct block_request *r = &s->request;
	int error;

	if (run->buffer)
		prepare(run, index);
	else
		prepare_erase(run, s);
	error = block_submit(run->b, r);
	if (error == -EAGAIN || error == -ENOMEM)
		error = too_much(run);
	if (error == -EAGAIN)
		return error;
	if (error) {
		block_log_failure(run->b, r->op, r->lba, r->blocks, error, r->cause);
		return run->error = error;
	}
	run->busy |= 1u << index;
	run->busy_count++;
	run->lba += r->blocks;
	run->blocks -= r->blocks;
	if (run->buffer)
		run->buffer += (size_t)r->blocks * run->b->limits.block_size;
	return 0;
}

/* ---- All of them ---- */

static void fill(struct run *run)
{
	for (unsigned i = 0; i < run->slot_count && run->blocks; i++)
		if (!(run->busy >> i & 1) && submit(run, i))
			break;
	block_kick(run->b);
}

static void collect(struct run *run)
{
	for (unsigned i = 0; run->busy >> i; i++) {
		struct slot *s = &run->slots[i];
		struct block_request *r = &s->request;

		if (!(run->busy >> i & 1) || r->status == -EINPROGRESS)
			continue;
		run->busy &= ~(1u << i);
		run->busy_count--;
		if (r->status && !run->error)
			run->error = r->status;
		if (!r->status && run->bounce && run->op == BLOCK_READ)
			memcpy(s->buffer, run->bounce + (size_t)i * BOUNCE_BYTES,
			       (size_t)r->blocks * run->b->limits.block_size);
	}
}

/* New ones go out when half of the slots are free: a kick for several. */
static int execute(struct run *run)
{
	struct slot slots[SLOTS];

	run->slots = slots;
	run->slot_count = smaller(run->b->limits.depth, SLOTS);
	if (run->buffer)
		run->slot_count = smaller(FLIGHT_BYTES / run->b->limits.block_size / run->piece,
					  run->slot_count);
	while (run->busy || (run->blocks && !run->error)) {
		if (run->blocks && !run->error && run->busy_count <= run->slot_count / 2)
			fill(run);
		block_poll(run->b);
		collect(run);
		arch_relax();
	}
	return run->error;
}

static int refuse(const struct run *run, int error, const char *cause)
{
	block_log_failure(run->b, run->op, run->lba, run->blocks, error, cause);
	return error;
}

/* Where the whole is beyond the end, no part of it is begun. */
static bool is_inside(const struct run *run)
{
	u64 count = run->b->limits.block_count;

	return run->lba <= count && run->blocks <= count - run->lba;
}

/* May no block fit, wherever @buffer is cut? The first piece can lose up to segment_align. */
static bool needs_bounce(const struct block_limits *l, const void *buffer)
{
	u64 most = (u64)segments_max(l) * (l->max_segment_bytes & -l->segment_align);

	return ((uintptr_t)buffer & (l->buffer_align - 1)) ||
	       (((uintptr_t)buffer & (l->segment_align - 1)) &&
		most < (u64)l->block_size + l->segment_align);
}

static int transfer(struct block_device *b, enum block_op op, u64 lba, u64 blocks, void *buffer)
{
	enum { PAGES = SLOTS * BOUNCE_BYTES / ARCH_PAGE_BYTES };
	const struct block_limits *l = &b->limits;
	struct run run = {
		.b = b, .op = op, .lba = lba, .blocks = blocks, .buffer = buffer,
		.piece = smaller(PIECE_BYTES / l->block_size, l->max_blocks),
	};
	int error;

	if (!is_inside(&run))
		return refuse(&run, -ERANGE, "beyond its end");
	if (!needs_bounce(l, buffer))
		return execute(&run);
	run.bounce = memory_pages(PAGES, "unaligned disk access");
	if (!run.bounce)
		return refuse(&run, -ENOMEM, NULL);
	run.piece = smaller(BOUNCE_BYTES / l->block_size, run.piece);
	error = execute(&run);
	memory_free_pages(run.bounce, PAGES);
	return error;
}

int block_read(struct block_device *b, u64 lba, u64 blocks, void *buffer)
{
	return transfer(b, BLOCK_READ, lba, blocks, buffer);
}

int block_write(struct block_device *b, u64 lba, u64 blocks, const void *buffer)
{
	return transfer(b, BLOCK_WRITE, lba, blocks, (void *)(uintptr_t)buffer);
}

int block_erase(struct block_device *b, enum block_op op, u64 lba, u64 blocks)
{
	const struct block_limits *l = &b->limits;
	struct run run = { .b = b, .op = op, .lba = lba, .blocks = blocks };

	if (!is_inside(&run))
		return refuse(&run, -ERANGE, "beyond its end");
	run.piece = op == BLOCK_DISCARD ? l->max_discard_blocks :
		    op == BLOCK_WRITE_ZEROES ? l->max_zeroes_blocks : l->max_erase_blocks;
	if (!run.piece)
		return refuse(&run, -ENOTSUP, "it cannot do that");
	return execute(&run);
}

int block_flush(struct block_device *b)
{
	struct block_request r = { .op = BLOCK_FLUSH };
	int error;

	while ((error = block_submit(b, &r)) == -EAGAIN && b->in_flight) {
		block_poll(b);
		arch_relax();
	}
	if (error) {
		block_log_failure(b, r.op, 0, 0, error, r.cause);
		return error;
	}
	return block_wait(b, &r);
}
