/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk keeps within what its device allows, and tells what that is. */
#include "tests/drivers/virtio_blk_machine.h"

enum { REQUESTS = 80 };

static void blk_with(void **state, u64 more_features, u64 less_features)
{
	(void)state;
	srand(5);
	blk_machine(MMIO_MODERN, 512);
	sim_device.offers = (sim_device.offers | more_features) & ~less_features;
}

static void one_segment_where_nothing_is_said(void **state)
{
	struct block_device *b;

	blk_with(state, 0, SIM_BLK_SEG_MAX);
	b = blk_discover(MMIO_MODERN);
	assert_int_equal(b->limits.max_segments, 1);
	work(b, REQUESTS);
	assert_int_equal(sim_disk.most_segments, 1);
	blk_end();
}

static void size_max(void **state)
{
	struct block_device *b;

	blk_with(state, SIM_BLK_SIZE_MAX, 0);
	sim_disk.config->size_max = 513;
	sim_disk.config->seg_max = 12;
	b = blk_discover(MMIO_MODERN);
	assert_int_equal(b->limits.max_segment_bytes, 513);
	assert_int_equal(b->limits.max_gap_bytes, 513);
	assert_int_equal(b->limits.max_blocks, 12);
	for (unsigned i = 0; i < 50; i++) {
		u8 data[40 * 512 + 1];
		u32 lba = at_random(100), blocks = 1 + at_random(40);

		assert_int_equal(block_read(b, lba, blocks, data + 1), 0);
		assert_memory_equal(data + 1, image + lba * 512, blocks * 512);
	}
	blk_end();
}

/* The segments of one request are as many as the queue has entries beside header and status. */
static void read_in_pieces(struct block_device *b, unsigned pieces)
{
	struct block_segment *segments = calloc(pieces, sizeof(*segments));
	u8 *data = malloc(pieces * 512);
	struct block_request r = { .op = BLOCK_READ, .lba = 9, .blocks = pieces,
				   .segments = segments, .segment_count = (u16)pieces };

	for (unsigned i = 0; i < pieces; i++)
		segments[i] = (struct block_segment){ data + (pieces - 1 - i) * 512, 512 };
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	for (unsigned i = 0; i < pieces; i++)
		assert_memory_equal(segments[i].buffer, image + (9 + i) * 512, 512);
	assert_int_equal(sim_disk.most_segments, pieces);
	assert_int_equal(sim_disk.requests[SIM_BLK_IN], 1);
	free(segments);
	free(data);
}

