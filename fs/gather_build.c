/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requests of volume_gather. A file in disorder has a segment and a gap for each cluster, so
 * what is done for one of them is what reading it costs the CPU.
 */
#include <string.h>

#include "arch/arch.h"
#include "fs/gather.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum {
	COPY_BYTES = 64 * 1024,		/* copying that much is cheaper than another request */
	BOUNCE_BYTES = 1024 * 1024,	/* a power of two, the largest block at least */
};

/* How far a request has come. */
struct point {
	u64 at;				/* bytes into the disk */
	size_t next, done;		/* the piece there, and bytes of it */
	unsigned segments;
	u32 last_bytes;			/* of the last segment */
};

void gather_copy_out(const struct gather_slot *s)
{
	const struct gather *g = s->gather;
	u64 start = s->request.lba * g->limits->block_size;
	u64 end = start + (u64)s->request.blocks * g->limits->block_size;

	if (!s->bounce)
		return;
	for (size_t i = s->first; i <= s->last; i++) {
		u64 from = gather_place(g, i), to = from + g->pieces[i].size;
		u8 *memory = g->pieces[i].to;

		if (from < start) {
			memory += start - from;
			from = start;
		}
		if (to > end)
			to = end;
		if (from < to)
			memcpy(memory, s->bounce + (from - start), to - from);
	}
}

/* ---- Straight to where it belongs ---- */

/* May @buffer (or a gap) follow what the request has so far? */
static bool may_follow(const struct gather *g, const struct gather_slot *s, unsigned count,
		       const void *buffer)
{
	const struct block_segment *last = &s->segments[count - 1];
	uintptr_t mask = g->limits->segment_align - 1;

	if (!count)
		return !((uintptr_t)buffer & (g->limits->buffer_align - 1));
	if (count == g->segment_count || ((uintptr_t)buffer & mask))
		return false;
	if (last->buffer)
		return !(((uintptr_t)last->buffer + last->bytes) & mask);
	return count == 1 || !(last->bytes & mask);
}

static bool append(const struct gather *g, struct gather_slot *s, struct point *p, void *buffer,
		   u32 bytes)
{
	const struct block_limits *l = g->limits;

	while (bytes) {
		struct block_segment *last = &s->segments[p->segments - 1];
		u32 most = buffer ? l->max_segment_bytes : g->gap_bytes;
		u32 part = bytes;

		if (p->segments && buffer && last->buffer &&
		    (u8 *)last->buffer + last->bytes == buffer && last->bytes < most) {
			if (part > most - last->bytes)
				part = most - last->bytes;
			last->bytes += part;
		} else {
			if (!may_follow(g, s, p->segments, buffer) || !most)
				return false;
			if (part > most)
				part = most;
			last = &s->segments[p->segments++];
			*last = (struct block_segment){ buffer, part };
		}
		p->last_bytes = last->bytes;
		p->at += part;
		bytes -= part;
		if (buffer)
			buffer = (u8 *)buffer + part;
	}
	return true;
}

static void advance(const struct gather *g, struct point *p, u64 bytes)
{
	p->done += bytes;
	if (p->done == g->pieces[p->next].size) {
		p->next++;
		p->done = 0;
	}
}

/* Whether the next piece lies so near that what is between is worth reading; how much that is. */
static bool gap_before(const struct gather *g, const struct point *p, u32 most, u32 *gap)
{
	u64 next;

	if (p->next == g->count)
		return false;
	next = gather_place(g, p->next);
	if (next - p->at > most)		/* or before it */
		return false;
	*gap = (u32)(next - p->at);
	return true;
}

/* Of the next piece: as much as the request takes; it ends at the end of a block, if it can. */
static u64 next_part(const struct gather *g, const struct point *p, u64 limit)
{
	u64 mask = g->limits->block_size - 1;
	u64 part = g->pieces[p->next].size - p->done;

	if (part > limit - p->at)
		part = limit - p->at;
	if (part > g->limits->max_segment_bytes)
		part = g->limits->max_segment_bytes;
	if ((p->at ^ (p->at + part)) & ~mask)
		part -= (p->at + part) & mask;
	return part;
}

/*
 * As much as can go straight to where it belongs. Where it came to an end, in @end; nowhere if that
 * is its start.
 */
static void build_direct(struct gather *g, struct gather_slot *s, u64 start, struct point *end)
{
	u64 mask = g->limits->block_size - 1, limit = start + g->request_bytes;
	struct point p = *end, whole = *end;	/* whole: the last end of a block before @end */
	u32 gap = (u32)(gather_place(g, p.next) + p.done - start), tail;

	while (append(g, s, &p, NULL, gap) && p.at < limit) {
		const struct piece *piece = &g->pieces[p.next];
		u64 part = next_part(g, &p, limit);

		if (!append(g, s, &p, (u8 *)piece->to + p.done, (u32)part))
			break;
		advance(g, &p, part);
		if ((p.at & mask) && !(end->at & mask))
			whole = *end;
		*end = p;
		gap = 0;
		if (p.done == 0 && !gap_before(g, &p, g->gap_bytes, &gap))
			break;
	}
	if (end->segments)
		s->segments[end->segments - 1].bytes = end->last_bytes;
	tail = (u32)(-end->at & mask);
	if (tail && !append(g, s, end, NULL, tail)) {
		*end = whole;
		if (end->segments)
			s->segments[end->segments - 1].bytes = end->last_bytes;
	}
}

