/* SPDX-License-Identifier: BSD-2-Clause */
/* NVMe as it should be: found in any state, with any limits, any format, any namespaces. */
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
