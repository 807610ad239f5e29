/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/virtio.h"
#include "tests/sim/virtio_blk.h"

enum { HEADER_BYTES = 16, RANGE_BYTES = 16, ID_BYTES = 20, CONFIG_WRITEBACK = 32 };
enum { ALL_FEATURES = SIM_BLK_SEG_MAX | SIM_BLK_BLK_SIZE | SIM_BLK_FLUSH | SIM_BLK_TOPOLOGY |
	SIM_BLK_CONFIG_WCE | SIM_BLK_MQ | SIM_BLK_DISCARD | SIM_BLK_WRITE_ZEROES |
	SIM_BLK_SECURE_ERASE };

struct request {
	struct sim_chain chain;
	struct sim_segment segments[SIM_BLK_ENTRIES];
	u32 type;
	u64 sector;
};

#define misbehaved(...)	sim_fail("driver misbehaved: " __VA_ARGS__)

static bool accepted(const struct sim_virtio_blk *d, u64 feature)
{
	return d->virtio->accepted & feature;
}

/* ---- What a driver must not do ---- */

static void check_sectors(const struct sim_virtio_blk *d, u64 sector, u64 count)
{
	u64 unit = accepted(d, SIM_BLK_BLK_SIZE) ? d->config->blk_size / SIM_BLK_SECTOR : 1;

	if (sector > d->sectors || count > d->sectors - sector)
		misbehaved("%" PRIu64 " sectors at %" PRIu64 ", of %" PRIu64, count, sector,
			   d->sectors);
	if (!count || sector % unit || count % unit)
		misbehaved("%" PRIu64 " sectors at %" PRIu64 " are no blocks", count, sector);
}

/* Header, data and status are descriptors of their own: all that is sure (5.2.6, 2.7.4.3). */
static void read_header(struct sim_virtio_blk *d, struct request *r)
{
	struct { u32 type, reserved; u64 sector; } header;
	unsigned count = r->chain.readable + r->chain.writable;

	if (!r->chain.readable || r->segments[0].bytes != HEADER_BYTES)
		misbehaved("a header that is no descriptor of its own");
	if (!r->chain.writable || r->segments[count - 1].bytes != 1)
		misbehaved("a status that is no descriptor of its own");
	sim_dma_read(r->segments[0].addr, &header, sizeof(header));
	if (header.type >= SIM_BLK_TYPES || header.reserved)
		misbehaved("a header of type %" PRIu32 ", reserved 0x%" PRIx32, header.type,
			   header.reserved);
	r->type = header.type;
	r->sector = header.sector;
	if (r->type > SIM_BLK_OUT && r->sector)
		misbehaved("a request of type %" PRIu32 " with a sector", r->type);
	d->requests[r->type]++;
	if (count - 2 > d->most_segments)
		d->most_segments = count - 2;
}

static void check_data(const struct sim_virtio_blk *d, const struct request *r, u64 bytes)
{
	unsigned count = r->chain.readable + r->chain.writable - 2u;
	bool reads = r->type == SIM_BLK_IN;

	if (r->chain.readable != (reads ? 1 : count + 1))
		misbehaved("data of the wrong direction");
	if (count > 1 && (!accepted(d, SIM_BLK_SEG_MAX) || count > d->config->seg_max))
		misbehaved("%u segments", count);
	for (unsigned i = 1; i <= count; i++)
		if (accepted(d, SIM_BLK_SIZE_MAX) && r->segments[i].bytes > d->config->size_max)
			misbehaved("a segment of %" PRIu32 " bytes", r->segments[i].bytes);
	if (bytes % SIM_BLK_SECTOR)
		misbehaved("%" PRIu64 " bytes", bytes);
	check_sectors(d, r->sector, bytes / SIM_BLK_SECTOR);
	if (!reads && accepted(d, SIM_BLK_RO))
		misbehaved("a write to a read-only disk");
}

/* ---- What it does ---- */

static bool is_bad(const struct sim_virtio_blk *d, const struct request *r, u64 sector, u64 count)
{
	return d->bad_types >> r->type & 1 ||
		(d->bad_sector >= sector && d->bad_sector - sector < count);
}

