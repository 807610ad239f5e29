/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Areas and loans, without the oracle: each way to serve a device, every alignment, what bounces
 * and what leaks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/cache.h"
#include "lib/dma.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/sim/dma.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"

enum { MIB = 1 << 20, RAM_BYTES = 8 * MIB, LINE = 64, PAGE = 4096 };

static const struct dma_domain coherent = { .coherent = true }, incoherent = { .coherent = false };

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
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(dma_counters()->shared, 0);
	assert_int_equal(memory_free(), RAM_BYTES);
	return 0;
}

/* Was @op done last, exactly to the lines of [start, start + bytes)? */
static void assert_cache_op(enum sim_cache_op op, const void *start, size_t bytes)
{
	const struct sim_cache_record *r = &sim.cache[(sim.cache_count - 1) % SIM_RECORDS];
	uintptr_t first = (uintptr_t)start & -(uintptr_t)LINE;
	uintptr_t end = ((uintptr_t)start + bytes + LINE - 1) & -(uintptr_t)LINE;

	assert_true(sim.cache_count > 0);
	assert_int_equal(r->op, op);
	assert_int_equal(r->start & -(uintptr_t)LINE, first);
	assert_int_equal((r->start + r->bytes + LINE - 1) & -(uintptr_t)LINE, end);
}

/* ---- Areas ---- */

static void an_area(void **state)
{
	static const struct { const struct dma_domain *domain; enum dma_way way; } ways[] = {
		{ &coherent, DMA_COHERENT }, { &incoherent, DMA_MAINTAINED },
	};

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (size_t bytes = 1; bytes < 20000; bytes = bytes * 3 + 1)
			for (size_t align = 0; align <= 8192; align = align ? align * 2 : 16) {
				struct dma_memory m;

				assert_int_equal(dma_alloc(&m, ways[i].domain, bytes, align,
							   DMA_OWNED), 0);
				assert_int_equal(m.way, ways[i].way);
				assert_int_equal((uintptr_t)m.cpu % (align > LINE ? align : LINE),
						 0);
				assert_int_equal(m.addr.bus, (uintptr_t)m.cpu);
				assert_int_equal(dma_at(&m, 5).bus, m.addr.bus + 5);
				assert_int_equal(m.bytes, bytes);
				for (size_t k = 0; k < ((bytes + LINE - 1) & -(size_t)LINE); k++)
					assert_int_equal(((u8 *)m.cpu)[k], 0);
				if (i)
					assert_cache_op(SIM_CLEAN, m.cpu, bytes);
				dma_free(&m);
				assert_null(m.cpu);
				dma_free(&m);
			}
	assert_true(sim.cache_count > 0);
}

static void nothing_to_allocate(void **state)
{
	struct dma_memory m;

	(void)state;
	assert_int_equal(dma_alloc(&m, &coherent, 0, 0, DMA_OWNED), -EINVAL);
	assert_null(m.cpu);
	assert_int_equal(dma_alloc(&m, &coherent, SIZE_MAX, 0, DMA_OWNED), -EINVAL);
	assert_int_equal(dma_alloc(&m, &coherent, 2 * RAM_BYTES, 0, DMA_OWNED), -ENOMEM);
	assert_null(m.cpu);
}

static void an_area_in_reach(void **state)
{
	static const struct dma_window low = { SIM_RAM_AT + 2 * MIB, 0x1000, 64 * 1024 };
	static const struct dma_domain d = { true, &low, 1 };
	struct dma_memory m;

	(void)state;
	assert_int_equal(dma_alloc(&m, &d, 60000, 4096, DMA_OWNED), 0);
	assert_int_equal(m.addr.bus, (uintptr_t)m.cpu - low.cpu + low.bus);
	assert_int_equal(dma_at(&m, 100).bus, m.addr.bus + 100);
	assert_ptr_equal(sim_dma(m.addr.bus + 7, 1, true), (u8 *)m.cpu + 7);
	dma_free(&m);
	assert_int_equal(dma_alloc(&m, &d, 65 * 1024, 0, DMA_OWNED), -ENOMEM);
}

static void maintained_by_lines(void **state)
{
	struct dma_memory m;

	(void)state;
	assert_int_equal(dma_alloc(&m, &incoherent, 1000, 0, DMA_OWNED), 0);
	for (size_t at = 0; at < 1000; at += 7)
		for (size_t bytes = 1; bytes <= 1000 - at; bytes += 61) {
			unsigned before = sim.cache_count;

			dma_give(&m, at, bytes);
			assert_cache_op(SIM_CLEAN, (u8 *)m.cpu + at, bytes);
			dma_take(&m, at, bytes);
			assert_cache_op(SIM_INVALIDATE, (u8 *)m.cpu + at, bytes);
			assert_int_equal(sim.cache_count, before + 2);
		}
	dma_free(&m);
}

