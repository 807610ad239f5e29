/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests in flight at a controller that fails: each ends right, or with a reason, in time. */
#pragma once
#include "tests/drivers/nvme_machine.h"

enum { REQUESTS = 8, BLOCKS = 24, BYTES = BLOCKS * 512, GUARD = 0x3c, STEP_TICKS = 2000 };
enum { TIMEOUT_US = 2000000, LONGEST_US = 90 * 1000 * 1000, STEPS_AFTER = 2000 };

static struct block_request requests[REQUESTS];
static struct block_segment segments[REQUESTS];
static u8 buffers[REQUESTS][BYTES + 4096];

static inline u8 *buffer_of(unsigned i)
{
	return buffers[i] + (-(uintptr_t)buffers[i] & 511);
}

static inline u64 lba_of(unsigned i)
{
	return 1000 + 100 * i;
}

/* A machine on which time flies. */
static inline struct block_device *start_fast(void)
{
	sim.ticks_step = STEP_TICKS;
	return start_disk();
}

static inline void prepare(unsigned i, enum block_op op)
{
	segments[i] = (struct block_segment){ buffer_of(i), BYTES };
	requests[i] = (struct block_request){
		.op = op, .lba = lba_of(i), .blocks = BLOCKS, .segments = &segments[i],
		.segment_count = 1, .timeout_us = TIMEOUT_US,
	};
	if (op == BLOCK_WRITE)
		sim_nvme_patterns(buffer_of(i), 1, lba_of(i) * 512, BYTES);
	else
		memset(buffer_of(i), GUARD, BYTES);
}

/* Right data, or an error with its reason; from now on the memory is ours. */
static inline void judge(unsigned i)
{
	const struct block_request *r = &requests[i];

	assert_int_not_equal(r->status, -EINPROGRESS);
	if (r->status)
		assert_non_null(r->cause);
	else if (r->op == BLOCK_READ)
		assert_pattern(buffer_of(i), 1, lba_of(i) * 512, BYTES);
	memset(buffer_of(i), GUARD, BYTES);
}

static inline void assert_guarded(unsigned i)
{
	static u8 guard[BYTES];

	memset(guard, GUARD, sizeof guard);
	assert_memory_equal(buffer_of(i), guard, BYTES);
}

/* Several at once, until all have ended. Returns how many have failed; the first's error. */
static inline unsigned run(struct block_device *b, enum block_op op, int *first)
{
	unsigned failed = 0, submitted = 0;
	u64 begin = sim.ticks;

	for (; submitted < REQUESTS; submitted++) {
		prepare(submitted, op);
		if (block_submit(b, &requests[submitted]))
			break;
	}
	*first = submitted < REQUESTS ? requests[submitted].status : 0;
	block_kick(b);
	for (unsigned i = 0; i < submitted; i++) {
		int status = block_wait(b, &requests[i]);

		if (status && !*first)
			*first = status;
		failed += status != 0;
		judge(i);
	}
	assert_true((sim.ticks - begin) / 10 < LONGEST_US);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);
	for (unsigned i = 0; i < submitted; i++)
		assert_guarded(i);
	return failed + REQUESTS - submitted;
}

static inline void set_fault(enum sim_nvme_trouble trouble, int opcode, unsigned skip, u16 value,
		      u64 delay_us)
{
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = trouble, .opcode = opcode, .skip = skip, .value = value,
		.delay_us = delay_us,
	};
}