static u8 transfer(struct sim_virtio_blk *d, struct request *r)
{
	bool reads = r->type == SIM_BLK_IN;
	u64 bytes = reads ? r->chain.writable_bytes - 1 : r->chain.readable_bytes - HEADER_BYTES;
	u8 *at = d->data + r->sector * SIM_BLK_SECTOR;
	unsigned count = r->chain.readable + r->chain.writable - 2u;

	check_data(d, r, bytes);
	if (is_bad(d, r, r->sector, bytes / SIM_BLK_SECTOR))
		return d->bad_status;
	for (unsigned i = 1; i <= count; at += r->segments[i++].bytes)
		if (reads)
			sim_dma_write(r->segments[i].addr, at, r->segments[i].bytes);
		else
			sim_dma_read(r->segments[i].addr, at, r->segments[i].bytes);
	return SIM_BLK_OK;
}

static u8 erase(struct sim_virtio_blk *d, const struct request *r, u64 feature, u32 most)
{
	struct { u64 sector; u32 sectors, flags; } range;

	if (!accepted(d, feature) || accepted(d, SIM_BLK_RO))
		misbehaved("a request of type %" PRIu32, r->type);
	if (r->chain.readable != 2 || r->chain.writable != 1 || r->segments[1].bytes != RANGE_BYTES)
		misbehaved("a range that is none");
	sim_dma_read(r->segments[1].addr, &range, sizeof(range));
	if (range.flags || range.sectors > most)
		misbehaved("a range of %" PRIu32 " sectors, at most %" PRIu32 " can be; flags 0x%"
			   PRIx32, range.sectors, most, range.flags);
	check_sectors(d, range.sector, range.sectors);
	if (is_bad(d, r, range.sector, range.sectors))
		return d->bad_status;
	memset(d->data + range.sector * SIM_BLK_SECTOR,
	       r->type == SIM_BLK_DISCARDS ? SIM_BLK_DISCARDED : 0,
	       (size_t)range.sectors * SIM_BLK_SECTOR);
	return SIM_BLK_OK;
}

static u8 perform(struct sim_virtio_blk *d, struct request *r)
{
	switch (r->type) {
	case SIM_BLK_IN:
	case SIM_BLK_OUT:
		return transfer(d, r);
	case SIM_BLK_FLUSHES:
		if (!accepted(d, SIM_BLK_FLUSH) || r->chain.readable + r->chain.writable != 2)
			misbehaved("a flush");
		return is_bad(d, r, 0, 0) ? d->bad_status : SIM_BLK_OK;
	case SIM_BLK_GET_ID:
		if (r->chain.writable != 2 || r->segments[1].bytes != ID_BYTES)
			misbehaved("a GET_ID of other than %u bytes", ID_BYTES);
		sim_dma_write(r->segments[1].addr, d->id, ID_BYTES);
		return is_bad(d, r, 0, 0) ? d->bad_status : SIM_BLK_OK;
	case SIM_BLK_DISCARDS:
		return erase(d, r, SIM_BLK_DISCARD, d->config->max_discard_sectors);
	case SIM_BLK_ZEROES:
		return erase(d, r, SIM_BLK_WRITE_ZEROES, d->config->max_zeroes_sectors);
	case SIM_BLK_ERASES:
		return erase(d, r, SIM_BLK_SECURE_ERASE, d->config->max_erase_sectors);
	default:
		misbehaved("a request of type %" PRIu32, r->type);
	}
}

/* ---- The queue ---- */

/* It used an id that nothing in flight has; then it does nothing until it is reset. */
static void lie(struct sim_virtio_blk *d)
{
	struct sim_virtqueue *q = &d->queue;
	u16 id = 0;

	while (q->entries[id].popped)
		id++;
	q->entries[id].popped = true;
	q->entries[id].slots = 1;
	q->entries[(q->oldest + q->chains++) % q->size].order = id;
	q->in_order = false;
	sim_virtqueue_push(q, id, 0);
	d->lied = true;
}

static bool take(struct sim_virtio_blk *d)
{
	static struct request r;
	u8 status;

	if (!sim_virtqueue_pop(&d->queue, &r.chain, r.segments, SIM_BLK_ENTRIES))
		return false;
	read_header(d, &r);
	status = perform(d, &r);
	sim_dma_write(r.segments[r.chain.readable + r.chain.writable - 1].addr, &status, 1);
	if (d->lost) {
		d->lost--;
		return true;
	}
	if (d->lies) {
		lie(d);
		return true;
	}
	d->waiting[d->waiting_count++] = r.chain;
	if (d->waiting_count > d->most_waiting)
		d->most_waiting = d->waiting_count;
	return true;
}

