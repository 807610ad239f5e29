/* SPDX-License-Identifier: BSD-2-Clause */
/* Two views of memory: what moves between them, when, and where the device's lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dma_oracle.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/mmio.h"
#include "tests/sim/child.h"
#include "tests/sim/dma.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"

enum { MIB = 1 << 20, RAM_BYTES = 16 * MIB, LINE = 64, PAGE = 4096, MANY = 20000 };

static const struct dma_domain domain = { .coherent = true };	/* which means nothing here */
static struct dma_memory m;
static struct dma_mapping map;

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	return 0;
}

static int nothing_left(void **state)
{
	(void)state;
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(dma_counters()->shared, 0);
	if (dma_oracle())
		dma_oracle_end();
	assert_int_equal(memory_free(), memory_total());
	return 0;
}

static void begin(struct dma_oracle_settings s)
{
	const char *reason;

	if (!s.line_bytes)
		s.line_bytes = LINE;
	if (dma_oracle_begin(&s, &reason))
		fail_msg("%s", reason);
	assert_int_equal(dma_line_bytes(), s.line_bytes);
}

static u8 *ours(size_t at)
{
	return (u8 *)m.cpu + at;
}

/* Given, and there: it may take until the next turn of a loop. */
static void give(size_t at, size_t bytes)
{
	dma_give(&m, at, bytes);
	arch_relax();
}

/* What the device sees of the area. */
static u8 *theirs(size_t at)
{
	return sim_dma(m.addr.bus + at, 1, true);
}

static void area(size_t bytes)
{
	assert_int_equal(dma_alloc(&m, &domain, bytes, 0, DMA_OWNED), 0);
	assert_int_equal(m.way, DMA_ORACLE);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(*ours(i) | *theirs(i), 0);
}

/* ---- Areas ---- */

static void only_hand_overs_move_bytes(void **state)
{
	(void)state;
	begin((struct dma_oracle_settings){ 0 });
	area(5 * LINE);
	assert_ptr_not_equal(ours(0), theirs(0));
	memset(ours(0), 1, 3 * LINE);
	memset(theirs(3 * LINE), 2, 2 * LINE);
	for (unsigned i = 0; i < 100; i++)
		arch_relax();
	assert_int_equal(*theirs(0), 0);
	assert_int_equal(*ours(3 * LINE), 0);

	give(LINE + 5, 1);					/* the whole line, and no other */
	for (size_t i = 0; i < 3 * LINE; i++)
		assert_int_equal(*theirs(i), i / LINE == 1);
	dma_take(&m, 4 * LINE - 1, 2);				/* two lines */
	for (size_t i = 3 * LINE; i < 5 * LINE; i++)
		assert_int_equal(*ours(i), 2);
	dma_free(&m);
}

static void any_line_size(void **state)
{
	(void)state;
	for (size_t line = 16; line <= 256; line *= 2) {
		begin((struct dma_oracle_settings){ .line_bytes = line });
		area(4 * line);
		assert_int_equal((uintptr_t)m.cpu % line, 0);
		memset(ours(0), 1, 4 * line);
		give(2 * line - 1, 2);
		for (size_t i = 0; i < 4 * line; i++)
			assert_int_equal(*theirs(i), i / line == 1 || i / line == 2);
		memset(theirs(0), 2, 4 * line);
		dma_take(&m, line, line);
		for (size_t i = 0; i < 4 * line; i++)
			assert_int_equal(*ours(i), 1 + (i / line == 1));
		dma_free(&m);
		dma_oracle_end();
	}
}

static void by_chance_lines_are_written_back_and_fetched(void **state)
{
	unsigned turns[2] = { 0 };

	(void)state;
	begin((struct dma_oracle_settings){ .seed = 5, .rate = 1 });
	area(64 * LINE);
	*ours(20 * LINE + 7) = 1;
	*theirs(40 * LINE + 9) = 2;
	while (!*theirs(20 * LINE + 7) && turns[0]++ < MANY)
		arch_relax();
	while (!*ours(40 * LINE + 9) && turns[1]++ < MANY)
		arch_relax();
	assert_true(turns[0] < MANY);
	assert_true(turns[1] < MANY);
	assert_true(dma_oracle_counters.written_back >= 1);
	assert_true(dma_oracle_counters.fetched >= 1);
	dma_free(&m);
}

