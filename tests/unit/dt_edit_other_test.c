/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree from a file takes over from the firmware's which memory there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/memory.h"
#include "unit/tree.h"

static _Alignas(8) u8 other[TREE_BYTES], copy[4 * TREE_BYTES];

static void open_tree(const void *blob, size_t bytes)
{
	const char *reason = "";

	if (dt_open(blob, bytes, &reason))
		fail_msg("%s", reason);
}

/* A page at 1 GiB, and 4 GiB and two pages from 4 GiB on; the tree of the file has such cells. */
static struct dt_node carried_over(u32 address_cells, u32 size_cells)
{
	void *fdt = tree_begin();

	tree_cells(fdt, "#address-cells", 1, address_cells);
	tree_cells(fdt, "#size-cells", 1, size_cells);
	memcpy(other, tree_end(fdt), TREE_BYTES);
	fdt = tree_begin();
	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	fdt_begin_node(fdt, "memory");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 8, 0, 0x40000000, 0, 0x1000, 1, 0, 1, 0x2000);
	fdt_end_node(fdt);
	open_tree(tree_end(fdt), TREE_BYTES);
	assert_int_equal(memory_init(), 0);
	assert_int_equal(dt_edit_begin_other(copy, sizeof copy, other), 0);
	open_tree(copy, dt_edit_end(copy));
	return dt_path("/memory@40000000");
}

/* As on the Raspberry Pi 4: no row can say 4 GiB, so it takes several. */
static void sizes_of_one_cell(void **state)
{
	(void)state;
	for (u32 cells = 1; cells <= 2; cells++) {
		struct dt_node memory = carried_over(2, cells);
		u64 start, bytes, next = 0x100000000;

		assert_int_equal(dt_reg(memory, 0, &start, &bytes), 0);
		assert_int_equal(start, 0x40000000);
		assert_int_equal(bytes, 0x1000);
		for (unsigned i = 1; !dt_reg(memory, i, &start, &bytes); i++) {
			assert_int_equal(start, next);
			next += bytes;
		}
		assert_int_equal(next, 0x200002000);
	}
}

/* What begins beyond 4 GiB cannot be said. */
static void addresses_of_one_cell(void **state)
{
	struct dt_node memory = carried_over(1, 2);
	u64 start, bytes;

	(void)state;
	assert_int_equal(dt_reg(memory, 0, &start, &bytes), 0);
	assert_int_equal(start, 0x40000000);
	assert_true(dt_reg(memory, 1, &start, &bytes));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_of_one_cell),
		cmocka_unit_test(addresses_of_one_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
