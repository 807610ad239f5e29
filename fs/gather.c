/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of a volume into memory, with few requests: sorted by place, each request takes as many
 * as its segments can name. What the disk cannot put where it belongs (its rules for where segments
 * may meet, drivers/block.h) is read into a buffer of our own and copied; nothing else is.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "drivers/block.h"
#include "fs/volume.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/sort.h"

enum {
	SLOTS = 8,			/* requests in flight */
	SEGMENTS = 256,
	REQUEST_BYTES = 4 * 1024 * 1024,
	GAP_BYTES = 32 * 1024,		/* reading that much is cheaper than one more request */
	COPY_BYTES = 64 * 1024,		/* copying that much is, too */
	BOUNCE_BYTES = 256 * 1024,
	BLOCK_BYTES_MAX = 65536, SEGMENT_BYTES_MIN = 4096,	/* drivers/block.h */
	BOUNCE_ALIGN = 4096,		/* what any disk can read several segments to */
};

/* How far a request has come. */
struct point {
	u64 at;				/* bytes into the disk */
	size_t next, done;		/* the piece there, and bytes of it */
	unsigned segments;
	u32 last_bytes;			/* of the last segment */
};

struct slot {
	struct block_request request;
	struct gather *gather;
	bool busy;
	size_t first, first_done;	/* where it begins: a piece, and bytes of it */
	u8 *bounce;
	size_t last;			/* bouncing: the last piece that lies in it */
	struct block_segment *segments;
};

struct gather {
	const struct volume *volume;
	const struct block_limits *limits;
	struct piece *pieces;
	size_t count, next, done;
	struct slot *waiting;		/* built, but the disk was full */
	unsigned slot_count, in_flight;
	unsigned segment_count;		/* of each slot */
	u32 request_bytes, gap_bytes;
	int error;
	struct slot slots[SLOTS];
	struct block_segment segments[];
};

static u64 place(const struct gather *g, size_t piece)
{
	return g->volume->start + g->pieces[piece].offset;
}

/* ---- Requests ---- */