/* Why a line has one writer: what comes first is undone, one way or the other. */
static void two_writers_undo_each_other(void **state)
{
	unsigned undone[2] = { 0 };

	(void)state;
	begin((struct dma_oracle_settings){ .seed = 6, .rate = 1 });
	area(16 * LINE);
	for (unsigned i = 1; i <= 200; i++) {
		*ours(0) = (u8)i;
		*theirs(32) = (u8)i;
		arch_relax();
		undone[0] += *theirs(32) != (u8)i;
		dma_take(&m, 0, LINE);
		undone[1] += *ours(0) != (u8)i;
		dma_give(&m, 0, LINE);
	}
	assert_in_range(undone[0], 1, 200);
	assert_in_range(undone[1], 1, 200);
	assert_true(dma_oracle_counters.lost > 0);
	dma_free(&m);
}

static u64 trace(u64 seed)
{
	u64 hash = 0;

	begin((struct dma_oracle_settings){ .seed = seed, .rate = 2 });
	area(16 * LINE);
	for (unsigned i = 0; i < 500; i++) {
		*ours(i * 37 % (8 * LINE)) = (u8)i;
		dma_take(&m, (8 + i % 8) * LINE, 1);
		hash = hash * 31 + dma_oracle_counters.written_back;
	}
	dma_free(&m);
	dma_oracle_end();
	return hash;
}

static void a_seed_is_a_run(void **state)
{
	(void)state;
	assert_true(trace(1) == trace(1));
	assert_true(trace(1) != trace(2));
}

static u64 read_register(void *state, u64 offset, unsigned width)
{
	(void)state, (void)offset, (void)width;
	return 0;
}

static void write_register(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state, (void)offset, (void)width, (void)value;
}

static void hook_points(void **state)
{
	static const struct sim_mmio_ops ops = { read_register, write_register };
	struct mmio registers = { 0x1000, 0x100 };
	u64 hooks = 0;

	(void)state;
	sim_mmio_add(0x1000, 0x100, &ops, NULL);
	begin((struct dma_oracle_settings){ .rate = 1 });
	arch_relax();
	assert_int_equal(dma_oracle_counters.hooks, 0);	/* no memory to do something to */
	area(LINE);
#define HOOK(statement) \
	do { \
		hooks = dma_oracle_counters.hooks; \
		statement; \
		assert_int_equal(dma_oracle_counters.hooks, hooks + 1); \
	} while (0)
	HOOK(arch_relax());
	HOOK(mmio_read32(registers, 0));
	HOOK(mmio_write64(registers, 8, 1));
	HOOK(dma_give(&m, 0, 1));
	HOOK(dma_take(&m, 0, 1));
	HOOK(dma_fence());
	HOOK(dma_map(&map, &domain, &hooks, sizeof hooks, DMA_TO_DEVICE));
	HOOK(dma_unmap(&map));
	dma_free(&m);
	dma_oracle_end();
	arch_relax();
	mmio_read8(registers, 0);
	assert_int_equal(dma_oracle_counters.hooks, hooks + 1);
}

/* As from a store buffer: late, but in order, and as it was when it was given. */
static void what_is_given_arrives_late(void **state)
{
	(void)state;
	begin((struct dma_oracle_settings){ 0 });
	area(40 * LINE);
	*ours(0) = 1;
	dma_give(&m, 0, 1);
	*ours(LINE) = 1;
	dma_give(&m, LINE, 1);
	*ours(0) = 2;
	dma_take(&m, 2 * LINE, 1);
	assert_int_equal(*theirs(0) | *theirs(LINE), 0);	/* store, then load */
	dma_fence();
	assert_int_equal(*theirs(0), 1);
	assert_int_equal(*theirs(LINE), 1);

	dma_give(&m, 0, 1);
	dma_take(&m, 0, 1);				/* a line of one's own is never old */
	assert_int_equal(*ours(0), 2);
	assert_int_equal(*theirs(0), 2);
	assert_int_equal(dma_oracle_counters.lost, 0);

	memset(ours(0), 3, 40 * LINE);
	dma_give(&m, 0, 40 * LINE);			/* there is an end to what is on its way */
	assert_int_equal(*theirs(0), 3);
	assert_int_equal(*theirs(39 * LINE), 0);
	dma_free(&m);
}

static void no_mixed_lines(void **state)
{
	(void)state;
	begin((struct dma_oracle_settings){ 0 });
	assert_int_equal(dma_alloc(&m, &domain, 100, 0, DMA_MIXED), -ENOTSUP);
	assert_null(m.cpu);
}

static void what_was_not_given_is_lost(void **state)
{
	(void)state;
	begin((struct dma_oracle_settings){ 0 });
	area(2 * LINE);
	*ours(0) = 1;
	dma_give(&m, 0, 1);
	dma_take(&m, 0, 1);
	assert_int_equal(dma_oracle_counters.lost, 0);
	*ours(0) = 2;
	dma_take(&m, 0, 1);
	assert_int_equal(dma_oracle_counters.lost, 1);
	assert_int_equal(*ours(0), 1);
	dma_free(&m);
}

