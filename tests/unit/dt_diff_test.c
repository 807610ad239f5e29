/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between trees, in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/dt_diff.h"
#include "tests/tree.h"

enum { ROOM = 16384 };

static char told[4096];
static size_t told_bytes;

static void tell(bool added, const char *path, const char *property, const void *value, u32 bytes)
{
	assert_int_equal(bytes && !value, false);
	told_bytes += (size_t)snprintf(told + told_bytes, sizeof(told) - told_bytes,
				       property ? "%c%s:%s %u\n" : "%c%s\n", added ? '+' : '-',
				       path, property, bytes);
	assert_true(told_bytes < sizeof(told));
}

static void assert_diff(const void *first, const void *second, const char *wanted)
{
	told[told_bytes = 0] = 0;
	dt_diff(first, second, tell);
	assert_string_equal(told, wanted);
}

static void *copy_of(const void *blob)
{
	void *copy = malloc(ROOM);

	assert_int_equal(fdt_open_into(blob, copy, ROOM), 0);
	return copy;
}

static int node(const void *tree, const char *path)
{
	int at = fdt_path_offset(tree, path);

	assert_true(at >= 0);
	return at;
}

static void nothing_differs(void **state)
{
	void *other;

	(void)state;
	TREE(monitor);
	other = copy_of(dt_blob(NULL));
	assert_diff(dt_blob(NULL), other, "");
	free(other);
}

static void properties(void **state)
{
	const void *tree = TREE_BLOB(monitor);
	void *other = copy_of(tree);

	(void)state;
	fdt_setprop_string(other, node(other, "/soc/serial@1000"), "compatible", "x");
	fdt_setprop_u32(other, node(other, "/soc"), "new", 1);
	fdt_delprop(other, node(other, "/soc"), "dma-coherent");
	fdt_setprop_empty(other, 0, "empty");
	assert_diff(tree, other, "+:empty 0\n-/soc:dma-coherent 0\n+/soc:new 4\n"
		    "-/soc/serial@1000:compatible 17\n+/soc/serial@1000:compatible 2\n");
	assert_diff(other, tree, "-:empty 0\n-/soc:new 4\n+/soc:dma-coherent 0\n"
		    "-/soc/serial@1000:compatible 2\n+/soc/serial@1000:compatible 17\n");
	free(other);
}

/* One that goes takes all that is in it along; one that comes is told whole. */
static void nodes(void **state)
{
	const void *tree = TREE_BLOB(monitor);
	void *other = copy_of(tree);
	int added = fdt_add_subnode(other, node(other, "/soc"), "bus");

	(void)state;
	fdt_setprop_u32(other, added, "reg", 5);
	fdt_add_subnode(other, added, "leaf@5");
	fdt_del_node(other, node(other, "/soc/serial@1000"));
	assert_diff(tree, other, "-/soc/serial@1000\n+/soc/bus\n+/soc/bus:reg 4\n"
		    "+/soc/bus/leaf@5\n");
	free(other);
}

/* libfdt takes spi for spi@2000; they are two. The order of nodes says nothing. */
static void names_are_whole(void **state)
{
	const void *tree = TREE_BLOB(monitor);
	void *other = copy_of(tree);

	(void)state;
	fdt_del_node(other, node(other, "/soc/spi@2000"));
	fdt_add_subnode(other, node(other, "/soc"), "spi");
	assert_diff(tree, other, "-/soc/spi@2000\n+/soc/spi\n");
	fdt_add_subnode(other, node(other, "/soc"), "spi@2000");
	assert_diff(tree, other, "+/soc/spi\n");
	assert_diff(other, tree, "-/soc/spi\n");
	free(other);
}

static void reservations(void **state)
{
	const void *tree = TREE_BLOB(handoff);
	void *other = copy_of(tree);

	(void)state;
	assert_int_equal(fdt_num_mem_rsv(tree), 1);
	fdt_add_mem_rsv(other, 0x123000, 0x1000);
	assert_diff(tree, other, "+/memreserve/ 0x123000 0x1000\n");
	fdt_del_mem_rsv(other, 0);
	assert_diff(tree, other, "-/memreserve/ 0x48000000 0x100000\n"
		    "+/memreserve/ 0x123000 0x1000\n");
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_differs),
		cmocka_unit_test(properties),
		cmocka_unit_test(nodes),
		cmocka_unit_test(names_are_whole),
		cmocka_unit_test(reservations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
