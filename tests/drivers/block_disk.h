/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of the block engine share: a simulated disk, and the log. After <cmocka.h>. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/sim/disk.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"

enum { BLOCKS = 4096 };

static struct sim_disk disk;
static struct block_device *const b = &disk.block;
static struct block_limits *const limits = &disk.block.limits;
static u8 buffer[1 << 20] __attribute__((aligned(4096)));

static inline int begin(void **state)
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
	log_info("a test begins");
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	sim_disk_end(&disk);
	assert_null(block_first());
	assert_int_equal(memory_free(), memory_total());
	return 0;
}

/* How often the log says this, since the test began. */
static const char *wanted;
static unsigned found;

static inline void look(void *context, enum log_level level, u64 time, const char *text)
{
	(void)context, (void)level, (void)time;
	found = strcmp(text, "a test begins") ? found + !strcmp(text, wanted) : 0;
}

static inline unsigned logged(const char *line)
{
	wanted = line;
	found = 0;
	log_walk(look, NULL);
	return found;
}

static struct block_segment segments[300];

static inline struct block_request request(enum block_op op, u64 lba, u32 blocks,
					   u16 segment_count)
{
	return (struct block_request){ .op = op, .lba = lba, .blocks = blocks,
				       .segments = segments, .segment_count = segment_count };
}

/* Does the engine say no, and the device not see it? */
static inline void refused(struct block_request r, int error, const char *cause)
{
	unsigned before = disk.submits;

	r.segments = segments;
	assert_int_equal(block_submit(b, &r), error);
	assert_string_equal(r.cause, cause);
	assert_int_equal(disk.submits, before);
	assert_int_equal(disk.in_flight, 0);
}

/* How often a done was called, and how often the disk had been reset then. */
static unsigned calls, resets_at_call;

static inline void count_calls(struct block_request *r)
{
	(void)r;
	calls++;
	resets_at_call = disk.resets;
}

#define TEST(function)	cmocka_unit_test_setup_teardown(function, begin, end)