/* ---- Loans ---- */

static u8 memory[8 * PAGE] __attribute__((aligned(PAGE)));

static void fill(u8 *to, size_t bytes, unsigned seed)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (u8)(seed + i * 5);
}

static void out(size_t at, size_t bytes)
{
	u8 *buffer = memory + PAGE + at, seen[600], was[600];

	fill(memory, sizeof memory, 3);
	memcpy(was, buffer, bytes);
	assert_int_equal(dma_map(&map, &domain, buffer, bytes, DMA_TO_DEVICE), 0);
	assert_int_equal(!!map.bounce, dma_oracle()->offset || dma_oracle()->limit);
	assert_int_equal(map.addr.bus % PAGE, (uintptr_t)buffer % PAGE);
	sim_dma_read(map.addr.bus, seen, bytes);
	assert_memory_equal(seen, was, bytes);
	if (!dma_oracle()->rate) {
		memset(buffer, 0xee, bytes);		/* too late */
		sim_dma_read(map.addr.bus, seen, bytes);
		assert_memory_equal(seen, was, bytes);
		memcpy(buffer, was, bytes);
	}
	for (unsigned i = 0; i < 5; i++)
		arch_relax();
	dma_unmap(&map);
	fill(was, 0, 0);
	for (size_t i = 0; i < sizeof memory; i++)
		assert_int_equal(memory[i], (u8)(3 + i * 5));
}

static void in(size_t at, size_t bytes, size_t part)
{
	u8 *buffer = memory + PAGE + at, sent[600];

	fill(memory, sizeof memory, 3);
	fill(sent, part, 77);
	assert_int_equal(dma_map(&map, &domain, buffer, bytes, DMA_FROM_DEVICE), 0);
	assert_int_equal(!!map.bounce, dma_oracle()->offset || dma_oracle()->limit ||
			 (at | bytes) % dma_line_bytes());
	assert_int_equal(map.addr.bus % PAGE, (uintptr_t)buffer % PAGE);
	sim_dma_write(map.addr.bus, sent, part);
	if (!dma_oracle()->rate)
		for (size_t i = 0; i < bytes; i++)
			assert_int_equal(buffer[i], (u8)(3 + (PAGE + at + i) * 5));
	for (unsigned i = 0; i < 5; i++)
		arch_relax();
	dma_unmap(&map);
	for (size_t i = 0; i < sizeof memory; i++) {
		size_t k = i - PAGE - at;

		if (memory[i] != (k < part ? (u8)(77 + k * 5) : (u8)(3 + i * 5)))
			fail_msg("at %zu, %zu of %zu bytes: byte %zd", at, part, bytes,
				 (ptrdiff_t)k);
	}
}

static void loans_at_every_alignment(void **state)
{
	(void)state;
	for (unsigned rate = 0; rate <= 8; rate += 8) {
		begin((struct dma_oracle_settings){ .seed = rate, .rate = rate });
		for (size_t at = 0; at <= LINE; at += at < 10 ? 1 : 9)
			for (size_t bytes = 1; bytes <= 3 * LINE; bytes += bytes % LINE ? 21 : 1) {
				out(at, bytes);
				in(at, bytes, bytes);
				in(at, bytes, bytes / 3);
				in(PAGE - LINE + at, bytes, bytes / 2);
			}
		dma_oracle_end();
	}
}

/* What only goes out may lie where nobody can write. */
static void read_only_memory_goes_out(void **state)
{
	static const char text[LINE] __attribute__((aligned(LINE))) = "constant";

	(void)state;
	begin((struct dma_oracle_settings){ .rate = 8 });
	assert_int_equal(dma_map(&map, &domain, text, sizeof text, DMA_TO_DEVICE), 0);
	for (unsigned i = 0; i < 200; i++)
		arch_relax();
	assert_memory_equal(sim_dma(map.addr.bus, sizeof text, false), text, sizeof text);
	dma_unmap(&map);
}

static bool lent(u64 bus, u64 bytes)
{
	void *device;

	return dma_loan_find((dma_addr_t){ bus }, bytes, &device);
}

static void devices_see_no_more_than_was_lent(void **state)
{
	u64 bus;

	(void)state;
	begin((struct dma_oracle_settings){ 0 });
	assert_int_equal(dma_map(&map, &domain, memory + 3, 100, DMA_TO_DEVICE), 0);
	bus = map.addr.bus;
	assert_true(lent(bus, 100));
	assert_true(lent(bus + 99, 1));
	assert_false(lent(bus + 99, 2));
	assert_false(lent(bus - 1, 1));
	assert_false(lent((uintptr_t)memory + 3, 1));
	dma_unmap(&map);
	assert_false(lent(bus, 1));
}

