/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-blk (virtio 1.2, 5.2): the life of a request.
 *
 * Submit lends the segments, writes the header and queues the lot: header, data and status are
 * descriptors of their own, as devices without ANY_LAYOUT want it. The device reads or writes the
 * data, writes the status, and only then says that the request is used.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/blk.h"
#include "lib/time.h"

enum {
	TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4, TYPE_GET_ID = 8, TYPE_DISCARD = 11,
	TYPE_WRITE_ZEROES = 13, TYPE_SECURE_ERASE = 14,
};
enum { STATUS_OK = 0, STATUS_IOERR = 1, STATUS_UNSUPP = 2 };

enum { ID_TIMEOUT_US = 1000 * 1000 };

/* While requests are in flight, so many polls without a completion make one look at registers. */
enum { POLLS_PER_LOOK = 256 };

static const u8 types[BLOCK_OPS] = {
	[BLOCK_READ] = TYPE_IN, [BLOCK_WRITE] = TYPE_OUT, [BLOCK_FLUSH] = TYPE_FLUSH,
	[BLOCK_DISCARD] = TYPE_DISCARD, [BLOCK_WRITE_ZEROES] = TYPE_WRITE_ZEROES,
	[BLOCK_SECURE_ERASE] = TYPE_SECURE_ERASE,
};

/* ---- Loans ---- */

static void end_loans(struct blk_disk *d, struct blk_slot *slot)
{
	struct blk_loan *loan;

	while ((loan = slot->loans)) {
		slot->loans = loan->next;
		dma_unmap(&loan->map);
		loan->next = d->free_loans;
		d->free_loans = loan;
	}
}

/* All segments, or none; to[0] and so on are for the device. What lies together is one loan. */
static int lend(struct blk_disk *d, struct blk_slot *slot, const struct block_request *r,
		struct virtqueue_segment *to)
{
	enum dma_direction direction = r->op == BLOCK_READ ? DMA_FROM_DEVICE : DMA_TO_DEVICE;
	const struct block_segment *s = r->segments;
	unsigned i = 0;

	while (i < r->segment_count) {
		struct blk_loan *loan = d->free_loans;
		unsigned first = i, end = i + 1;
		u32 bytes;
		int error = -EAGAIN;

		if (s[first].buffer) {
			end = block_segments_together(r, first, &bytes);
			if (loan)
				error = dma_map(&loan->map, d->domain, s[first].buffer, bytes,
						direction);
			if (error) {
				end_loans(d, slot);
				return error == -ENOMEM && d->in_flight ? -EAGAIN : error;
			}
			d->free_loans = loan->next;
			loan->next = slot->loans;
			slot->loans = loan;
		}
		for (; i < end; i++) {
			to[i].bytes = s[i].bytes;
			to[i].addr = dma_at(&d->memory, d->sink_at);
			if (s[i].buffer)
				to[i].addr.bus = loan->map.addr.bus +
					((u8 *)s[i].buffer - (u8 *)s[first].buffer);
		}
	}
	return 0;
}

/* ---- Submitting ---- */

static int queue(struct blk_disk *d, struct blk_slot *slot, unsigned readable, unsigned writable)
{
	struct virtqueue_segment *status = &d->segments[readable + writable];
	int error;

	status->addr = dma_at(&d->memory, slot->status_at);
	status->bytes = 1;
	error = virtqueue_add(d->queue, d->segments, (u16)readable, (u16)(writable + 1), slot);
	if (error) {
		end_loans(d, slot);
		return error == -EIO ? -EAGAIN : error;	/* broken: the next poll resets it */
	}
	d->free = slot->next;
	d->in_flight++;
	return 0;
}

