/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of an NVMe controller, by which ways, and with whose memory. */
#include "tests/drivers/nvme_machine.h"

static void writes_and_the_cache(void **state)
{
	struct sim_nvme_namespace *ns = &nvme.ns[0];
	struct block_segment segment;
	struct block_request r = {
		.op = BLOCK_WRITE, .flags = BLOCK_FUA, .lba = 20, .blocks = 10,
		.segments = &segment, .segment_count = 1,
	};
	struct block_device *b;
	u8 *buffer = memory(100 * 512);

	(void)state;
	machine();
	give_store(ns, 1000);
	b = start_disk();
	assert_true(b->limits.volatile_cache);
	assert_true(b->limits.can_fua);
	memset(buffer, 0x77, 100 * 512);
	assert_int_equal(block_write(b, 100, 100, buffer), 0);
	assert_int_equal(ns->store[100 * 512 - 1], sim_nvme_pattern(1, 100 * 512 - 1));
	assert_memory_equal(ns->store + 100 * 512, buffer, 100 * 512);
	assert_int_equal(ns->store[200 * 512], sim_nvme_pattern(1, 200 * 512));
	assert_int_equal(sim_nvme_unsafe_blocks(ns), 100);
	segment = (struct block_segment){ buffer, 10 * 512 };
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_int_equal(sim_nvme_unsafe_blocks(ns), 100);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(sim_nvme_unsafe_blocks(ns), 0);
	assert_int_equal(nvme.opcodes[1][OP_FLUSH], 1);
	assert_int_equal(block_write(b, 0, 1, buffer), 0);
	assert_int_equal(sim_nvme_unsafe_blocks(ns), 1);
	stop();
	assert_int_equal(sim_nvme_unsafe_blocks(ns), 0);
}

static void no_cache_no_flush(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.vwc = false;
	b = start_disk();
	assert_false(b->limits.volatile_cache);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(nvme.opcodes[1][OP_FLUSH], 0);
	stop();
}

static void zeroes_and_discards(void **state)
{
	struct sim_nvme_namespace *ns = &nvme.ns[0];
	struct block_device *b;

	(void)state;
	machine();
	give_store(ns, 70000);
	b = start_disk();
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 10, 66000), 0);
	assert_int_equal(ns->store[10 * 512 - 1], sim_nvme_pattern(1, 10 * 512 - 1));
	for (u64 i = 10 * 512; i < 66010 * 512; i++)
		if (ns->store[i])
			fail_msg("byte 0x%llx", (unsigned long long)i);
	assert_int_equal(ns->store[66010 * 512], sim_nvme_pattern(1, 66010 * 512));
	assert_int_equal(block_erase(b, BLOCK_DISCARD, 66010, 10), 0);
	assert_int_equal(ns->store[66010 * 512], 0);
	assert_int_equal(ns->store[66020 * 512], sim_nvme_pattern(1, 66020 * 512));
	stop();
}

static int compare(struct block_device *b, u64 lba, u8 *buffer, u32 blocks)
{
	struct block_segment segment = { buffer, blocks * 512 };
	struct block_request r = {
		.op = BLOCK_COMPARE, .lba = lba, .blocks = blocks, .segments = &segment,
		.segment_count = 1,
	};

	assert_int_equal(block_submit(b, &r), 0);
	return block_wait(b, &r);
}

static void comparing(void **state)
{
	struct block_device *b;
	u8 *buffer = memory(40 * 512);

	(void)state;
	machine();
	b = start_disk();
	assert_true(b->limits.can_compare);
	sim_nvme_patterns(buffer, 1, 50 * 512, 40 * 512);
	assert_int_equal(compare(b, 50, buffer, 40), 0);
	buffer[39 * 512] ^= 1;
	assert_int_equal(compare(b, 50, buffer, 40), -EILSEQ);
	stop();
}

static void what_it_cannot_do_is_not_offered(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.oncs = 0;
	b = start_disk();
	assert_false(b->limits.can_compare);
	assert_int_equal(b->limits.max_zeroes_blocks, 0);
	assert_int_equal(b->limits.max_discard_blocks, 0);
	stop();
}

/* ---- Doorbells ---- */

static void few_rings(void **state)
{
	struct block_device *b;
	u64 before;

	(void)state;
	machine();
	b = start_disk();
	before = nvme.sq_rings;
	assert_reads(b, 1, 0, 64 << 11);
	print_message("64 MiB: %u rings\n", (unsigned)(nvme.sq_rings - before));
	assert_in_range(nvme.sq_rings - before, 1, 16);
	stop();
}

static void shadow_doorbells(void **state)
{
	struct block_device *b;
	u64 rings, heads;

	(void)state;
	machine();
	nvme.oacs |= 1 << 8;
	b = start_disk();
	assert_true(nvme.shadow != 0);
	rings = nvme.sq_rings;
	heads = nvme.cq_rings;
	assert_reads(b, 1, 0, 64 << 11);
	for (unsigned i = 0; i < 300; i++)
		assert_reads(b, 1, i, 1);
	print_message("rings: %u of submission, %u of completion\n",
		      (unsigned)(nvme.sq_rings - rings), (unsigned)(nvme.cq_rings - heads));
	assert_true(nvme.cq_rings - heads < 8);
	stop();
}

static void out_of_order(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.shuffle = 5;
	b = start_disk();
	assert_reads(b, 1, 1000, 30000);
	stop();
}

/* ---- Memory of ours for the controller ---- */

static void host_memory(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.hmpre = 1024;
	nvme.hmmin = 16;
	b = start_disk();
	assert_int_equal(nvme.hmb_given, 1);
	assert_true(nvme.hmb_count > 0);
	assert_reads(b, 1, 0, 5000);
	stop();
	assert_int_equal(nvme.hmb_taken_back, 1);
}

static void host_memory_that_is_not_there(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.hmpre = nvme.hmmin = 1 << 20;
	b = start_disk();
	assert_int_equal(nvme.hmb_given, 0);
	assert_reads(b, 1, 0, 50);
	stop();
}

/* Afterwards it is as if we had never been there. */
static void all_memory_comes_back(void **state)
{
	u64 before;

	(void)state;
	machine();
	nvme.oacs |= 1 << 8;
	nvme.hmpre = 64;
	before = memory_free();
	assert_reads(start_disk(), 1, 0, 5000);
	device_remove(find_device());
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(dma_counters()->shared, 0);
	assert_int_equal(memory_free(), before);
	assert_null(block_first());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(writes_and_the_cache, NULL),
		CHILD_TEST(no_cache_no_flush, NULL),
		CHILD_TEST(zeroes_and_discards, NULL),
		CHILD_TEST(comparing, NULL),
		CHILD_TEST(what_it_cannot_do_is_not_offered, NULL),
		CHILD_TEST(few_rings, NULL),
		CHILD_TEST(shadow_doorbells, NULL),
		CHILD_TEST(out_of_order, NULL),
		CHILD_TEST(host_memory, NULL),
		CHILD_TEST(host_memory_that_is_not_there, NULL),
		CHILD_TEST(all_memory_comes_back, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