/* ---- Where the device's view lies ---- */

static void exactly_so_far_apart(void **state)
{
	static const u64 offsets[] = { 8 * MIB, -(u64)6 * MIB, 3 * PAGE + 2 * MIB };

	(void)state;
	for (unsigned i = 0; i < sizeof offsets / sizeof *offsets; i++) {
		begin((struct dma_oracle_settings){ .offset = offsets[i], .rate = 2 });
		area(3 * PAGE);
		assert_true(m.addr.bus == (uintptr_t)m.cpu + offsets[i]);
		assert_ptr_equal(theirs(5), (void *)(uintptr_t)(m.addr.bus + 5));
		assert_int_equal(dma_map(&map, &domain, memory + 7, 1000, DMA_FROM_DEVICE), 0);
		assert_true(map.addr.bus == (uintptr_t)map.bounce + offsets[i]);
		dma_unmap(&map);
		assert_int_equal(dma_map(&map, &domain, memory, LINE, DMA_TO_DEVICE), 0);
		assert_non_null(map.bounce);
		assert_memory_equal((void *)(uintptr_t)map.addr.bus, memory, LINE);
		dma_unmap(&map);
		in(PAGE + 3, 500, 200);
		dma_free(&m);
		dma_oracle_end();
		assert_int_equal(memory_free(), RAM_BYTES);
	}
}

static void never_above_the_limit(void **state)
{
	void *high = memory_pages(16, "test");

	(void)state;
	assert_true((uintptr_t)high > SIM_RAM_AT + MIB);
	begin((struct dma_oracle_settings){ .limit = MIB, .rate = 2 });
	for (unsigned i = 0; i < 2; i++) {
		u8 *buffer = i ? (u8 *)high : (u8 *)SIM_RAM_AT + PAGE;

		assert_int_equal(dma_map(&map, &domain, buffer, 16 * PAGE, DMA_FROM_DEVICE), 0);
		assert_int_equal(!!map.bounce, i);
		assert_in_range(map.addr.bus, SIM_RAM_AT, SIM_RAM_AT + MIB - 16 * PAGE);
		dma_unmap(&map);
	}
	area(100 * PAGE);
	assert_in_range(m.addr.bus, SIM_RAM_AT, SIM_RAM_AT + MIB - 100 * PAGE);
	dma_free(&m);
	assert_int_equal(dma_alloc(&m, &domain, MIB, 0, DMA_OWNED), -ENOMEM);
	assert_int_equal(dma_map(&map, &domain, high, 3 * MIB, DMA_TO_DEVICE), -ENOMEM);
	memory_free_pages(high, 16);
}

static void windows_of_the_tree_count(void **state)
{
	static const struct dma_window w = { SIM_RAM_AT + 4 * MIB, 0x1000000000, MIB };
	static const struct dma_domain d = { false, &w, 1 };
	u8 byte = 9;

	(void)state;
	begin((struct dma_oracle_settings){ .rate = 2 });
	assert_int_equal(dma_map(&map, &d, &byte, 1, DMA_FROM_DEVICE), 0);
	assert_in_range(map.addr.bus, 0x1000000000, 0x1000000000 + MIB);
	sim_dma_write(map.addr.bus, "x", 1);
	dma_unmap(&map);
	assert_int_equal(byte, 'x');
}

/* ---- Beginning ---- */

static void refuse(struct dma_oracle_settings s, int error, const char *words)
{
	const char *reason = NULL;

	assert_int_equal(dma_oracle_begin(&s, &reason), error);
	assert_non_null(strstr(reason, words));
	assert_null(dma_oracle());
	assert_int_equal(memory_free(), memory_total());
}

static void what_cannot_be(void **state)
{
	struct dma_oracle_settings s = dma_oracle_defaults;
	const char *reason;

	(void)state;
	for (unsigned line = 0; line <= 512; line++) {
		s.line_bytes = line;
		if (line < 16 || line > 256 || line & (line - 1))
			refuse(s, -EINVAL, "line size");
	}
	s = dma_oracle_defaults;
	s.offset = 5;
	refuse(s, -EINVAL, "multiples of a page");
	s.offset = 0;
	s.limit = 100;
	refuse(s, -EINVAL, "multiples of a page");
	s.limit = MIB;
	s.offset = 0xc0000000;
	refuse(s, -ENOMEM, "offset apart");
	s.limit = 0;
	s.offset = 0;
	assert_int_equal(dma_alloc(&m, &domain, 1, 0, DMA_OWNED), 0);
	assert_int_equal(dma_oracle_begin(&s, &reason), -EINVAL);
	assert_string_equal(reason, "devices use memory already");
	dma_free(&m);
	/* No limit stayed. */
	assert_int_equal(dma_alloc(&m, &domain, 8 * MIB, 0, DMA_OWNED), 0);
	dma_free(&m);
}