static int submit(struct block_device *b, struct block_request *r)
{
	struct blk_disk *d = b->driver;
	struct blk_slot *slot = d->free;
	struct blk_written *out;
	unsigned written = sizeof(out->header);
	int error;

	if (!slot)
		return -EAGAIN;
	out = (struct blk_written *)((char *)d->memory.cpu + slot->written_at);
	out->header = (struct blk_header){ .type = le32_put(types[r->op]) };
	d->segments[0] = (struct virtqueue_segment){ dma_at(&d->memory, slot->written_at),
						     sizeof(out->header) };
	slot->request = r;
	if (r->segment_count) {
		out->header.sector = le64_put(r->lba << d->sector_shift);
		error = lend(d, slot, r, d->segments + 1);
		if (error)
			return error;
	} else if (r->op != BLOCK_FLUSH) {
		out->range = (struct blk_range){
			.sector = le64_put(r->lba << d->sector_shift),
			.sectors = le32_put(r->blocks << d->sector_shift),
		};
		d->segments[1] = (struct virtqueue_segment){
			dma_at(&d->memory, slot->written_at + sizeof(out->header)),
			sizeof(out->range) };
		written = sizeof(*out);
	}
	dma_give(&d->memory, slot->written_at, written);
	if (r->op == BLOCK_READ)
		return queue(d, slot, 1, r->segment_count);
	return queue(d, slot, 1 + r->segment_count + (written == sizeof(*out)), 0);
}

static void kick(struct block_device *b)
{
	struct blk_disk *d = b->driver;

	if (d->queue)
		virtqueue_kick(d->queue);
}

/* ---- Finishing ---- */

static const char *cause_of(u8 status)
{
	switch (status) {
	case STATUS_IOERR:
		return "the device reports an I/O error";
	case STATUS_UNSUPP:
		return "the device does not support it";
	default:
		return "the device gives a status that does not exist";
	}
}

static void take_id(struct blk_disk *d, u8 status)
{
	if (status == STATUS_OK) {
		dma_take(&d->memory, d->id_at, BLK_ID_BYTES);
		memcpy(d->id, (char *)d->memory.cpu + d->id_at, BLK_ID_BYTES);
	}
	d->asking = false;
}

static void finish(struct blk_disk *d, struct blk_slot *slot)
{
	struct block_request *r = slot->request;
	u8 status;

	dma_take(&d->memory, slot->status_at, 1);
	status = ((const volatile u8 *)d->memory.cpu)[slot->status_at];
	end_loans(d, slot);
	slot->next = d->free;
	d->free = slot;
	d->in_flight--;
	if (!r)
		take_id(d, status);
	else if (status == STATUS_OK)
		block_done(r, 0, NULL);
	else
		block_done(r, status == STATUS_UNSUPP ? -ENOTSUP : -EIO, cause_of(status));
}

/* ---- When it is not well ---- */

void virtio_blk_fail(struct blk_disk *d, bool stopped, int status, const char *cause)
{
	struct blk_slot *slot;

	while ((slot = virtqueue_forget(d->queue))) {
		if (stopped)
			end_loans(d, slot);
		if (slot->request)
			block_done(slot->request, status, cause);
	}
	d->in_flight = 0;
	d->asking = false;
}

static int reset(struct block_device *b, int status, const char *cause)
{
	struct blk_disk *d = b->driver;
	int error = virtio_blk_stop(d, status, cause);

	if (error)
		return error;
	error = virtio_blk_start(d);
	if (error)
		virtio_blk_give_up(d);
	else
		virtio_blk_describe(d);
	return error;
}

/* Nothing has come for a while, or nothing is wanted: is anything else new? */
static void look(struct blk_disk *d)
{
	struct virtio_device *v = d->virtio;
	const char *broken = virtqueue_broken(d->queue);
	int error;

	if (broken) {
		block_reset(&d->block, -EIO, broken);
		return;
	}
	if (!v->device.gone && !v->device.parent->gone &&
	    !(virtio_take_interrupt(v) & VIRTIO_INTERRUPT_CONFIG))
		return;
	error = virtio_check(v);
	if (error)
		block_reset(&d->block, error, error == -ENXIO ? VIRTIO_BLK_GONE : "it failed");
	else
		virtio_blk_resize(d);
}