static void many_segments(void **state)
{
	static const struct { u32 queue, seg_max, most; u64 less; } cases[] = {
		{ 256, 254, 254, 0 }, { 1024, 1022, 1022, 0 }, { 256, UINT32_MAX, 254, 0 },
		{ 1024, 126, 126, 0 }, { 1024, 1022, 1022, VIRTIO_F_RING_PACKED },
		{ 256, 254, 254, VIRTIO_F_INDIRECT_DESC | VIRTIO_F_RING_PACKED },
		{ 128, 254, 126, VIRTIO_F_INDIRECT_DESC }, { 4, 254, 2, 0 }, { 256, 0, 1, 0 },
		{ 32768, 100000, 1022, 0 },
	};
	unsigned index = (unsigned)(uintptr_t)*state;
	struct block_device *b;

	if (index == 99) {
		for (uintptr_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
			in_child(many_segments, (void *)i);
		return;
	}
	blk_with(state, 0, cases[index].less);
	sim_device.queue_max = cases[index].queue;
	sim_disk.config->seg_max = cases[index].seg_max;
	b = blk_discover(MMIO_MODERN);
	assert_int_equal(b->limits.max_segments, cases[index].most);
	read_in_pieces(b, cases[index].most);
	work(b, REQUESTS);
	blk_end();
}

/* More in flight than there is room for, in the queue or for loans: others wait. */
static void more_than_there_is_room_for(void **state)
{
	struct block_request r[300] = { 0 };
	struct block_segment s[300];
	static u8 data[300][512];
	struct block_device *b;
	unsigned done = 0, submitted = 0;

	blk_with(state, 0, *state ? VIRTIO_F_INDIRECT_DESC : 0);
	sim_disk.lazy = true;
	b = blk_discover(MMIO_MODERN);
	for (unsigned i = 0; i < 300; i++) {
		s[i] = (struct block_segment){ data[i], 512 };
		r[i] = (struct block_request){ .op = BLOCK_READ, .lba = i, .blocks = 1,
					       .segments = &s[i], .segment_count = 1 };
	}
	while (submitted < 300 && !block_submit(b, &r[submitted]))
		submitted++;
	assert_int_equal(submitted, b->limits.depth);
	assert_int_equal(submitted, *state ? 85 : 128);
	while (done < 300) {
		block_kick(b);
		sim_virtio_blk_step(&sim_disk);
		block_poll(b);
		while (done < submitted && r[done].status == 0)
			done++;
		if (submitted < 300 && !block_submit(b, &r[submitted]))
			submitted++;
	}
	assert_memory_equal(data, image, sizeof(data));
	blk_end();
}

static void more_than_there_is_room_for_in_chains(void **state)
{
	(void)state;
	in_child(more_than_there_is_room_for, (void *)1);
}

static int read_odd(struct block_device *b, struct block_request *r, struct block_segment *s,
		    u8 *at, u32 bytes)
{
	*s = (struct block_segment){ at + 1, bytes };
	*r = (struct block_request){ .op = BLOCK_READ, .blocks = bytes / 512, .segments = s,
				     .segment_count = 1 };
	return block_submit(b, r);
}

/* There is memory to bounce one large request through, then none. */
static void little_memory(void **state)
{
	enum { BYTES = 1 << 20 };
	static u8 data[2][BYTES + 64];
	struct block_request r[2];
	struct block_segment s[2];
	struct block_device *b;
	u64 taken;

	blk_with(state, 0, 0);
	sim.dma_coherent = false;
	b = blk_discover(MMIO_MODERN);
	while (memory_free() > BYTES + BYTES / 2)
		assert_int_equal(memory_take(64 << 10, 0x1000, 0, UINT64_MAX, MEMORY_RESERVED,
					     "test", &taken), 0);
	sim_disk.lazy = true;
	assert_int_equal(read_odd(b, &r[0], &s[0], data[0], BYTES), 0);
	assert_int_equal(read_odd(b, &r[1], &s[1], data[1], BYTES), -EAGAIN);
	block_kick(b);
	sim_virtio_blk_step(&sim_disk);
	assert_int_equal(block_wait(b, &r[0]), 0);
	assert_memory_equal(data[0] + 1, image, BYTES);
	while (!memory_take(64 << 10, 0x1000, 0, UINT64_MAX, MEMORY_RESERVED, "test", &taken))
		;
	assert_int_equal(read_odd(b, &r[1], &s[1], data[1], BYTES), -ENOMEM);
	assert_int_equal(dma_leaks(), 0);
	sim_virtio_blk_end(&sim_disk);
}

static void erasing(void **state)
{
	struct block_device *b;

	blk_with(state, 0, SIM_BLK_WRITE_ZEROES);
	sim_disk.config->max_discard_sectors = 100;
	sim_disk.config->discard_alignment = 8;
	sim_disk.config->max_erase_sectors = 7;
	b = blk_discover(MMIO_MODERN);
	assert_int_equal(b->limits.max_discard_blocks, 96);
	assert_int_equal(b->limits.max_zeroes_blocks, 0);
	assert_int_equal(b->limits.max_erase_blocks, 7);
	assert_int_equal(block_erase(b, BLOCK_DISCARD, 16, 200), 0);
	memset(image + 16 * 512, SIM_BLK_DISCARDED, 200 * 512);
	assert_int_equal(sim_disk.requests[SIM_BLK_DISCARDS], 3);
	assert_int_equal(block_erase(b, BLOCK_SECURE_ERASE, 1000, 15), 0);
	memset(image + 1000 * 512, 0, 15 * 512);
	assert_int_equal(sim_disk.requests[SIM_BLK_ERASES], 3);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 0, 8), -ENOTSUP);
	assert_memory_equal(image, sim_disk.data, sizeof(image));
	blk_end();
}

static void erasing_with_limits_that_allow_none(void **state)
{
	struct block_device *b;

	blk_with(state, 0, 0);
	sim_disk.config->blk_size = 4096;
	sim_disk.config->max_discard_seg = 0;
	sim_disk.config->max_zeroes_sectors = 0;
	sim_disk.config->max_erase_sectors = 7;
	b = blk_discover(MMIO_MODERN);
	assert_int_equal(b->limits.max_discard_blocks, 0);
	assert_int_equal(b->limits.max_zeroes_blocks, 0);
	assert_int_equal(b->limits.max_erase_blocks, 0);
	blk_end();
}

static void read_only(void **state)
{
	struct block_device *b;
	u8 data[512];

	blk_with(state, SIM_BLK_RO, 0);
	b = blk_discover(MMIO_MODERN);
	assert_true(b->limits.read_only);
	assert_string_equal(b->device->about, "virtio0, 2 MiB, read-only");
	assert_int_equal(block_read(b, 1, 1, data), 0);
	assert_int_equal(block_write(b, 1, 1, data), -EROFS);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 1, 1), -EROFS);
	assert_int_equal(sim_disk.requests[SIM_BLK_OUT] + sim_disk.requests[SIM_BLK_ZEROES], 0);
	blk_end();
}

