/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues: split (virtio 1.2, 2.7) or packed (2.8), as the negotiated features say. Section
 * numbers are those of virtio 1.2.
 *
 * A queue keeps its own copy of all it wrote and decides on nothing that the device can change: a
 * device that lies can at worst fail requests. One that is caught at it has broken its queue:
 * virtqueue_take finds no more, virtqueue_broken says why, and a reset is what is left.
 */
#pragma once
#include "drivers/virtio/virtio.h"

#define VIRTIO_F_INDIRECT_DESC		((u64)1 << 28)
#define VIRTIO_F_EVENT_IDX		((u64)1 << 29)
#define VIRTIO_F_RING_PACKED		((u64)1 << 34)
#define VIRTIO_F_IN_ORDER		((u64)1 << 35)

struct virtqueue;

struct virtqueue_segment {
	dma_addr_t addr;
	u32 bytes;
};

/*
 * The ring features to want of virtio_begin. RING_PACKED only where memory allows it (both sides
 * write one line: DMA_MIXED); if not, @why_split (may be NULL) gets the reason in words, else NULL.
 */
u64 virtqueue_features(const struct dma_domain *domain, const char **why_split);

/*
 * Make queue @index in one piece of memory and enable it; after virtio_begin, before
 * virtio_driver_ok. @size_limit: entries at most (0: as many as the device offers; a split queue
 * has a power of two). A request has @max_segments at most, and no more than the queue has entries
 * (2.7.5.3.1). Each takes an entry, but where indirect descriptors were negotiated a request takes
 * one in all: if it is long, or the ring is three quarters full, and while there are tables (256
 * KiB of them). 0; -ENOMEM; -ENOTSUP; -ERANGE: no such queue; others of virtio_queue_enable. All
 * are reported by virtio_refuse.
 */
int virtqueue_create(struct virtqueue **vq, struct virtio_device *v,
		     const struct dma_domain *domain, u16 index, u16 size_limit, u16 max_segments);

/* The device was reset before, and virtqueue_forget() has listed what was in flight. */
void virtqueue_destroy(struct virtqueue *vq);

/*
 * Queue one request: @readable segments, then @writable ones, at least one in all. @token: not
 * NULL; virtqueue_take gives it back. The device sees it at the next kick. 0; -EAGAIN: no room now;
 * -E2BIG: never; -EIO: broken.
 */
int virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments, u16 readable,
		  u16 writable, void *token);

/* Tell the device about what was added since the last kick, if it wants telling: whether it did. */
bool virtqueue_kick(struct virtqueue *vq);

/*
 * A finished request's token, or NULL: none now. @written (may be NULL): bytes the device says it
 * wrote, at most what the writable segments hold.
 */
void *virtqueue_take(struct virtqueue *vq, u32 *written);

/* After a reset: what the device will never finish, one token a call; NULL: that was all. */
void *virtqueue_forget(struct virtqueue *vq);

/*
 * Should the device interrupt at the next completion? It is asked not to at first. Asked once, it
 * may do so once: ask before each sleep. true: something may have completed before it learned of
 * that: look again before sleeping.
 */
bool virtqueue_want_interrupt(struct virtqueue *vq, bool want);

const char *virtqueue_broken(const struct virtqueue *vq);	/* why, in words; NULL: it is not */
u16 virtqueue_size(const struct virtqueue *vq);			/* entries */
const char *virtqueue_format(const struct virtqueue *vq);	/* "split, indirect, event index" */
