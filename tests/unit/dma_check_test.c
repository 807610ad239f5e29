/* SPDX-License-Identifier: BSD-2-Clause */
/* Broken promises of drivers, as development builds find them: with the oracle and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dma_oracle.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/sim/child.h"
#include "tests/sim/ram.h"

static const struct dma_domain domain = { .coherent = true };
static struct dma_mapping map, other;
static struct dma_memory area;
static u8 buffer[4096] __attribute__((aligned(4096)));

static void lend(struct dma_mapping *m, size_t at, size_t bytes, enum dma_direction way)
{
	assert_int_equal(dma_map(m, &domain, buffer + at, bytes, way), 0);
}

/* Does @mistake end in @words, and with the name of a place? */
static void stops(void (*mistake)(void *), const char *words)
{
	assert_int_equal(sim_run(mistake, NULL), SIM_STOPPED);
	if (!strstr(sim.early_text, words))
		fail_msg("\"%s\" is not in: %s", words, sim.early_text);
	assert_non_null(strstr(sim.early_text, "tests/unit/dma_check_test.c, line "));
}

static void begin(void **state, bool oracle)
{
	const char *reason;

	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, 1 << 20);
	if (oracle)
		assert_int_equal(dma_oracle_begin(&dma_oracle_defaults, &reason), 0);
}

static void lends_again(void *unused)
{
	(void)unused;
	lend(&map, 2048, 64, DMA_TO_DEVICE);
}

static void one_mapping_for_two(void **state)
{
	begin(state, *state);
	lend(&map, 0, 64, DMA_TO_DEVICE);
	stops(lends_again, "lends with a struct dma_mapping that is in use");
}

static size_t other_at;
static enum dma_direction other_way;

static void lends_other(void *unused)
{
	(void)unused;
	lend(&other, other_at, 100, other_way);
}

static void one_buffer_for_two(void **state)
{
	static const struct { enum dma_direction first, second; bool bad; } pairs[] = {
		{ DMA_TO_DEVICE, DMA_TO_DEVICE, false },
		{ DMA_TO_DEVICE, DMA_FROM_DEVICE, true },
		{ DMA_FROM_DEVICE, DMA_TO_DEVICE, true },
		{ DMA_FROM_DEVICE, DMA_FROM_DEVICE, true },
	};
	static const size_t overlap[] = { 901, 950, 1000, 1050, 1099 }, beside[] = { 900, 1100 };

	begin(state, *state);
	for (unsigned i = 0; i < 4; i++) {
		lend(&map, 1000, 100, pairs[i].first);
		other_way = pairs[i].second;
		for (unsigned k = 0; k < 5; k++) {
			other_at = overlap[k];
			if (pairs[i].bad) {
				stops(lends_other, "and the device may be writing them");
			} else {
				lends_other(NULL);
				dma_unmap(&other);
			}
		}
		for (unsigned k = 0; k < 2; k++) {
			other_at = beside[k];
			lends_other(NULL);
			dma_unmap(&other);
		}
		dma_unmap(&map);
	}
}

static void lends_an_area(void *unused)
{
	(void)unused;
	assert_int_equal(dma_map(&map, &domain, (u8 *)area.cpu + 10, 5, DMA_TO_DEVICE), 0);
}

static void what_is_shared_is_not_lent(void **state)
{
	begin(state, *state);
	assert_int_equal(dma_alloc(&area, &domain, 100, 0, DMA_OWNED), 0);
	stops(lends_an_area, "lends 5 bytes");
}

static void ends(void *unused)
{
	(void)unused;
	dma_unmap(&map);
}

static void an_end_without_a_beginning(void **state)
{
	begin(state, *state);
	stops(ends, "none was made with this struct dma_mapping, or it has ended");
	lend(&map, 0, 64, DMA_FROM_DEVICE);
	dma_unmap(&map);
	stops(ends, "or it has ended");
}

static void another_end(void **state)
{
	begin(state, *state);
	for (unsigned i = 0; i < 3; i++) {
		lend(&map, 0, 128, DMA_FROM_DEVICE);
		other = map;
		if (i == 0)
			map.bytes = 64;
		else if (i == 1)
			map.addr.bus += 64;
		else
			map.direction = DMA_TO_DEVICE;
		stops(ends, "ends another loan than was made by");
		map = other;
		dma_unmap(&map);
	}
}

/* ---- Leaks ---- */

static char last[LOG_LINE_BYTES];

static void keep(void *context, enum log_level level, u64 time_us, const char *text)
{
	(void)context;
	(void)time_us;
	if (level == LOG_ERROR)
		snprintf(last, sizeof last, "%s", text);
}

static void leaks(void **state)
{
	unsigned line = __LINE__ + 7;
	char expected[120];

	begin(state, *state);
	assert_int_equal(dma_alloc(&area, &domain, 100, 0, DMA_OWNED), 0);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(line, __LINE__ + 1);
	assert_int_equal(dma_map(&map, &domain, buffer, 77, DMA_TO_DEVICE), 0);
	lend(&other, 1000, 64, DMA_FROM_DEVICE);
	assert_int_equal(dma_counters()->lent, 2);
	assert_int_equal(dma_leaks(), 2);
	dma_unmap(&other);
	assert_int_equal(dma_leaks(), 1);
	log_walk(keep, NULL);
	snprintf(expected, sizeof expected,
		 "%s, line %u: 77 bytes at %p are still lent to a device", __FILE__, line,
		 (void *)buffer);
	assert_string_equal(last, expected);
	dma_unmap(&map);
	assert_int_equal(dma_leaks(), 0);
	dma_free(&area);
	assert_int_equal(memory_free(), memory_total());
}

static void out_of_bounds(void *unused)
{
	(void)unused;
	dma_give(&area, 60, 41);
}

static void no_memory(void *unused)
{
	(void)unused;
	dma_take(&(struct dma_memory){ 0 }, 0, 1);
}

static void hand_overs_stay_inside(void **state)
{
	begin(state, *state);
	assert_int_equal(dma_alloc(&area, &domain, 100, 0, DMA_OWNED), 0);
	dma_give(&area, 60, 40);
	assert_int_equal(sim_run(out_of_bounds, NULL), SIM_STOPPED);
	assert_int_equal(sim_run(no_memory, NULL), SIM_STOPPED);
}

static void with_the_oracle_and_without(void **state)
{
	in_child((CMUnitTestFunction)*state, NULL);
	in_child((CMUnitTestFunction)*state, (void *)1);
}

#define TEST(function)	{ #function, with_the_oracle_and_without, NULL, NULL, (void *)(function) }

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_mapping_for_two),
		TEST(one_buffer_for_two),
		TEST(what_is_shared_is_not_lent),
		TEST(an_end_without_a_beginning),
		TEST(another_end),
		TEST(leaks),
		TEST(hand_overs_stay_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
