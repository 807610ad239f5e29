/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A device that writes anything into a virtqueue's memory at any time, between two looks of the
 * driver too: each token comes back once, never with more bytes than were lent, and what is wrong
 * is said in words. As long as it was honest, nothing is wrong, in whatever order it completes.
 *
 * The input: a byte of features, one for the size, then steps: what to do, and bytes for it.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "lib/assert.h"
#include "lib/dma_loans.h"
#include "lib/errors.h"
#include "tests/sim/ram.h"
#include "tests/sim/virtqueue_bare.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { SIZE_MOST = 16, SEGMENTS = 8, RAM_BYTES = 256 * 1024, TOKENS = 256 };
enum { CHOOSE_PACKED = 1, CHOOSE_EVENTS = 2, CHOOSE_TABLES = 4, CHOOSE_ORDER = 8 };

static const u8 *input;
static size_t left;

static struct sim_bare bare;
static struct virtqueue *vq;
static struct sim_virtqueue device;
static struct sim_virtqueue_entry entries[SIZE_MOST];
static u16 popped[SIZE_MOST];
static unsigned popped_count;
static bool honest;

static struct token {
	bool in_flight;
	u32 writable;
} tokens[TOKENS];
static unsigned next_token, in_flight;

static u32 next(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

/* ---- The device ---- */

/* Any two bytes of it, descriptors and tables too; near the end of an area more often. */
static void lie(void)
{
	const struct dma_loan *loan = dma_loan_at(0);
	u64 bases[] = { bare.queue.descriptors.bus, bare.queue.device.bus };
	u32 where = next(), value = next();
	size_t at = bases[where & 1] - loan->addr.bus + (where >> 1) * 2 + (next() & 1) * 256;

	value |= next() << 8;
	if (at + 2 <= loan->bytes)
		memcpy(loan->ours + at, &value, 2);
	honest = false;
}

/* The same between two looks, while there are bytes for it. */
static void lie_between(enum sim_barrier kind)
{
	if (kind == SIM_RMB && !honest && left > 8 && next() % 4 == 0)
		lie();
}

/* What would be a completion, if it were true. */
static void claim(void)
{
	u16 id = (u16)next(), length = (u16)next();

	if (!device.packed) {
		u32 element[] = { id, length };
		u16 index;

		sim_dma_read(device.device + 2, &index, sizeof index);
		sim_dma_write(device.device + 4 + index % device.size * 8, element,
			      sizeof element);
		index++;
		sim_dma_write(device.device + 2, &index, sizeof index);
	} else {
		u32 at = next() % device.size;
		u16 words[] = { length, 0, id, next() & 1 ? 0x8080 : 0 };

		sim_dma_write(device.descriptors + 16 * at + 8, words, sizeof words);
	}
	honest = false;
}

static void pop(void)
{
	struct sim_segment segments[SEGMENTS];
	struct sim_chain chain;

	if (!honest || !sim_virtqueue_pop(&device, &chain, segments, SEGMENTS))
		return;
	popped[popped_count++] = chain.id;
}

static void push(void)
{
	unsigned which = popped_count ? next() % popped_count : 0;
	bool all = device.in_order && which;
	u16 id = popped[which];

	if (!honest || !popped_count)
		return;
	if (all)
		sim_virtqueue_push_all(&device, id, 0);
	else
		sim_virtqueue_push(&device, id, 0);
	popped_count -= all ? which + 1 : 1;
	memmove(&popped[all ? 0 : which], &popped[which + 1],
		(popped_count - (all ? 0 : which)) * sizeof *popped);
	sim_virtqueue_wants_interrupt(&device);
}

/* ---- The driver ---- */

static void give_back(struct token *t)
{
	assert(t >= tokens && t < tokens + TOKENS && t->in_flight);
	t->in_flight = false;
	in_flight--;
}

static void add(void)
{
	u32 shape = next();
	u16 readable = shape & 3, writable = shape >> 2 & 3;
	struct virtqueue_segment segments[SEGMENTS];
	struct token *t;
	int error;

	while (tokens[next_token % TOKENS].in_flight)
		next_token++;
	t = &tokens[next_token % TOKENS];
	readable += !readable && !writable;
	t->writable = 0;
	for (u16 i = 0; i < readable + writable; i++) {
		segments[i] = (struct virtqueue_segment){ { 0x1000 * (i + 1u) }, 1 + shape };
		t->writable += i >= readable ? 1 + shape : 0;
	}
	error = virtqueue_add(vq, segments, readable, writable, t);
	assert(!error || error == -EAGAIN || error == -E2BIG || error == -EIO);
	assert((error == -EIO) == (virtqueue_broken(vq) != NULL));
	if (error)
		return;
	t->in_flight = true;
	in_flight++;
	next_token++;
}

static void take(void)
{
	u32 written = 0;
	struct token *t = virtqueue_take(vq, &written);

	if (!t)
		return;
	assert(!virtqueue_broken(vq) && written <= t->writable);
	give_back(t);
}

static void step(void)
{
	switch (next() % 10) {
	case 0:
	case 1:
		add();
		break;
	case 2:
		virtqueue_kick(vq);
		break;
	case 3:
		take();
		break;
	case 4:
		virtqueue_want_interrupt(vq, next() & 1);
		break;
	case 5:
		lie();
		break;
	case 6:
		claim();
		break;
	case 7:
		pop();
		break;
	case 8:
		push();
		break;
	default:
		if (honest)
			sim_virtqueue_listen(&device, next() & 1);
	}
}

/* Honest, and all of it done: nothing is left. */
static void finish(void)
{
	virtqueue_kick(vq);
	while (honest && in_flight) {
		while (sim_virtqueue_ready(&device) && popped_count < device.size)
			pop();
		assert(popped_count || device.chains == 0);
		while (popped_count)
			push();
		for (unsigned before = in_flight; in_flight; before = in_flight) {
			take();
			if (in_flight == before)
				break;
		}
	}
	assert(!honest || !virtqueue_broken(vq));
}

/* Broken, it says why, and nothing goes on but forgetting. */
static void check_broken(void)
{
	const char *why = virtqueue_broken(vq);

	if (!why)
		return;
	assert(*why && !honest && !virtqueue_take(vq, NULL) && !virtqueue_kick(vq) &&
	       !virtqueue_want_interrupt(vq, true));
}

static void begin(void)
{
	static const struct dma_domain coherent = { .coherent = true };
	u32 features = next();
	int error;

	sim_reset();
	sim.cache_line_bytes = 16;
	sim_bare_begin(&bare, 1 + next() % SIZE_MOST,
		       (features & CHOOSE_PACKED ? VIRTIO_F_RING_PACKED : 0) |
		       (features & CHOOSE_EVENTS ? VIRTIO_F_EVENT_IDX : 0) |
		       (features & CHOOSE_TABLES ? VIRTIO_F_INDIRECT_DESC : 0) |
		       (features & CHOOSE_ORDER ? VIRTIO_F_IN_ORDER : 0), NULL);
	error = virtqueue_create(&vq, &bare.v, &coherent, 0, 0, SEGMENTS);
	assert(!error);
	sim_bare_queue(&bare, &device, &sim_dma_ops, entries);
	sim.barrier = lie_between;
	honest = true;
	popped_count = next_token = in_flight = 0;
	memset(tokens, 0, sizeof tokens);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static bool has_ram;
	struct token *t;

	if (!has_ram)
		sim_ram(SIM_RAM_AT, RAM_BYTES);
	has_ram = true;
	input = data;
	left = bytes;
	begin();
	while (left) {
		step();
		check_broken();
	}
	finish();
	while ((t = virtqueue_forget(vq)))
		give_back(t);
	assert(in_flight == 0);
	virtqueue_destroy(vq);
	return 0;
}
