/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk with disks that fail, lie, change and vanish: errors in words, no hang, no harm. */
#include "tests/drivers/virtio_blk_machine.h"

enum { REQUESTS = 60, PATIENCE_US = 25 * 1000 * 1000 };

static struct block_device *good_disk(enum transport transport)
{
	struct block_device *b;

	srand(9);
	blk_machine(transport, 512);
	sim_device.offers &= ~VIRTIO_F_IN_ORDER;
	b = blk_discover(transport);
	assert_non_null(b);
	return b;
}

/* ---- Configurations that no disk has ---- */

struct nonsense {
	void (*change)(struct sim_virtio_blk_config *c);
	u64 offers;
	const char *reason;
};

static void blk_size_0(struct sim_virtio_blk_config *c) { c->blk_size = 0; }
static void blk_size_odd(struct sim_virtio_blk_config *c) { c->blk_size = 520; }
static void blk_size_large(struct sim_virtio_blk_config *c) { c->blk_size = 131072; }
static void blk_size_small(struct sim_virtio_blk_config *c) { c->blk_size = 256; }
static void capacity_0(struct sim_virtio_blk_config *c) { c->capacity = 0; }
static void capacity_large(struct sim_virtio_blk_config *c) { c->capacity = UINT64_MAX; }
static void size_max_0(struct sim_virtio_blk_config *c) { c->size_max = 0; }
static void less_than_a_block(struct sim_virtio_blk_config *c)
{
	c->capacity = 7;
	c->blk_size = 4096;
}
static void requests_too_small(struct sim_virtio_blk_config *c)
{
	c->size_max = 5;
	c->seg_max = 100;
}

static const struct nonsense nonsense[] = {
	{ blk_size_0, 0, "its blocks have 0 bytes; known are powers of two from 512 to 65536" },
	{ blk_size_odd, 0,
	  "its blocks have 520 bytes; known are powers of two from 512 to 65536" },
	{ blk_size_large, 0,
	  "its blocks have 131072 bytes; known are powers of two from 512 to 65536" },
	{ blk_size_small, 0,
	  "its blocks have 256 bytes; known are powers of two from 512 to 65536" },
	{ capacity_0, 0, "it is empty: its capacity is 0 sectors of 512 bytes, less than a block" },
	{ less_than_a_block, 0,
	  "it is empty: its capacity is 7 sectors of 512 bytes, less than a block" },
	{ capacity_large, 0, "its capacity is 0xffffffffffffffff sectors of 512 bytes, more than "
	  "can be" },
	{ size_max_0, SIM_BLK_SIZE_MAX, "it takes segments of 0 bytes (size_max)" },
	{ requests_too_small, SIM_BLK_SIZE_MAX,
	  "a request takes 100 segments of 5 bytes: less than a block" },
};

static void a_nonsense(void **state)
{
	const struct nonsense *n = *state;

	blk_machine(PCI_MODERN, 512);
	sim_device.offers |= n->offers;
	n->change(sim_disk.config);
	assert_null(blk_discover(PCI_MODERN));
	assert_string_equal(sim_found->device.reason, n->reason);
	assert_int_equal(sim_device.status & ~VIRTIO_STATUS_ACKNOWLEDGE, VIRTIO_STATUS_FAILED);
	blk_end();
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++)
		in_child(a_nonsense, (void *)&nonsense[i]);
}

static void a_queue_that_is_too_small(void **state)
{
	(void)state;
	blk_machine(MMIO_MODERN, 512);
	sim_device.queue_max = 2;
	assert_null(blk_discover(MMIO_MODERN));
	assert_string_equal(sim_found->device.reason, "its queue has 2 entries; a request takes 3");
	blk_end();
}

static void no_queue_at_all(void **state)
{
	(void)state;
	blk_machine(MMIO_MODERN, 512);
	sim_device.queue_max = 0;
	assert_null(blk_discover(MMIO_MODERN));
	assert_string_equal(sim_found->device.reason, "it has no queue 0");
	blk_end();
}

static void what_is_odd_and_harmless(void **state)
{
	struct block_device *b;

	(void)state;
	blk_machine(MMIO_MODERN, 512);
	sim_disk.config->physical_exponent = 200;
	sim_disk.config->opt_io_size = UINT32_MAX;
	sim_disk.config->num_queues = 0;
	sim_disk.config->discard_alignment = UINT32_MAX;
	b = blk_discover(MMIO_MODERN);
	assert_non_null(b);
	assert_int_equal(b->limits.physical_block_size, 0);
	assert_int_equal(b->limits.optimal_bytes, 0);
	assert_int_equal(b->limits.max_discard_blocks, 256);
	work(b, REQUESTS);
	blk_end();
}

