/* SPDX-License-Identifier: BSD-2-Clause */
/* The driver. Its hand-overs are like a real one's: the tests take them away one by one. */
#include <string.h>
#include "lib/assert.h"
#include "lib/errors.h"
#include "tests/sim/toy.h"

static size_t lines(size_t bytes, size_t line)
{
	return (bytes + line - 1) & -line;
}

static struct toy_layout layout(size_t line)
{
	struct toy_layout l = { .line = line };

	l.available = lines(TOY_SIZE * sizeof(struct toy_descriptor), line);
	l.used = l.available + lines(sizeof(struct toy_available), line);
	l.event = l.used + lines(sizeof(struct toy_used), line);
	l.headers = l.event + line;
	l.statuses = l.headers + TOY_SIZE * line;
	l.bytes = l.statuses + TOY_SIZE * line;
	return l;
}

static void *at(const struct toy *t, size_t offset)
{
	return (char *)t->memory.cpu + offset;
}

int toy_begin(struct toy *t, const struct dma_domain *domain)
{
	*t = (struct toy){ .domain = domain, .layout = layout(dma_line_bytes()) };
	return dma_alloc(&t->memory, domain, t->layout.bytes, 0, DMA_OWNED);
}

void toy_end(struct toy *t)
{
	dma_free(&t->memory);
}

static void describe(struct toy *t, unsigned slot, enum toy_op op, u32 place)
{
	const struct toy_layout *l = &t->layout;
	struct toy_header *header = at(t, l->headers + slot * l->line);
	struct toy_descriptor *d = (struct toy_descriptor *)at(t, 0) + slot;
	size_t status = l->statuses + slot * l->line;

	*header = (struct toy_header){ op, place };
	dma_give(&t->memory, l->headers + slot * l->line, sizeof *header);
	*(u8 *)at(t, status) = TOY_UNKNOWN;
	dma_give(&t->memory, status, 1);
	*d = (struct toy_descriptor){ t->requests[slot].map.addr.bus,
		(u32)t->requests[slot].map.bytes, (u16)slot, (u16)slot };
	dma_give(&t->memory, slot * sizeof *d, sizeof *d);
}

static void publish(struct toy *t, unsigned slot)
{
	struct toy_available *available = at(t, t->layout.available);
	size_t entry = offsetof(struct toy_available, ring[t->available % TOY_SIZE]);

	available->ring[t->available % TOY_SIZE] = (u16)slot;
	dma_give(&t->memory, t->layout.available + entry, sizeof(u16));
	available->index = ++t->available;
	dma_give(&t->memory, t->layout.available, sizeof(u16));
}

static int lend(struct toy *t, struct dma_mapping *map, enum toy_op op, void *buffer, size_t bytes)
{
	if (op == TOY_READ)
		return dma_map(map, t->domain, buffer, bytes, DMA_FROM_DEVICE);
	return dma_map(map, t->domain, buffer, bytes, DMA_TO_DEVICE);
}

int toy_submit(struct toy *t, enum toy_op op, u32 place, void *buffer, size_t bytes)
{
	unsigned slot = 0;
	int error;

	while (slot < TOY_SIZE && t->requests[slot].busy)
		slot++;
	if (slot == TOY_SIZE)
		return -EAGAIN;
	error = lend(t, &t->requests[slot].map, op, buffer, bytes);
	if (error)
		return error;
	t->requests[slot].busy = true;
	t->requests[slot].status = -EINPROGRESS;
	describe(t, slot, op, place);
	publish(t, slot);
	return (int)slot;
}

/* Publish, then ask whether it looks: store, then load. */
void toy_ring(struct toy *t)
{
	u16 event, before = t->kicked;

	dma_fence();
	dma_take(&t->memory, t->layout.event, sizeof event);
	event = *(const volatile u16 *)at(t, t->layout.event);
	t->kicked = t->available;
	if ((u16)(t->available - event - 1) >= (u16)(t->available - before))
		return;
	t->kicks++;
	t->kick(t->device);
}

static void end(struct toy *t, unsigned slot)
{
	struct toy_request *r = &t->requests[slot];
	size_t status = t->layout.statuses + slot * t->layout.line;

	dma_take(&t->memory, status, 1);
	r->status = *(const volatile u8 *)at(t, status);
	if (r->map.direction == DMA_FROM_DEVICE)
		dma_unmap(&r->map);
	else
		dma_unmap(&r->map);
	r->busy = false;
}

unsigned toy_poll(struct toy *t)
{
	const volatile struct toy_used *used = at(t, t->layout.used);
	unsigned ended = 0;

	for (;; ended++) {
		size_t entry = offsetof(struct toy_used, ring[t->used % TOY_SIZE]);
		u32 slot;

		dma_take(&t->memory, t->layout.used, sizeof(u16));
		if (used->index == t->used)
			return ended;
		dma_take(&t->memory, t->layout.used + entry, sizeof(struct toy_element));
		slot = used->ring[t->used % TOY_SIZE].slot;
		if (slot >= TOY_SIZE || !t->requests[slot].busy)
			return -1u;
		t->used++;
		end(t, slot);
	}
}
