/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces of a volume into memory, with few requests: sorted by place, each request takes as many
 * as its segments can name. What the disk cannot put where it belongs (its rules for where segments
 * may meet, drivers/block.h) is read into a buffer of our own and copied; nothing else is.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "fs/gather.h"
#include "lib/errors.h"
#include "lib/log.h"

enum {
	SEGMENTS = 256,
	REQUEST_BYTES = 4 * 1024 * 1024,
	BLOCK_BYTES_MAX = 65536, SEGMENT_BYTES_MIN = 4096,	/* drivers/block.h */
};

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
	struct gather_slot *s = r->context;
	struct gather *g = s->gather;

	if (r->status)
		fail(g, r, r->status);
	else
		gather_copy_out(s);
	s->busy = false;
	g->in_flight--;
}

static struct gather_slot *idle(struct gather *g)
{
	for (unsigned i = 0; i < g->slot_count; i++)
		if (!g->slots[i].busy)
			return &g->slots[i];
	return NULL;
}

static bool submit(struct gather *g, struct gather_slot *s)
{
	struct block_device *disk = g->volume->disk;
	int error;

	s->request.done = done;
	error = block_submit(disk, &s->request);
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
	struct gather_slot *s;
	int error;

	if (g->waiting && !submit(g, g->waiting))
		return;
	while (!g->error && g->next < g->count && (s = idle(g))) {
		error = gather_build(g, s);
		if (error)
			g->error = error;
		else if (!submit(g, s))
			return;
	}
}

int gather_begin(struct gather **out, const struct volume *v, struct piece *pieces, size_t count)
{
	const struct block_limits *l = &v->disk->limits;
	size_t segments = 2 * count + 2 + BLOCK_BYTES_MAX / SEGMENT_BYTES_MIN;
	struct gather *g;
	int error = pieces_prepare(v, pieces, &count);

	if (error)
		return error;
	if (segments > SEGMENTS)
		segments = SEGMENTS;
	if (segments > l->max_segments)
		segments = l->max_segments;
	g = malloc(sizeof(*g) + GATHER_SLOTS * segments * sizeof(g->segments[0]));
	if (!g)
		return -ENOMEM;
	*g = (struct gather){
		.volume = v, .limits = l, .pieces = pieces, .count = count,
		.slot_count = l->depth < GATHER_SLOTS ? l->depth : GATHER_SLOTS,
		.segment_count = (unsigned)segments, .request_bytes = REQUEST_BYTES,
		.gap_bytes = l->max_gap_bytes < GATHER_GAP_BYTES ? l->max_gap_bytes
								 : GATHER_GAP_BYTES,
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
	gather_bounces_free(g);
	free(g);
	return error;
}

int volume_gather(const struct volume *v, struct piece *pieces, size_t count)
{
	struct gather *g;
	int error = gather_begin(&g, v, pieces, count);

	return error ? error : gather_end(g);
}
