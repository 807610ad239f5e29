/* SPDX-License-Identifier: BSD-2-Clause */
/* NVMe as it should be: from any state, with any limits, every operation, an orderly end. */
#include "tests/drivers/nvme_machine.h"

static void it_is_found_and_read(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	b = start_disk();
	assert_int_equal(b->limits.block_size, 512);
	assert_int_equal(b->limits.block_count, 1 << 20);
	assert_true(b->limits.depth >= 64);
	assert_false(b->limits.read_only);
	assert_reads(b, 1, 0, 1);
	assert_reads(b, 1, 7, 1000);
	assert_reads(b, 1, (1 << 20) - 1, 1);
	assert_int_equal(nvme.unsafe_shutdowns, 0);
	assert_int_equal(nvme.opcodes[0][ADMIN_ABORT], 0);
	stop();
	/* Every admin completion was seen, or it would interrupt for it for ever. */
	assert_false(nvme.left_unseen);
	assert_int_equal(nvme.intms, 0);	/* the next one wants interrupts */
}

/* ---- Firmware was there before ---- */

struct beginning { bool enabled, ready, fatal; u64 change_us; };

static void from_state(void **state)
{
	const struct beginning *beginning = *state;

	machine();
	nvme.cc = beginning->enabled ? 0x00460001 : 0;
	nvme.csts = (beginning->ready ? 1 : 0) | (beginning->fatal ? 2 : 0);
	nvme.change_us = sim.ticks / 10 + beginning->change_us;
	assert_reads(start_disk(), 1, 3, 20);
	stop();
}

static void from_any_state(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		struct beginning beginning = {
			bits & 1, bits >> 1 & 1, bits >> 2 & 1, bits & 8 ? 700000 : 0,
		};

		print_message("EN %d, RDY %d, CFS %d, %u us to go\n", beginning.enabled,
			      beginning.ready, beginning.fatal, (unsigned)beginning.change_us);
		in_child(from_state, &beginning);
	}
}

static void slow_ones_are_waited_for(void **state)
{
	(void)state;
	machine();
	sim.ticks_step = 1000;
	nvme.cc = 0x00460001;
	nvme.csts = 1;
	nvme.ready_us = nvme.disable_us = 9000000;
	nvme.shutdown_us = 1500000;
	assert_reads(start_disk(), 1, 3, 20);
	stop();
	assert_int_equal(nvme.shutdowns, 1);
}

/* CAP.TO of zero is no time at all, by the letter. */
static void a_timeout_of_zero(void **state)
{
	(void)state;
	machine();
	nvme.cap &= ~(0xffull << 24);
	nvme.ready_us = 300000;
	assert_reads(start_disk(), 1, 3, 20);
	stop();
}

/* NVMe 2.0: CAP.TO ends at 127 s, so there is a register (CRTO) for those that take longer. */
static void says_32767_seconds(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes,
				size_t count)
{
	(void)s;
	if (what == SIM_NVME_SAYS_REGISTER && which == NVME_CRTO)
		memset(bytes, 0xff, count);
}

static void a_timeout_beyond_cap(void **state)
{
	(void)state;
	machine();
	sim.ticks_step = 1000;
	nvme.cap |= 1ull << 59 | 0xffull << 24;
	nvme.twist = says_32767_seconds;
	nvme.ready_us = 200 * 1000000;
	assert_reads(start_disk(), 1, 3, 20);
	stop();
}

/* ---- Limits ---- */

static void with_mdts(void **state)
{
	const u8 *mdts = *state;
	struct block_device *b;

	machine();
	nvme.mdts = *mdts;
	b = start_disk();
	assert_true(b->limits.max_blocks > 0);
	if (*mdts && *mdts < 32)
		assert_true((u64)b->limits.max_blocks * 512 <= 4096ull << *mdts);
	assert_reads(b, 1, 0, 1);
	assert_reads(b, 1, 12345, 20000);
	stop();
}

