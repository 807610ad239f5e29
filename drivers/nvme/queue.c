/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/nvme/queue.h"

#include "lib/errors.h"

enum {
	CID_USE = 0x100,		/* a slot's commands differ by this; the slot is below it */
	CID_NONE = 0xff00,		/* from here on: left to others (NVMe 2.0, 3.3.1.2) */
	HELD_SHARE = 3,			/* held back: up to a third of what the device has to do */
};

/* ---- Life ---- */

static int alloc_cq(struct nvme_queue *q)
{
	return dma_alloc(&q->cq, q->domain, q->entries * sizeof(struct nvme_completion),
			 q->page_bytes, DMA_OWNED);
}

static void begin(struct nvme_queue *q)
{
	q->tail = q->rung = q->head = q->acknowledged = q->in_device = 0;
	q->phase = 1;
	for (unsigned i = 0; i < q->slots; i++)
		q->busy[i] = false;
}

int nvme_queue_create(struct nvme_queue *q)
{
	int error = dma_alloc(&q->sq, q->domain, q->entries * sizeof(struct nvme_command),
			      q->page_bytes, DMA_OWNED);

	if (!error)
		error = alloc_cq(q);
	if (error) {
		dma_free(&q->sq);
		return error;
	}
	for (unsigned i = 0; i < q->slots; i++) {
		q->free[i] = (u8)i;
		q->cids[i] = (u16)i;
	}
	q->free_count = q->slots;
	begin(q);
	return 0;
}

void nvme_queue_destroy(struct nvme_queue *q)
{
	dma_free(&q->sq);
	dma_free(&q->cq);
}

/* Old completions would look like new ones; their lines are the device's, so they go as a whole. */
int nvme_queue_restart(struct nvme_queue *q)
{
	dma_free(&q->cq);
	begin(q);
	return alloc_cq(q);
}

int nvme_queue_take_slot(struct nvme_queue *q)
{
	return q->free_count ? q->free[--q->free_count] : -EAGAIN;
}

void nvme_queue_return_slot(struct nvme_queue *q, unsigned slot)
{
	q->free[q->free_count++] = (u8)slot;
}

/* ---- Doorbells ---- */

/* Did the index, on its way from @old to @new, come past the event? (as for virtio 1.2, 2.7.7.2) */
static bool passes(u16 event, u16 new, u16 old, u16 entries)
{
	unsigned moved = ((unsigned)new + entries - old) % entries;

	return (event + (unsigned)entries - old) % entries < moved;
}

/*
 * The device may stop looking at the shadow at any time, having said up to where in its event
 * index; so that is read behind our own index, whatever is on its way. For the admin queues it says
 * nothing, and is always told.
 */
static bool wants_bell(struct nvme_queue *q, size_t offset, u16 new, u16 old)
{
	u32 event;

	if (!q->shadow)
		return true;
	*(u32 *)((char *)q->shadow->cpu + offset) = new;
	dma_give(q->shadow, offset, sizeof(u32));
	if (!q->id)
		return true;
	dma_fence();
	dma_take(q->events, offset, sizeof(u32));
	event = *(const u32 *)((const char *)q->events->cpu + offset);
	return passes((u16)event, new, old, q->entries);
}

static void ring(struct nvme_queue *q, unsigned which, u16 new, u16 old, u64 *count)
{
	size_t offset = (2 * q->id + which) * q->stride;

	if (!wants_bell(q, offset, new, old))
		return;
	mmio_write32(q->registers, NVME_DOORBELLS + offset, new);
	++*count;
}

void nvme_queue_ring(struct nvme_queue *q, bool idle)
{
	u16 held = (u16)((q->tail + q->entries - q->rung) % q->entries);

	if (!held || (!idle && held * HELD_SHARE < q->in_device))
		return;
	ring(q, 0, q->tail, q->rung, &q->counters.tail_bells);
	q->rung = q->tail;
	q->in_device += held;
}

/*
 * The device needs room for what is in flight, no more; so it need not hear of each one taken. But
 * those of the admin queue it wants to interrupt for until it has heard, and QEMU's still does when
 * the next one drives it.
 */
static void acknowledge(struct nvme_queue *q)
{
	u16 taken = (u16)((q->head + q->entries - q->acknowledged) % q->entries);

	if (q->id && taken < q->entries - q->slots)
		return;
	ring(q, 1, q->head, q->acknowledged, &q->counters.head_bells);
	q->acknowledged = q->head;
}

/* ---- Commands ---- */

void nvme_queue_submit(struct nvme_queue *q, unsigned slot, struct nvme_command *command)
{
	size_t offset = q->tail * sizeof(*command);
	u16 cid = (u16)(q->cids[slot] + CID_USE);

	if (cid >= CID_NONE)
		cid = (u16)slot;
	q->cids[slot] = cid;
	q->busy[slot] = true;
	command->cid = le16_put(cid);
	*(struct nvme_command *)((char *)q->sq.cpu + offset) = *command;
	dma_give(&q->sq, offset, sizeof(*command));
	q->tail = (u16)(q->tail + 1) == q->entries ? 0 : (u16)(q->tail + 1);
	q->counters.commands++;
}

/* Nothing but the phase bit says whether an entry is new, and that may be there before the rest. */
static bool next(struct nvme_queue *q, struct nvme_completion *completion)
{
	size_t offset = q->head * sizeof(*completion);
	const volatile struct nvme_completion *entry;

	entry = (const void *)((const char *)q->cq.cpu + offset);
	dma_take(&q->cq, offset, sizeof(*completion));
	if ((entry->status.raw & 1) != q->phase)
		return false;
	dma_take(&q->cq, offset, sizeof(*completion));
	*completion = *entry;
	if (++q->head == q->entries) {
		q->head = 0;
		q->phase ^= 1;
	}
	acknowledge(q);
	return true;
}

int nvme_queue_poll(struct nvme_queue *q, struct nvme_completion *completion)
{
	for (unsigned looks = 0; looks < q->entries && next(q, completion); looks++) {
		u16 cid = le16_get(completion->cid);
		unsigned slot = cid % CID_USE;

		if (slot < q->slots && q->busy[slot] && q->cids[slot] == cid &&
		    le16_get(completion->sqid) == q->id) {
			q->busy[slot] = false;
			q->in_device -= q->in_device > 0;
			return (int)slot;
		}
		q->counters.refused++;
	}
	return -EAGAIN;
}
