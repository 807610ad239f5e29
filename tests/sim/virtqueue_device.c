/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include "arch/host/sim.h"
#include "lib/assert.h"
#include "tests/sim/virtqueue_device.h"

enum { F_NEXT = 1, F_WRITE = 2, F_INDIRECT = 4, F_AVAILABLE = 1 << 7, F_USED = 1 << 15 };
enum { EVENT_ENABLE = 0, EVENT_DISABLE = 1, EVENT_DESCRIPTOR = 2 };
enum { NO_INTERRUPT = 1, NO_NOTIFY = 1 };
enum { DESCRIPTOR_BYTES = 16, LIST_BYTES_SHIFT = 32, QUEUE_MAX = 32768 };

/* 6 */
enum { INDIRECT_DESC = 28, EVENT_IDX = 29, RING_PACKED = 34, IN_ORDER = 35 };

/* 2.7.5; packed (2.8.13) has an id in place of flags, and flags in place of next. */
struct descriptor {
	u64 addr;
	u32 bytes;
	u16 flags, next;
};

struct packed_descriptor {
	u64 addr;
	u32 bytes;
	u16 id, flags;
};

struct list {
	struct sim_chain *chain;
	struct sim_segment *to;
	unsigned max;
};

#define misbehaved(...)	sim_fail("driver misbehaved: " __VA_ARGS__)

static void no_fence(void)
{
}

const struct sim_memory_ops sim_dma_ops = { sim_dma_read, sim_dma_write, no_fence };

static u16 read16(const struct sim_virtqueue *q, u64 bus)
{
	u16 value;

	q->ops->read(bus, &value, sizeof value);
	return value;
}

static void write16(const struct sim_virtqueue *q, u64 bus, u16 value)
{
	q->ops->write(bus, &value, sizeof value);
}

/* ---- Counting ---- */

static u32 modulus(const struct sim_virtqueue *q)
{
	return q->packed ? 2 * (u32)q->size : 0x10000;
}

static u32 distance(const struct sim_virtqueue *q, u32 from, u32 to)
{
	return (to + modulus(q) - from % modulus(q)) % modulus(q);
}

static u32 after(const struct sim_virtqueue *q, u32 at, u32 count)
{
	return (at + count) % modulus(q);
}

/* The wrap counter (2.8.1). */
static bool wrap(const struct sim_virtqueue *q, u32 at)
{
	return at < q->size;
}

/* ---- Lists of segments ---- */

static void add_segment(const struct sim_virtqueue *q, struct list *l, u64 addr, u32 bytes,
			bool writable)
{
	struct sim_chain *c = l->chain;
	unsigned count = c->readable + c->writable;
	u64 total = c->readable_bytes + c->writable_bytes + bytes;

	if (!bytes)
		misbehaved("a segment of no bytes");
	if (!writable && c->writable)
		misbehaved("a readable segment behind a writable one");
	if (total >> LIST_BYTES_SHIFT && total != (u64)1 << LIST_BYTES_SHIFT)
		misbehaved("a list of 0x%" PRIx64 " bytes", total);
	if (count >= q->size && !q->takes_long_lists)
		misbehaved("a list longer than the queue, which has %u entries", q->size);
	if (count >= l->max)
		sim_fail("sim: a list of more than %u segments", l->max);
	l->to[count] = (struct sim_segment){ addr, bytes };
	if (writable) {
		c->writable++;
		c->writable_bytes += bytes;
	} else {
		c->readable++;
		c->readable_bytes += bytes;
	}
}

static u32 table_entries(const struct sim_virtqueue *q, u32 bytes)
{
	if (!q->indirect)
		misbehaved("an indirect descriptor, which was not negotiated");
	if (!bytes || bytes % DESCRIPTOR_BYTES)
		misbehaved("an indirect table of %" PRIu32 " bytes", bytes);
	return bytes / DESCRIPTOR_BYTES;
}

/* ---- Split: taking ---- */

static bool split_ready(struct sim_virtqueue *q)
{
	u16 index = read16(q, q->driver + 2);
	u32 more = distance(q, q->available, index);

	if (more + q->chains > q->size)
		misbehaved("its available index runs away: from %" PRIu32 " to %u, of %u entries, "
			   "%u in use", q->available, index, q->size, q->chains);
	return more;
}

