/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the image moves to: as high as 32-bit devices reach, and whole. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "lib/dt.h"
#include "lib/memory.h"
#include "lib/nest.h"
#include "unit/tree.h"

enum { PAGE = 4096, IMAGE = 5 * PAGE + 1, TREE = 100, WANTED = (6 + 1) * PAGE + 512 * 1024 };

/* Memory in two pieces; below and above 4 GiB, in MiB. */
static void memory(unsigned low_mib, unsigned high_mib)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	fdt_begin_node(fdt, "memory@40000000");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 8, 0, 0x40000000, 0, low_mib << 20, 1, 0, 0, high_mib << 20);
	fdt_end_node(fdt);
	assert_int_equal(dt_open(tree_end(fdt), TREE_BYTES, &reason), 0);
	assert_int_equal(memory_init(), 0);
}

static void at_the_top_below_4_gib(void **state)
{
	struct range nest = { 0 };

	(void)state;
	memory(64, 64);
	assert_int_equal(nest_take(IMAGE, TREE, &nest), 0);
	assert_int_equal(nest.bytes, WANTED);
	assert_int_equal(nest.start + nest.bytes, 0x44000000);
	assert_int_equal(memory_find(nest.start)->use, MEMORY_PLINTH);
}

static void above_where_there_is_nothing_below(void **state)
{
	struct range nest = { 0 };

	(void)state;
	memory(0, 64);
	assert_int_equal(nest_take(IMAGE, TREE, &nest), 0);
	assert_int_equal(nest.start + nest.bytes, (4ull << 30) + (64 << 20));
}

static void nowhere(void **state)
{
	struct range nest = { 0 };

	(void)state;
	memory(1, 0);
	assert_int_equal(nest_take(1 << 20, TREE, &nest), -ENOMEM);
	assert_int_equal(nest.bytes, (1 << 20) + PAGE + 512 * 1024);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_the_top_below_4_gib),
		cmocka_unit_test(above_where_there_is_nothing_below),
		cmocka_unit_test(nowhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
