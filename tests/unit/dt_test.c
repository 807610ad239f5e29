/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding nodes and reading properties: spec.dts, from the specification's examples. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/dt.h"
#include "tests/tree.h"

static void assert_path(struct dt_node node, const char *expected)
{
	char path[128];

	if (!expected) {
		assert_false(dt_exists(node));
		return;
	}
	assert_int_equal(dt_full_path(node, path, sizeof path), 0);
	assert_string_equal(path, expected);
}

/* Runs first. */
static void before_there_is_a_tree(void **state)
{
	struct range r;
	size_t bytes = 1;
	struct dt_node chain[DT_DEPTH_MAX];

	(void)state;
	assert_null(dt_blob(&bytes));
	assert_int_equal(bytes, 0);
	assert_false(dt_exists(dt_root()));
	assert_false(dt_exists(dt_path("/")));
	assert_false(dt_exists(dt_path("serial0")));
	assert_false(dt_exists(dt_by_phandle(1)));
	assert_int_equal(dt_ancestors((struct dt_node){ 0 }, chain), -ENOENT);
	assert_int_equal(dt_memory_reservation(0, &r), -ENOENT);
}

static void paths_lead_to_nodes(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "/", "/" },
		{ "/soc@e0000000/serial@4600", "/soc@e0000000/serial@4600" },
		{ "/soc/serial", "/soc@e0000000/serial@4600" },
		{ "/soc@e0000000/", "/soc@e0000000" },
		{ "serial0", "/simple-bus@fe000000/serial@4500" },
		{ "serial0:115200n8", "/simple-bus@fe000000/serial@4500" },
		{ "/soc/serial@4600:9600", "/soc@e0000000/serial@4600" },
		{ "soc/serial@4600", "/soc@e0000000/serial@4600" },
		{ "soc/serial@4600:9600/8", "/soc@e0000000/serial@4600" },
		{ "soc/", "/soc@e0000000" },
		{ "top", "/" },
		{ "top/cpus", "/cpus" },
		{ "/soc@e0000000/serial@4601", NULL },
		{ "/soc@e000000", NULL },
		{ "serial1", NULL },
		{ "serial0/deeper", NULL },
		{ "serial", NULL },
		{ "again", NULL }, { "loop", NULL }, { "empty", NULL }, { "open-end", NULL },
		{ "", NULL }, { ":115200", NULL }, { "//", "/" },
	};

	TREE(spec);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_path(dt_path(cases[i][0]), cases[i][1]);
}

static void children_come_in_order_and_know_their_parents(void **state)
{
	(void)state;
	static const char *const names[] = {
		"aliases", "chosen", "cpus", "soc@e0000000", "simple-bus@fe000000", "numbers",
		"status",
	};
	unsigned count = 0;

	TREE(spec);
	dt_for_each_child(node, dt_root()) {
		assert_string_equal(dt_name(node), names[count++]);
		assert_path(dt_parent(node), "/");
		dt_for_each_child(below, node)
			assert_int_equal(dt_parent(below).offset, node.offset);
	}
	assert_int_equal(count, sizeof names / sizeof *names);
	assert_false(dt_exists(dt_parent(dt_root())));
	assert_false(dt_exists(dt_first_child(dt_path("/soc/serial"))));
	assert_string_equal(dt_name(dt_root()), "/");
}

static unsigned collect(struct dt_node node, struct dt_node *all, unsigned count)
{
	all[count++] = node;
	dt_for_each_child(child, node)
		count = collect(child, all, count);
	return count;
}

/* The way up is remembered from one question to the next: their order must not matter. */
static void ancestors_do_not_depend_on_earlier_questions(void **state)
{
	(void)state;
	static struct dt_node all[300];
	static char path[300][128];
	struct dt_node chain[DT_DEPTH_MAX];
	unsigned count;

	srand(1);
	TREE(qemu_riscv64);
	count = collect(dt_root(), all, 0);
	assert_true(count > 20);
	for (unsigned i = 0; i < count; i++) {
		TREE(qemu_riscv64);
		assert_int_equal(dt_full_path(all[i], path[i], sizeof path[i]), 0);
		assert_int_equal(dt_path(path[i]).offset, all[i].offset);
	}
	for (unsigned i = 0; i < 20000; i++) {
		unsigned which = (unsigned)rand() % count;

		if (i % 7 == 0)		/* no node: in the middle of one, behind the last */
			assert_int_equal(dt_ancestors((struct dt_node){
				all[which].offset + 4 + (i % 3 ? 0 : 1 << 20) }, chain), -ENOENT);
		assert_path(all[which], path[which]);
	}
}

