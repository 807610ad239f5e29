/* SPDX-License-Identifier: BSD-2-Clause */
/* virtqueue_exhaustive_test.c: what may happen beside the driver. */
#pragma once
#include "tests/drivers/virtqueue_state.h"

/* ---- Requests ---- */

struct shape { u16 readable, writable; };

static struct shape shape_of(unsigned request)
{
	static const struct shape shapes[] = { { 1, 0 }, { 1, 1 }, { 0, 1 }, { 1, 2 }, { 0, 2 } };
	struct shape shape = shapes[request % 5];

	while (shape.readable + shape.writable > config.size)
		*(shape.readable ? &shape.readable : &shape.writable) -= 1;
	return shape;
}

static struct virtqueue_segment segment_of(unsigned request, unsigned i)
{
	return (struct virtqueue_segment){ { 0x10000 * (request + 1) + 0x100 * i }, 16 + i };
}

static u32 room_of(unsigned request)
{
	struct shape shape = shape_of(request);
	u32 bytes = 0;

	for (unsigned i = 0; i < shape.writable; i++)
		bytes += segment_of(request, shape.readable + i).bytes;
	return bytes;
}

/*
 * ---- Dead memory ----
 *
 * What nobody may look at any more is made the same in all states: so they are fewer, and who looks
 * there nevertheless finds rubbish.
 */

enum { RUBBISH = 0xdd };

static void spoil(size_t at, size_t bytes)
{
	memset(s.coherent.ours + at, RUBBISH, bytes);
	memset(known + at, RUBBISH, bytes);
	memset(s.theirs + at, RUBBISH, bytes);
}

static void spoil_descriptor(unsigned slot, u16 indirect)
{
	u64 addr;
	u32 bytes;

	memcpy(&addr, s.theirs + 16 * slot, sizeof addr);
	memcpy(&bytes, s.theirs + 16 * slot + 8, sizeof bytes);
	if (indirect & 4)
		spoil(in_area(addr, bytes), bytes);
	spoil(16 * slot, config.packed ? 14 : 16);
}

/* The device has read a chain that began there. */
static void spoil_chain(const struct sim_chain *chain, u32 began)
{
	u16 slot = config.packed ? (u16)(began % config.size) : chain->id, flags;

	if (!config.packed)
		spoil(vq->driver_at + 4 + began % config.size * 2, 2);
	for (unsigned i = 0; i < chain->slots; i++) {
		memcpy(&flags, s.theirs + 16 * slot + (config.packed ? 14 : 12), sizeof flags);
		spoil_descriptor(slot, flags);
		slot = config.packed ? (slot + 1) % config.size : s.entries[slot].next;
	}
}

/* The driver has read where the device completed one: the latest of those that it took. */
static void spoil_used(u16 used)
{
	if (config.packed)
		spoil(used * 16u + 8, 6);
	else
		spoil(vq->device_at + 4 + used % config.size * 8u, 8);
}

/* What the driver and the device remember of what has ended. */
static void forget_ended(void)
{
	bool told = vq->in_batch || (!config.packed && vq->announced);

	for (unsigned i = 0; i < config.size; i++) {
		struct virtqueue_slot *slot = &vq->slots[i];

		if (!slot->token)
			slot->writable = slot->entries = slot->last = slot->table = 0;
		if (!s.entries[i].popped)
			s.entries[i].slots = 0;
		if (!s.entries[i].busy)
			s.entries[i].next = 0;
		if ((i + config.size - s.q.oldest) % config.size >= s.q.chains)
			s.entries[i].order = 0;
	}
	for (unsigned i = vq->free_tables; i < tables; i++)
		vq->tables[i] = 0;
	if (!told)
		memset(&vq->told, 0, sizeof vq->told);
	if (config.packed && !vq->in_batch)
		vq->announced = 0;
	if (!vq->in_flight)
		vq->oldest = vq->free_first;
}

/* ---- The device moves ---- */

static void pop(void)
{
	struct sim_segment segments[SEGMENTS_MOST];
	struct sim_chain chain;
	struct popped *p = &s.side.popped[s.side.popped_count++];
	u32 began = s.q.available;
	unsigned request;

	sim_virtqueue_pop(&s.q, &chain, segments, SEGMENTS_MOST);
	request = (unsigned)(segments[0].addr / 0x10000 - 1);
	if (request >= s.user.added || chain.readable != shape_of(request).readable ||
	    chain.writable != shape_of(request).writable)
		wrong("the device pops what was not added");
	for (unsigned i = 0; i < (unsigned)chain.readable + chain.writable; i++)
		if (segments[i].addr != segment_of(request, i).addr.bus ||
		    segments[i].bytes != segment_of(request, i).bytes)
			wrong("the device pops what was not added");
	*p = (struct popped){ chain.id, (u16)request };
	spoil_chain(&chain, began);
}

