/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/virtio/virtqueue_ring.h"
#include "lib/assert.h"
#include "lib/errors.h"

enum { TABLES_BYTES_MAX = 256 << 10 };	/* of a queue; who gets none is a chain */
enum { SHORT = 4 };			/* segments */

u64 virtqueue_features(const struct dma_domain *domain, const char **why_split)
{
	struct dma_memory probe;
	const char *reason = NULL;

	switch (dma_alloc(&probe, domain, 1, 0, DMA_MIXED)) {
	case 0:
		dma_free(&probe);
		break;
	case -ENOMEM:
		reason = "there is no memory in its reach";
		break;
	default:
		reason = "a packed ring wants memory that is coherent, or can be used uncached";
	}
	if (why_split)
		*why_split = reason;
	return VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_IN_ORDER |
		(reason ? 0 : VIRTIO_F_RING_PACKED);
}

/* ---- Making ---- */

static unsigned choose_size(const struct virtqueue *vq, unsigned most, unsigned limit)
{
	unsigned size = 1;

	if (limit && limit < most)
		most = limit;
	if (vq->ring == &virtqueue_packed)
		return most;
	while (size <= most / 2)
		size *= 2;
	return size;
}

static void free_all(struct virtqueue *vq)
{
	dma_free(&vq->memory);
	free(vq->tables);
	free(vq->slots);
	free(vq);
}

/* Everything in one piece; the tables last. */
static int place(struct virtqueue *vq, const struct dma_domain *domain)
{
	size_t line = dma_line_bytes(), align = vq->device->legacy ? vq->device->ring_align : line;
	size_t bytes = vq->ring->layout(vq, align);

	if (vq->free_tables) {
		vq->tables_at = (bytes + line - 1) & -line;
		bytes = virtqueue_table_at(vq, vq->free_tables);
	}
	return dma_alloc(&vq->memory, domain, bytes, align, vq->ring->lines);
}

static int allocate(struct virtqueue *vq, const struct dma_domain *domain, bool indirect)
{
	unsigned table_bytes = vq->max_segments * VIRTQUEUE_DESCRIPTOR_BYTES;
	unsigned count = indirect && vq->max_segments > 1 ? TABLES_BYTES_MAX / table_bytes : 0;
	int error;

	vq->free_tables = count < vq->size ? count : vq->size;
	vq->slots = calloc(vq->size, sizeof(*vq->slots));
	vq->tables = calloc(vq->free_tables + 1, sizeof(*vq->tables));
	if (!vq->slots || !vq->tables)
		return -ENOMEM;
	error = place(vq, domain);
	if (error)
		return error;
	for (unsigned i = 0; i < vq->free_tables; i++)
		vq->tables[i] = (u16)i;
	for (unsigned i = 0; i + 1 < vq->size; i++)
		vq->slots[i].next = (u16)(i + 1);
	vq->free = vq->size;
	vq->free_last = vq->size - 1;
	vq->queue.descriptors = vq->memory.addr;
	vq->queue.driver = dma_at(&vq->memory, vq->driver_at);
	vq->queue.device = dma_at(&vq->memory, vq->device_at);
	return 0;
}

int virtqueue_create(struct virtqueue **made, struct virtio_device *v,
		     const struct dma_domain *domain, u16 index, u16 size_limit, u16 max_segments)
{
	u64 features = v->features;
	u32 most = virtio_queue_max_size(v, index);
	struct virtqueue *vq = most ? calloc(1, sizeof(*vq)) : NULL;
	int error;

	assert(max_segments);
	if (!vq)
		return most ? virtio_refuse(v, -ENOMEM, "no memory for its queue %u", index)
			    : virtio_refuse(v, -ERANGE, "it has no queue %u", index);
	vq->ring = features & VIRTIO_F_RING_PACKED ? &virtqueue_packed : &virtqueue_split;
	vq->device = v;
	vq->event_index = features & VIRTIO_F_EVENT_IDX;
	vq->in_order = features & VIRTIO_F_IN_ORDER;
	vq->size = choose_size(vq, most, size_limit);
	vq->queue.index = index;
	vq->queue.size = (u16)vq->size;
	vq->max_segments = max_segments < vq->size ? max_segments : vq->size;
	snprintf(vq->format, sizeof(vq->format), "%s%s%s%s", vq->ring->name,
		 features & VIRTIO_F_INDIRECT_DESC ? ", indirect" : "",
		 vq->event_index ? ", event index" : "", vq->in_order ? ", in order" : "");

	error = allocate(vq, domain, features & VIRTIO_F_INDIRECT_DESC);
	if (error) {
		virtio_refuse(v, error, "no memory for its queue %u of %u entries", index,
			      vq->size);
	} else {
		vq->ring->want_interrupt(vq, false);
		error = virtio_queue_enable(v, &vq->queue);
	}
	if (error) {
		free_all(vq);
		return error;
	}
	*made = vq;
	return 0;
}

