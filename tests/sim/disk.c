/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "tests/sim/disk.h"

enum { DISCARDED = 0xdc };

static u64 bytes_of(const struct sim_disk *d)
{
	return d->block.limits.block_count * d->block.limits.block_size;
}

/* ---- The medium ---- */

static void read_blocks(struct sim_disk *d, u64 lba, u32 blocks, u8 *to)
{
	size_t size = d->block.limits.block_size;

	if (d->read)
		d->read(d, lba, blocks, to);
	else
		memcpy(to, d->data + lba * size, blocks * size);
}

static void write_blocks(struct sim_disk *d, u64 lba, u32 blocks, const u8 *from)
{
	size_t size = d->block.limits.block_size;

	if (d->write)
		d->write(d, lba, blocks, from);
	else
		memcpy(d->data + lba * size, from, blocks * size);
}

static void keep(struct sim_disk *d, const struct block_request *r, u8 *data)
{
	if (!d->keep_log) {
		free(data);
		return;
	}
	if (d->log_count == d->log_room) {
		d->log_room = d->log_room ? 2 * d->log_room : 256;
		d->log = realloc(d->log, d->log_room * sizeof *d->log);
		if (!d->log)
			abort();
	}
	d->log[d->log_count++] = (struct sim_disk_event){
		r->op, r->flags & BLOCK_FUA, r->lba, r->blocks, data,
	};
}

void sim_disk_redo(const struct sim_disk *d, const struct sim_disk_event *e, u8 *data)
{
	size_t size = d->block.limits.block_size;
	u8 *at = data + e->lba * size;

	if (e->op == BLOCK_WRITE)
		memcpy(at, e->data, e->blocks * size);
	else if (e->op == BLOCK_DISCARD)
		memset(at, DISCARDED, e->blocks * size);
	else if (e->op == BLOCK_WRITE_ZEROES || e->op == BLOCK_SECURE_ERASE)
		memset(at, 0, e->blocks * size);
}

/* ---- One request, on a copy of its memory ---- */

static void to_memory(const struct block_request *r, const u8 *data)
{
	for (unsigned i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];

		if (s->buffer)
			memcpy(s->buffer, data, s->bytes);
		data += s->bytes;
	}
}

static void from_memory(const struct block_request *r, u8 *data)
{
	for (unsigned i = 0; i < r->segment_count; i++) {
		memcpy(data, r->segments[i].buffer, r->segments[i].bytes);
		data += r->segments[i].bytes;
	}
}

static int perform(struct sim_disk *d, const struct block_request *r)
{
	size_t bytes = (size_t)r->blocks * d->block.limits.block_size;
	u8 *data = malloc(bytes + 1), *other;
	int result = 0;

	if (!data)
		abort();
	if (r->op == BLOCK_READ || r->op == BLOCK_COMPARE)
		read_blocks(d, r->lba, r->blocks, data);
	switch (r->op) {
	case BLOCK_READ:
		to_memory(r, data);
		break;
	case BLOCK_COMPARE:
		other = malloc(bytes + 1);
		from_memory(r, other);
		result = memcmp(data, other, bytes) ? -EILSEQ : 0;
		free(other);
		break;
	case BLOCK_WRITE:
		from_memory(r, data);
		write_blocks(d, r->lba, r->blocks, data);
		keep(d, r, data);
		return 0;
	case BLOCK_FLUSH:
		d->flushes++;
		keep(d, r, NULL);
		break;
	default:
		memset(data, r->op == BLOCK_DISCARD ? DISCARDED : 0, bytes);
		write_blocks(d, r->lba, r->blocks, data);
		keep(d, r, NULL);
	}
	free(data);
	return result;
}

/* ---- What an engine promises ---- */

static void check_segments(const struct block_limits *l, const struct block_request *r)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < r->segment_count; i++) {
		const struct block_segment *s = &r->segments[i];
		uintptr_t start = (uintptr_t)s->buffer;

		if (!s->buffer && (r->op != BLOCK_READ || s->bytes > l->max_gap_bytes))
			sim_fail("segment %u: a gap that cannot be", i);
		if (s->buffer && start % (i ? l->segment_align : l->buffer_align))
			sim_fail("segment %u begins at %p", i, s->buffer);
		if ((s->buffer ? start + s->bytes : i ? s->bytes : 0) % l->segment_align &&
		    i + 1u < r->segment_count)
			sim_fail("segment %u ends at %p", i, (void *)(start + s->bytes));
		if (!s->bytes || (s->buffer && s->bytes > l->max_segment_bytes))
			sim_fail("segment %u: %u bytes", i, s->bytes);
		bytes += s->bytes;
	}
	if (r->segment_count > l->max_segments)
		sim_fail("%u segments", r->segment_count);
	if (bytes != (u64)r->blocks * l->block_size)
		sim_fail("%u blocks, but %llu bytes", r->blocks, (unsigned long long)bytes);
}

static void check(const struct sim_disk *d, const struct block_request *r)
{
	const struct block_limits *l = &d->block.limits;
	bool moves = r->op == BLOCK_READ || r->op == BLOCK_WRITE || r->op == BLOCK_COMPARE;
	u32 most = moves ? l->max_blocks : r->op == BLOCK_DISCARD ? l->max_discard_blocks :
		   r->op == BLOCK_WRITE_ZEROES ? l->max_zeroes_blocks : l->max_erase_blocks;

	if (d->block.dead)
		sim_fail("a request, after its death");
	if (r->op == BLOCK_FLUSH) {
		if (!l->volatile_cache || r->blocks || r->segment_count)
			sim_fail("a flush that cannot be");
		return;
	}
	if (!r->blocks || r->blocks > most)
		sim_fail("%u blocks, at most %u can be", r->blocks, most);
	if (r->lba + r->blocks > l->block_count || r->lba + r->blocks < r->lba)
		sim_fail("%u blocks at %llu", r->blocks, (unsigned long long)r->lba);
	if (l->read_only && r->op != BLOCK_READ && r->op != BLOCK_COMPARE)
		sim_fail("it is read-only");
	if (moves)
		check_segments(l, r);
	else if (r->segment_count)
		sim_fail("segments, for nothing");
}

