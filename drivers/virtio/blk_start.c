/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk (virtio 1.2, 5.2): from a device that was found to a disk, and back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/virtio/blk.h"
#include "lib/log.h"
#include "lib/size.h"

enum { TYPE_BLOCK = 2 };
enum { ENTRIES_MAX = 1024, REQUEST_ENTRIES = 3 };	/* header, a segment, status */
enum { DEPTH_MAX = 128, REQUEST_BYTES_MAX = 4 << 20, GAP_BYTES_MAX = 64 << 10 };
enum { BLOCK_SIZE_MIN = 512, BLOCK_SIZE_MAX = 65536 };

#define SECTORS_MAX	(UINT64_MAX >> BLK_SECTOR_SHIFT)

#define WANTED (BLK_F_SIZE_MAX | BLK_F_SEG_MAX | BLK_F_RO | BLK_F_BLK_SIZE | BLK_F_FLUSH | \
		BLK_F_TOPOLOGY | BLK_F_CONFIG_WCE | BLK_F_MQ | BLK_F_DISCARD | \
		BLK_F_WRITE_ZEROES | BLK_F_SECURE_ERASE)

static bool has(const struct blk_disk *d, u64 feature)
{
	return d->virtio->features & feature;
}

static int negotiate(struct blk_disk *d)
{
	u64 rings = virtqueue_features(d->domain, &d->why_split);
	int error = virtio_begin(d->virtio, WANTED | rings, 0);

	if (!(d->virtio->offered & VIRTIO_F_RING_PACKED))
		d->why_split = NULL;
	if (!error && d->why_split)
		log_info("%s: it has a split ring, not a packed one: %s", d->virtio->device.name,
			 d->why_split);
	return error;
}

/* ---- Configuration (5.2.4) ---- */

struct config {
	u64 capacity;
	u32 size_max, seg_max, blk_size;
	u8 physical_exponent;
	u16 queues;
	u32 optimal_blocks;
	/* sectors, segments, alignment in sectors */
	u32 discard[3], zeroes[3], erase[3];
};

static int read_config(struct virtio_device *v, struct config *c)
{
	const struct { u64 feature; void *to; u8 offset, width, count; } fields[] = {
		{ 0, &c->capacity, BLK_CONFIG_CAPACITY, 8, 1 },
		{ BLK_F_SIZE_MAX, &c->size_max, 8, 4, 1 },
		{ BLK_F_SEG_MAX, &c->seg_max, 12, 4, 1 },
		{ BLK_F_BLK_SIZE, &c->blk_size, 20, 4, 1 },
		{ BLK_F_TOPOLOGY, &c->physical_exponent, 24, 1, 1 },
		{ BLK_F_TOPOLOGY, &c->optimal_blocks, 28, 4, 1 },
		{ BLK_F_MQ, &c->queues, 34, 2, 1 },
		{ BLK_F_DISCARD, c->discard, 36, 4, 3 },
		{ BLK_F_WRITE_ZEROES, c->zeroes, 48, 4, 2 },
		{ BLK_F_SECURE_ERASE, c->erase, 60, 4, 3 },
	};
	int error = 0;

	for (unsigned i = 0; i < sizeof(fields) / sizeof(*fields) && !error; i++)
		if ((v->features & fields[i].feature) == fields[i].feature)
			error = virtio_config_read(v, fields[i].offset, fields[i].width,
						   fields[i].to, fields[i].count);
	return error;
}

/* What no disk says; with it, everything else here would be guessing. */
static int check_config(struct blk_disk *d, const struct config *c)
{
	struct virtio_device *v = d->virtio;
	u32 size = d->block.limits.block_size;

	if (c->blk_size < BLOCK_SIZE_MIN || c->blk_size > BLOCK_SIZE_MAX ||
	    c->blk_size & (c->blk_size - 1))
		return virtio_refuse(v, -EINVAL, "its blocks have %" PRIu32 " bytes; known are "
				     "powers of two from %u to %u", c->blk_size, BLOCK_SIZE_MIN,
				     BLOCK_SIZE_MAX);
	if (size && size != c->blk_size)
		return virtio_refuse(v, -EINVAL, "its blocks have %" PRIu32 " bytes now, and had "
				     "%" PRIu32 " before", c->blk_size, size);
	if (c->capacity < c->blk_size >> BLK_SECTOR_SHIFT)
		return virtio_refuse(v, -ENOSPC, "it is empty: its capacity is %" PRIu64
				     " sectors of 512 bytes, less than a block", c->capacity);
	if (c->capacity > SECTORS_MAX)
		return virtio_refuse(v, -EINVAL, "its capacity is 0x%" PRIx64 " sectors of 512 "
				     "bytes, more than can be", c->capacity);
	if (!c->size_max)
		return virtio_refuse(v, -EINVAL, "it takes segments of 0 bytes (size_max)");
	return 0;
}

