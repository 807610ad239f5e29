/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtio disks that say anything of themselves and do anything, while requests come and go: each
 * ends, no memory is harmed or lost, and the device (tests/sim/virtio_blk.c) sees nothing that the
 * standard forbids.
 *
 * The input: two bytes of choices, eight of features, the configuration with 16 bits of capacity,
 * and then a byte for each thing that happens, some with an argument.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "drivers/block.h"
#include "drivers/virtio/virtio.h"
#include "drivers/virtio/virtqueue.h"
#include "lib/assert.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"
#include "tests/sim/virtio_blk.h"
#include "tests/sim/virtio_mmio.h"
#include "unit/tree.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { REGS_AT = 0x10000000, RAM_BYTES = 16 << 20, REQUESTS = 16, MEMORY = 8192, EVENTS_MAX = 400 };
enum { CHOOSE_LEGACY = 1, CHOOSE_COHERENT = 2, CHOOSE_LAZY = 4 };

static struct sim_virtio device;
static struct sim_virtio_blk disk;
static struct sim_virtio_mmio registers;
static struct device transport;

static struct {
	const u8 *data;
	size_t bytes;
} input;

static struct request {
	struct block_request r;
	struct block_segment segments[3];
	u8 memory[MEMORY];
} requests[REQUESTS];

static u64 take(unsigned width)
{
	u64 value = 0;

	for (unsigned i = 0; i < width && input.bytes; i++, input.bytes--)
		value |= (u64)*input.data++ << (8 * i);
	return value;
}

static int map_registers(struct device *dev, unsigned index, struct mmio *out)
{
	(void)index;
	return mmio_map(out, REGS_AT, 0x200, dev->name);
}

static const struct device_bus bus = { map_registers };

static void open_tree(void)
{
	void *fdt = tree_begin();
	const char *reason;

	fdt_begin_node(fdt, "virtio");
	tree_string(fdt, "compatible", "virtio,mmio");
	fdt_end_node(fdt);
	if (dt_open(tree_end(fdt), TREE_BYTES, &reason))
		abort();
}

/* ---- The device ---- */

static void make_disk(void)
{
	static const u32 queue_sizes[] = { 16, 1, 2, 4, 8, 64, 256, 0 };
	u8 choices = (u8)take(1), queue = (u8)take(1);
	u64 offers = take(8), capacity;

	sim.dma_coherent = choices & CHOOSE_COHERENT;
	device = (struct sim_virtio){
		.legacy = choices & CHOOSE_LEGACY, .type = 2, .queue_count = queue & 8 ? 0 : 1,
		.queue_max = queue_sizes[queue % 8],
	};
	sim_virtio_blk_init(&disk, &device, 512, 1);
	for (size_t i = 0; i < sizeof(*disk.config); i++)
		device.config[i] = (u8)take(1);
	capacity = disk.config->capacity % 0x800;
	disk.config->geometry[0] = 0;
	sim_virtio_blk_resize(&disk, capacity);
	if (queue & 0x10)
		disk.config->capacity = UINT64_MAX;
	device.offers = device.legacy ? offers & 0x3fffffff : offers | VIRTIO_F_VERSION_1;
	disk.lazy = choices & CHOOSE_LAZY;
	sim_virtio_mmio_add(&registers, &device, REGS_AT, 0x200);
	transport = (struct device){
		.name = "virtio_mmio@0", .bus = &bus, .node = dt_path("/virtio"),
	};
	device_add(&transport);
}

/* ---- What happens ---- */

static void submit(struct block_device *b, enum block_op op)
{
	struct request *q = NULL;
	u32 left;

	for (unsigned i = 0; i < REQUESTS && !q; i++)
		if (requests[i].r.status != -EINPROGRESS)
			q = &requests[i];
	if (!q)
		return;
	q->r = (struct block_request){ .op = op, .lba = take(1), .segments = q->segments };
	if (op != BLOCK_FLUSH)
		q->r.blocks = 1 + (u32)take(1) % 8;
	left = op <= BLOCK_WRITE ? q->r.blocks * b->limits.block_size : 0;
	if (left > MEMORY)
		return;
	while (left && q->r.segment_count < 3) {
		u32 n = q->r.segment_count, part = q->r.segment_count == 2 ? left :
			1 + (u32)take(2) % left;

		q->segments[n] = (struct block_segment){
			op == BLOCK_READ && part % 5 == 0 ? NULL : q->memory + MEMORY - left, part,
		};
		q->r.segment_count++;
		left -= part;
	}
	block_submit(b, &q->r);
}

static void happen(struct block_device *b, u8 what)
{
	char line[100];

	switch (what % 20) {
	case BLOCK_READ ... BLOCK_COMPARE:
		submit(b, what % 20);
		break;
	case 7:
		block_kick(b);
		break;
	case 8:
		sim_virtio_blk_step(&disk);
		break;
	case 9:
		disk.bad_sector = take(1);
		disk.bad_status = (u8)take(1);
		break;
	case 10:
		disk.lost = device.accepted & VIRTIO_F_IN_ORDER ? 0 : 1;
		break;
	case 11:
		disk.needs_reset = true;
		break;
	case 12:
		disk.lies = !disk.lies;
		break;
	case 13:
		/* what is in flight may be beyond the end of the smaller disk: the device's loss */
		if (!b->in_flight)
			sim_virtio_blk_resize(&disk, take(2) % 0x800);
		block_poll(b);
		break;
	case 14:
		b->ops->describe(b, (u8)take(1) % 5, line, sizeof(line));
		break;
	case 15:
		b->ops->set_cache(b, what & 0x80);
		break;
	case 16:
		disk.backwards = what & 0x80;
		disk.all_at_once = what & 0x40;
		break;
	case 17:
		device.gone = true;
		break;
	default:
		block_poll(b);
		arch_relax();
	}
}

/* Every request has come to an end. */
static void settle(struct block_device *b)
{
	disk.needs_reset = disk.lies = disk.lazy = false;
	for (unsigned i = 0; i < REQUESTS; i++)
		if (requests[i].r.status == -EINPROGRESS)
			block_wait(b, &requests[i].r);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static bool ram;
	struct block_device *b;

	sim_reset();
	sim.ticks_step = 100000;	/* ten milliseconds */
	if (!ram)
		sim_ram(SIM_RAM_AT, RAM_BYTES);
	ram = true;
	open_tree();
	memset(requests, 0, sizeof(requests));
	input.data = data;
	input.bytes = bytes;
	make_disk();
	b = block_find("virtio0");
	for (unsigned i = 0; b && input.bytes && i < EVENTS_MAX; i++)
		happen(b, (u8)take(1));
	if (b)
		settle(b);
	devices_quiesce();
	device_remove(&transport);
	assert(!block_find("virtio0") && !dma_leaks());
	assert(!dma_counters()->shared && memory_free() == memory_total());
	sim_virtio_blk_end(&disk);
	return 0;
}