/* ---- The cache ---- */

static void the_cache_is_switched(void **state)
{
	struct block_device *b;
	u8 data[512] = { 1 };

	blk_with(state, 0, 0);
	b = blk_discover(MMIO_MODERN);
	assert_true(b->limits.volatile_cache);
	assert_int_equal(sim_disk.config->writeback, 1);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(sim_disk.requests[SIM_BLK_FLUSHES], 1);
	assert_int_equal(b->ops->set_cache(b, false), 0);
	assert_false(b->limits.volatile_cache);
	assert_int_equal(sim_disk.config->writeback, 0);
	assert_int_equal(block_write(b, 0, 1, data), 0);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(sim_disk.requests[SIM_BLK_FLUSHES], 1);
	assert_int_equal(block_reset(b, -EIO, "a test"), 0);	/* it stays as it was wanted */
	assert_int_equal(sim_disk.config->writeback, 0);
	assert_int_equal(b->ops->set_cache(b, true), 0);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(sim_disk.requests[SIM_BLK_FLUSHES], 2);
	blk_end();
}

static void no_choice_of_caches(void **state)
{
	struct block_device *b;

	blk_with(state, 0, SIM_BLK_CONFIG_WCE);
	b = blk_discover(MMIO_MODERN);
	assert_true(b->limits.volatile_cache);
	assert_int_equal(b->ops->set_cache(b, false), -ENOTSUP);
	blk_end();
}

static void no_cache(void **state)
{
	struct block_device *b;

	blk_with(state, 0, SIM_BLK_CONFIG_WCE | SIM_BLK_FLUSH);
	b = blk_discover(MMIO_MODERN);
	assert_false(b->limits.volatile_cache);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(sim_disk.requests[SIM_BLK_FLUSHES], 0);
	blk_end();
}

/* ---- What it says of itself ---- */

static void it_is_described(void **state)
{
	struct block_device *b;
	char line[320];

	blk_with(state, SIM_BLK_SIZE_MAX, 0);
	sim_disk.config->size_max = 65536;
	sim_disk.config->physical_exponent = 3;
	sim_disk.config->opt_io_size = 16;
	b = blk_discover(MMIO_MODERN);
	assert_string_equal(b->device->about, "virtio0, 2 MiB");
	assert_int_equal(b->limits.physical_block_size, 4096);
	assert_int_equal(b->limits.optimal_bytes, 8192);
	assert_true(b->ops->describe(b, 0, line, sizeof(line)));
	assert_string_equal(line, "identity: the simulated disk");
	assert_true(b->ops->describe(b, 1, line, sizeof(line)));
	assert_string_equal(line, "features: SIZE_MAX SEG_MAX BLK_SIZE FLUSH TOPOLOGY CONFIG_WCE "
			    "MQ DISCARD WRITE_ZEROES SECURE_ERASE");
	assert_true(b->ops->describe(b, 3, line, sizeof(line)));
	assert_string_equal(line, "memory: coherent");
	assert_false(b->ops->describe(b, 4, line, sizeof(line)));
	blk_end();
}

static void an_identity_that_never_comes(void **state)
{
	struct block_device *b;
	char line[320];

	blk_with(state, 0, 0);
	b = blk_discover(MMIO_MODERN);
	sim_disk.lost = 1;
	assert_true(b->ops->describe(b, 0, line, sizeof(line)));
	assert_string_equal(line, "identity: none");
	assert_int_equal(b->counters.resets, 1);
	work(b, REQUESTS);
	blk_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(one_segment_where_nothing_is_said, NULL),
		CHILD_TEST(size_max, NULL),
		{ "many_segments", many_segments, NULL, NULL, (void *)99 },
		CHILD_TEST(more_than_there_is_room_for, NULL),
		cmocka_unit_test(more_than_there_is_room_for_in_chains),
		CHILD_TEST(little_memory, NULL),
		CHILD_TEST(erasing, NULL),
		CHILD_TEST(erasing_with_limits_that_allow_none, NULL),
		CHILD_TEST(read_only, NULL),
		CHILD_TEST(the_cache_is_switched, NULL),
		CHILD_TEST(no_choice_of_caches, NULL),
		CHILD_TEST(no_cache, NULL),
		CHILD_TEST(it_is_described, NULL),
		CHILD_TEST(an_identity_that_never_comes, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
