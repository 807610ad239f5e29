/* SPDX-License-Identifier: BSD-2-Clause */
/* The block engine, over a simulated disk: what it lets through, and the life of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/sim/disk.h"
#include "tests/sim/ram.h"

enum { BLOCKS = 4096 };

static struct sim_disk disk;
static struct block_device *const b = &disk.block;
static struct block_limits *const limits = &disk.block.limits;
static u8 buffer[1 << 20] __attribute__((aligned(4096)));

static void fail_test(const char *message)
{
	fail_msg("%s", message);
}

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, 4 << 20);
	sim_disk_init(&disk, "sim0", 512, BLOCKS);
	assert_int_equal(block_register(b), 0);
	for (u32 i = 0; i < BLOCKS * 512; i++)
		disk.data[i] = (u8)(i >> 9 ^ i * 7);
	memset(buffer, 0xee, sizeof buffer);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_disk_end(&disk);
	assert_null(block_first());
	assert_int_equal(memory_free(), memory_total());
	return 0;
}

/* Does the log's latest line that begins with @begin say this? */
static const char *wanted;
static unsigned found;

static void look(void *context, enum log_level level, u64 time, const char *text)
{
	(void)context, (void)level, (void)time;
	found += !strcmp(text, wanted);
}

static unsigned logged(const char *line)
{
	wanted = line;
	found = 0;
	log_walk(look, NULL);
	return found;
}

static struct block_request of(enum block_op op, u64 lba, u32 blocks, struct block_segment *s)
{
	*s = (struct block_segment){ buffer, blocks * 512 };
	return (struct block_request){ .op = op, .lba = lba, .blocks = blocks, .segments = s,
				       .segment_count = s->bytes ? 1 : 0 };
}

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

/* ---- Errors ---- */

static void an_error_disturbs_no_other_request(void **state)
{
	struct block_segment segments[3];
	struct block_request r[3];

	(void)state;
	disk.bad_lba = 11;
	for (unsigned i = 0; i < 3; i++) {
		r[i] = of(BLOCK_READ, 10 * i, 8, &segments[i]);
		segments[i].buffer = buffer + 4096 * i;
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	assert_int_equal(disk.kicks, 0);
	assert_int_equal(block_wait(b, &r[2]), 0);
	assert_int_equal(block_wait(b, &r[1]), -EIO);
	assert_int_equal(block_wait(b, &r[0]), 0);
	assert_int_equal(disk.kicks, 1);
	assert_memory_equal(buffer, disk.data, 4096);
	assert_memory_equal(buffer + 8192, disk.data + 20 * 512, 4096);
	assert_int_equal(b->counters.errors, 1);
	assert_int_equal(logged("sim0: reading 8 blocks at lba 10: input/output error (EIO)"), 1);
}

static void what_is_late_is_reset_before_it_fails(void **state)
{
	(void)state;
	disk.stuck_lba = 20;
	assert_int_equal(block_read(b, 20, 1, buffer), -ETIMEDOUT);
	assert_int_equal(disk.resets, 1);
	assert_int_equal(disk.in_flight, 0);
	assert_int_equal(b->counters.timeouts, 1);
	assert_int_equal(b->counters.resets, 1);
	assert_int_equal(buffer[0], 0xee);
	assert_int_equal(block_read(b, 21, 1, buffer), 0);
	assert_int_equal(logged("sim0: reading 1 block at lba 20: no answer in time, it was reset"),
			 1);
}

static void beyond_the_end(void **state)
{
	struct block_segment segment;
	struct block_request r = of(BLOCK_READ, UINT64_MAX, 2, &segment);

	(void)state;
	assert_int_equal(block_submit(b, &r), -ERANGE);
	assert_string_equal(r.cause, "beyond its end");
	assert_int_equal(block_read(b, BLOCKS - 1, 2, buffer), -ERANGE);
	assert_int_equal(disk.submits, 0);
	assert_int_equal(limits->block_count, BLOCKS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_range_is_read_and_written, begin, end),
		cmocka_unit_test_setup_teardown(an_error_disturbs_no_other_request, begin, end),
		cmocka_unit_test_setup_teardown(what_is_late_is_reset_before_it_fails, begin, end),
		cmocka_unit_test_setup_teardown(beyond_the_end, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
