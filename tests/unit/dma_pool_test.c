/* SPDX-License-Identifier: BSD-2-Clause */
/* What is taken is in reach, aligned, nobody else's, and RAM again at the end; in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dma_pool.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"

enum { MIB = 1 << 20, RAM_BYTES = 4 * MIB, TAKEN_MAX = 64, STEPS = 6000 };

static struct taken {
	u8 *at;
	size_t bytes;
	u8 mark;
} taken[TAKEN_MAX];
static unsigned count;

static bool within(const struct dma_domain *d, u64 start, u64 bytes)
{
	dma_addr_t addr;

	return dma_reach(d, start, bytes, &addr);
}

static void take(const struct dma_domain *d, size_t bytes, size_t align, size_t place)
{
	u8 *at = dma_pool_take(d, bytes, align, place);

	if (!at)
		return;
	assert_int_equal((uintptr_t)at % align, place);
	assert_true(within(d, (uintptr_t)at, bytes));
	assert_int_equal(memory_find((uintptr_t)at)->use, MEMORY_PLINTH);
	assert_int_equal(memory_find((uintptr_t)at + bytes - 1)->use, MEMORY_PLINTH);
	taken[count] = (struct taken){ at, bytes, (u8)rand() };
	memset(at, taken[count].mark, bytes);
	count++;
}

static void give_back(unsigned i)
{
	for (size_t k = 0; k < taken[i].bytes; k++)
		assert_int_equal(taken[i].at[k], taken[i].mark);
	dma_pool_give_back(taken[i].at);
	taken[i] = taken[--count];
}

static void any_order(void **state)
{
	static const struct dma_window low[] = {
		{ SIM_RAM_AT + 0x1230, 0, 0x20000 },
		{ SIM_RAM_AT + MIB + 100, 0x80000000, 0x8000 },
	};
	static const struct dma_domain domains[] = { { false, NULL, 0 }, { true, low, 2 } };
	unsigned misses = 0;
	u64 before;

	(void)state;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	before = memory_free();
	srand(1);
	for (unsigned step = 0; step < STEPS; step++) {
		size_t align = (size_t)1 << rand() % 15, most = (size_t)64 << rand() % 12;
		unsigned had = count;

		if (count == TAKEN_MAX || (count && rand() % 2)) {
			give_back((unsigned)rand() % count);
			continue;
		}
		take(&domains[rand() % 2], 1 + (size_t)rand() % most, align,
		     (size_t)rand() % align);
		misses += had == count;
	}
	assert_in_range(misses, 1, STEPS / 4);
	while (count)
		give_back((unsigned)rand() % count);
	assert_int_equal(memory_free(), before);
}

static void all_of_a_window(void **state)
{
	static const struct dma_window page = { SIM_RAM_AT + 0x3000, 0, 0x1000 };
	static const struct dma_domain d = { false, &page, 1 };
	u8 *first, *second;

	(void)state;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	assert_null(dma_pool_take(&d, 0x1001, 1, 0));
	assert_null(dma_pool_take(&d, SIZE_MAX, 1, 0));
	assert_null(dma_pool_take(&d, SIZE_MAX - 4096, 4096, 4095));
	first = dma_pool_take(&d, 0xf00, 256, 0);
	assert_ptr_equal(first, (u8 *)SIM_RAM_AT + 0x3000);
	assert_null(dma_pool_take(&d, 0x101, 1, 0));
	second = dma_pool_take(&d, 0x100, 1, 0);
	assert_ptr_equal(second, first + 0xf00);
	dma_pool_give_back(first);
	assert_null(dma_pool_take(&d, 0x1000, 1, 0));
	dma_pool_give_back(second);
	first = dma_pool_take(&d, 0x1000, 4096, 0);
	assert_non_null(first);
	dma_pool_give_back(first);
	assert_int_equal(memory_free(), RAM_BYTES);
}

static void somebody_elses_memory(void **state)
{
	static const struct range mine = { SIM_RAM_AT, 0x4000 };
	static const struct dma_domain d;
	void *a, *b, *c;

	(void)state;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	assert_int_equal(memory_claim(mine.start, mine.bytes, MEMORY_PLINTH, "test"), 0);
	assert_int_equal(dma_pool_add(mine), 0);
	a = dma_pool_take(&d, 0x1000, 64, 0);
	assert_ptr_equal(a, (void *)SIM_RAM_AT);
	b = dma_pool_take(&d, 0x4000, 64, 0);
	assert_true((uintptr_t)b >= SIM_RAM_AT + 0x4000);
	c = dma_pool_take(NULL, 0x1000, 64, 0);
	assert_true((uintptr_t)c >= SIM_RAM_AT + 0x4000);
	dma_pool_give_back(c);
	dma_pool_give_back(a);
	dma_pool_give_back(b);
	dma_pool_withdraw(mine);
	assert_int_equal(memory_find(SIM_RAM_AT)->use, MEMORY_PLINTH);
	assert_int_equal(memory_free(), RAM_BYTES - 0x4000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(all_of_a_window),
		cmocka_unit_test(somebody_elses_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