static void a_path_that_does_not_fit_is_refused(void **state)
{
	(void)state;
	struct dt_node node;
	char path[27];

	TREE(spec);
	node = dt_path("soc/serial");
	for (size_t bytes = 0; bytes < 26; bytes++)
		assert_int_equal(dt_full_path(node, path, bytes), -ENOSPC);
	assert_int_equal(dt_full_path(node, path, 26), 0);
	assert_int_equal(dt_full_path(dt_root(), path, 1), -ENOSPC);
	assert_int_equal(dt_full_path(dt_root(), path, 2), 0);
	assert_int_equal(dt_full_path(dt_path("/none"), path, sizeof path), -ENOENT);
}

static void values_have_their_exact_size(void **state)
{
	(void)state;
	struct dt_node n;
	u32 bytes = 99;

	TREE(spec);
	n = dt_path("/numbers");
	assert_int_equal(dt_u32(n, "u32", 7), 0x11223344);
	assert_int_equal(dt_u32(n, "u64", 7), 7);
	assert_int_equal(dt_u32(n, "three", 7), 7);
	assert_int_equal(dt_u32(n, "empty", 7), 7);
	assert_int_equal(dt_u32(n, "missing", 7), 7);
	assert_int_equal(dt_u64(n, "u32", 7), 0x11223344);
	assert_int_equal(dt_u64(n, "u64", 7), 0x1122334455667788);
	assert_int_equal(dt_u64(n, "three", 7), 7);
	assert_int_equal(dt_u32_at(n, "u64", 0, 7), 0x11223344);
	assert_int_equal(dt_u32_at(n, "u64", 1, 7), 0x55667788);
	assert_int_equal(dt_u32_at(n, "u64", 2, 7), 7);
	assert_int_equal(dt_u32_at(n, "three", 0, 7), 7);
	assert_int_equal(dt_u32_at(n, "missing", 0, 7), 7);
	assert_non_null(dt_property(n, "empty", &bytes));
	assert_int_equal(bytes, 0);
	assert_null(dt_property(n, "missing", NULL));
	assert_int_equal(dt_by_phandle(dt_u32(n, "handle", 0)).offset, dt_path("soc").offset);
	assert_false(dt_exists(dt_by_phandle(0)));
	assert_false(dt_exists(dt_by_phandle(0xffffffff)));
	assert_false(dt_exists(dt_by_phandle(0x1234)));
}

static void strings_end_inside_their_property(void **state)
{
	(void)state;
	struct dt_node n;

	TREE(spec);
	n = dt_path("/numbers");
	assert_string_equal(dt_string(n, "string"), "hello");
	assert_null(dt_string_at(n, "string", 1));
	assert_string_equal(dt_string_at(n, "list", 0), "one");
	assert_string_equal(dt_string_at(n, "list", 1), "");
	assert_string_equal(dt_string_at(n, "list", 2), "three");
	assert_null(dt_string_at(n, "list", 3));
	assert_null(dt_string(n, "empty"));
	assert_null(dt_string(n, "missing"));
	assert_null(dt_string(n, "not-terminated"));
	assert_string_equal(dt_string_at(n, "half-list", 0), "one");
	assert_null(dt_string_at(n, "half-list", 1));
}