static void copy_out(const struct slot *s)
{
	const struct gather *g = s->gather;
	u64 start = s->request.lba * g->limits->block_size;
	u64 end = start + (u64)s->request.blocks * g->limits->block_size;

	for (size_t i = s->first; i <= s->last; i++) {
		u64 from = place(g, i), to = from + g->pieces[i].size;
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

static void fail(struct gather *g, const struct block_request *r, int error)
{
	if (!g->error)
		log_error("%s: reading block %" PRIu64 ": %s", g->volume->disk->name, r->lba,
			  r->cause ? r->cause : error_text(error));
	if (!g->error)
		g->error = error;
}

static void done(struct block_request *r)
{
	struct slot *s = r->context;
	struct gather *g = s->gather;

	if (r->status)
		fail(g, r, r->status);
	else if (s->bounce)
		copy_out(s);
	free(s->bounce);
	s->bounce = NULL;
	s->busy = false;
	g->in_flight--;
}

/* May @buffer (or a gap) follow what the request has so far? */
static bool may_follow(const struct gather *g, const struct block_segment *s, unsigned count,
		       const void *buffer)
{
	const struct block_segment *last = &s[count - 1];
	u32 align = g->limits->segment_align;

	if (!count)
		return (uintptr_t)buffer % g->limits->buffer_align == 0;
	if (count == g->segment_count || (uintptr_t)buffer % align)
		return false;
	if (last->buffer)
		return ((uintptr_t)last->buffer + last->bytes) % align == 0;
	return count == 1 || last->bytes % align == 0;
}

static bool append(struct gather *g, struct slot *s, struct point *p, void *buffer, u32 bytes)
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
			if (!may_follow(g, s->segments, p->segments, buffer) || !most)
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
	next = place(g, p->next);
	if (next - p->at > most)		/* or before it */
		return false;
	*gap = (u32)(next - p->at);
	return true;
}

/*
 * As much as can go straight to where it belongs; parts of pieces end at the ends of blocks, so
 * that the request can end there. Where it came to an end, in @end; nowhere if that is its start.
 */
static void build_direct(struct gather *g, struct slot *s, u64 start, struct point *end)
{
	u32 block = g->limits->block_size, gap, tail;
	u64 limit = start + g->request_bytes;
	struct point p = *end, whole = *end;

	if (!append(g, s, &p, NULL, (u32)(place(g, p.next) + p.done - start)))
		return;
	while (p.at < limit) {
		const struct piece *piece = &g->pieces[p.next];
		u8 *to = (u8 *)piece->to + p.done;
		u64 part = piece->size - p.done;

		if (part > limit - p.at)
			part = limit - p.at;
		if (part > g->limits->max_segment_bytes)
			part = g->limits->max_segment_bytes;
		if ((p.at + part) / block > p.at / block)
			part -= (p.at + part) % block;
		if (!append(g, s, &p, to, (u32)part))
			break;
		advance(g, &p, part);
		*end = p;
		if (p.at % block == 0)
			whole = p;
		if (p.done == 0 && (!gap_before(g, &p, g->gap_bytes, &gap) ||
				    !append(g, s, &p, NULL, gap)))
			break;
	}
	tail = (u32)(-end->at % block);
	if (end->segments)
		s->segments[end->segments - 1].bytes = end->last_bytes;
	if (tail && !append(g, s, end, NULL, tail)) {
		*end = whole;
		if (end->segments)
			s->segments[end->segments - 1].bytes = end->last_bytes;
	}
}

/* Small pieces that have to be copied, up to the next one that is worth a request of its own. */
static int build_bounce(struct gather *g, struct slot *s, u64 start, struct point *end)
{
	const struct block_limits *l = g->limits;
	u32 block = l->block_size, gap = 0;
	u64 most = (u64)g->segment_count * (l->max_segment_bytes & -l->segment_align);
	u64 limit;
	struct point p = { 0 };

	if (most > BOUNCE_BYTES)
		most = BOUNCE_BYTES;
	if (most > g->request_bytes)
		most = g->request_bytes;
	limit = start + most / block * block;
	end->at = place(g, end->next) + end->done;
	do {
		const struct piece *piece = &g->pieces[end->next];
		u8 *to = (u8 *)piece->to + end->done;
		u64 part = piece->size - end->done;

		if (end->at + gap >= limit)
			break;
		end->at += gap;
		if (part >= COPY_BYTES &&
		    (uintptr_t)(to - end->at % block) % l->buffer_align == 0) {
			if (end->at % block)
				part = block - end->at % block;
			else if (end->next != s->first)
				break;
		}
		if (part > limit - end->at)
			part = limit - end->at;
		s->last = end->next;
		end->at += part;
		advance(g, end, part);
	} while (end->done == 0 && gap_before(g, end, GAP_BYTES, &gap));
	end->at = (end->at + block - 1) / block * block;
	s->bounce = aligned_alloc(BOUNCE_ALIGN,
				  (end->at - start + BOUNCE_ALIGN - 1) & -BOUNCE_ALIGN);
	if (!s->bounce)
		return -ENOMEM;
	if (!append(g, s, &p, s->bounce, (u32)(end->at - start)))
		return -EINVAL;
	end->segments = p.segments;
	return 0;
}

/* The next request. */
static int build(struct gather *g, struct slot *s)
{
	u32 block = g->limits->block_size;
	u64 start = (place(g, g->next) + g->done) / block * block;
	const struct point begin = { .at = start, .next = g->next, .done = g->done };
	struct point end = begin, after;
	u32 gap;
	int error;

	s->first = g->next;
	s->first_done = g->done;
	build_direct(g, s, start, &end);
	after = end;
	/* Did it end early, though there is more nearby? Then a copy is cheaper. */
	if (end.at == start || (end.at - start < COPY_BYTES && end.segments < g->segment_count &&
				end.next < g->count && (end.done || gap_before(g, &after,
				g->gap_bytes, &gap)) && g->request_bytes > COPY_BYTES)) {
		end = begin;
		error = build_bounce(g, s, start, &end);
		if (error)
			return error;
	}
	s->request = (struct block_request){
		.op = BLOCK_READ, .lba = start / block, .blocks = (u32)((end.at - start) / block),
		.segments = s->segments, .segment_count = (u16)end.segments,
		.done = done, .context = s,
	};
	g->next = end.next;
	g->done = end.done;
	return 0;
}

/* ---- All of them ---- */

static struct slot *idle(struct gather *g)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (!g->slots[i].busy)
			return &g->slots[i];
	return NULL;
}

