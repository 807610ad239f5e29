/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The NVMe driver on machines whose caches hide everything: it is right there, and would not be
 * without any one of its hand-overs and fences.
 */
#include "tests/drivers/nvme_machine.h"
#include "tests/sim/mutation.h"

enum { BLOCKS = 1600, STEP_TICKS = 2000, ROUNDS = 60, JOBS = 6, PAGE = 4096 };

static struct sim_nvme second;		/* with SGLs, and doorbells that are none but registers */

static struct job {
	struct block_request request;
	struct block_segment segments[2];
	u8 *memory;
	u8 *store;			/* what it is about */
	u64 lba;
	u32 blocks;
} jobs[JOBS];

/* Each job has blocks of its own, so that any order will do. */
static void job_begin(struct job *j, struct block_device *b, struct sim_nvme *s)
{
	bool reading = rand() % 2;
	u32 bytes, first;
	u8 *at = j->memory + (-(uintptr_t)j->memory & (PAGE - 1));

	j->blocks = 1 + (u32)rand() % (rand() % 2 ? 8 : BLOCKS / JOBS);
	j->lba = (u64)(j - jobs) * (BLOCKS / JOBS) + (u32)rand() % (BLOCKS / JOBS - j->blocks + 1);
	j->store = s->ns[0].store + j->lba * 512;
	bytes = j->blocks * 512;
	first = bytes > PAGE && rand() % 2 ? PAGE : bytes;
	if (first == bytes)
		at += 4 * ((unsigned)rand() % 16);
	for (u32 i = 0; i < bytes; i++)
		at[i] = (u8)rand();
	j->segments[0] = (struct block_segment){ at, first };
	j->segments[1] = (struct block_segment){ at + first, bytes - first };
	j->request = (struct block_request){
		.op = reading ? BLOCK_READ : BLOCK_WRITE, .lba = j->lba, .blocks = j->blocks,
		.segments = j->segments, .segment_count = first == bytes ? 1 : 2,
	};
	assert_int_equal(block_submit(b, &j->request), 0);
}

static void job_end(struct job *j, struct block_device *b)
{
	assert_int_equal(block_wait(b, &j->request), 0);
	assert_memory_equal(j->segments[0].buffer, j->store, j->blocks * 512);
}

/* Some together, then waited for; sometimes one alone, so that it must be rung for. */
static void work(struct block_device *b, struct sim_nvme *s)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned count = 1 + (unsigned)rand() % JOBS;

		for (unsigned i = 0; i < count; i++)
			job_begin(&jobs[i], b, s);
		for (unsigned i = 0; i < count; i++)
			job_end(&jobs[i], b);
	}
}

/* Of a place that no job has. */
static void discard(struct block_device *b, struct sim_nvme *s)
{
	u8 *store = s->ns[0].store;

	for (unsigned i = 0; i < 8; i++) {
		u64 at = (BLOCKS + 10 * i) * 512;

		assert_int_equal(block_erase(b, BLOCK_DISCARD, BLOCKS + 10 * i, 5), 0);
		assert_int_equal(store[at - 1], sim_nvme_pattern(s->ns[0].nsid, at - 1));
		assert_int_equal(store[at], 0);
		assert_int_equal(store[at + 5 * 512 - 1], 0);
		assert_int_equal(store[at + 5 * 512],
				 sim_nvme_pattern(s->ns[0].nsid, at + 5 * 512));
	}
}

static void add_second(void)
{
	sim_nvme_begin(&second, &pci, NULL, 2);
	sim_pci_set(second.function, PCI_VENDOR, 4, 0x82011cc1);	/* its quirk */
	second.transitions = true;
	memset(second.transition_table, 0xff, sizeof second.transition_table);
	second.sgls = 2;
	second.ns[0].nsid = 3;
	second.nn = 3;
	give_store(&second.ns[0], BLOCKS + 100);
	sim_nvme_hook(&second);
}

static void begin(void)
{
	machine();
	sim.ticks_step = STEP_TICKS;
	srand(5);
	nvme.oacs |= 1 << 8;
	nvme.hmpre = nvme.hmmin = 32;
	nvme.torn = second.torn = true;
	nvme.shuffle = 3;
	give_store(&nvme.ns[0], BLOCKS + 100);
	for (unsigned i = 0; i < JOBS; i++)
		jobs[i].memory = memory(BLOCKS / JOBS * 512 + 2 * PAGE);
}

static void suite(void **state)
{
	struct block_device *b, *other;

	(void)state;
	begin();
	add_second();
	discover();
	b = block_find("nvme0n1");
	other = block_find("nvme1n3");
	assert_true(b && other);
	assert_int_equal(nvme.hmb_given, 1);
	assert_int_equal(second.transitions_set, 1);
	for (unsigned i = 0; i < sizeof second.transition_table; i++)
		assert_int_equal(second.transition_table[i], 0);
	work(b, &nvme);
	discard(b, &nvme);
	work(other, &second);
	discard(other, &second);
	assert_true(second.sgl_commands > 0 && nvme.prp_lists > 0);
	stop();
}

/* Each request alone: the controller falls asleep between any two. */
static void sleepy_suite(void **state)
{
	struct block_device *b;

	(void)state;
	begin();
	nvme.torn = false;
	nvme.shuffle = 0;
	b = start_disk();
	assert_true(nvme.shadow != 0);
	for (unsigned i = 0; i < 300; i++) {
		job_begin(&jobs[0], b, &nvme);
		if (i % 3 == 0)
			job_begin(&jobs[1], b, &nvme);
		job_end(&jobs[0], b);
		if (i % 3 == 0)
			job_end(&jobs[1], b);
	}
	stop();
}

static void every_hand_over_is_missed(void **state)
{
	(void)state;
	mutation_test("drivers/nvme/queue.c", suite);
	mutation_test("drivers/nvme/admin.c", suite);
	mutation_test("drivers/nvme/data.c", suite);
	mutation_test("drivers/nvme/controller.c", suite);
}

static void every_fence_is_missed(void **state)
{
	(void)state;
	mutation_test_fences("drivers/nvme/queue.c", sleepy_suite);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hand_over_is_missed),
		cmocka_unit_test(every_fence_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
