/* SPDX-License-Identifier: BSD-2-Clause */
/* What devices reach, and whether they see our caches: tests/unit/dts/dma.dts. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dt.h"
#include "tests/tree.h"

static void check(struct dt_node bus, int count, const struct dt_range *expected)
{
	struct dt_range ranges[DT_DMA_RANGES_MAX];

	assert_true(dt_exists(bus));
	assert_int_equal(dt_dma_ranges(bus, ranges), count);
	for (int i = 0; i < count; i++)
		if (ranges[i].bus != expected[i].bus || ranges[i].cpu != expected[i].cpu ||
		    ranges[i].bytes != expected[i].bytes)
			fail_msg("%s, window %d: 0x%llx at 0x%llx + 0x%llx", dt_name(bus), i,
				 (unsigned long long)ranges[i].bus,
				 (unsigned long long)ranges[i].cpu,
				 (unsigned long long)ranges[i].bytes);
}

#define CHECK_BUS(bus, ...) do { \
	const struct dt_range expected_[] = { __VA_ARGS__ }; \
	check(bus, sizeof expected_ / sizeof *expected_, expected_); \
} while (0)
#define CHECK(path, ...)	CHECK_BUS(dt_dma_parent(dt_path(path)), __VA_ARGS__)

static void no_rows_no_limit(void **state)
{
	(void)state;
	TREE(dma);
	check(dt_dma_parent(dt_path("/plain")), 0, NULL);
	check(dt_dma_parent(dt_path("/plain/empty")), 0, NULL);
	check(dt_dma_parent(dt_path("/plain/empty/device")), 0, NULL);
	check(dt_root(), 0, NULL);
}

static void rows_of_several_buses(void **state)
{
	(void)state;
	TREE(dma);
	CHECK("/outer/device", { 0, 0x0, 0x800000000, 0x40000000 },
	      { 0, 0xc0000000, 0xc0000000, 0x40000000 });
	CHECK("/outer/missing/inner", { 0, 0x0, 0x800000000, 0x40000000 },
	      { 0, 0xc0000000, 0xc0000000, 0x40000000 });
	/* 0x30000000 to 0xcfffffff of the outer bus: the end of one row, the start of the other */
	CHECK("/outer/missing/inner/device", { 0, 0x1000000000, 0x830000000, 0x10000000 },
	      { 0, 0x1090000000, 0xc0000000, 0x10000000 });
	check(dt_path("/outer/nowhere"), -ENXIO, NULL);
}

static void functions_behind_a_pci_host(void **state)
{
	(void)state;
	TREE(dma);
	CHECK_BUS(dt_path("/pcie"), { 0, 0x80000000, 0x40000000, 0x80000000 },
		  { 0, 0x1000000000, 0x100000000, 0x10000000000 });
	CHECK_BUS(dt_path("/pcie/bridge"), { 0, 0x90000000, 0x50000000, 0x1000 });
	check(dt_path("/pcie/other-space"), -ENXIO, NULL);
}

static void the_ends_of_what_fits(void **state)
{
	(void)state;
	TREE(dma);
	CHECK_BUS(dt_path("/everything"), { 0, 0, 0, UINT64_MAX });
	CHECK_BUS(dt_path("/beyond"), { 0, 0x1000, 0xfffffffffffff000, 0x1000 });
	check(dt_path("/ragged"), -EINVAL, NULL);
	check(dt_path("/too-many"), -ENOSPC, NULL);
}

static void another_path_than_that_of_registers(void **state)
{
	(void)state;
	TREE(dma);
	CHECK("/elsewhere", { 0, 0, 0x40000000, 0x80000000 });
	assert_true(dt_dma_coherent(dt_path("/elsewhere")));
	check(dt_path("/circle"), -EINVAL, NULL);
	assert_false(dt_dma_coherent(dt_path("/circle")));
}

static void the_nearest_says_who_is_coherent(void **state)
{
	(void)state;
	sim_reset();
	TREE(dma);
	for (unsigned otherwise = 0; otherwise < 2; otherwise++) {
		sim.dma_coherent = otherwise;
		assert_true(dt_dma_coherent(dt_path("/outer/device")));
		assert_true(dt_dma_coherent(dt_path("/outer/missing")));
		assert_false(dt_dma_coherent(dt_path("/outer/missing/inner/device")));
		assert_true(dt_dma_coherent(dt_path("/outer/missing/inner/coherent")));
		assert_int_equal(dt_dma_coherent(dt_path("/plain/empty/device")), otherwise);
		assert_int_equal(dt_dma_coherent(dt_path("/")), otherwise);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rows_no_limit),
		cmocka_unit_test(rows_of_several_buses),
		cmocka_unit_test(functions_behind_a_pci_host),
		cmocka_unit_test(the_ends_of_what_fits),
		cmocka_unit_test(another_path_than_that_of_registers),
		cmocka_unit_test(the_nearest_says_who_is_coherent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