static void it_fails_while_it_starts(void **state)
{
	static const u8 bits[] = { VIRTIO_STATUS_DRIVER, VIRTIO_STATUS_FEATURES_OK,
				   VIRTIO_STATUS_DRIVER_OK };

	for (unsigned i = 0; *state == NULL && i < sizeof(bits); i++)
		in_child(it_fails_while_it_starts, (void *)&bits[i]);
	if (*state == NULL)
		return;
	blk_machine(PCI_MODERN, 512);
	sim_device.fails_at = *(const u8 *)*state;
	assert_null(blk_discover(PCI_MODERN));
	assert_non_null(strstr(sim_found->device.reason, "says that it needs a reset"));
	blk_end();
}

/* ---- Errors of single requests ---- */

static void errors_are_of_one_request(void **state)
{
	static const struct { u8 status; int error; const char *cause; } cases[] = {
		{ SIM_BLK_IOERR, -EIO, "the device reports an I/O error" },
		{ SIM_BLK_UNSUPP, -ENOTSUP, "the device does not support it" },
		{ 0x7f, -EIO, "the device gives a status that does not exist" },
	};
	struct block_device *b = good_disk(MMIO_MODERN);
	u8 data[2][512];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct block_segment s[2] = { { data[0], 512 }, { data[1], 512 } };
		struct block_request bad = { .op = BLOCK_READ, .lba = 5, .blocks = 1,
					     .segments = &s[0], .segment_count = 1 }, good = bad;

		good.lba = 6;
		good.segments = &s[1];
		sim_disk.bad_sector = 5;
		sim_disk.bad_status = cases[i].status;
		assert_int_equal(block_submit(b, &bad), 0);
		assert_int_equal(block_submit(b, &good), 0);
		assert_int_equal(block_wait(b, &bad), cases[i].error);
		assert_int_equal(block_wait(b, &good), 0);
		assert_string_equal(bad.cause, cases[i].cause);
		assert_memory_equal(data[1], image + 6 * 512, 512);
	}
	assert_int_equal(b->counters.resets, 0);
	sim_disk.bad_sector = (u64)SIM_BLK_NOWHERE;
	work(b, REQUESTS);
	blk_end();
}

static void a_flush_that_fails(void **state)
{
	struct block_device *b = good_disk(MMIO_MODERN);
	u8 data[512];

	(void)state;
	sim_disk.bad_types = 1 << SIM_BLK_FLUSHES;
	assert_int_equal(block_write(b, 0, 1, image), 0);
	assert_int_equal(block_flush(b), -EIO);
	assert_int_equal(block_write(b, 0, 1, image), -EROFS);
	assert_int_equal(block_read(b, 0, 1, data), 0);
	assert_int_equal(sim_disk.requests[SIM_BLK_OUT], 1);
	blk_end();
}

/* ---- A device that does not get on ---- */

static void lost_completions(void **state)
{
	enum transport transport = TRANSPORT(state);
	struct block_device *b = good_disk(transport);
	u64 start = sim.ticks;
	u8 data[3000];
	struct block_segment s = { data + 1, 512 };
	struct block_request r[3];

	sim_disk.lost = 2;
	for (unsigned i = 0; i < 3; i++) {
		s.buffer = data + 1 + i * 600;
		r[i] = (struct block_request){ .op = BLOCK_READ, .lba = i, .blocks = 1,
					       .segments = (struct block_segment[]){ s },
					       .segment_count = 1 };
		assert_int_equal(block_submit(b, &r[i]), 0);
		block_kick(b);
	}
	assert_int_equal(block_wait(b, &r[0]), -ETIMEDOUT);
	assert_int_equal(r[1].status, -ETIMEDOUT);
	assert_int_equal(r[2].status, 0);
	assert_int_equal(dma_leaks(), 0);
	assert_true(sim.ticks - start < (u64)PATIENCE_US * 10);
	assert_int_equal(sim_device.resets, 3);	/* a stop, and one before each start */
	assert_int_equal(b->counters.timeouts, 1);
	work(b, REQUESTS);
	blk_end();
}

static void it_says_that_it_needs_a_reset(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[512];

	sim_disk.needs_reset = true;
	assert_int_equal(block_read(b, 0, 1, data), -EIO);
	assert_int_equal(b->counters.resets, 1);
	assert_int_equal(b->counters.timeouts, 0);
	assert_int_equal(block_read(b, 0, 1, data), 0);
	assert_string_equal(b->device->about, "virtio0, 2 MiB");
	work(b, REQUESTS);
	blk_end();
}

/* A completion of what is not in flight: by the queue's own tests in every way, here in one. */
static void it_lies(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[512];

	assert_int_equal(block_read(b, 0, 1, data), 0);
	sim_disk.lies = true;
	assert_int_equal(block_read(b, 0, 1, data), -EIO);
	assert_int_equal(b->counters.resets, 1);
	assert_int_equal(b->counters.timeouts, 0);
	sim_disk.lies = false;
	work(b, REQUESTS);
	blk_end();
}