static void any_mdts(void **state)
{
	static const u8 values[] = { 0, 1, 2, 7, 13, 20, 255 };

	(void)state;
	for (unsigned i = 0; i < sizeof values; i++) {
		print_message("MDTS %u\n", values[i]);
		in_child(with_mdts, (void *)&values[i]);
	}
}

struct shape { u32 entries; u8 stride, pages; unsigned queues; };

static void with_shape(void **state)
{
	const struct shape *shape = *state;

	machine();
	nvme.cap = (nvme.cap & ~0xffffull) | (shape->entries - 1);
	nvme.cap |= (u64)shape->stride << 32 | (u64)shape->pages << 48;
	nvme.queue_pairs = shape->queues;
	assert_reads(start_disk(), 1, 77, 5000);
	stop();
}

static void any_shape(void **state)
{
	static const struct shape shapes[] = {
		{ 2, 0, 0, 1 }, { 3, 0, 0, 7 }, { 64, 1, 0, 1 }, { 65, 4, 0, 2 },
		{ 65536, 7, 0, 7 }, { 128, 0, 1, 1 }, { 1024, 0, 4, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		print_message("%u entries, stride 4 << %u, pages of 4096 << %u\n",
			      shapes[i].entries, shapes[i].stride, shapes[i].pages);
		in_child(with_shape, (void *)&shapes[i]);
	}
}

/* ---- Formats ---- */

struct layout { u8 format, protection; bool extended; };

static void with_layout(void **state)
{
	const struct layout *layout = *state;
	struct block_device *b;
	u8 *buffer = memory(300 * 4096);
	u32 bytes;

	machine();
	nvme.ns[0].format = layout->format;
	nvme.ns[0].protection = layout->protection;
	nvme.ns[0].extended = layout->extended;
	nvme.ns[0].blocks = 1 << 16;
	discover();
	b = disk(1);
	/* metadata in the midst of data that nobody can strip: refused in words */
	if (!b) {
		assert_true(layout->extended);
		assert_true(log_says("metadata"));
		stop();
		return;
	}
	bytes = 1u << sim_nvme_formats[layout->format].shift;
	assert_int_equal(b->limits.block_size, bytes);
	assert_reads(b, 1, 5, 300);
	sim_nvme_patterns(buffer, 1, 9 * bytes, 257 * bytes);
	assert_int_equal(block_write(b, 9, 257, buffer), 0);
	assert_true(nvme.blocks_written == 257);
	stop();
}

static void any_layout(void **state)
{
	static const struct layout layouts[] = {
		{ SIM_NVME_512, 0, false }, { SIM_NVME_4096, 0, false },
		{ SIM_NVME_512_8, 0, false }, { SIM_NVME_512_8, 1, false },
		{ SIM_NVME_512_8, 1, true }, { SIM_NVME_512_8, 2, false },
		{ SIM_NVME_4096_8, 1, false }, { SIM_NVME_4096_8, 1, true },
		{ SIM_NVME_4096_8, 3, true }, { SIM_NVME_4096_64, 0, false },
		{ SIM_NVME_4096_64, 1, false }, { SIM_NVME_4096_64, 1, true },
		{ SIM_NVME_512_8, 0, true },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof layouts / sizeof *layouts; i++) {
		print_message("format %u, protection %u, extended %d\n", layouts[i].format,
			      layouts[i].protection, layouts[i].extended);
		in_child(with_layout, (void *)&layouts[i]);
	}
}

static void several_namespaces(void **state)
{
	(void)state;
	machine();
	nvme.nn = 400;
	nvme.ns[0].nsid = 7;
	nvme.ns[1] = (struct sim_nvme_namespace){ .nsid = 399, .blocks = 64,
						  .format = SIM_NVME_4096 };
	nvme.ns[2] = (struct sim_nvme_namespace){ .nsid = 1, .blocks = 99,
						  .write_protected = true };
	discover();
	assert_null(disk(2));
	assert_reads(disk(7), 7, 1, 9);
	assert_reads(disk(399), 399, 60, 4);
	assert_reads(disk(1), 1, 98, 1);
	assert_false(disk(7)->limits.read_only);
	assert_true(disk(1)->limits.read_only);
	assert_true(nvme.opcodes[0][ADMIN_IDENTIFY] < 20);
	stop();
}

static void namespaces_without_a_list(void **state)
{
	(void)state;
	machine();
	nvme.vs = 0x00010000;
	nvme.no_list = nvme.no_descriptors = true;
	nvme.nn = 5;
	nvme.ns[1] = (struct sim_nvme_namespace){ .nsid = 4, .blocks = 64 };
	discover();
	assert_reads(disk(1), 1, 1, 9);
	assert_reads(disk(4), 4, 60, 4);
	assert_null(disk(3));
	stop();
}

/* ---- What is wrong with some ---- */

static unsigned nonsense;

static void say_nonsense(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes,
			 size_t count)
{
	static const u32 lists[3][4] = { { 5, 1 }, { 1, 0xfffffffe }, { 5, 5, 5, 5 } };

	(void)s, (void)count;
	if (what == SIM_NVME_SAYS_DATA && which == (ADMIN_IDENTIFY | 2 << 8))
		memcpy(bytes, lists[nonsense], sizeof *lists);
}

/* Lists that are none: then each number is tried. */
static void with_nonsense(void **state)
{
	(void)state;
	machine();
	nvme.nn = 6;
	nvme.ns[1] = (struct sim_nvme_namespace){ .nsid = 5, .blocks = 64 };
	nvme.twist = say_nonsense;
	discover();
	assert_reads(disk(1), 1, 1, 9);
	assert_reads(disk(5), 5, 60, 4);
	assert_null(disk(2));
	stop();
}

static void lists_of_nonsense(void **state)
{
	(void)state;
	for (nonsense = 0; nonsense < 3; nonsense++)
		in_child(with_nonsense, NULL);
}

static void say_none(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes,
		     size_t count)
{
	(void)s;
	if (what == SIM_NVME_SAYS_DATA && which == (ADMIN_IDENTIFY | 2 << 8))
		memset(bytes, 0, count);
}

/* Old QEMU: its list is empty, and its write zeroes does not. */
static void a_quirk_of_lists(void **state)
{
	(void)state;
	machine();
	sim_pci_set(nvme.function, PCI_VENDOR, 4, 0x58458086);
	nvme.twist = say_none;
	assert_reads(start_disk(), 1, 1, 9);
	assert_int_equal(disk(1)->limits.max_zeroes_blocks, 0);
	stop();
}

/* HGST's: it is not to be looked at for two seconds. */
static void a_quirk_of_patience(void **state)
{
	(void)state;
	machine();
	sim.ticks_step = 1000;
	sim_pci_set(nvme.function, PCI_VENDOR, 4, 0x00031c58);
	nvme.cc = 0x00460001;
	nvme.csts = 1;
	nvme.blind_us = 2000000;
	assert_reads(start_disk(), 1, 1, 9);
	stop();
}

static void no_namespaces(void **state)
{
	struct device *dev;

	(void)state;
	machine();
	nvme.ns[0].nsid = 0;
	dev = discover();
	assert_null(block_first());
	assert_true(dev->error == 0 || dev->reason[0]);
	if (!dev->error)
		stop();
}

/* ---- Operations ---- */

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
		CHILD_TEST(it_is_found_and_read, NULL),
		cmocka_unit_test(from_any_state),
		CHILD_TEST(slow_ones_are_waited_for, NULL),
		CHILD_TEST(a_timeout_of_zero, NULL),
		CHILD_TEST(a_timeout_beyond_cap, NULL),
		cmocka_unit_test(any_mdts),
		cmocka_unit_test(any_shape),
		cmocka_unit_test(any_layout),
		CHILD_TEST(several_namespaces, NULL),
		CHILD_TEST(namespaces_without_a_list, NULL),
		CHILD_TEST(no_namespaces, NULL),
		cmocka_unit_test(lists_of_nonsense),
		CHILD_TEST(a_quirk_of_lists, NULL),
		CHILD_TEST(a_quirk_of_patience, NULL),
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