static void coherent_memory_needs_no_maintenance(void **state)
{
	struct dma_memory m;
	struct dma_mapping map;
	u8 buffer[100];

	(void)state;
	assert_int_equal(dma_alloc(&m, &coherent, 1000, 0, DMA_MIXED), 0);
	dma_give(&m, 0, 1000);
	dma_take(&m, 0, 1000);
	dma_fence();
	for (unsigned way = 0; way < 2; way++) {
		assert_int_equal(dma_map(&map, &coherent, buffer + 3, 77, way), 0);
		assert_int_equal(map.addr.bus, (uintptr_t)buffer + 3);
		assert_null(map.bounce);
		dma_unmap(&map);
	}
	dma_free(&m);
	assert_int_equal(sim.cache_count, 0);
}

static void mixed_lines_want_uncached_memory(void **state)
{
	struct dma_memory m;
	unsigned maps;

	(void)state;
	assert_int_equal(dma_alloc(&m, &incoherent, 5000, 0, DMA_MIXED), 0);
	assert_int_equal(m.way, DMA_UNCACHED);
	maps = sim.map_count;
	assert_int_equal(sim.maps[maps - 1].kind, ARCH_MAP_UNCACHED);
	assert_int_equal(sim.maps[maps - 1].start, (uintptr_t)m.cpu);
	assert_int_equal(sim.maps[maps - 1].bytes, 2 * PAGE);
	assert_cache_op(SIM_CLEAN, m.cpu, 2 * PAGE);	/* before it is mapped so */
	sim.cache_count = 0;
	dma_give(&m, 0, 5000);
	dma_take(&m, 0, 5000);
	assert_int_equal(sim.cache_count, 0);
	dma_free(&m);
	assert_int_equal(sim.map_count, maps + 1);
	assert_int_equal(sim.maps[maps].kind, ARCH_MAP_DATA);

	sim.no_uncached = true;
	assert_int_equal(dma_alloc(&m, &incoherent, 5000, 0, DMA_MIXED), -ENOTSUP);
	assert_null(m.cpu);
}

static void refused_without_cache_operations(void **state)
{
	struct dma_memory m;
	struct dma_mapping map;
	char text[160];

	(void)state;
	assert_null(dma_refusal(&incoherent));
	assert_string_equal(dma_describe(&incoherent, text, sizeof text),
			    "not coherent, maintained by simulated, 64-byte lines");
	sim.cache_backend = NULL;
	assert_non_null(strstr(dma_refusal(&incoherent), "write them back"));
	assert_int_equal(dma_alloc(&m, &incoherent, 100, 0, DMA_OWNED), -ENOTSUP);
	assert_int_equal(dma_alloc(&m, &incoherent, 100, 0, DMA_MIXED), -ENOTSUP);
	assert_int_equal(dma_map(&map, &incoherent, text, 64, DMA_TO_DEVICE), -ENOTSUP);
	assert_non_null(strstr(dma_describe(&incoherent, text, sizeof text),
			       "not usable: its DMA"));
	assert_null(dma_refusal(&coherent));
	assert_string_equal(dma_describe(&coherent, text, sizeof text), "coherent");
}

/* ---- Loans ---- */

/*
 * A device that reads, or writes, all or a part, and what the caller finds; around it, what is not
 * the device's.
 */
static void transfer(const struct dma_domain *d, size_t at, size_t bytes, size_t part,
		     enum dma_direction way, bool bounces)
{
	static u8 memory[4 * PAGE] __attribute__((aligned(PAGE)));
	u8 *buffer = memory + PAGE + at;
	struct dma_mapping map;
	u8 out[1024], in[1024];

	for (size_t i = 0; i < sizeof memory; i++)
		memory[i] = (u8)(i * 7);
	for (size_t i = 0; i < part; i++)
		in[i] = (u8)(0x80 + i);
	assert_int_equal(dma_map(&map, d, buffer, bytes, way), 0);
	assert_int_equal(!!map.bounce, bounces);
	assert_int_equal(map.addr.bus % PAGE, (uintptr_t)buffer % PAGE);
	sim_dma_read(map.addr.bus, out, bytes);		/* in either direction: the caller's */
	assert_memory_equal(out, buffer, bytes);
	if (bounces)
		memset(buffer - 32, 0xee, bytes + 64);	/* what others do meanwhile is not lost */
	if (way == DMA_FROM_DEVICE)
		sim_dma_write(map.addr.bus, in, part);
	dma_unmap(&map);