/* 2.7.5.3: tables have no tables in them. */
static void split_table(const struct sim_virtqueue *q, struct list *l, u64 table, u32 bytes)
{
	u32 entries = table_entries(q, bytes), at = 0;

	for (u32 count = 1;; count++) {
		struct descriptor d;

		q->ops->read(table + at * sizeof d, &d, sizeof d);
		if (d.flags & ~(F_NEXT | F_WRITE))
			misbehaved("flags 0x%x in an indirect table", d.flags);
		add_segment(q, l, d.addr, d.bytes, d.flags & F_WRITE);
		if (!(d.flags & F_NEXT))
			return;
		if (d.next >= entries || count == entries)
			misbehaved("a list that leaves its indirect table, or has no end");
		if (q->in_order && d.next != at + 1)
			misbehaved("descriptor %u follows %" PRIu32 " in an indirect table, though "
				   "in order", d.next, at);
		at = d.next;
	}
}

static void split_claim(struct sim_virtqueue *q, u16 at)
{
	if (at >= q->size)
		misbehaved("descriptor %u, of %u", at, q->size);
	if (q->entries[at].busy)
		misbehaved("descriptor %u is in two lists, or in one twice", at);
	q->entries[at].busy = true;
	q->slots++;
}

static void split_list(struct sim_virtqueue *q, struct list *l, u16 head)
{
	struct descriptor d;

	for (u16 at = head;; at = d.next) {
		split_claim(q, at);
		l->chain->slots++;
		q->ops->read(q->descriptors + at * sizeof d, &d, sizeof d);
		if (d.flags & ~(F_NEXT | F_WRITE | F_INDIRECT) ||
		    (d.flags & (F_NEXT | F_INDIRECT)) == (F_NEXT | F_INDIRECT))
			misbehaved("flags 0x%x of descriptor %u", d.flags, at);
		if (d.flags & F_INDIRECT)
			split_table(q, l, d.addr, d.bytes);
		else
			add_segment(q, l, d.addr, d.bytes, d.flags & F_WRITE);
		q->next_head = (at + 1) % q->size;
		if (!(d.flags & F_NEXT))
			return;
		if (q->in_order && d.next != q->next_head)
			misbehaved("descriptor %u follows %u, though in order", d.next, at);
		q->entries[at].next = d.next;
	}
}

static void split_pop(struct sim_virtqueue *q, struct list *l)
{
	u16 head = read16(q, q->driver + 4 + q->available % q->size * 2);

	if (q->in_order && head != q->next_head)
		misbehaved("a list begins at descriptor %u, though in order", head);
	split_list(q, l, head);
	l->chain->id = head;
	q->available = after(q, q->available, 1);
}

/* ---- Packed: taking ---- */

static u16 packed_flags(const struct sim_virtqueue *q, u32 at)
{
	return read16(q, q->descriptors + at % q->size * DESCRIPTOR_BYTES + 14);
}

static bool is_available(const struct sim_virtqueue *q, u32 at, u16 flags)
{
	return !!(flags & F_AVAILABLE) == wrap(q, at) && !!(flags & F_USED) != wrap(q, at);
}

static bool packed_ready(struct sim_virtqueue *q)
{
	if (!is_available(q, q->available, packed_flags(q, q->available)))
		return false;
	if (q->slots == q->size)
		misbehaved("an available descriptor where all are in use");
	return true;
}

static void packed_table(const struct sim_virtqueue *q, struct list *l, u64 table, u32 bytes)
{
	u32 entries = table_entries(q, bytes);

	for (u32 i = 0; i < entries; i++) {
		struct packed_descriptor d;

		q->ops->read(table + i * sizeof d, &d, sizeof d);
		if (d.flags & ~F_WRITE)
			misbehaved("flags 0x%x in an indirect table", d.flags);
		add_segment(q, l, d.addr, d.bytes, d.flags & F_WRITE);
	}
}

static void packed_flags_check(const struct sim_virtqueue *q, u32 at, u16 flags, u16 slots)
{
	if (!is_available(q, at, flags))
		misbehaved("descriptor %" PRIu32 " of a list is not available (flags 0x%x)",
			   at % q->size, flags);
	if (flags & ~(F_NEXT | F_WRITE | F_INDIRECT | F_AVAILABLE | F_USED))
		misbehaved("flags 0x%x of descriptor %" PRIu32, flags, at % q->size);
	if (flags & F_INDIRECT && (flags & F_NEXT || slots > 1))
		misbehaved("an indirect descriptor is part of a list");
}

