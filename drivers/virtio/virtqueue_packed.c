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
	return vq->device_at + sizeof(le32);
}

static void begin(struct virtqueue *vq)
{
	vq->packed.flags = AVAIL;
	vq->packed.used_wrap = true;
}

/* ---- To the device ---- */

/* The first entry of all that were added becomes available last, and the others with it. */
static void fill(struct virtqueue *vq, u64 addr, u32 bytes, u16 id, u16 flags)
{
	u16 at = vq->packed.next;
	volatile struct descriptor *d = &ring_of(vq)[at];

	d->addr.raw = addr;
	d->bytes.raw = bytes;
	d->id.raw = id;
	flags |= vq->packed.flags;
	if (at == vq->packed.first)
		vq->packed.first_flags = flags;
	else
		d->flags.raw = flags;
	if (++vq->packed.next == vq->size) {
		vq->packed.next = 0;
		vq->packed.flags ^= AVAIL | USED;
	}
}

/* No NEXT and no number in here: it has as many as its bytes say (2.8.7). */
static void add_table(struct virtqueue *vq, u16 id, u16 table,
		      const struct virtqueue_segment *segments, u16 readable, u16 count)
{
	size_t at = virtqueue_table_at(vq, table);
	struct descriptor *d = virtqueue_at(vq, at);

	for (u16 i = 0; i < count; i++)
		d[i] = (struct descriptor){
			le64_put(segments[i].addr.bus), le32_put(segments[i].bytes), le16_put(0),
			le16_put(i >= readable ? WRITE : 0),
		};
	fill(vq, dma_at(&vq->memory, at).bus, (u32)(count * sizeof(*d)), id, INDIRECT);
}

/* A slot for each entry, as in a split ring; the first one's number is that of all. */
static void add(struct virtqueue *vq, const struct virtqueue_segment *segments, u16 readable,
		u16 count)
{
	u16 id = vq->free_first, at = id, last = id, i = 0;
	struct virtqueue_slot *slot = &vq->slots[id];

	do {
		last = at;
		at = vq->slots[last].next;
		if (slot->table != VIRTQUEUE_NO_TABLE)
			add_table(vq, id, slot->table, segments, readable, count);
		else
			fill(vq, segments[i].addr.bus, segments[i].bytes, id,
			     (i + 1 < count ? NEXT : 0) | (i >= readable ? WRITE : 0));
	} while (++i < slot->entries);
	slot->last = last;
	vq->free_first = at;
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

static void advance(struct virtqueue *vq, u16 entries)
{
	u32 used = (u32)vq->packed.used + entries;

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
	.begin = begin,
	.add = add,
	.publish = publish,
	.look = look,
	.advance = advance,
	.want_interrupt = want_interrupt,
};
