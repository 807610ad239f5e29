/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between virtqueue.c (slots, tokens, what to believe) and the two formats, which know where things
 * are in memory and who writes what. Private to them.
 *
 * There is a slot for each entry of the ring. A request takes one for each of its entries, and is
 * known to the device by the first: in a split ring that is where its chain begins. Free slots are
 * a queue, the longest free first: where the device completes in order, they come in the order of
 * the ring, as 2.7.5 wants it then.
 */
#pragma once
#include "drivers/virtio/virtqueue.h"

enum { VIRTQUEUE_NO_TABLE = 0xffff, VIRTQUEUE_DESCRIPTOR_BYTES = 16 };

struct virtqueue_slot {
	void *token;			/* NULL: not in flight */
	u32 writable;			/* bytes that the device may write */
	u32 kicks;			/* of the queue, when it was added */
	u16 entries;			/* of the ring, that its request takes */
	u16 last;			/* slot of its chain */
	u16 next;			/* in the chain, or free */
	u16 table;			/* of indirect descriptors, or VIRTQUEUE_NO_TABLE */
};

struct virtqueue_ring {
	const char *name;
	enum dma_lines lines;

	/* Begin, and place the areas: driver_at, device_at. The bytes they take. */
	size_t (*layout)(struct virtqueue *vq, size_t align);

	/*
	 * Write descriptors for slot free_first, and take from the list what they need: into the
	 * ring, or into that slot's table.
	 */
	void (*add_chain)(struct virtqueue *vq, const struct virtqueue_segment *segments,
			  unsigned readable, unsigned count, unsigned extra_flags);
	void (*add_table)(struct virtqueue *vq, const struct virtqueue_segment *segments,
			  unsigned readable, unsigned count);
	bool (*publish)(struct virtqueue *vq);	/* all that was added; is a kick wanted? */

	/*
	 * The next completion, as the device tells it: vq->told, and vq->announced, how many there
	 * are at most. false: there is none, or the queue is broken.
	 */
	bool (*look)(struct virtqueue *vq);
	void (*advance)(struct virtqueue *vq, unsigned entries);	/* past one request */
	bool (*want_interrupt)(struct virtqueue *vq, bool want);
};
extern const struct virtqueue_ring virtqueue_split, virtqueue_packed;

struct virtqueue {
	const struct virtqueue_ring *ring;
	struct virtio_device *device;
	struct virtio_queue queue;
	struct dma_memory memory;	/* descriptors, driver and device area, tables */
	size_t driver_at, device_at, tables_at;
	bool event_index, in_order;
	const char *broken;

	struct virtqueue_slot *slots;
	unsigned size, free;		/* entries */
	unsigned free_first, free_last;	/* slots, where free is not 0 */
	unsigned in_flight, unpublished;	/* requests; the latter are among the former */
	u32 kicks;			/* wanted or not */
	unsigned max_segments;
	u16 *tables;			/* those not used */
	unsigned free_tables;

	struct {
		u32 id, written;
	} told;
	unsigned announced;
	bool in_batch;			/* completed in order, up to told.id */
	unsigned oldest;		/* slot in flight, where they complete in order */
	unsigned forgotten;		/* slots, after a reset */

	union {
		struct {
			u16 available, published, used;	/* free-running */
		} split;
		struct {
			u16 next, flags;	/* entry to fill, and what makes it available */
			u16 first, first_flags;	/* of all unpublished; its flags are kept back */
			u16 used;		/* entry that the device writes next ... */
			bool used_wrap;		/* ... and what it sets both flags to */
		} packed;
	};
	char format[48];
};

static inline void *virtqueue_at(const struct virtqueue *vq, size_t offset)
{
	return (char *)vq->memory.cpu + offset;
}

static inline size_t virtqueue_table_at(const struct virtqueue *vq, u16 table)
{
	return vq->tables_at + (size_t)table * vq->max_segments * VIRTQUEUE_DESCRIPTOR_BYTES;
}

/* false */
static inline bool virtqueue_break(struct virtqueue *vq, const char *reason)
{
	vq->broken = reason;
	return false;
}

/* vring_need_event of 2.7.10: is @event among those from @old on, up to before @now? */
static inline bool virtqueue_passed(u16 event, u16 old, u16 now)
{
	return (u16)(now - event - 1) < (u16)(now - old);
}
