/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packed virtqueues: virtio 1.2, 2.8. Both sides write one ring, so its memory is coherent or
 * uncached (DMA_MIXED): what is handed over here is an order of accesses.
 *
 * An entry is available when its two flags differ, AVAIL being the wrap counter of our lap, and
 * used when both are that of the device's.
 */
#include "drivers/virtio/virtqueue_ring.h"
#include "lib/endian.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 1 << 7, USED = 1 << 15 };
enum { EVENT_ENABLE, EVENT_DISABLE, EVENT_AT };		/* at that entry: with the event index */
enum { EVENT_WRAP = 1 << 15, EVENT_FLAGS_SHIFT = 16, EVENT_FLAGS = 3 };

struct descriptor { le64 addr; le32 bytes; le16 id, flags; };
_Static_assert(sizeof(struct descriptor) == VIRTQUEUE_DESCRIPTOR_BYTES, "2.8.13");

static volatile struct descriptor *ring_of(const struct virtqueue *vq)
{
	return virtqueue_at(vq, 0);
}

static size_t layout(struct virtqueue *vq, size_t align)
{
	vq->driver_at = (vq->size * sizeof(struct descriptor) + align - 1) & -align;
	vq->device_at = vq->driver_at + align;
	vq->packed.flags = AVAIL;
	vq->packed.used_wrap = true;
	return vq->device_at + sizeof(le32);
}

/* ---- To the device ---- */

/* The first entry of all that were added becomes available last, and the others with it. */
static void fill(struct virtqueue *vq, const struct virtqueue_segment *s, u16 id, unsigned flags)
{
	u16 at = vq->packed.next;
	volatile struct descriptor *d = &ring_of(vq)[at];

	d->addr.raw = s->addr.bus;
	d->bytes.raw = s->bytes;
	d->id.raw = id;
	flags |= vq->packed.flags;
	if (at == vq->packed.first)
		vq->packed.first_flags = (u16)flags;
	else
		d->flags.raw = (u16)flags;
	if (++vq->packed.next == vq->size) {
		vq->packed.next = 0;
		vq->packed.flags ^= AVAIL | USED;
	}
}

/* A slot for each entry, as in a split ring; the first one's number is that of all. */
static void add_chain(struct virtqueue *vq, const struct virtqueue_segment *segments,
		      unsigned readable, unsigned count, unsigned extra_flags)
{
	unsigned id = vq->free_first, at = id, last = id;

	for (unsigned i = 0; i < count; i++) {
		last = at;
		at = vq->slots[last].next;
		fill(vq, &segments[i], (u16)id, (i + 1 < count ? NEXT : 0) |
		     (i >= readable ? WRITE : 0) | extra_flags);
	}
	vq->slots[id].last = (u16)last;
	vq->free_first = at;
}

/* No NEXT and no number in here: it has as many as its bytes say (2.8.7). */
static void add_table(struct virtqueue *vq, const struct virtqueue_segment *segments,
		      unsigned readable, unsigned count)
{
	size_t at = virtqueue_table_at(vq, vq->slots[vq->free_first].table);
	struct descriptor *d = virtqueue_at(vq, at);
	struct virtqueue_segment table = { dma_at(&vq->memory, at), (u32)(count * sizeof(*d)) };

	for (unsigned i = 0; i < count; i++)
		d[i] = (struct descriptor){
			le64_put(segments[i].addr.bus), le32_put(segments[i].bytes), le16_put(0),
			le16_put(i >= readable ? WRITE : 0),
		};
	add_chain(vq, &table, 1, 1, INDIRECT);
}

/* Entries in words of the event index, which for those behind the end of the ring counts on. */
static bool wants_kick(struct virtqueue *vq, u16 before)
{
	bool wrap = vq->packed.flags & AVAIL;
	u16 event;
	u32 value;

	dma_fence();
	dma_take(&vq->memory, vq->device_at, sizeof(value));
	value = ((const volatile le32 *)virtqueue_at(vq, vq->device_at))->raw;
	if ((value >> EVENT_FLAGS_SHIFT & EVENT_FLAGS) != EVENT_AT)
		return (value >> EVENT_FLAGS_SHIFT & EVENT_FLAGS) != EVENT_DISABLE;
	event = value & (EVENT_WRAP - 1);
	if (!(value & EVENT_WRAP) == wrap)
		event -= vq->size;
	if (before >= vq->packed.next)
		before -= vq->size;
	return virtqueue_passed(event, before, vq->packed.next);
}

static bool publish(struct virtqueue *vq)
{
	u16 first = vq->packed.first;

	dma_give(&vq->memory, 0, vq->memory.bytes);
	ring_of(vq)[first].flags.raw = vq->packed.first_flags;
	dma_give(&vq->memory, first * sizeof(struct descriptor), sizeof(struct descriptor));
	vq->packed.first = vq->packed.next;
	return wants_kick(vq, first);
}

/* ---- From the device ---- */

static bool is_used(const struct virtqueue *vq)
{
	u16 flags = ring_of(vq)[vq->packed.used].flags.raw;

	return !(flags & AVAIL) == !(flags & USED) && !(flags & USED) == !vq->packed.used_wrap;
}

static bool look(struct virtqueue *vq)
{
	const volatile struct descriptor *d = &ring_of(vq)[vq->packed.used];

	if (!is_used(vq))
		return false;
	dma_take(&vq->memory, vq->packed.used * sizeof(*d), sizeof(*d));
	vq->told.id = d->id.raw;
	vq->told.written = d->bytes.raw;
	vq->announced = vq->in_flight - vq->unpublished;
	return true;
}

static void advance(struct virtqueue *vq, unsigned entries)
{
	unsigned used = vq->packed.used + entries;

	if (used >= vq->size) {
		used -= vq->size;
		vq->packed.used_wrap = !vq->packed.used_wrap;
	}
	vq->packed.used = (u16)used;
}

/* Both halves at once: the device never sees an entry that its flags are not about. */
static bool want_interrupt(struct virtqueue *vq, bool want)
{
	u32 value = EVENT_DISABLE << EVENT_FLAGS_SHIFT;

	if (want && vq->event_index)
		value = (u32)EVENT_AT << EVENT_FLAGS_SHIFT | vq->packed.used |
			(vq->packed.used_wrap ? EVENT_WRAP : 0);
	else if (want)
		value = EVENT_ENABLE << EVENT_FLAGS_SHIFT;
	((volatile le32 *)virtqueue_at(vq, vq->driver_at))->raw = value;
	dma_give(&vq->memory, vq->driver_at, sizeof(value));
	if (!want)
		return false;
	dma_fence();
	return is_used(vq);
}

const struct virtqueue_ring virtqueue_packed = {
	.name = "packed",
	.lines = DMA_MIXED,
	.layout = layout,
	.add_chain = add_chain,
	.add_table = add_table,
	.publish = publish,
	.look = look,
	.advance = advance,
	.want_interrupt = want_interrupt,
};