/* In blocks, 0: it cannot. Pieces of a range that begins on the alignment begin on it, too. */
static u32 range_blocks(const struct blk_disk *d, const u32 sectors_segments_align[3])
{
	u32 sectors = sectors_segments_align[0], align = sectors_segments_align[2];

	if (!sectors_segments_align[1])
		return 0;
	if (align && align <= sectors)
		sectors -= sectors % align;
	return sectors >> d->sector_shift;
}

static void set_capacity(struct blk_disk *d, u64 sectors)
{
	d->capacity = sectors;
	d->block.limits.block_count = sectors >> d->sector_shift;
}

/* Without SEG_MAX, one segment: there are devices that take no more, and say nothing. */
static int set_limits(struct blk_disk *d)
{
	struct config c = { .size_max = REQUEST_BYTES_MAX, .seg_max = 1,
			    .blk_size = BLOCK_SIZE_MIN, .queues = 1 };
	struct block_limits *l = &d->block.limits;
	int error = read_config(d->virtio, &c);

	if (!error)
		error = check_config(d, &c);
	if (error)
		return error;
	d->queues = c.queues;
	d->sector_shift = (unsigned)__builtin_ctz(c.blk_size) - BLK_SECTOR_SHIFT;
	*l = (struct block_limits){
		.block_size = c.blk_size,
		.max_segments = (u16)(c.seg_max < ENTRIES_MAX ? c.seg_max ? c.seg_max : 1
							      : ENTRIES_MAX),
		.max_segment_bytes = c.size_max < REQUEST_BYTES_MAX ? c.size_max
								    : REQUEST_BYTES_MAX,
		.segment_align = 1, .buffer_align = 1,
		.max_discard_blocks = range_blocks(d, c.discard),
		.max_zeroes_blocks = range_blocks(d, c.zeroes),
		.max_erase_blocks = range_blocks(d, c.erase),
		.read_only = has(d, BLK_F_RO),
	};
	l->max_gap_bytes = l->max_segment_bytes < GAP_BYTES_MAX ? l->max_segment_bytes
								: GAP_BYTES_MAX;
	if (c.physical_exponent < 16)
		l->physical_block_size = c.blk_size << c.physical_exponent;
	if (c.optimal_blocks <= UINT32_MAX / c.blk_size)
		l->optimal_bytes = c.optimal_blocks * c.blk_size;
	set_capacity(d, c.capacity);
	return 0;
}

void virtio_blk_resize(struct blk_disk *d)
{
	char size[SIZE_TEXT_BYTES];
	u64 sectors;

	if (!virtio_config_read(d->virtio, BLK_CONFIG_CAPACITY, 8, &sectors, 1) &&
	    sectors != d->capacity && sectors <= SECTORS_MAX) {
		set_capacity(d, sectors);
		log_info("%s: it has %s now", d->block.name,
			 size_text(sectors << BLK_SECTOR_SHIFT, size));
	}
	virtio_blk_describe(d);
}

/* ---- Memory ---- */

/* No chain is longer than the queue, in an indirect table neither (2.7.5.3.1). */
static int make_queue(struct blk_disk *d)
{
	struct block_limits *l = &d->block.limits;
	u64 bytes;
	u16 entries;
	int error = virtqueue_create(&d->queue, d->virtio, d->domain, 0, ENTRIES_MAX,
				     (u16)(l->max_segments + REQUEST_ENTRIES - 1));

	if (error)
		return error;
	entries = virtqueue_size(d->queue);
	if (entries < REQUEST_ENTRIES)
		return virtio_refuse(d->virtio, -ENOTSUP, "its queue has %u entries; a request "
				     "takes %u", entries, REQUEST_ENTRIES);
	if (l->max_segments > entries - (REQUEST_ENTRIES - 1))
		l->max_segments = (u16)(entries - (REQUEST_ENTRIES - 1));
	if (!has(d, VIRTIO_F_INDIRECT_DESC))
		entries /= REQUEST_ENTRIES;
	l->depth = entries < DEPTH_MAX ? entries : DEPTH_MAX;

	bytes = (u64)l->max_segments * l->max_segment_bytes;
	if (bytes > REQUEST_BYTES_MAX)
		bytes = REQUEST_BYTES_MAX;
	l->max_blocks = (u32)(bytes / l->block_size);
	if (!l->max_blocks)
		return virtio_refuse(d->virtio, -ENOTSUP, "a request takes %u segments of %" PRIu32
				     " bytes: less than a block", l->max_segments,
				     l->max_segment_bytes);
	return 0;
}

static u32 to_line(size_t offset)
{
	size_t line = dma_line_bytes();

	return (u32)((offset + line - 1) & -line);
}