/* ---- By way of memory of our own ---- */

/* Small pieces that have to be copied, up to the next one that is worth a request of its own. */
static void choose_small(struct gather *g, struct gather_slot *s, u64 limit, struct point *end)
{
	const struct block_limits *l = g->limits;
	u32 block = l->block_size, gap = 0;

	do {
		const struct piece *piece = &g->pieces[end->next];
		u8 *to = (u8 *)piece->to + end->done;
		u64 part = piece->size - end->done, into;

		if (end->at + gap >= limit)
			break;
		end->at += gap;
		into = end->at & (block - 1);
		if (part >= COPY_BYTES && !((uintptr_t)(to - into) & (l->buffer_align - 1))) {
			if (into)
				part = block - into;
			else if (end->next != s->first)
				break;
		}
		if (part > limit - end->at)
			part = limit - end->at;
		s->last = end->next;
		end->at += part;
		advance(g, end, part);
	} while (end->done == 0 && gap_before(g, end, GATHER_GAP_BYTES, &gap));
	end->at = (end->at + block - 1) & -(u64)block;
}

static u64 bounces_bytes(const struct gather *g)
{
	return (u64)g->slot_count * g->bounce_bytes;
}

/* For all slots, as much as what is left can use; less, if there is little memory. */
static int take_bounces(struct gather *g)
{
	u64 end = gather_place(g, g->count - 1) + g->pieces[g->count - 1].size, at;
	u64 left = end - gather_place(g, g->next);
	u32 least = g->limits->block_size;

	if (g->bounces)
		return 0;
	if (least < ARCH_PAGE_BYTES)
		least = ARCH_PAGE_BYTES;
	g->bounce_bytes = BOUNCE_BYTES;
	while (g->bounce_bytes / 2 >= left && g->bounce_bytes > least)
		g->bounce_bytes /= 2;
	while (memory_take(bounces_bytes(g), ARCH_PAGE_BYTES, 0, UINT64_MAX, MEMORY_PLINTH,
			   "unaligned disk access", &at)) {
		if (g->bounce_bytes == least)
			return -ENOMEM;
		g->bounce_bytes /= 2;
	}
	g->bounces = (u8 *)(uintptr_t)at;
	return 0;
}

void gather_bounces_free(struct gather *g)
{
	if (g->bounces)
		memory_release((uintptr_t)g->bounces, bounces_bytes(g));
}

static int build_bounce(struct gather *g, struct gather_slot *s, u64 start, struct point *end)
{
	const struct block_limits *l = g->limits;
	u64 most = (u64)g->segment_count * (l->max_segment_bytes & -l->segment_align);
	struct point p = { 0 };
	int error = take_bounces(g);

	if (error)
		return error;
	if (most > g->bounce_bytes)
		most = g->bounce_bytes;
	if (most > g->request_bytes)
		most = g->request_bytes;
	end->at = gather_place(g, end->next) + end->done;
	choose_small(g, s, start + (most & -(u64)l->block_size), end);
	s->bounce = g->bounces + (size_t)(s - g->slots) * g->bounce_bytes;
	if (!append(g, s, &p, s->bounce, (u32)(end->at - start)))
		return -EINVAL;
	end->segments = p.segments;
	return 0;
}

/* Did it end early, though there is more nearby? Then a copy is cheaper. */
static bool is_poor(const struct gather *g, u64 start, const struct point *end)
{
	u32 gap;

	if (end->at == start)
		return true;
	return end->at - start < COPY_BYTES && end->segments < g->segment_count &&
		end->next < g->count && g->request_bytes > COPY_BYTES &&
		(end->done || gap_before(g, end, g->gap_bytes, &gap));
}

int gather_build(struct gather *g, struct gather_slot *s)
{
	u32 block = g->limits->block_size;
	u64 start = (gather_place(g, g->next) + g->done) & -(u64)block;
	const struct point begin = { .at = start, .next = g->next, .done = g->done };
	struct point end = begin;

	s->first = g->next;
	s->first_done = g->done;
	s->bounce = NULL;
	build_direct(g, s, start, &end);
	if (is_poor(g, start, &end)) {
		int error;

		end = begin;
		error = build_bounce(g, s, start, &end);
		if (error)
			return error;
	}
	s->request = (struct block_request){
		.op = BLOCK_READ, .lba = start / block, .blocks = (u32)((end.at - start) / block),
		.segments = s->segments, .segment_count = (u16)end.segments, .context = s,
	};
	g->next = end.next;
	g->done = end.done;
	return 0;
}