	for (size_t i = 0; i < sizeof memory; i++) {
		size_t k = i - PAGE - at;
		bool ours = bounces && k + 32 < bytes + 64 && (way == DMA_TO_DEVICE || k >= bytes);
		u8 wanted = ours ? 0xee :
			    way == DMA_FROM_DEVICE && k < part ? (u8)(0x80 + k) : (u8)(i * 7);

		if (memory[i] != wanted)
			fail_msg("offset %zu, %zu bytes, %zu come in: byte %zd is 0x%02x, "
				 "not 0x%02x", at, bytes, part, (ptrdiff_t)k, memory[i], wanted);
	}
}

static void every_alignment(void **state)
{
	(void)state;
	for (size_t at = 0; at < 2 * LINE; at += at < 4 ? 1 : 5)
		for (size_t bytes = 1; bytes <= 3 * LINE;
		     bytes += bytes % LINE > 2 && bytes % LINE < 60 ? 19 : 1) {
			bool shares = at % LINE || bytes % LINE;

			transfer(&coherent, at, bytes, bytes, DMA_FROM_DEVICE, false);
			transfer(&incoherent, at, bytes, bytes, DMA_TO_DEVICE, false);
			transfer(&incoherent, at, bytes, bytes, DMA_FROM_DEVICE, shares);
			transfer(&incoherent, at, bytes, bytes / 2, DMA_FROM_DEVICE, shares);
		}
}

static void at_the_end_of_a_page(void **state)
{
	(void)state;
	for (size_t at = PAGE - 70; at < PAGE; at += 3)
		for (size_t bytes = 1; bytes < 200; bytes += 13)
			transfer(&incoherent, at, bytes, bytes, DMA_FROM_DEVICE,
				 at % LINE || bytes % LINE);
}

/* Also what lies with us: in the memory of the image, on the stack, anywhere out of the windows. */
static void out_of_reach(void **state)
{
	static const struct dma_window window = { SIM_RAM_AT + MIB, 0xc0000000, 256 * 1024 };
	static const struct dma_domain domains[] = { { true, &window, 1 }, { false, &window, 1 } };
	u64 bounces = dma_counters()->bounces, bytes = dma_counters()->bounced_bytes;
	u8 *edge = (u8 *)SIM_RAM_AT + MIB + 256 * 1024;
	struct dma_mapping map;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		for (size_t at = 0; at < LINE; at += 9)
			for (unsigned way = 0; way < 2; way++)
				transfer(&domains[i], at, 333, 200, way, true);
	assert_int_equal(dma_counters()->bounces - bounces, 2 * 8 * 2);
	assert_int_equal(dma_counters()->bounced_bytes - bytes, 2 * 8 * 2 * 333);

	assert_int_equal(dma_map(&map, &domains[1], edge - PAGE, PAGE, DMA_FROM_DEVICE), 0);
	assert_null(map.bounce);
	assert_int_equal(map.addr.bus, 0xc0000000 + 256 * 1024 - PAGE);
	dma_unmap(&map);
	assert_int_equal(dma_map(&map, &domains[1], edge - PAGE, PAGE + LINE, DMA_FROM_DEVICE), 0);
	assert_non_null(map.bounce);
	assert_in_range(map.addr.bus, 0xc0000000, 0xc0000000 + 256 * 1024 - PAGE);
	dma_unmap(&map);
}

static void no_memory_to_bounce_through(void **state)
{
	static const struct dma_window window = { SIM_RAM_AT + MIB, 0, 16 * 1024 };
	static const struct dma_domain d = { true, &window, 1 };
	struct dma_mapping first, second;
	static u8 buffer[2 * 9000];

	(void)state;
	assert_int_equal(dma_map(&first, &d, buffer, 17 * 1024, DMA_TO_DEVICE), -ENOMEM);
	assert_int_equal(dma_map(&first, &d, buffer, 9000, DMA_TO_DEVICE), 0);
	assert_int_equal(dma_map(&second, &d, buffer + 9000, 9000, DMA_TO_DEVICE), -ENOMEM);
	assert_int_equal(dma_counters()->lent, 1);
	dma_unmap(&first);
	assert_int_equal(dma_map(&second, &d, buffer + 9000, 9000, DMA_TO_DEVICE), 0);
	dma_unmap(&second);
	assert_int_equal(dma_map(&first, &d, buffer, 0, DMA_TO_DEVICE), -EINVAL);
	assert_int_equal(dma_map(&first, &d, buffer, SIZE_MAX, DMA_TO_DEVICE), -EINVAL);
}