static int make_slots(struct blk_disk *d)
{
	const struct block_limits *l = &d->block.limits;
	unsigned loans = l->depth + 2u * l->max_segments;
	u32 status_at = to_line(l->depth * sizeof(struct blk_written));

	d->id_at = status_at + l->depth;
	d->sink_at = to_line(d->id_at + BLK_ID_BYTES);
	d->slots = calloc(l->depth, sizeof(*d->slots));
	d->loans = calloc(loans, sizeof(*d->loans));
	d->segments = calloc(l->max_segments + REQUEST_ENTRIES - 1u, sizeof(*d->segments));
	if (!d->slots || !d->loans || !d->segments ||
	    dma_alloc(&d->memory, d->domain, d->sink_at + l->max_gap_bytes, 0, DMA_OWNED))
		return virtio_refuse(d->virtio, -ENOMEM, "no memory for %u requests", l->depth);
	d->free = NULL;
	for (unsigned i = l->depth; i-- > 0;) {
		d->slots[i] = (struct blk_slot){
			.next = d->free, .written_at = i * (u32)sizeof(struct blk_written),
			.status_at = status_at + i,
		};
		d->free = &d->slots[i];
	}
	d->free_loans = NULL;
	for (unsigned i = 0; i < loans; i++) {
		d->loans[i].next = d->free_loans;
		d->free_loans = &d->loans[i];
	}
	return 0;
}

static void free_all(struct blk_disk *d)
{
	if (d->queue)
		virtqueue_destroy(d->queue);
	d->queue = NULL;
	dma_free(&d->memory);
	free(d->slots);
	free(d->loans);
	free(d->segments);
	d->slots = d->free = NULL;
	d->loans = d->free_loans = NULL;
	d->segments = NULL;
}

/* ---- Start ---- */

/* A device that has CONFIG_WCE has FLUSH (5.2.5.2); if not, it has to do without a cache. */
int virtio_blk_set_cache(struct blk_disk *d)
{
	bool write_back = has(d, BLK_F_FLUSH) && !d->write_through;
	int error = 0;

	if (has(d, BLK_F_CONFIG_WCE))
		error = virtio_config_write8(d->virtio, BLK_CONFIG_WRITEBACK, write_back);
	else
		write_back = has(d, BLK_F_FLUSH);
	if (!error)
		d->block.limits.volatile_cache = write_back;
	return error;
}

static int go(struct blk_disk *d)
{
	return virtio_driver_ok(d->virtio);
}

/* As 3.1.1 orders them. */
static int (*const steps[])(struct blk_disk *d) = {
	negotiate, set_limits, virtio_blk_set_cache, make_queue, make_slots, go,
};

int virtio_blk_start(struct blk_disk *d)
{
	int error = 0;

	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps) && !error; i++)
		error = steps[i](d);
	return error;
}

int virtio_blk_stop(struct blk_disk *d, int status, const char *cause)
{
	int error = virtio_quiesce(d->virtio);

	if (d->queue) {
		virtio_blk_fail(d, !error, status, cause);
		d->runaway = error;
	}
	if (!d->runaway)
		free_all(d);
	d->queue = NULL;
	return error;
}

bool virtio_blk_give_up(struct blk_disk *d)
{
	if (!virtio_blk_stop(d, -EIO, NULL))
		virtio_give_up(d->virtio);
	return !d->runaway;
}

static void name_it(struct blk_disk *d)
{
	unsigned number = 0;

	do
		snprintf(d->block.name, sizeof(d->block.name), "virtio%u", number++);
	while (block_find(d->block.name));
}

void virtio_blk_describe(struct blk_disk *d)
{
	char size[SIZE_TEXT_BYTES];

	device_describe(&d->virtio->device, "%s, %s%s", d->block.name,
			size_text(d->capacity << BLK_SECTOR_SHIFT, size),
			d->block.limits.read_only ? ", read-only" : "");
}

static int probe(struct device *dev, const struct device_id *id)
{
	struct blk_disk *d = calloc(1, sizeof(*d));
	int error;

	(void)id;
	if (!d)
		return device_refuse(dev, -ENOMEM, "no memory");
	d->virtio = (struct virtio_device *)dev;
	d->block.ops = &virtio_blk_ops;
	d->block.driver = d;
	d->block.device = dev;
	name_it(d);
	error = device_dma(dev, &d->domain);
	if (!error)
		error = virtio_blk_start(d);
	if (!error)
		error = block_register(&d->block);
	if (error) {
		if (virtio_blk_give_up(d))
			free(d);
		return error;
	}
	dev->state = d;
	virtio_blk_describe(d);
	return 0;
}

/* ---- End ---- */

static int quiesce(struct device *dev)
{
	static const char why[] = "it was stopped, for what is started next";
	struct blk_disk *d = dev->state;

	block_die(&d->block, -ECANCELED, why);
	return virtio_blk_stop(d, -ECANCELED, why);
}

static void removed(struct device *dev)
{
	struct blk_disk *d = dev->state;

	virtio_blk_stop(d, -ENXIO, VIRTIO_BLK_GONE);
	block_unregister(&d->block, -ENXIO, VIRTIO_BLK_GONE);
	free(d);
}

static const struct device_id ids[] = { MATCH_VIRTIO(TYPE_BLOCK) };

DRIVER(virtio_blk) = {
	.name = "virtio-blk",
	.ids = ids,
	.id_count = 1,
	.probe = probe,
	.quiesce = quiesce,
	.remove = removed,
};
