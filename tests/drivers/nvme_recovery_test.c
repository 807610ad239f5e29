/* SPDX-License-Identifier: BSD-2-Clause */
/* What a controller and its namespaces are after something went wrong, and what they are not. */
#include "tests/drivers/nvme_machine.h"

enum { TWO_BLOCKS = 64, STEP_TICKS = 2000, SECOND_US = 1000 * 1000 };

static u8 buffers[2][512] __attribute__((aligned(512)));
static struct block_segment segments[2] = { { buffers[0], 512 }, { buffers[1], 512 } };

static struct block_request read_of(unsigned i, u32 timeout_us)
{
	return (struct block_request){
		.op = BLOCK_READ, .lba = 1, .blocks = 1, .segments = &segments[i],
		.segment_count = 1, .timeout_us = timeout_us,
	};
}

static void machine_with_two(void)
{
	machine();
	nvme.nn = 2;
	nvme.ns[1] = (struct sim_nvme_namespace){ .nsid = 2, .blocks = TWO_BLOCKS };
}

static void next_read(enum sim_nvme_trouble trouble, u64 delay_us)
{
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = trouble, .opcode = OP_READ, .delay_us = delay_us,
	};
}

/* A request that is used again has all of its time again, whatever it had before. */
static void one_that_is_late_takes_no_other_with_it(void **state)
{
	struct block_request late = read_of(0, 2 * SECOND_US), other = read_of(1, SECOND_US);
	struct block_device *one, *two;

	(void)state;
	machine_with_two();
	one = start_disk();
	two = disk(2);
	sim.ticks_step = STEP_TICKS;
	next_read(SIM_NVME_LATE, SECOND_US / 2);
	assert_int_equal(block_submit(two, &other), 0);
	assert_int_equal(block_wait(two, &other), 0);

	other.timeout_us = 20 * SECOND_US;
	next_read(SIM_NVME_LOST, 0);
	nvme.faults[1] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_LATE, .opcode = OP_READ, .skip = 0, .delay_us = 6 * SECOND_US,
	};
	assert_int_equal(block_submit(one, &late), 0);
	block_kick(one);
	assert_int_equal(block_submit(two, &other), 0);
	block_kick(two);
	assert_int_equal(block_wait(one, &late), -ETIMEDOUT);
	assert_int_equal(other.status, -EINPROGRESS);
	assert_int_equal(block_wait(two, &other), 0);
	assert_int_equal(nvme.abort_commands, 1);
	stop();
}

/* A reset switches the cache on again; what was chosen is chosen again. */
static void the_choice_of_a_cache_outlives_a_reset(void **state)
{
	struct block_device *b;

	(void)state;
	machine_with_two();
	b = start_disk();
	assert_int_equal(b->ops->set_cache(b, false), 0);
	assert_false(nvme.cache_on);
	assert_int_equal(block_reset(b, -ECANCELED, "a test"), 0);
	assert_false(nvme.cache_on);
	assert_false(b->limits.volatile_cache || disk(2)->limits.volatile_cache);
	assert_int_equal(b->ops->set_cache(b, true), 0);
	assert_int_equal(block_reset(b, -ECANCELED, "a test"), 0);
	assert_true(nvme.cache_on);
	assert_true(b->limits.volatile_cache && disk(2)->limits.volatile_cache);
	stop();
}

static void a_cache_that_stays_on_is_flushed(void **state)
{
	struct block_device *b;
	unsigned flushes;

	(void)state;
	machine_with_two();
	b = start_disk();
	assert_int_equal(b->ops->set_cache(b, false), 0);
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_STATUS, .admin = true, .opcode = ADMIN_FEATURES, .skip = 1,
		.value = 0x02 | SIM_NVME_DNR,
	};
	assert_int_equal(block_reset(b, -ECANCELED, "a test"), 0);
	assert_true(nvme.cache_on);
	flushes = nvme.opcodes[1][OP_FLUSH];
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(block_flush(disk(2)), 0);
	assert_int_equal(nvme.opcodes[1][OP_FLUSH], flushes + 2);
	stop();
}

/* Whoever does not answer is reset, so that it can be asked again; who is lost is not asked. */
static void no_answer_about_the_cache(void **state)
{
	struct block_device *b;

	(void)state;
	machine_with_two();
	b = start_disk();
	sim.ticks_step = STEP_TICKS;
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_LOST, .admin = true, .opcode = ADMIN_FEATURES,
	};
	assert_int_equal(b->ops->set_cache(b, false), -ETIMEDOUT);
	assert_true(b->limits.volatile_cache);
	assert_int_equal(b->ops->set_cache(b, false), 0);
	assert_false(nvme.cache_on);

	nvme.ready_us = SIM_NVME_NEVER;
	assert_true(block_reset(b, -ECANCELED, "a test") < 0);
	assert_int_equal(b->ops->set_cache(b, true), -ENODEV);
	assert_int_equal(devices_quiesce(), 0);
}

/* One that was given up may do better when somebody asks: then it is as it was. */
static void a_lost_one_that_is_reset_works(void **state)
{
	struct block_request r = read_of(0, SECOND_US);
	struct block_device *b;

	(void)state;
	machine_with_two();
	b = start_disk();
	sim.ticks_step = STEP_TICKS;
	next_read(SIM_NVME_FATAL, 0);
	nvme.ready_us = SIM_NVME_NEVER;
	assert_int_equal(block_submit(b, &r), 0);
	assert_true(block_wait(b, &r) < 0);
	assert_true(b->dead < 0 && disk(2)->dead < 0);

	nvme.ready_us = 0;
	for (unsigned nsid = 1; nsid <= 2; nsid++) {
		assert_int_equal(block_reset(disk(nsid), -ECANCELED, "a test"), 0);
		assert_reads(disk(nsid), nsid, 0, 9);
		assert_int_equal(disk(nsid)->counters.timeouts, 0);
	}
	stop();
}

static void shadow_doorbells_that_it_refuses(void **state)
{
	(void)state;
	machine();
	nvme.oacs |= 1 << 8;
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_STATUS, .admin = true, .opcode = 0x7c,
		.value = 0x02 | SIM_NVME_DNR,
	};
	assert_reads(start_disk(), 1, 0, 9);
	assert_int_equal(nvme.shadow, 0);
	assert_false(log_says("shadow doorbells"));
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(one_that_is_late_takes_no_other_with_it, NULL),
		CHILD_TEST(the_choice_of_a_cache_outlives_a_reset, NULL),
		CHILD_TEST(a_cache_that_stays_on_is_flushed, NULL),
		CHILD_TEST(no_answer_about_the_cache, NULL),
		CHILD_TEST(a_lost_one_that_is_reset_works, NULL),
		CHILD_TEST(shadow_doorbells_that_it_refuses, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
