/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Split virtqueues: virtio 1.2, 2.7. We alone write descriptors, tables and the available ring,
 * the device alone writes the used ring, for as long as the queue lives.
 */
#include "drivers/virtio/virtqueue_ring.h"
#include "lib/endian.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4 };
enum { NO_INTERRUPT = 1, NO_NOTIFY = 1 };

struct descriptor { le64 addr; le32 bytes; le16 flags, next; };
struct available { le16 flags, index, ring[]; };			/* and used_event */
struct element { le32 head, written; };
struct used { le16 flags, index; struct element ring[]; };	/* and avail_event */
_Static_assert(sizeof(struct descriptor) == VIRTQUEUE_DESCRIPTOR_BYTES, "2.7.5");
_Static_assert(sizeof(struct element) == 8, "2.7.8");

static struct available *available_of(const struct virtqueue *vq)
{
	return virtqueue_at(vq, vq->driver_at);
}

static const volatile struct used *used_of(const struct virtqueue *vq)
{
	return virtqueue_at(vq, vq->device_at);
}

/* As 2.7.2 has it for legacy devices; others do not mind. */
static size_t layout(struct virtqueue *vq, size_t align)
{
	vq->driver_at = vq->size * sizeof(struct descriptor);
	vq->device_at = vq->driver_at + sizeof(struct available) + 2 * ((size_t)vq->size + 1);
	vq->device_at = (vq->device_at + align - 1) & -align;
	return vq->device_at + sizeof(struct used) + vq->size * sizeof(struct element) + 2;
}

/* ---- To the device ---- */

static struct descriptor describe(const struct virtqueue_segment *s, unsigned flags, unsigned next)
{
	return (struct descriptor){
		le64_put(s->addr.bus), le32_put(s->bytes), le16_put((u16)flags),
		le16_put((u16)next),
	};
}

static unsigned flags_of(unsigned i, unsigned readable, unsigned count)
{
	return (i + 1 < count ? NEXT : 0) | (i >= readable ? WRITE : 0);
}

/* From slot free_first on. Descriptors that are neighbours are handed over together. */
static void add_chain(struct virtqueue *vq, const struct virtqueue_segment *segments,
		      unsigned readable, unsigned count, unsigned extra_flags)
{
	struct descriptor *d = virtqueue_at(vq, 0);
	unsigned head = vq->free_first, from = head, last = head, at = head;

	for (unsigned i = 0; i < count; i++) {
		last = at;
		at = vq->slots[last].next;
		d[last] = describe(&segments[i], flags_of(i, readable, count) | extra_flags, at);
		if (at == last + 1 && i + 1 < count)
			continue;
		dma_give(&vq->memory, from * sizeof(*d), (last + 1 - from) * sizeof(*d));
		from = at;
	}
	vq->slots[head].last = (u16)last;
	vq->free_first = at;
	available_of(vq)->ring[vq->split.available++ & (vq->size - 1)] = le16_put((u16)head);
}

/* The table as what a chain of one descriptor leads to. */
static void add_table(struct virtqueue *vq, const struct virtqueue_segment *segments,
		      unsigned readable, unsigned count)
{
	size_t at = virtqueue_table_at(vq, vq->slots[vq->free_first].table);
	struct descriptor *d = virtqueue_at(vq, at);
	struct virtqueue_segment table = { dma_at(&vq->memory, at), (u32)(count * sizeof(*d)) };

	for (unsigned i = 0; i < count; i++)
		d[i] = describe(&segments[i], flags_of(i, readable, count), i + 1);
	dma_give(&vq->memory, at, table.bytes);
	add_chain(vq, &table, 1, 1, INDIRECT);
}

/* One bit, or the event index: which of both is negotiated. After publishing: store, then load. */
static bool wants_kick(struct virtqueue *vq, u16 before)
{
	size_t event_at = vq->device_at + sizeof(struct used) + vq->size * sizeof(struct element);
	size_t at = vq->event_index ? event_at : vq->device_at + offsetof(struct used, flags);
	u16 value;

	dma_fence();
	dma_take(&vq->memory, at, sizeof(value));
	value = ((const volatile le16 *)virtqueue_at(vq, at))->raw;
	return vq->event_index ? virtqueue_passed(value, before, vq->split.published)
			       : !(value & NO_NOTIFY);
}

/* The index last: only then may the device see what it counts (2.7.13.3). */
static bool publish(struct virtqueue *vq)
{
	struct available *available = available_of(vq);
	u16 before = vq->split.published;
	unsigned left = vq->unpublished, count;

	for (unsigned at = before & (vq->size - 1); left; left -= count, at = 0) {
		count = left < vq->size - at ? left : vq->size - at;
		dma_give(&vq->memory, vq->driver_at + offsetof(struct available, ring[at]),
			 count * sizeof(u16));
	}
	vq->split.published = vq->split.available;
	available->index = le16_put(vq->split.published);
	dma_give(&vq->memory, vq->driver_at + offsetof(struct available, index), sizeof(u16));
	return wants_kick(vq, before);
}

/* ---- From the device ---- */

static u16 new_elements(struct virtqueue *vq)
{
	dma_take(&vq->memory, vq->device_at + offsetof(struct used, index), sizeof(u16));
	return used_of(vq)->index.raw - vq->split.used;
}

/* The index first, then what it counts (2.7.14). */
static bool announce(struct virtqueue *vq)
{
	unsigned left = new_elements(vq), count;

	if (left > vq->in_flight - vq->unpublished)
		return virtqueue_break(vq, "its used index runs away: it counts more completions "
				       "than there are requests");
	vq->announced = left;
	for (unsigned at = vq->split.used & (vq->size - 1); left; left -= count, at = 0) {
		count = left < vq->size - at ? left : vq->size - at;
		dma_take(&vq->memory, vq->device_at + offsetof(struct used, ring[at]),
			 count * sizeof(struct element));
	}
	return vq->announced;
}

static bool look(struct virtqueue *vq)
{
	const volatile struct element *e = &used_of(vq)->ring[vq->split.used & (vq->size - 1)];

	if (!vq->announced && !announce(vq))
		return false;
	vq->told.id = e->head.raw;
	vq->told.written = e->written.raw;
	return true;
}

static void advance(struct virtqueue *vq, unsigned entries)
{
	(void)entries;
	vq->split.used++;
}

/* The event index of what is not wanted is as far away as can be. */
static bool want_interrupt(struct virtqueue *vq, bool want)
{
	struct available *available = available_of(vq);
	le16 *place = vq->event_index ? &available->ring[vq->size] : &available->flags;

	if (vq->event_index)
		*place = le16_put(vq->split.used - !want);
	else
		*place = le16_put(want ? 0 : NO_INTERRUPT);
	dma_give(&vq->memory, (size_t)((char *)place - (char *)vq->memory.cpu), sizeof(*place));
	if (!want)
		return false;
	dma_fence();
	return vq->announced || new_elements(vq);
}

const struct virtqueue_ring virtqueue_split = {
	.name = "split",
	.lines = DMA_OWNED,
	.layout = layout,
	.add_chain = add_chain,
	.add_table = add_table,
	.publish = publish,
	.look = look,
	.advance = advance,
	.want_interrupt = want_interrupt,
};