void virtqueue_destroy(struct virtqueue *vq)
{
	assert(!vq->in_flight);
	free_all(vq);
}

/* ---- Requests ---- */

static u32 total(const struct virtqueue_segment *segments, unsigned count)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < count; i++)
		bytes += segments[i].bytes;
	return bytes < UINT32_MAX ? (u32)bytes : UINT32_MAX;
}

/*
 * A table costs the device one more thing to look up (in QEMU it is the larger part of a small
 * request), so short chains are written into the ring as long as three quarters of it are not used.
 */
static bool wants_table(const struct virtqueue *vq, unsigned count)
{
	return count > 1 && vq->free_tables &&
		(count > SHORT || vq->free < vq->size / 4 + count);
}

int virtqueue_add(struct virtqueue *vq, const struct virtqueue_segment *segments, u16 readable,
		  u16 writable, void *token)
{
	unsigned count = (unsigned)readable + writable;
	bool indirect = wants_table(vq, count);
	unsigned entries = indirect ? 1 : count;
	struct virtqueue_slot *slot = &vq->slots[vq->free_first];

	assert(token && count);
	if (vq->broken)
		return -EIO;
	if (count > vq->max_segments)
		return -E2BIG;
	if (entries > vq->free)
		return -EAGAIN;
	slot->token = token;
	slot->writable = total(segments + readable, writable);
	slot->kicks = vq->kicks;
	slot->entries = (u16)entries;
	slot->table = VIRTQUEUE_NO_TABLE;
	if (indirect) {
		slot->table = vq->tables[--vq->free_tables];
		vq->ring->add_table(vq, segments, readable, count);
	} else {
		vq->ring->add_chain(vq, segments, readable, count, 0);
	}
	vq->free -= entries;
	vq->in_flight++;
	vq->unpublished++;
	return 0;
}

bool virtqueue_kick(struct virtqueue *vq)
{
	bool wanted;

	if (vq->broken || !vq->unpublished)
		return false;
	wanted = vq->ring->publish(vq);
	vq->unpublished = 0;
	vq->kicks++;
	if (wanted)
		virtio_notify(vq->device, &vq->queue);
	return wanted;
}

/* ---- Completions ---- */

static void *release(struct virtqueue *vq, unsigned id)
{
	struct virtqueue_slot *slot = &vq->slots[id];
	void *token = slot->token;

	slot->token = NULL;
	if (slot->table != VIRTQUEUE_NO_TABLE)
		vq->tables[vq->free_tables++] = slot->table;
	if (vq->free)
		vq->slots[vq->free_last].next = (u16)id;
	else
		vq->free_first = id;
	vq->free_last = slot->last;
	vq->free += slot->entries;
	vq->in_flight--;
	return token;
}

/* May the next completion be what the device says? Not of what it has yet to be told of. */
static bool believe(struct virtqueue *vq)
{
	const struct virtqueue_slot *slot = &vq->slots[vq->told.id];

	if (vq->told.id >= vq->size)
		return virtqueue_break(vq, "it completes a request outside of its queue");
	if (!slot->token || slot->kicks == vq->kicks)
		return virtqueue_break(vq, "it completes a request that is not in flight: there "
				       "was none, or it has completed it before");
	if (vq->told.written > slot->writable)
		return virtqueue_break(vq, "it says that it wrote more than a request had room "
				       "for");
	return true;
}

/* In order, it names the last of several: the others were then used whole (2.7.9, 2.8.12). */
void *virtqueue_take(struct virtqueue *vq, u32 *written)
{
	struct virtqueue_slot *slot;
	unsigned id;

	if (vq->broken)
		return NULL;
	if (!vq->in_batch && (!vq->ring->look(vq) || !believe(vq)))
		return NULL;
	if (!vq->announced) {
		virtqueue_break(vq, "it completes more requests than it counts, or was given");
		return NULL;
	}
	vq->announced--;
	id = vq->in_order ? vq->oldest : vq->told.id;
	slot = &vq->slots[id];
	vq->in_batch = id != vq->told.id;
	vq->oldest = vq->slots[slot->last].next;
	if (written)
		*written = vq->in_batch ? slot->writable : vq->told.written;
	vq->ring->advance(vq, slot->entries);
	return release(vq, id);
}

void *virtqueue_forget(struct virtqueue *vq)
{
	vq->broken = "its device was reset";
	while (vq->forgotten < vq->size)
		if (vq->slots[vq->forgotten++].token)
			return release(vq, vq->forgotten - 1);
	return NULL;
}

bool virtqueue_want_interrupt(struct virtqueue *vq, bool want)
{
	return !vq->broken && (vq->ring->want_interrupt(vq, want) || (want && vq->in_batch));
}

/* ---- For people ---- */

const char *virtqueue_broken(const struct virtqueue *vq)
{
	return vq->broken;
}

u16 virtqueue_size(const struct virtqueue *vq)
{
	return vq->queue.size;
}

const char *virtqueue_format(const struct virtqueue *vq)
{
	return vq->format;
}