static void status_okay_or_nothing(void **state)
{
	(void)state;
	TREE(spec);
	assert_true(dt_enabled(dt_path("/status/absent")));
	assert_true(dt_enabled(dt_path("/status/okay")));
	assert_true(dt_enabled(dt_path("/status/ok")));
	assert_false(dt_enabled(dt_path("/status/disabled")));
	assert_false(dt_enabled(dt_path("/status/reserved")));
	assert_false(dt_enabled(dt_path("/status/fail")));
	assert_false(dt_enabled(dt_path("/status/empty")));
	assert_false(dt_enabled(dt_path("/status/not-terminated")));
	assert_false(dt_enabled(dt_path("/none")));
}

static void compatible_is_a_list(void **state)
{
	(void)state;
	struct dt_node serial;

	TREE(spec);
	serial = dt_path("serial0");
	assert_string_equal(dt_compatible(serial, 0), "ns16550a");
	assert_string_equal(dt_compatible(serial, 1), "ns16550");
	assert_null(dt_compatible(serial, 2));
	assert_true(dt_is_compatible(serial, "ns16550"));
	assert_false(dt_is_compatible(serial, "ns1655"));
	assert_path(dt_compatible_node(dt_root(), "ns16550"), "/soc@e0000000/serial@4600");
	assert_path(dt_compatible_node(dt_path("/soc/serial"), "ns16550"),
		    "/simple-bus@fe000000/serial@4500");
	assert_path(dt_compatible_node(serial, "ns16550"), NULL);
}

static void properties_come_one_after_the_other(void **state)
{
	(void)state;
	static const char *const names[] = {
		"compatible", "model", "#address-cells", "#size-cells",
	};
	unsigned count = 0;
	int at = -1;
	const char *name;
	const void *value;
	u32 bytes;

	TREE(spec);
	while (dt_next_property(dt_root(), &at, &name, &value, &bytes)) {
		assert_string_equal(name, names[count]);
		assert_ptr_equal(value, dt_property(dt_root(), name, NULL));
		count++;
	}
	assert_int_equal(count, 4);
	at = -1;
	assert_false(dt_next_property(dt_path("/none"), &at, &name, &value, &bytes));
}

static void rows_of_memreserve(void **state)
{
	struct range r;

	(void)state;
	TREE(hostile);
	assert_int_equal(dt_memory_reservation(0, &r), 0);
	assert_int_equal(r.start, 0x80000000);
	assert_int_equal(r.bytes, 0x200000);
	assert_int_equal(dt_memory_reservation(1, &r), 0);
	assert_int_equal(r.start, 0x82000000);
	assert_int_equal(dt_memory_reservation(2, &r), -ENOENT);
	assert_int_equal(dt_memory_reservation(~0u, &r), -ENOENT);
	TREE(spec);
	assert_int_equal(dt_memory_reservation(0, &r), -ENOENT);
}

static void no_node_has_nothing(void **state)
{
	(void)state;
	struct dt_node none = dt_path("/none");
	u64 start, bytes;

	TREE(spec);
	assert_false(dt_exists(none));
	assert_false(dt_exists(dt_first_child(none)));
	assert_false(dt_exists(dt_next_sibling(none)));
	assert_false(dt_exists(dt_parent(none)));
	assert_false(dt_is_compatible(none, "ns16550"));
	assert_null(dt_string(none, "compatible"));
	assert_null(dt_compatible(none, 0));
	assert_int_equal(dt_u32(none, "reg", 3), 3);
	assert_int_equal(dt_reg(none, 0, &start, &bytes), -ENOENT);
	assert_int_equal(dt_reg_on_bus(none, 0, &start, &bytes), -ENOENT);
	assert_non_null(dt_name(none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_there_is_a_tree),
		cmocka_unit_test(paths_lead_to_nodes),
		cmocka_unit_test(children_come_in_order_and_know_their_parents),
		cmocka_unit_test(ancestors_do_not_depend_on_earlier_questions),
		cmocka_unit_test(a_path_that_does_not_fit_is_refused),
		cmocka_unit_test(values_have_their_exact_size),
		cmocka_unit_test(strings_end_inside_their_property),
		cmocka_unit_test(status_okay_or_nothing),
		cmocka_unit_test(compatible_is_a_list),
		cmocka_unit_test(properties_come_one_after_the_other),
		cmocka_unit_test(rows_of_memreserve),
		cmocka_unit_test(no_node_has_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