/* The id is in the last one (2.8.6). */
static void packed_pop(struct sim_virtqueue *q, struct list *l)
{
	struct packed_descriptor d;
	u32 at = q->available;

	do {
		if (q->slots == q->size)
			misbehaved("a list reaches into descriptors that are in use");
		q->ops->read(q->descriptors + at % q->size * sizeof d, &d, sizeof d);
		q->slots++;
		packed_flags_check(q, at, d.flags, ++l->chain->slots);
		if (d.flags & F_INDIRECT)
			packed_table(q, l, d.addr, d.bytes);
		else
			add_segment(q, l, d.addr, d.bytes, d.flags & F_WRITE);
		at = after(q, at, 1);
	} while (d.flags & F_NEXT);
	if (d.id >= q->size)
		misbehaved("buffer id %u, of %u", d.id, q->size);
	if (q->entries[d.id].popped)
		misbehaved("buffer id %u is in use", d.id);
	l->chain->id = d.id;
	q->available = at;
}

/* ---- Taking, either ---- */

bool sim_virtqueue_ready(struct sim_virtqueue *q)
{
	return q->packed ? packed_ready(q) : split_ready(q);
}

bool sim_virtqueue_pop(struct sim_virtqueue *q, struct sim_chain *chain, struct sim_segment *to,
		       unsigned max)
{
	struct list l = { chain, to, max };
	struct sim_virtqueue_entry *e;

	if (!sim_virtqueue_ready(q))
		return false;
	*chain = (struct sim_chain){ 0 };
	if (q->packed)
		packed_pop(q, &l);
	else
		split_pop(q, &l);
	e = &q->entries[chain->id];
	e->popped = true;
	e->slots = chain->slots;
	q->entries[(q->oldest + q->chains++) % q->size].order = chain->id;
	return true;
}

/* ---- Giving back ---- */

static void split_write_used(struct sim_virtqueue *q, u16 id, u32 written, u32 step)
{
	u32 element[2] = { id, written };

	q->ops->write(q->device + 4 + q->used % q->size * sizeof element, element, sizeof element);
	q->used = after(q, q->used, step);
	write16(q, q->device + 2, (u16)q->used);
}

/* The flags last: with them it is used. */
static void packed_write_used(struct sim_virtqueue *q, u16 id, u32 written, u32 step)
{
	u64 at = q->descriptors + q->used % q->size * DESCRIPTOR_BYTES;
	u16 flags = wrap(q, q->used) ? F_AVAILABLE | F_USED : 0;

	if (written)
		flags |= F_WRITE;
	q->ops->write(at + 8, &written, sizeof written);
	write16(q, at + 12, id);
	write16(q, at + 14, flags);
	q->used = after(q, q->used, step);
}

static void release(struct sim_virtqueue *q, u16 id)
{
	struct sim_virtqueue_entry *e = &q->entries[id];
	u16 at = id;

	e->popped = false;
	q->slots -= e->slots;
	q->oldest = (q->oldest + 1) % q->size;
	q->chains--;
	for (u16 i = 0; !q->packed && i < e->slots; i++) {
		q->entries[at].busy = false;
		at = q->entries[at].next;
	}
}

static u16 oldest(const struct sim_virtqueue *q)
{
	return q->entries[q->oldest].order;
}

static void write_used(struct sim_virtqueue *q, u16 id, u32 written, u32 chains, u32 slots)
{
	if (q->packed)
		packed_write_used(q, id, written, slots);
	else
		split_write_used(q, id, written, chains);
	q->unasked += q->packed ? slots : chains;
}

void sim_virtqueue_push(struct sim_virtqueue *q, u16 id, u32 written)
{
	if (id >= q->size || !q->entries[id].popped || (q->in_order && id != oldest(q)))
		sim_fail("sim: id %u is pushed, which may not be", id);
	release(q, id);
	write_used(q, id, written, 1, q->entries[id].slots);
}