static void words(void **state)
{
	struct dma_oracle_settings s;
	char why[160];

	(void)state;
	assert_int_equal(dma_oracle_parse("", &s, why, sizeof why), 0);
	assert_memory_equal(&s, &dma_oracle_defaults, sizeof s);
	assert_int_equal(dma_oracle_parse("rpi4,seed=0x10,limit=64M,", &s, why, sizeof why), 0);
	assert_true(s.offset == 0xc0000000 && s.limit == 64 * MIB && s.seed == 16);
	assert_int_equal(s.line_bytes, 64);
	assert_int_equal(dma_oracle_parse("line=128,rate=7,offset=-4096", &s, why, sizeof why), 0);
	assert_true(s.line_bytes == 128 && s.rate == 7 && s.offset == -(u64)4096 && s.seed == 1);
	assert_int_equal(dma_oracle_parse("limit=2G", &s, why, sizeof why), 0);
	assert_true(s.limit == 2ull << 30);
	assert_int_equal(dma_oracle_parse("limit=4K", &s, why, sizeof why), 0);
	assert_true(s.limit == 4096);
	static const char *const profiles[] = { "jh7100", "k1", "th1520", "imx8mp", "rpi4" };
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(dma_oracle_parse(profiles[i], &s, why, sizeof why), 0);

	assert_int_equal(dma_oracle_parse("seed=1,rpi5", &s, why, sizeof why), -EINVAL);
	assert_string_equal(why, "there is no \"rpi5\"; known: jh7100, k1, th1520, imx8mp, rpi4, "
			    "seed=, line=, offset=, limit=, rate=");
	assert_int_equal(dma_oracle_parse("sed=1", &s, why, sizeof why), -EINVAL);
	assert_int_equal(dma_oracle_parse("seed=", &s, why, sizeof why), -EINVAL);
	assert_string_equal(why, "what follows \"seed=\" is no number");
	assert_int_equal(dma_oracle_parse("limit=1T", &s, why, sizeof why), -EINVAL);
	assert_int_equal(dma_oracle_parse("seed=99999999999999999999999999", &s, why, sizeof why),
			 -EINVAL);
	assert_int_equal(dma_oracle_parse("seedseedseedseedseedseedseedseedseedseedseedseed=1", &s,
					  why, sizeof why), -EINVAL);
}

/* The profiles as they are, on a machine with enough memory: 3 GiB and some apart. */
static void real_machines(void **state)
{
	static const char *const names[] = { "jh7100", "k1", "th1520", "imx8mp", "rpi4" };
	const u64 base = 0x200000000000;	/* where the sanitizers leave room */

	(void)state;
	sim_ram_two(base, 128 * MIB, base + 0xc0000000, 128 * MIB);
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		struct dma_oracle_settings s;
		char why[160];

		assert_int_equal(dma_oracle_parse(names[i], &s, why, sizeof why), 0);
		begin(s);
		area(PAGE);
		if (s.offset)
			assert_true(m.addr.bus - (uintptr_t)m.cpu == 0xc0000000);
		else if (s.limit)
			assert_in_range(m.addr.bus, base, base + s.limit - PAGE);
		in(5, 500, 300);
		out(5, 500);
		dma_free(&m);
		dma_oracle_end();
		assert_int_equal(memory_free(), memory_total());
	}
}

#define TEST(function)	cmocka_unit_test_setup_teardown(function, set_up, nothing_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_hand_overs_move_bytes),
		TEST(any_line_size),
		TEST(by_chance_lines_are_written_back_and_fetched),
		TEST(two_writers_undo_each_other),
		TEST(a_seed_is_a_run),
		TEST(hook_points),
		TEST(what_is_given_arrives_late),
		TEST(no_mixed_lines),
		TEST(what_was_not_given_is_lost),
		TEST(loans_at_every_alignment),
		TEST(read_only_memory_goes_out),
		TEST(devices_see_no_more_than_was_lent),
		TEST(exactly_so_far_apart),
		TEST(never_above_the_limit),
		TEST(windows_of_the_tree_count),
		TEST(what_cannot_be),
		TEST(words),
		TEST(real_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