static bool submit(struct gather *g, struct slot *s)
{
	struct block_device *disk = g->volume->disk;
	int error = block_submit(disk, &s->request);

	g->waiting = NULL;
	s->busy = true;
	if (!error) {
		g->in_flight++;
		return true;
	}
	if (error == -EAGAIN && (g->in_flight || disk->in_flight)) {
		g->waiting = s;
		return false;
	}
	free(s->bounce);
	s->bounce = NULL;
	s->busy = false;
	if (error == -EAGAIN && g->request_bytes >= 2 * g->limits->block_size) {
		g->request_bytes = g->request_bytes / 2 & -g->limits->block_size;
		g->next = s->first;	/* waiting does not help: ask for less */
		g->done = s->first_done;
		return true;
	}
	fail(g, &s->request, error == -EAGAIN ? -ENOMEM : error);
	return false;
}

static void fill(struct gather *g)
{
	struct slot *s;
	int error;

	if (g->waiting && !submit(g, g->waiting))
		return;
	while (!g->error && g->next < g->count && (s = idle(g))) {
		error = build(g, s);
		if (error == -ENOMEM && g->in_flight)
			return;
		if (error)
			g->error = error;
		else if (!submit(g, s))
			return;
	}
}

static int by_place(const void *a, const void *b)
{
	u64 left = ((const struct piece *)a)->offset, right = ((const struct piece *)b)->offset;

	return left < right ? -1 : left > right;
}

/* Pieces without bytes are dropped, those beyond the volume refused. */
static int check(const struct volume *v, struct piece *pieces, size_t *count)
{
	size_t kept = 0;
	bool sorted = true;

	for (size_t i = 0; i < *count; i++) {
		if (pieces[i].offset > v->size || pieces[i].size > v->size - pieces[i].offset)
			return -ERANGE;
		if (!pieces[i].size)
			continue;
		if (kept && pieces[kept - 1].offset > pieces[i].offset)
			sorted = false;
		pieces[kept++] = pieces[i];
	}
	*count = kept;
	if (!sorted)
		sort_items(pieces, kept, sizeof(*pieces), by_place);
	return 0;
}

int gather_begin(struct gather **out, const struct volume *v, struct piece *pieces, size_t count)
{
	const struct block_limits *l = &v->disk->limits;
	size_t segments = 2 * count + 2 + BLOCK_BYTES_MAX / SEGMENT_BYTES_MIN;
	struct gather *g;
	int error = check(v, pieces, &count);

	if (error)
		return error;
	if (segments > SEGMENTS)
		segments = SEGMENTS;
	if (segments > l->max_segments)
		segments = l->max_segments;
	g = malloc(sizeof(*g) + SLOTS * segments * sizeof(g->segments[0]));
	if (!g)
		return -ENOMEM;
	*g = (struct gather){
		.volume = v, .limits = l, .pieces = pieces, .count = count,
		.slot_count = l->depth < SLOTS ? l->depth : SLOTS,
		.segment_count = (unsigned)segments, .request_bytes = REQUEST_BYTES,
		.gap_bytes = l->max_gap_bytes < GAP_BYTES ? l->max_gap_bytes : GAP_BYTES,
	};
	if (l->max_blocks < REQUEST_BYTES / l->block_size)
		g->request_bytes = l->max_blocks * l->block_size;
	for (unsigned i = 0; i < g->slot_count; i++) {
		g->slots[i].gather = g;
		g->slots[i].segments = &g->segments[i * segments];
	}
	fill(g);
	block_kick(v->disk);
	*out = g;
	return 0;
}

int gather_end(struct gather *g)
{
	struct block_device *disk = g->volume->disk;
	int error;

	while (g->in_flight || (!g->error && (g->waiting || g->next < g->count))) {
		block_poll(disk);
		fill(g);
		block_kick(disk);
		arch_relax();
	}
	error = g->error;
	if (g->waiting)
		free(g->waiting->bounce);
	free(g);
	return error;
}

int volume_gather(const struct volume *v, struct piece *pieces, size_t count)
{
	struct gather *g;
	int error = gather_begin(&g, v, pieces, count);

	return error ? error : gather_end(g);
}