static void poll(struct block_device *b)
{
	struct blk_disk *d = b->driver;
	struct blk_slot *slot;
	bool any = false;

	while (d->queue && (slot = virtqueue_take(d->queue, NULL))) {
		finish(d, slot);
		any = true;
	}
	if (!d->queue || any)
		return;
	if (!d->in_flight || ++d->quiet_polls % POLLS_PER_LOOK == 0 || virtqueue_broken(d->queue))
		look(d);
}

/* ---- For people ---- */

static void ask_id(struct blk_disk *d)
{
	struct blk_slot *slot = d->free;
	struct blk_written *out;

	if (d->id[0] || !d->queue || !slot)
		return;
	out = (struct blk_written *)((char *)d->memory.cpu + slot->written_at);
	out->header = (struct blk_header){ .type = le32_put(TYPE_GET_ID) };
	dma_give(&d->memory, slot->written_at, sizeof(out->header));
	d->segments[0] = (struct virtqueue_segment){ dma_at(&d->memory, slot->written_at),
						     sizeof(out->header) };
	d->segments[1] = (struct virtqueue_segment){ dma_at(&d->memory, d->id_at), BLK_ID_BYTES };
	slot->request = NULL;
	if (queue(d, slot, 1, 1))
		return;
	d->asking = true;
	virtqueue_kick(d->queue);
	if (poll_until((poll(&d->block), !d->asking), ID_TIMEOUT_US))
		block_reset(&d->block, -ETIMEDOUT, "it did not say what it is");
}

static void list_features(u64 features, char *to, size_t bytes)
{
	static const struct { u64 feature; const char *name; } names[] = {
		{ BLK_F_SIZE_MAX, "SIZE_MAX" }, { BLK_F_SEG_MAX, "SEG_MAX" }, { BLK_F_RO, "RO" },
		{ BLK_F_BLK_SIZE, "BLK_SIZE" }, { BLK_F_FLUSH, "FLUSH" },
		{ BLK_F_TOPOLOGY, "TOPOLOGY" }, { BLK_F_CONFIG_WCE, "CONFIG_WCE" },
		{ BLK_F_MQ, "MQ" }, { BLK_F_DISCARD, "DISCARD" },
		{ BLK_F_WRITE_ZEROES, "WRITE_ZEROES" }, { BLK_F_SECURE_ERASE, "SECURE_ERASE" },
	};
	size_t n = (size_t)snprintf(to, bytes, "features:");

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (features & names[i].feature && n < bytes)
			n += (size_t)snprintf(to + n, bytes - n, " %s", names[i].name);
}

static bool describe(struct block_device *b, unsigned index, char *to, size_t bytes)
{
	struct blk_disk *d = b->driver;
	char how[120];

	if (index == 0)
		ask_id(d);
	if (!d->queue)
		return false;
	switch (index) {
	case 0:
		snprintf(to, bytes, "identity: %s", d->id[0] ? d->id : "none");
		return true;
	case 1:
		list_features(d->virtio->features, to, bytes);
		return true;
	case 2:
		snprintf(to, bytes, "ring: %s, %u entries%s%s%s", virtqueue_format(d->queue),
			 virtqueue_size(d->queue), d->queues > 1 ? ", one of several" : "",
			 d->why_split ? "; not packed: " : "", d->why_split ? d->why_split : "");
		return true;
	case 3:
		snprintf(to, bytes, "memory: %s", dma_describe(d->domain, how, sizeof(how)));
		return true;
	default:
		return false;
	}
}

static int set_cache(struct block_device *b, bool write_back)
{
	struct blk_disk *d = b->driver;

	if (!(d->virtio->features & BLK_F_CONFIG_WCE))
		return -ENOTSUP;
	d->write_through = !write_back;
	return virtio_blk_set_cache(d);
}

const struct block_ops virtio_blk_ops = {
	.submit = submit, .kick = kick, .poll = poll, .reset = reset, .describe = describe,
	.set_cache = set_cache,
};