static void loans_are_maintained(void **state)
{
	static u8 buffer[4 * LINE] __attribute__((aligned(LINE)));
	struct dma_mapping map;

	(void)state;
	assert_int_equal(dma_map(&map, &incoherent, buffer + 5, 70, DMA_TO_DEVICE), 0);
	assert_cache_op(SIM_CLEAN, buffer + 5, 70);
	dma_unmap(&map);
	assert_int_equal(sim.cache_count, 1);

	assert_int_equal(dma_map(&map, &incoherent, buffer, 2 * LINE, DMA_FROM_DEVICE), 0);
	assert_cache_op(SIM_CLEAN, buffer, 2 * LINE);
	dma_unmap(&map);
	assert_int_equal(sim.cache_count, 3);
	assert_cache_op(SIM_INVALIDATE, buffer, 2 * LINE);

	assert_int_equal(dma_map(&map, &incoherent, buffer + 1, 2 * LINE, DMA_FROM_DEVICE), 0);
	assert_cache_op(SIM_CLEAN, map.bounce, 2 * LINE);
	void *bounce = map.bounce;
	dma_unmap(&map);
	assert_cache_op(SIM_INVALIDATE, bounce, 2 * LINE);
	assert_int_equal(sim.cache_count, 5);
}

/* ---- Outer caches: last, since one stays ---- */

static char order[16];
static struct range cleaned, invalidated;

static void note(char c)
{
	size_t n = strlen(order);

	for (unsigned i = 0; i < sim.cache_count && n < sizeof order - 2; i++)
		order[n++] = sim.cache[i].op == SIM_CLEAN ? 'c' : 'i';
	sim.cache_count = 0;
	if (c)
		order[n] = c;
}

static void outer_clean(u64 start, u64 bytes)
{
	note('C');
	cleaned = (struct range){ start, bytes };
}

static void outer_invalidate(u64 start, u64 bytes)
{
	note('I');
	invalidated = (struct range){ start, bytes };
}

static void an_outer_cache(void **state)
{
	static const struct cache_ops outer = { "outer", 128, outer_clean, outer_invalidate };
	static u8 buffer[512] __attribute__((aligned(512)));
	struct dma_mapping map;
	struct dma_memory m;
	char text[80];

	(void)state;
	assert_int_equal(dma_line_bytes(), 64);
	assert_int_equal(cache_register(&outer), 0);
	assert_int_equal(cache_register(&outer), -EBUSY);
	assert_int_equal(dma_line_bytes(), 128);
	assert_int_equal(dma_map(&map, &incoherent, buffer + 128, 256, DMA_FROM_DEVICE), 0);
	assert_null(map.bounce);
	assert_int_equal(cleaned.start, (uintptr_t)buffer + 128);
	assert_int_equal(cleaned.bytes, 256);
	dma_unmap(&map);
	note(0);
	assert_string_equal(order, "cCIi");
	assert_int_equal(invalidated.start, (uintptr_t)buffer + 128);
	assert_int_equal(invalidated.bytes, 256);
	assert_int_equal(dma_map(&map, &incoherent, buffer + 64, 256, DMA_FROM_DEVICE), 0);
	assert_non_null(map.bounce);
	dma_unmap(&map);
	assert_int_equal(dma_map(&map, &incoherent, buffer + 130, 120, DMA_TO_DEVICE), 0);
	assert_int_equal(cleaned.start, (uintptr_t)buffer + 128);
	assert_int_equal(cleaned.bytes, 128);
	dma_unmap(&map);

	/* alone: the CPU has no operations */
	sim.cache_backend = NULL;
	memset(order, 0, sizeof order);
	sim.cache_count = 0;
	assert_null(dma_refusal(&incoherent));
	assert_string_equal(dma_describe(&incoherent, text, sizeof text),
			    "not coherent, maintained by outer, 128-byte lines");
	assert_int_equal(dma_alloc(&m, &incoherent, 300, 0, DMA_OWNED), 0);
	assert_int_equal((uintptr_t)m.cpu % 128, 0);
	assert_int_equal(cleaned.start, (uintptr_t)m.cpu);
	assert_int_equal(cleaned.bytes, 384);
	dma_give(&m, 120, 10);
	assert_int_equal(cleaned.start, (uintptr_t)m.cpu);
	assert_int_equal(cleaned.bytes, 256);
	dma_take(&m, 129, 1);
	assert_int_equal(invalidated.start, (uintptr_t)m.cpu + 128);
	assert_int_equal(invalidated.bytes, 128);
	assert_string_equal(order, "CCI");
	dma_free(&m);
}

#define TEST(function)	cmocka_unit_test_setup_teardown(function, set_up, nothing_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_area),
		TEST(nothing_to_allocate),
		TEST(an_area_in_reach),
		TEST(maintained_by_lines),
		TEST(coherent_memory_needs_no_maintenance),
		TEST(mixed_lines_want_uncached_memory),
		TEST(refused_without_cache_operations),
		TEST(every_alignment),
		TEST(at_the_end_of_a_page),
		TEST(out_of_reach),
		TEST(no_memory_to_bounce_through),
		TEST(loans_are_maintained),
		TEST(an_outer_cache),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