static void step(void)
{
	bool ready;

	if (s.side.pc == ASLEEP) {
		s.side.kicked = false;
		sim_virtqueue_listen(&s.q, false);
		s.side.pc = AWAKE;
		return;
	}
	ready = sim_virtqueue_ready(&s.q);
	if (s.side.pc == LISTENING) {
		s.side.pc = ready ? AWAKE : ASLEEP;
	} else if (ready) {
		pop();
	} else {
		sim_virtqueue_listen(&s.q, true);
		s.side.pc = LISTENING;
	}
}

/* @all: with those that were popped before it, as a batch. */
static void push(unsigned which, bool all)
{
	unsigned first = all ? 0 : which;
	struct popped p = s.side.popped[which];
	u32 written = p.request % 2 ? room_of(p.request) : room_of(p.request) / 2;

	for (unsigned i = first; i <= which; i++) {
		unsigned request = s.side.popped[i].request;

		s.side.pushed[s.side.pushed_count++] = (struct pushed){
			request, i < which ? room_of(request) : written,
		};
	}
	if (all)
		sim_virtqueue_push_all(&s.q, p.id, written);
	else
		sim_virtqueue_push(&s.q, p.id, written);
	s.side.to_ask = true;
	s.side.popped_count -= which + 1 - first;
	for (unsigned i = first; i < s.side.popped_count; i++)
		s.side.popped[i] = s.side.popped[i + which + 1 - first];
	for (unsigned i = s.side.popped_count; i < SIZE_MOST; i++)
		s.side.popped[i] = (struct popped){ 0 };
}

static void ask(void)
{
	s.side.to_ask = false;
	s.user.interrupted |= sim_virtqueue_wants_interrupt(&s.q);
}

/* ---- All that may happen beside the driver ---- */

/* In the middle of a virtqueue_ function; NULL: not there, or nothing happens there. */
static struct decisions {
	u8 choice[DECISIONS_MOST], choices[DECISIONS_MOST];
	unsigned count;
} *decisions;


enum move_kind { ARRIVE, ARRIVE_FIRST, SEE, SEE_FIRST, STEP, ASK, PUSH, PUSH_ALL };
struct move {
	enum move_kind kind;
	unsigned which;
};

/* Of several stores in no order, the one that the device is waiting for. Or 0: no such choice. */
static unsigned awaited_store(void)
{
	size_t at = config.packed ? s.q.available % config.size * 16 + 14 : vq->driver_at + 2;
	const struct sim_store *stores = s.coherent.stores;

	for (unsigned i = 0; i < s.coherent.count; i++)
		if (stores[i].at == at)
			return i && stores[i - 1].group == stores[i].group ? i : 0;
	return 0;
}

static void arrive_first(unsigned which)
{
	u16 group = s.coherent.stores[which].group;

	for (; s.coherent.stores[0].group != group; which--)
		arrive(0);
	arrive(which);
}

/* The same for the driver. */
static unsigned awaited_late(void)
{
	size_t at = config.packed ? vq->packed.used * 16u + 14 : vq->device_at + 2;

	for (unsigned i = 1; i < s.late_count; i++)
		if (s.late[i].at == at)
			return i;
	return 0;
}

static unsigned list_moves(struct move *m)
{
	const struct move *begin = m;

	if (until_looked_at())
		*m++ = (struct move){ ARRIVE, until_looked_at() };
	if (weak && awaited_store())
		*m++ = (struct move){ ARRIVE_FIRST, awaited_store() };
	if (decisions && s.late_count)
		*m++ = (struct move){ SEE, 0 };
	if (decisions && awaited_late())
		*m++ = (struct move){ SEE_FIRST, awaited_late() };
	if (s.side.pc != ASLEEP || s.side.kicked)
		*m++ = (struct move){ STEP, 0 };
	if (s.side.to_ask)
		*m++ = (struct move){ ASK, 0 };
	for (unsigned i = 0; i < (config.in_order ? !!s.side.popped_count : s.side.popped_count);
	     i++)
		*m++ = (struct move){ PUSH, i };
	for (unsigned i = 1; config.in_order && i < s.side.popped_count; i++)
		*m++ = (struct move){ PUSH_ALL, i };
	return (unsigned)(m - begin);
}

static void see(void)
{
	bool more;

	do {
		more = s.late[0].with_next;
		see_late(0);
	} while (more && s.late_count);
}

static void arrive_some(unsigned count)
{
	while (count--)
		arrive(0);
}

static const char *make(struct move m)
{
	static const char *const words[] = {
		"stores arrive", "one store arrives first", "the driver sees a store",
		"the driver sees a store early", NULL, "the device asks for interrupts",
		"the device completes one", "the device completes several",
	};
	static const char *const steps[] = {
		"the device wakes", "the device looks", "the device looks again",
	};
	const char *name = m.kind == STEP ? steps[s.side.pc] : words[m.kind];

	switch (m.kind) {
	case ARRIVE:		arrive_some(m.which); break;
	case ARRIVE_FIRST:	arrive_first(m.which); break;
	case SEE:		see(); break;
	case SEE_FIRST:		see_late(m.which); break;
	case STEP:		step(); break;
	case ASK:		ask(); break;
	case PUSH:		push(m.which, false); break;
	case PUSH_ALL:		push(m.which, true); break;
	}
	return name;
}