static void give_back(struct sim_virtio_blk *d)
{
	bool in_order = d->queue.in_order;
	unsigned last = d->waiting_count - 1, which = d->backwards && !in_order ? last : 0;
	struct sim_chain c = d->waiting[which];

	if (d->all_at_once && in_order) {
		c = d->waiting[last];
		sim_virtqueue_push_all(&d->queue, c.id, (u32)c.writable_bytes);
		d->waiting_count = 0;
		return;
	}
	sim_virtqueue_push(&d->queue, c.id, (u32)c.writable_bytes);
	memmove(&d->waiting[which], &d->waiting[which + 1], (last - which) * sizeof(c));
	d->waiting_count--;
}

bool sim_virtio_blk_step(struct sim_virtio_blk *d)
{
	if (!d->started || d->lied || d->virtio->gone ||
	    d->virtio->status & VIRTIO_STATUS_NEEDS_RESET)
		return false;
	while (take(d))
		if (d->lied || (!d->backwards && !d->all_at_once))
			break;
	if (d->lied)
		return false;
	if (d->waiting_count) {
		give_back(d);
		return true;
	}
	return !sim_virtqueue_sleep(&d->queue);
}

static void say_needs_reset(struct sim_virtio_blk *d)
{
	d->needs_reset = false;
	d->virtio->status |= VIRTIO_STATUS_NEEDS_RESET;
	d->virtio->interrupts |= VIRTIO_INTERRUPT_CONFIG;
}

static void kicked(struct sim_virtio *s, unsigned queue)
{
	struct sim_virtio_blk *d = s->owner;

	if (queue)
		misbehaved("queue %u kicked", queue);
	if (d->needs_reset)
		say_needs_reset(d);
	if (!d->started && !(s->status & VIRTIO_STATUS_NEEDS_RESET)) {
		sim_virtio_queue_begin(s, 0, &d->queue, &sim_dma_ops, d->entries);
		d->started = true;
	}
	if (!d->lazy)
		while (sim_virtio_blk_step(d))
			;
}

static void was_reset(struct sim_virtio *s)
{
	struct sim_virtio_blk *d = s->owner;

	d->started = d->lied = false;
	d->waiting_count = 0;
	d->config->writeback = 0;
}

static void config_written(struct sim_virtio *s, u64 offset, unsigned width, u64 value)
{
	struct sim_virtio_blk *d = s->owner;

	if (offset != CONFIG_WRITEBACK || width != 1 || value > 1 ||
	    !accepted(d, SIM_BLK_CONFIG_WCE))
		misbehaved("its configuration written at %" PRIu64 ", %u bytes", offset, width);
	d->config->writeback = (u8)value;
}

/* ---- Building ---- */

void sim_virtio_blk_resize(struct sim_virtio_blk *d, u64 sectors)
{
	d->config->capacity = sectors;
	d->data = realloc(d->data, sectors * SIM_BLK_SECTOR + 1);
	if (!d->data)
		abort();
	if (sectors > d->sectors)
		memset(d->data + d->sectors * SIM_BLK_SECTOR, 0,
		       (sectors - d->sectors) * SIM_BLK_SECTOR);
	d->sectors = sectors;
	d->virtio->generation++;
	d->virtio->interrupts |= VIRTIO_INTERRUPT_CONFIG;
}

void sim_virtio_blk_init(struct sim_virtio_blk *d, struct sim_virtio *virtio, u32 block_size,
			 u64 sectors)
{
	*d = (struct sim_virtio_blk){
		.virtio = virtio, .config = (struct sim_virtio_blk_config *)virtio->config,
		.id = "the simulated disk", .bad_sector = (u64)SIM_BLK_NOWHERE,
		.bad_status = SIM_BLK_IOERR,
	};
	virtio->offers = (virtio->offers & ~(u64)0xffffff) | ALL_FEATURES;
	virtio->owner = d;
	virtio->kicked = kicked;
	virtio->was_reset = was_reset;
	virtio->config_written = config_written;
	memset(virtio->config, 0, sizeof(virtio->config));
	*d->config = (struct sim_virtio_blk_config){
		.seg_max = 30, .blk_size = block_size, .num_queues = 4,
		.max_discard_sectors = 256, .max_discard_seg = 1,
		.max_zeroes_sectors = 128, .max_zeroes_seg = 1,
		.max_erase_sectors = 64, .max_erase_seg = 1,
	};
	sim_virtio_blk_resize(d, sectors);
	virtio->interrupts = 0;
}

void sim_virtio_blk_end(struct sim_virtio_blk *d)
{
	free(d->data);
	d->data = NULL;
}