/* ---- The operations ---- */

static int submit(struct block_device *b, struct block_request *r)
{
	struct sim_disk *d = b->driver;

	d->submits++;
	if (d->refuse)
		return d->refuse;
	check(d, r);
	if (d->in_flight == d->room || d->in_flight == SIM_DISK_FLIGHT ||
	    (d->again_above && r->blocks > d->again_above))
		return -EAGAIN;
	d->flight[d->in_flight++] = (struct sim_disk_flight){ r, false, d->delay };
	if (d->in_flight > d->most_in_flight)
		d->most_in_flight = d->in_flight;
	if (r->blocks > d->largest)
		d->largest = r->blocks;
	return 0;
}

static void kick(struct block_device *b)
{
	struct sim_disk *d = b->driver;

	d->kicks++;
	for (unsigned i = 0; i < d->in_flight; i++)
		d->flight[i].started = true;
}

static bool touches(const struct block_request *r, u64 lba)
{
	return r->op != BLOCK_FLUSH && lba >= r->lba && lba - r->lba < r->blocks;
}

static bool is_ready(const struct sim_disk *d, const struct sim_disk_flight *f)
{
	return f->started && !f->polls && !d->stuck && !touches(f->request, d->stuck_lba);
}

static u64 random_number(struct sim_disk *d)
{
	d->random = d->random * 6364136223846793005u + 1442695040888963407u;
	return d->random >> 33;
}

/* Which one completes next; -1: none. */
static int choose(struct sim_disk *d)
{
	unsigned ready[SIM_DISK_FLIGHT], count = 0;

	for (unsigned i = 0; i < d->in_flight; i++)
		if (is_ready(d, &d->flight[i]))
			ready[count++] = i;
	if (!count)
		return -1;
	return (int)ready[d->order == SIM_DISK_FIRST ? 0 :
			  d->order == SIM_DISK_LAST ? count - 1 : random_number(d) % count];
}

static struct block_request *take(struct sim_disk *d, unsigned index)
{
	struct block_request *r = d->flight[index].request;

	memmove(&d->flight[index], &d->flight[index + 1],
		(--d->in_flight - index) * sizeof d->flight[0]);
	return r;
}

static void complete(struct sim_disk *d, struct block_request *r)
{
	if (touches(r, d->bad_lba) || d->bad_ops >> r->op & 1)
		block_done(r, d->bad_status, d->bad_cause);
	else
		block_done(r, perform(d, r), NULL);
}

static void poll(struct block_device *b)
{
	struct sim_disk *d = b->driver;
	unsigned most = d->at_a_time ? d->at_a_time : SIM_DISK_FLIGHT;
	int index;

	for (unsigned i = 0; i < d->in_flight; i++)
		if (d->flight[i].started && d->flight[i].polls)
			d->flight[i].polls--;
	while (most-- && (index = choose(d)) >= 0)
		complete(d, take(d, (unsigned)index));
}

static int reset(struct block_device *b, int status, const char *cause)
{
	struct sim_disk *d = b->driver;

	d->resets++;
	while (d->in_flight)
		block_done(take(d, 0), status, cause);
	return d->reset_error;
}

static const struct block_ops ops = {
	.submit = submit, .kick = kick, .poll = poll, .reset = reset,
};

/* ---- Beginning and end ---- */

void sim_disk_init(struct sim_disk *d, const char *name, u32 block_size, u64 block_count)
{
	*d = (struct sim_disk){
		.block = {
			.ops = &ops, .driver = d,
			.limits = {
				.block_size = block_size, .block_count = block_count,
				.max_blocks = UINT32_MAX / block_size, .max_segments = 254,
				.max_segment_bytes = UINT32_MAX, .max_gap_bytes = 65536,
				.segment_align = 1, .buffer_align = 1,
				.max_discard_blocks = 4096, .max_zeroes_blocks = 4096,
				.max_erase_blocks = 4096, .can_compare = true, .depth = 64,
				.volatile_cache = true,
			},
		},
		.room = 64, .bad_lba = UINT64_MAX, .stuck_lba = UINT64_MAX, .bad_status = -EIO,
		.random = 1,
	};
	memccpy(d->block.name, name, '\0', sizeof d->block.name - 1);
	d->data = mmap(NULL, bytes_of(d) + 1, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (d->data == MAP_FAILED)
		abort();
}

void sim_disk_forget_log(struct sim_disk *d)
{
	for (size_t i = 0; i < d->log_count; i++)
		free(d->log[i].data);
	free(d->log);
	d->log = NULL;
	d->log_count = d->log_room = 0;
}

void sim_disk_end(struct sim_disk *d)
{
	if (block_find(d->block.name) == &d->block) {
		reset(&d->block, -ECANCELED, "the test ends");
		block_unregister(&d->block, -ENODEV, "it has vanished");
	}
	sim_disk_forget_log(d);
	munmap(d->data, bytes_of(d) + 1);
	d->data = NULL;
}
