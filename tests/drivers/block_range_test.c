/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole ranges, over a simulated disk: how they are cut, and what becomes of errors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/block_disk.h"

/* ---- Ranges ---- */

static void a_range_is_read_and_written(void **state)
{
	(void)state;
	assert_int_equal(block_read(b, 3, 100, buffer), 0);
	assert_memory_equal(buffer, disk.data + 3 * 512, 100 * 512);
	assert_int_equal(buffer[100 * 512], 0xee);
	memset(buffer, 0x11, 1024);
	assert_int_equal(block_write(b, BLOCKS - 2, 2, buffer), 0);
	assert_memory_equal(disk.data + (BLOCKS - 2) * 512, buffer, 1024);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(disk.flushes, 1);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 8, 2), 0);
	assert_int_equal(disk.data[8 * 512], 0);
	assert_int_equal(block_read(b, BLOCKS, 0, buffer), 0);
	assert_int_equal(b->counters.errors, 0);
	assert_int_equal(b->counters.requests, 4);
	assert_int_equal(b->counters.bytes, 102 * 512);
	assert_int_equal(b->counters.kicks, 4);
}

/* The same area over and over, cut as the device wants it: nothing is lost, nothing is twice. */
static void large_ranges_are_cut_by_the_limits(void **state)
{
	(void)state;
	limits->max_blocks = 100;
	limits->max_segments = 3;
	limits->max_segment_bytes = 16384;
	assert_int_equal(block_read(b, 1, 2000, buffer), 0);
	assert_memory_equal(buffer, disk.data + 512, 2000 * 512);
	assert_int_equal(b->counters.requests, 2000 / (3 * 32) + 1);
	assert_int_equal(disk.largest, 96);
	assert_int_equal(disk.most_in_flight, 16);
	assert_in_range(b->counters.kicks, 2, 6);

	limits->max_segments = 200;
	disk.largest = 0;
	assert_int_equal(block_write(b, 7, 2000, buffer), 0);
	assert_memory_equal(disk.data + 7 * 512, buffer, 2000 * 512);
	assert_int_equal(disk.largest, 100);
}

/* Issue 4: at most 64 requests and 8 kicks for 64 MiB; and it overlaps. */
static void a_large_read_is_few_requests(void **state)
{
	enum { BYTES = 64 << 20 };
	static struct sim_disk large;
	u8 *memory = calloc(1, BYTES);

	(void)state;
	sim_disk_init(&large, "large", 512, BYTES / 512);
	assert_int_equal(block_register(&large.block), 0);
	large.at_a_time = 1;
	for (size_t i = 0; i < BYTES; i += 4096)
		large.data[i] = (u8)(i >> 12) ^ (u8)(i >> 20);
	assert_int_equal(block_read(&large.block, 0, BYTES / 512, memory), 0);
	assert_memory_equal(memory, large.data, BYTES);
	assert_int_equal(large.block.counters.requests, 16);
	assert_int_equal(large.block.counters.kicks, 3);	/* 8, then 4 when 4 are left */
	assert_int_equal(large.most_in_flight, 8);
	free(memory);
	sim_disk_end(&large);
}

static void no_more_in_flight_than_the_device_holds(void **state)
{
	(void)state;
	limits->max_blocks = 8;
	limits->depth = disk.room = 2;
	disk.at_a_time = 1;
	assert_int_equal(block_read(b, 0, 400, buffer), 0);
	assert_memory_equal(buffer, disk.data, 400 * 512);
	assert_int_equal(disk.most_in_flight, 2);
}

/* A driver that promises more than it can do now gets less of it, later. */
static void a_full_device_is_asked_again(void **state)
{
	struct block_request r = { .op = BLOCK_FLUSH };

	(void)state;
	disk.room = 1;
	limits->max_blocks = 50;
	disk.delay = 3;
	assert_int_equal(block_read(b, 0, 400, buffer), 0);
	assert_memory_equal(buffer, disk.data, 400 * 512);

	disk.again_above = 6;				/* no memory to lend through */
	assert_int_equal(block_write(b, 20, 400, buffer), 0);
	assert_memory_equal(disk.data + 20 * 512, buffer, 400 * 512);
	assert_int_equal(block_flush(b), 0);

	disk.room = 0;
	assert_int_equal(block_submit(b, &r), -EAGAIN);
	assert_int_equal(r.status, -EAGAIN);
	assert_int_equal(block_read(b, 0, 400, buffer), -ENOMEM);
	assert_int_equal(block_flush(b), -EAGAIN);
	assert_int_equal(logged("sim0: reading 50 blocks at lba 0: out of memory (ENOMEM)"), 0);
}

static void unaligned_memory_goes_through_ours(void **state)
{
	static const u8 constant[1025] = { 1, 2, 3 };

	(void)state;
	limits->buffer_align = limits->segment_align = 4;
	assert_int_equal(block_write(b, 5, 2, constant + 1), 0);
	assert_memory_equal(disk.data + 5 * 512, constant + 1, 1024);
	assert_int_equal(block_read(b, 0, 200, buffer + 3), 0);
	assert_memory_equal(buffer + 3, disk.data, 200 * 512);
	assert_int_equal(buffer[2], 0xee);
	assert_int_equal(buffer[3 + 200 * 512], 0xee);
	memset(buffer, 0xee, 1024);
	disk.bad_lba = 4;
	assert_int_equal(block_read(b, 4, 1, buffer + 1), -EIO);
	assert_int_equal(buffer[1], 0xee);
	assert_int_equal(memory_free(), memory_total());
}

/* A block in two segments, which can end at pages alone: that is less than a block. */
static void no_place_to_cut(void **state)
{
	static struct sim_disk pages;

	(void)state;
	sim_disk_init(&pages, "pages", 8192, 100);
	pages.block.limits.segment_align = pages.block.limits.max_segment_bytes = 4096;
	pages.block.limits.max_segments = 2;
	pages.data[8192] = 0x33;
	assert_int_equal(block_register(&pages.block), 0);
	assert_int_equal(block_read(&pages.block, 1, 2, buffer + 1), 0);
	assert_memory_equal(buffer + 1, pages.data + 8192, 16384);
	sim_disk_end(&pages);
}

static void erasing(void **state)
{
	(void)state;
	limits->max_discard_blocks = 16;
	limits->max_erase_blocks = 0;
	disk.keep_log = true;
	assert_int_equal(block_erase(b, BLOCK_DISCARD, 10, 40), 0);
	assert_int_equal(disk.log_count, 3);
	assert_int_equal(disk.log[2].blocks, 8);
	assert_int_equal(disk.data[10 * 512], 0xdc);
	assert_int_equal(disk.data[50 * 512 - 1], 0xdc);
	assert_int_not_equal(disk.data[50 * 512], 0xdc);
	assert_int_equal(block_erase(b, BLOCK_SECURE_ERASE, 10, 40), -ENOTSUP);
	assert_int_equal(logged("sim0: erasing for good 40 blocks at lba 10: it cannot do that"),
			 1);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, BLOCKS - 1, 2), -ERANGE);
	assert_int_equal(disk.log_count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_range_is_read_and_written),
		TEST(large_ranges_are_cut_by_the_limits),
		TEST(a_large_read_is_few_requests),
		TEST(no_more_in_flight_than_the_device_holds),
		TEST(a_full_device_is_asked_again),
		TEST(unaligned_memory_goes_through_ours),
		TEST(no_place_to_cut),
		TEST(erasing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
