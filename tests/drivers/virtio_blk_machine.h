/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with a virtio disk, and work for it: what the tests of virtio-blk share. */
#pragma once
#include "tests/drivers/virtio_machine.h"

#include <stdlib.h>

#include "drivers/block.h"
#include "drivers/virtio/virtqueue.h"
#include "lib/dma_oracle.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"
#include "tests/sim/virtio_blk.h"

enum { DISK_SECTORS = 4096, RAM_BYTES = 32 << 20, JOBS = 8, JOB_BYTES = 32768, TURNS_MAX = 20000 };

static struct sim_virtio_blk sim_disk;
static struct virtio_device *sim_found;
static u8 image[DISK_SECTORS * SIM_BLK_SECTOR];		/* what has to be on it */

/* Everything but the driver: sim_device and sim_disk can still be changed. */
static inline void blk_machine(enum transport transport, u32 block_size)
{
	sim_type = 2;
	machine(transport);
	sim.dma_coherent = true;
	sim_virtio_blk_init(&sim_disk, &sim_device, block_size, DISK_SECTORS);
	for (size_t i = 0; i < sizeof(image); i++)
		image[i] = sim_disk.data[i] = (u8)rand();
	sim_ram(SIM_RAM_AT, RAM_BYTES);
}

/* The driver comes; the disk, or NULL: @sim_found says why. */
static inline struct block_device *blk_discover(enum transport transport)
{
	sim_found = discover(transport);
	assert_non_null(sim_found);
	assert_true((sim_found->device.error == 0) == (block_find("virtio0") != NULL));
	return block_find("virtio0");
}

/* Nothing is lent, and all memory is there again. */
static inline void blk_end(void)
{
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(dma_counters()->shared, 0);
	assert_int_equal(memory_free(), memory_total());
	sim_virtio_blk_end(&sim_disk);
}

static inline void poll_for_a_while(struct block_device *b, unsigned polls)
{
	while (polls--) {
		block_poll(b);
		arch_relax();
	}
}

/* ---- Work: random requests, each job in a part of the disk that is its own ---- */

struct job {
	struct block_request r;
	struct block_segment segments[8];
	bool busy;
	u8 memory[JOB_BYTES + 1024], before[JOB_BYTES + 1024];
};
static struct job jobs[JOBS];

static inline u32 at_random(u32 below)
{
	return (u32)rand() % below;
}

/* Pieces of any length, with something between them that is nobody's. */
static inline void job_cut(struct job *j, const struct block_limits *l)
{
	u32 left = j->r.blocks * l->block_size;
	u8 *at = j->memory + at_random(64);
	u16 most = l->max_segments < 8 ? l->max_segments : 8, n = 0;

	while (left) {
		u32 bytes = n == most - 1 ? left : 1 + at_random(left);
		bool gap = j->r.op == BLOCK_READ && at_random(5) == 0;

		if (bytes > l->max_segment_bytes)
			bytes = l->max_segment_bytes;
		j->segments[n++] = (struct block_segment){ gap ? NULL : at, bytes };
		left -= bytes;
		at += bytes + at_random(3) * 13;
	}
	j->r.segments = j->segments;
	j->r.segment_count = n;
}

static inline enum block_op job_op(const struct block_limits *l)
{
	switch (at_random(20)) {
	case 0:
		return BLOCK_FLUSH;
	case 1:
		return l->max_discard_blocks ? BLOCK_DISCARD : BLOCK_READ;
	case 2:
		return l->max_zeroes_blocks ? BLOCK_WRITE_ZEROES : BLOCK_READ;
	case 3:
		return l->max_erase_blocks ? BLOCK_SECURE_ERASE : BLOCK_READ;
	case 4 ... 10:
		return l->read_only ? BLOCK_READ : BLOCK_WRITE;
	default:
		return BLOCK_READ;
	}
}

static inline void job_begin(struct block_device *b, struct job *j)
{
	const struct block_limits *l = &b->limits;
	u32 part = (u32)(l->block_count / JOBS), most = 16384 / l->block_size;

	if (most > l->max_blocks)
		most = l->max_blocks;
	j->r = (struct block_request){ .op = job_op(l) };
	for (size_t i = 0; i < sizeof(j->memory); i++)
		j->memory[i] = (u8)rand();
	if (j->r.op != BLOCK_FLUSH) {
		j->r.blocks = 1 + at_random(most);
		j->r.lba = (u64)(j - jobs) * part + at_random(part - j->r.blocks + 1);
	}
	if (j->r.op <= BLOCK_WRITE)
		job_cut(j, l);
	memcpy(j->before, j->memory, sizeof(j->memory));
	j->busy = !block_submit(b, &j->r);
}

/* What the disk, and the job's memory, have to be now. */
static inline void job_expect(const struct job *j, u32 block_size)
{
	u8 *at = image + j->r.lba * block_size;
	u8 *memory = (u8 *)j->before;
	size_t bytes = (size_t)j->r.blocks * block_size;

	if (j->r.op > BLOCK_WRITE) {
		memset(at, j->r.op == BLOCK_DISCARD ? SIM_BLK_DISCARDED : 0, bytes);
		return;
	}
	for (unsigned i = 0; i < j->r.segment_count; at += j->segments[i++].bytes) {
		const struct block_segment *s = &j->segments[i];
		u8 *place = s->buffer ? memory + ((u8 *)s->buffer - j->memory) : NULL;

		if (j->r.op == BLOCK_WRITE)
			memcpy(at, place, s->bytes);
		else if (place)
			memcpy(place, at, s->bytes);
	}
}

static inline bool job_is_bad(const struct job *j, u32 block_size)
{
	u64 sectors = block_size / SIM_BLK_SECTOR;

	return sim_disk.bad_types || (j->r.blocks && sim_disk.bad_sector >= j->r.lba * sectors &&
		sim_disk.bad_sector < (j->r.lba + j->r.blocks) * sectors);
}

static inline bool job_end(struct job *j, u32 block_size)
{
	bool bad = job_is_bad(j, block_size);

	if (!j->busy || j->r.status == -EINPROGRESS)
		return false;
	assert_int_equal(j->r.status, bad ? -EIO : 0);
	if (!bad && j->r.op != BLOCK_FLUSH)
		job_expect(j, block_size);
	if (!bad || j->r.op != BLOCK_READ)
		assert_memory_equal(j->memory, j->before, sizeof(j->memory));
	j->busy = false;
	return true;
}

static inline void work(struct block_device *b, unsigned count)
{
	u32 block_size = b->limits.block_size;
	unsigned ended = 0;

	for (unsigned turns = 0; ended < count; turns++) {
		assert_true(turns < TURNS_MAX);
		for (unsigned i = 0; i < JOBS; i++)
			if (!jobs[i].busy && at_random(3))
				job_begin(b, &jobs[i]);
		block_kick(b);
		block_poll(b);
		arch_relax();
		for (unsigned i = 0; i < JOBS; i++)
			ended += job_end(&jobs[i], block_size);
	}
	for (unsigned i = 0; i < JOBS; i++) {
		if (jobs[i].busy)
			block_wait(b, &jobs[i].r);
		job_end(&jobs[i], block_size);
	}
	assert_memory_equal(image, sim_disk.data, sizeof(image));
}