/* What it was lent is not used again: so it is not freed either. */
static void it_cannot_be_stopped(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u64 start = sim.ticks;
	u8 data[512];

	sim_disk.lost = 1;
	sim_device.slow_reset = SIM_VIRTIO_FOREVER;
	assert_int_equal(block_read(b, 0, 1, data), -ETIMEDOUT);
	assert_int_equal(block_read(b, 0, 1, data), -ETIMEDOUT);
	assert_int_equal(dma_counters()->lent, 1);
	assert_true(dma_counters()->shared > 0);
	assert_true(sim.ticks - start < (u64)(PATIENCE_US + 30000000) * 10);
	assert_int_equal(devices_quiesce(), -ETIMEDOUT);
	sim_virtio_blk_end(&sim_disk);
}

static void it_is_another_one_after_a_reset(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[4096];

	sim_disk.config->blk_size = 4096;
	assert_int_equal(block_reset(b, -EIO, "a test"), -EINVAL);
	assert_int_equal(block_read(b, 0, 1, data), -EINVAL);
	assert_string_equal(sim_found->device.reason,
			    "its blocks have 4096 bytes now, and had 512 before");
	blk_end();
}

/* ---- Its size changes ---- */

static void it_grows_and_shrinks(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[512];

	assert_int_equal(block_read(b, DISK_SECTORS, 1, data), -ERANGE);
	sim_virtio_blk_resize(&sim_disk, 2 * DISK_SECTORS);
	block_poll(b);
	assert_int_equal(b->limits.block_count, 2 * DISK_SECTORS);
	assert_string_equal(b->device->about, "virtio0, 4 MiB");
	assert_int_equal(block_read(b, DISK_SECTORS, 1, data), 0);
	sim_virtio_blk_resize(&sim_disk, 16);
	block_poll(b);
	assert_int_equal(block_read(b, 16, 1, data), -ERANGE);
	assert_int_equal(block_read(b, 15, 1, data), 0);
	assert_int_equal(b->counters.resets, 0);
	blk_end();
}

/* ---- It is gone ---- */

static void it_vanishes(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[1200];
	struct block_segment s = { data + 3, 1024 };
	struct block_request r = { .op = BLOCK_WRITE, .blocks = 2, .segments = &s,
				   .segment_count = 1 };
	u64 start = sim.ticks;

	sim_disk.lazy = true;
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	sim_device.gone = true;
	assert_int_equal(block_wait(b, &r), -ENXIO);
	assert_string_equal(r.cause, "it does not answer any more");
	assert_true(sim.ticks - start < 10 * 1000 * 1000);
	assert_int_equal(b->counters.timeouts, 0);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(block_read(b, 0, 1, data), -ENXIO);
	device_remove(transport_device);
	assert_null(block_find("virtio0"));
	blk_end();
}

/* Its bus noticed first. */
static void it_is_removed(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	struct block_segment s = { image, 1024 };
	struct block_request r = { .op = BLOCK_WRITE, .blocks = 2, .segments = &s,
				   .segment_count = 1 };

	sim_disk.lazy = true;
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	sim_device.gone = true;
	device_remove(transport_device);
	assert_int_equal(r.status, -ENXIO);
	assert_int_equal(sim_device.looks_when_gone, 0);
	assert_null(block_find("virtio0"));
	blk_end();
}

/* ---- The end of our time ---- */

static void quiesce_with_a_request_in_flight(void **state)
{
	struct block_device *b = good_disk(TRANSPORT(state));
	u8 data[512];
	struct block_segment s = { data, 512 };
	struct block_request r = { .op = BLOCK_READ, .blocks = 1, .segments = &s,
				   .segment_count = 1 };

	sim_disk.lazy = true;
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(sim_device.status, 0);
	block_poll(b);
	assert_int_equal(r.status, -ECANCELED);
	assert_int_equal(block_read(b, 0, 1, data), -ECANCELED);
	blk_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused),
		CHILD_TEST(a_queue_that_is_too_small, NULL),
		CHILD_TEST(no_queue_at_all, NULL),
		CHILD_TEST(what_is_odd_and_harmless, NULL),
		cmocka_unit_test(it_fails_while_it_starts),
		CHILD_TEST(errors_are_of_one_request, NULL),
		CHILD_TEST(a_flush_that_fails, NULL),
		TEST_ON_ALL(lost_completions),
		TEST_ON_ALL(it_says_that_it_needs_a_reset),
		TEST_ON_ALL(it_lies),
		TEST_ON_ALL(it_cannot_be_stopped),
		TEST_ON_ALL(it_is_another_one_after_a_reset),
		TEST_ON_ALL(it_grows_and_shrinks),
		TEST_ON_ALL(it_vanishes),
		TEST_ON_ALL(it_is_removed),
		TEST_ON_ALL(quiesce_with_a_request_in_flight),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
