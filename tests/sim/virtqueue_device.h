/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a virtqueue, split (virtio 1.2, 2.7) or packed (2.8). It shares no code with
 * drivers/virtio, and judges the driver: what the standard forbids fails the test ("driver
 * misbehaved: ..."). Memory is accessed through @ops alone, so the device may be in another thread.
 *
 * A device is, whenever it was kicked:
 *
 *	sim_virtqueue_listen(q, false);
 *	do
 *		while (sim_virtqueue_pop(q, &chain, segments, max)) {
 *			...
 *			sim_virtqueue_push(q, chain.id, written);
 *			if (sim_virtqueue_wants_interrupt(q))
 *				...
 *		}
 *	while (!sim_virtqueue_sleep(q));
 */
#pragma once
#include "tests/sim/dma.h"

struct sim_memory_ops {
	void (*read)(u64 bus, void *to, size_t bytes);
	void (*write)(u64 bus, const void *from, size_t bytes);
	void (*fence)(void);			/* stores before, loads after */
};

/* By sim_dma(): what a device sees at this moment, whether the oracle is at work or not. */
extern const struct sim_memory_ops sim_dma_ops;

struct sim_segment {
	u64 addr;
	u32 bytes;
};

/* A request. Its segments are the readable ones, then the writable ones. */
struct sim_chain {
	u16 id;				/* split: of its first descriptor; packed: its buffer id */
	u16 slots;			/* entries of the queue that it takes */
	u16 readable, writable;		/* how many segments */
	u64 readable_bytes, writable_bytes;
};

/* What is known of an id, and of a descriptor. */
struct sim_virtqueue_entry {
	bool popped;			/* an id: not pushed yet */
	bool busy;			/* split, a descriptor: part of such a chain */
	u16 slots;			/* an id */
	u16 next;			/* split: of its chain */
	u16 order;			/* ids as they were popped, round and round */
};

struct sim_virtqueue {
	const struct sim_memory_ops *ops;
	struct sim_virtqueue_entry *entries;
	u64 descriptors, driver, device;	/* the three areas (2.6) */
	u16 size;
	bool packed, indirect, event_index, in_order;

	/*
	 * Lists longer than the queue are taken, as QEMU does of indirect ones. The standard
	 * forbids them (2.7.5.3.1, 2.8.17).
	 */
	bool takes_long_lists;

	/*
	 * How far it is. Split: the indices, modulo 2^16. Packed: descriptors, modulo twice the
	 * size: the wrap counter is 1 in the first half.
	 */
	u32 available, used;
	u32 unasked;				/* how far, since it last asked for interrupts */
	u16 chains, oldest;			/* popped and not pushed; the first in order */
	u16 slots;				/* of these chains */
	u16 next_head;				/* split, in order: where the next chain begins */
};

/* All zeroes, and as large as the queue: @entries. @features: what was negotiated. */
void sim_virtqueue_begin(struct sim_virtqueue *q, const struct sim_memory_ops *ops,
			 struct sim_virtqueue_entry *entries, u16 size, u64 features,
			 u64 descriptors, u64 driver, u64 device);

/* Is there something to pop? */
bool sim_virtqueue_ready(struct sim_virtqueue *q);

/* The next request. Its segments go to @to, of which there are @max; false: there is none. */
bool sim_virtqueue_pop(struct sim_virtqueue *q, struct sim_chain *chain, struct sim_segment *to,
		       unsigned max);

/* The driver may have @id back; in any order unless IN_ORDER was negotiated. */
void sim_virtqueue_push(struct sim_virtqueue *q, u16 id, u32 written);

/* IN_ORDER: the same for all that were popped up to @id, at once. @written: of the last one. */
void sim_virtqueue_push_all(struct sim_virtqueue *q, u16 id, u32 written);

/* After one push or several, of which it was not asked yet: does the driver want an interrupt? */
bool sim_virtqueue_wants_interrupt(struct sim_virtqueue *q);

/* Ask for kicks, or say that none is needed now. */
void sim_virtqueue_listen(struct sim_virtqueue *q, bool wants_kicks);

/* Ask for kicks and look once more: true: there is nothing, so the next thing will be a kick. */
bool sim_virtqueue_sleep(struct sim_virtqueue *q);