void sim_virtqueue_push_all(struct sim_virtqueue *q, u16 id, u32 written)
{
	u32 chains = 0, slots = 0;
	u16 last;

	if (id >= q->size || !q->entries[id].popped || !q->in_order)
		sim_fail("sim: all up to id %u are pushed, which may not be", id);
	do {
		last = oldest(q);
		release(q, last);
		chains++;
		slots += q->entries[last].slots;
	} while (last != id);
	write_used(q, id, written, chains, slots);
}

/* ---- Interrupts, and kicks ---- */

static bool split_wants_interrupt(struct sim_virtqueue *q, u32 *event)
{
	u16 flags = read16(q, q->driver);

	if (flags & ~NO_INTERRUPT || (flags && q->event_index))
		misbehaved("flags 0x%x of its available ring%s", flags,
			   q->event_index ? ", with event indices" : "");
	if (q->event_index)
		*event = read16(q, q->driver + 4 + 2 * q->size);
	return !flags;
}

/* The event as a place on the circle of both wraps. */
static bool packed_wants_interrupt(struct sim_virtqueue *q, u32 *event)
{
	u16 words[2], place;

	q->ops->read(q->driver, words, sizeof words);
	place = words[0] & 0x7fff;
	switch (words[1]) {
	case EVENT_ENABLE:
		return true;
	case EVENT_DISABLE:
		return false;
	case EVENT_DESCRIPTOR:
		if (!q->event_index || place >= q->size)
			break;
		*event = place + (words[0] >> 15 ? 0 : q->size);
		return true;
	}
	misbehaved("an event suppression of 0x%x, flags 0x%x", words[0], words[1]);
}

bool sim_virtqueue_wants_interrupt(struct sim_virtqueue *q)
{
	u32 unasked = q->unasked, asked = distance(q, unasked, q->used);
	u32 event = asked;		/* any will do, unless the driver names one */
	bool wants;

	if (!unasked)
		return false;
	q->ops->fence();
	wants = q->packed ? packed_wants_interrupt(q, &event) : split_wants_interrupt(q, &event);
	q->unasked = 0;
	return wants && distance(q, asked, event) < unasked;
}

/* Without event indices the flags say it; split, with them, the index of what is gone is enough. */
void sim_virtqueue_listen(struct sim_virtqueue *q, bool wants_kicks)
{
	u16 place = (u16)(q->available % q->size | (wrap(q, q->available) ? 1 << 15 : 0));

	if (!q->packed && !q->event_index) {
		write16(q, q->device, wants_kicks ? 0 : NO_NOTIFY);
	} else if (!q->packed) {
		if (wants_kicks)
			write16(q, q->device + 4 + 8 * (u64)q->size, (u16)q->available);
	} else if (!wants_kicks) {
		write16(q, q->device + 2, EVENT_DISABLE);
	} else {
		if (q->event_index)
			write16(q, q->device, place);
		write16(q, q->device + 2, q->event_index ? EVENT_DESCRIPTOR : EVENT_ENABLE);
	}
}

bool sim_virtqueue_sleep(struct sim_virtqueue *q)
{
	sim_virtqueue_listen(q, true);
	q->ops->fence();
	return !sim_virtqueue_ready(q);
}

/* ---- Beginning ---- */

static bool has(u64 features, unsigned bit)
{
	return features >> bit & 1;
}

void sim_virtqueue_begin(struct sim_virtqueue *q, const struct sim_memory_ops *ops,
			 struct sim_virtqueue_entry *entries, u16 size, u64 features,
			 u64 descriptors, u64 driver, u64 device)
{
	bool packed = has(features, RING_PACKED);

	if (!size || size > QUEUE_MAX || (!packed && (size & (size - 1))))
		misbehaved("a queue of %u entries", size);
	if (descriptors % 16 || driver % (packed ? 4 : 2) || device % 4)
		misbehaved("a queue's areas are at 0x%" PRIx64 ", 0x%" PRIx64 ", 0x%" PRIx64,
			   descriptors, driver, device);
	for (u16 i = 0; i < size; i++)
		entries[i] = (struct sim_virtqueue_entry){ 0 };
	*q = (struct sim_virtqueue){
		.ops = ops, .entries = entries, .descriptors = descriptors, .driver = driver,
		.device = device, .size = size, .packed = packed,
		.indirect = has(features, INDIRECT_DESC), .event_index = has(features, EVENT_IDX),
		.in_order = has(features, IN_ORDER),
	};
}
