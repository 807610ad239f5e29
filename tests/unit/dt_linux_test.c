/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trees that Linux tests its own reader with (drivers/of/unittest-data of the Linux source),
 * and what it expects of them (drivers/of/unittest.c). They are linked in as dtb_linux_NAME.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/log.h"
#include "sim/console.h"
#include "tests/tree.h"

#define DATA	"/testcase-data"

static struct dt_node node_at(const char *path)
{
	struct dt_node node = dt_path(path);

	if (!dt_exists(node))
		fail_msg("no node %s", path);
	return node;
}

/* ---- Paths ---- */

static void paths_and_aliases(void **state)
{
	static const struct { const char *path, *full; } cases[] = {
		{ DATA, DATA },
		{ DATA "/phandle-tests/consumer-a", DATA "/phandle-tests/consumer-a" },
		{ "testcase-alias", DATA },
		{ "testcase-alias/phandle-tests/consumer-a", DATA "/phandle-tests/consumer-a" },
		{ DATA "/missing-path", NULL },
		{ "missing-alias", NULL },
		{ "testcase-alias/missing-path", NULL },
		{ DATA ":testoption", DATA },
		{ DATA ":test/option", DATA },
		{ DATA "/testcase-device1:test/option", DATA "/testcase-device1" },
		{ "testcase-alias:testaliasoption", DATA },
		{ "testcase-alias:test/alias/option", DATA },
		{ "/", "/" },
	};
	char path[128];

	(void)state;
	TREE(linux_testcases);
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dt_node node = dt_path(cases[i].path);

		if (dt_exists(node) != (cases[i].full != NULL))
			fail_msg("%s: %sfound", cases[i].path, cases[i].full ? "not " : "");
		if (cases[i].full) {
			assert_int_equal(dt_full_path(node, path, sizeof path), 0);
			assert_string_equal(path, cases[i].full);
		}
	}
	/* a node and a property of one name */
	assert_string_equal(dt_string(node_at(DATA), "duplicate-name"), "duplicate");
	node_at(DATA "/duplicate-name");
}

static void strings(void **state)
{
	struct dt_node a;

	(void)state;
	TREE(linux_testcases);
	a = node_at(DATA "/phandle-tests/consumer-a");
	assert_int_equal(dt_string_index(a, "phandle-list-names", "first"), 0);
	assert_int_equal(dt_string_index(a, "phandle-list-names", "second"), 1);
	assert_int_equal(dt_string_index(a, "phandle-list-names", "third"), 2);
	assert_int_equal(dt_string_index(a, "phandle-list-names", "fourth"), -ENOENT);
	assert_int_equal(dt_string_index(a, "missing-property", "blah"), -ENOENT);
	assert_int_equal(dt_string_index(a, "empty-property", "blah"), -ENOENT);
	assert_int_equal(dt_string_index(a, "unterminated-string", "blah"), -ENOENT);
	assert_string_equal(dt_string(a, "string-property"), "foobar");
	assert_null(dt_string(a, "unterminated-string"));
	assert_string_equal(dt_string_at(a, "unterminated-string-list", 1), "second");
	assert_null(dt_string_at(a, "unterminated-string-list", 2));
}

/* ---- Phandles ---- */

static void lists_of_phandles(void **state)
{
	static const struct { int err; unsigned count; u32 cells[3]; } cases[] = {
		{ 0, 1, { 1 } }, { 0, 2, { 2, 0 } }, { -ENOENT, 0, { 0 } }, { 0, 3, { 4, 4, 3 } },
		{ 0, 2, { 5, 100 } }, { 0, 0, { 0 } }, { 0, 1, { 7 } }, { -ENOENT, 0, { 0 } },
	};
	static const char list[] = "phandle-list", cells[] = "#phandle-cells";
	struct dt_reference to;
	struct dt_node a;

	(void)state;
	TREE(linux_testcases);
	a = node_at(DATA "/phandle-tests/consumer-a");
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(dt_reference_at(a, list, cells, i, &to), cases[i].err);
		if (cases[i].err)
			continue;
		assert_int_equal(to.count, cases[i].count);
		assert_memory_equal(to.cells, cases[i].cells, to.count * sizeof(u32));
	}
	assert_int_equal(dt_reference_at(a, "phandle-list-missing", cells, 0, &to), -ENOENT);
	assert_int_equal(dt_reference_at(a, list, "#phandle-cells-missing", 0, &to), -EINVAL);
	assert_int_equal(dt_reference_at(a, "phandle-list-bad-phandle", cells, 0, &to), -EINVAL);
	assert_int_equal(dt_reference_at(a, "phandle-list-bad-phandle", cells, 1, &to), -EINVAL);
	assert_int_equal(dt_reference_at(a, "phandle-list-bad-args", cells, 1, &to), -EINVAL);
}

/* ---- Interrupts ---- */

static void check_interrupt(const char *path, unsigned index, const char *controller,
			    unsigned count, const u32 *cells)
{
	struct dt_reference to;

	assert_int_equal(dt_interrupt(node_at(path), index, &to), 0);
	assert_string_equal(dt_name(to.node), controller);
	assert_int_equal(to.count, count);
	assert_memory_equal(to.cells, cells, count * sizeof(u32));
}
#define INTERRUPT(path, index, controller, ...) do { \
	const u32 cells_[] = { __VA_ARGS__ }; \
	check_interrupt(DATA path, index, controller, sizeof cells_ / sizeof *cells_, cells_); \
} while (0)

static void interrupts(void **state)
{
	struct dt_reference to;

	(void)state;
	TREE(linux_testcases);
	for (u32 i = 0; i < 4; i++)
		INTERRUPT("/interrupts/interrupts0", i, "intc0", i + 1);
	INTERRUPT("/interrupts/interrupts1", 0, "intc0", 9);
	INTERRUPT("/interrupts/interrupts1", 1, "intc1", 10, 11, 12);
	INTERRUPT("/interrupts/interrupts1", 2, "intc2", 13, 14);
	INTERRUPT("/interrupts/interrupts1", 3, "intc2", 15, 16);

	INTERRUPT("/interrupts/interrupts-extended0", 0, "intc0", 1);
	INTERRUPT("/interrupts/interrupts-extended0", 1, "intc1", 2, 3, 4);
	INTERRUPT("/interrupts/interrupts-extended0", 2, "intc2", 5, 6);
	INTERRUPT("/interrupts/interrupts-extended0", 3, "intc0", 9);
	INTERRUPT("/interrupts/interrupts-extended0", 4, "intc1", 10, 11, 12);
	INTERRUPT("/interrupts/interrupts-extended0", 5, "intc2", 13, 14);
	/* a nexus without #address-cells */
	INTERRUPT("/interrupts/interrupts-extended0", 6, "intc0", 15);

	INTERRUPT("/testcase-device1", 0, "intc0", 1);
	/* too short */
	assert_int_equal(dt_interrupt(node_at(DATA "/testcase-device2"), 0, &to), -EINVAL);
}

/* ---- Addresses ---- */

static void check_ranges(const char *path, unsigned count, const struct dt_range *expected)
{
	struct dt_range r;

	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(dt_range(node_at(path), i, &r), 0);
		assert_int_equal(r.flags, expected[i].flags);
		assert_int_equal(r.bus, expected[i].bus);
		assert_int_equal(r.cpu, expected[i].cpu);
		assert_int_equal(r.bytes, expected[i].bytes);
	}
	assert_int_equal(dt_range(node_at(path), count, &r), -ENOENT);
}

#define ADDRESSES DATA "/address-tests"

static void ranges(void **state)
{
	static const struct dt_range plain[] = {
		{ 0, 0x70000000, 0x70000000, 0x50000000 }, { 0, 0, 0xd0000000, 0x20000000 },
	};
	static const struct dt_range three_cells[] = {
		{ 0xf00baa, 0, 0xa0000000, 0x100000 },
		{ 0xf00bee, 0x100000000, 0xb0000000, 0x200000 },
	};
	u64 start, bytes;

	(void)state;
	TREE(linux_testcases);
	check_ranges(ADDRESSES, 2, plain);
	check_ranges(ADDRESSES "/bus@a0000000", 2, three_cells);
	assert_int_equal(dt_reg(node_at(ADDRESSES "/bus@80000000/device@1000"), 0, &start, &bytes),
			 0);
	assert_int_equal(start, 0x80001000);
	assert_int_equal(bytes, 0x1000);
}

static void check_dma(struct dt_node bus, unsigned count, const struct dt_range *expected)
{
	struct dt_range r[DT_DMA_RANGES_MAX];

	assert_int_equal(dt_dma_ranges(bus, r), count);
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(r[i].bus, expected[i].bus);
		assert_int_equal(r[i].cpu, expected[i].cpu);
		assert_int_equal(r[i].bytes, expected[i].bytes);
	}
}

static void dma_ranges(void **state)
{
	static const struct dt_range device[] = { { 0, 0x0, 0x20000000, 0x40000000 } };
	/* Its bus's row is of 128 GiB; what the bus above passes on of it is 1 GiB. */
	static const struct dt_range behind_two[] = { { 0, 0x100000000, 0x20000000, 0x40000000 } };
	static const struct dt_range pci[] = {
		{ 0, 0x80000000, 0x20000000, 0x10000000 },
		{ 0, 0xc0000000, 0x40000000, 0x10000000 },
	};

	(void)state;
	TREE(linux_testcases);
	check_dma(dt_dma_parent(node_at(ADDRESSES "/device@70000000")), 1, device);
	check_dma(dt_dma_parent(node_at(ADDRESSES "/bus@80000000/device@1000")), 1, behind_two);
	check_dma(node_at(ADDRESSES "/pci@90000000"), 2, pci);
}

/* ---- Overlays ---- */

static u64 room[1 << 16];
static u64 merged[1 << 16];

/* The open tree with an overlay becomes the open tree; or it stays as it was. */
static int apply(const void *overlay, size_t bytes, const char *name)
{
	const char *reason;
	int err;

	sim_console_clear();
	assert_int_equal(dt_edit_begin(room, sizeof room), 0);
	err = dt_edit_overlay(room, overlay, bytes, name);
	if (err)
		return err;
	bytes = dt_edit_end(room);
	memcpy(merged, room, bytes);
	if (dt_open(merged, bytes, &reason))
		fail_msg("%s", reason);
	return 0;
}

#define APPLY(name)	apply(TREE_BLOB(linux_##name), TREE_BYTES(linux_##name), #name)
#define BUS		DATA "/overlay-node/test-bus"
#define I2C		BUS "/i2c-test-bus"

static int open_console(void **state)
{
	(void)state;
	console_set(&sim_console, NULL);
	return 0;
}

static void overlays_enable_and_disable(void **state)
{
	(void)state;
	TREE(linux_testcases);
#define SWITCHES(name, path, on) do { \
	assert_int_equal(dt_enabled(node_at(path)), !(on)); \
	assert_int_equal(APPLY(name), 0); \
	assert_int_equal(dt_enabled(node_at(path)), on); \
} while (0)
	SWITCHES(overlay_0, BUS "/test-unittest0", true);	/* by path */
	SWITCHES(overlay_1, BUS "/test-unittest1", false);
	SWITCHES(overlay_2, BUS "/test-unittest2", true);	/* by label */
	SWITCHES(overlay_3, BUS "/test-unittest3", false);
	SWITCHES(overlay_5, BUS "/test-unittest5", true);
	SWITCHES(overlay_6, BUS "/test-unittest6", true);
	SWITCHES(overlay_7, BUS "/test-unittest7", true);
	SWITCHES(overlay_8, BUS "/test-unittest8", true);
	SWITCHES(overlay_12, I2C "/test-unittest12", true);
	SWITCHES(overlay_13, I2C "/test-unittest13", false);
	assert_int_equal(APPLY(overlay_9), 0);			/* onto what 8 changed */
	assert_string_equal(dt_string(node_at(BUS "/test-unittest8"), "property-foo"), "bar");
	assert_true(dt_enabled(node_at(BUS "/test-unittest8")));
	assert_true(dt_enabled(node_at(BUS "/test-unittest0")));
}

static void overlays_add_nodes(void **state)
{
	static const char *const added[] = {
		BUS "/test-unittest4", BUS "/test-unittest10",
		BUS "/test-unittest10/test-unittest101",
		BUS "/test-unittest11", BUS "/test-unittest11/test-unittest111",
		I2C "/test-unittest15", I2C "/test-unittest15/i2c@0/test-mux-dev@20",
		BUS "/test-unittest16", BUS "/test-unittest17", BUS "/test-unittest18",
		BUS "/test-unittest19", BUS "/test-unittest20",
		BUS "/gpio@0/line-b", BUS "/gpio@2/line-a",
		BUS "/gpio@3/line-d", BUS "/gpio@4/line-c",
	};
	u64 reg, bytes;

	(void)state;
	TREE(linux_testcases);
	for (unsigned i = 0; i < sizeof added / sizeof *added; i++)
		assert_false(dt_exists(dt_path(added[i])));
	assert_int_equal(APPLY(overlay_4), 0);
	assert_int_equal(APPLY(overlay_10), 0);
	assert_int_equal(APPLY(overlay_11), 0);
	assert_int_equal(APPLY(overlay_15), 0);
	assert_int_equal(APPLY(overlay_16), 0);
	assert_int_equal(APPLY(overlay_17), 0);
	assert_int_equal(APPLY(overlay_18), 0);
	assert_int_equal(APPLY(overlay_19), 0);
	assert_int_equal(APPLY(overlay_20), 0);
	assert_int_equal(APPLY(overlay_gpio_01), 0);
	assert_int_equal(APPLY(overlay_gpio_02a), 0);
	assert_int_equal(APPLY(overlay_gpio_02b), 0);		/* into a node of 02a */
	assert_int_equal(APPLY(overlay_gpio_03), 0);
	assert_int_equal(APPLY(overlay_gpio_04a), 0);
	assert_int_equal(APPLY(overlay_gpio_04b), 0);
	for (unsigned i = 0; i < sizeof added / sizeof *added; i++)
		node_at(added[i]);
	assert_int_equal(dt_reg_on_bus(node_at(BUS "/test-unittest18"), 0, &reg, &bytes), 0);
	assert_int_equal(reg, 18);
}

#define PARK "/testcase-data-2"

static void an_overlay_of_many_fragments(void **state)
{
	struct dt_node ride;
	struct dt_reference to;

	(void)state;
	TREE(linux_overlay_base);
	assert_false(dt_enabled(node_at(PARK "/fairway-1")));
	assert_int_equal(APPLY(overlay), 0);
	assert_true(dt_enabled(node_at(PARK "/substation@100")));
	assert_true(dt_enabled(node_at(PARK "/fairway-1")));
	assert_int_equal(dt_u32_at(node_at(PARK "/fairway-1/ride@100/track@30"),
				   "incline-up", 2, 0), 16);
	assert_int_equal(dt_string_index(node_at(PARK "/lights@40000"), "color", "green"), 3);
	assert_int_equal(dt_u32_at(node_at(PARK "/lights@40000"), "rate", 1, 0), 256);

	/* phandles: of a node that came with it, and of one that was there */
	ride = node_at(PARK "/fairway-1/ride@200");
	assert_int_equal(dt_reference_at(ride, "hvac-provider", NULL, 0, &to), 0);
	assert_string_equal(dt_name(to.node), "hvac-large-1");
	assert_int_equal(dt_reference_at(ride, "spin-controller", NULL, 0, &to), 0);
	assert_string_equal(dt_name(to.node), "motor-1");
	assert_int_equal(dt_u32_at(ride, "spin-controller", 1, 0), 3);
	/* and the references there were */
	assert_int_equal(dt_reference_at(node_at(PARK "/fairway-1/ride@100"), "hvac-provider",
					 NULL, 0, &to), 0);
	assert_string_equal(dt_name(to.node), "hvac-medium-1");
	/* its labels are labels of the tree now */
	assert_string_equal(dt_string(node_at("/__symbols__"), "ride_200_left"),
			    PARK "/fairway-1/ride@200/track@10");
}

/* Linux can take overlays back, so it refuses what sets one thing twice; merged, that is well. */
static void what_does_not_fit_is_named(void **state)
{
	static const u64 nothing[8];

	(void)state;
#define REFUSED(call, words) do { \
	assert_int_equal(call, -EINVAL); \
	if (!strstr(sim_console_text, words)) \
		fail_msg("no \"%s\" in: %s", words, sim_console_text); \
} while (0)
#define APPLY_OWN(name)	apply(TREE_BLOB(name), TREE_BYTES(name), #name ".dtbo")
	TREE(linux_overlay_base);
	REFUSED(APPLY(overlay_bad_phandle),
		"error: Overlay overlay_bad_phandle: it gives a phandle to "
		PARK "/substation@100/motor-1, which has one");
	REFUSED(APPLY_OWN(overlay_label),
		"error: Overlay overlay_label.dtbo: the device tree has no label "
		"\"nobody_has_this_label\"");
	REFUSED(APPLY_OWN(spec), "error: Overlay spec.dtbo: it has no fragments");
	REFUSED(apply(nothing, sizeof nothing, "zeros"),
		"error: Overlay zeros: it begins with 0x00000000");
	REFUSED(apply(TREE_BLOB(linux_overlay), TREE_BYTES(linux_overlay) - 4, "short"),
		"error: Overlay short: ");
	assert_int_equal(APPLY(overlay_bad_add_dup_node), 0);
	assert_int_equal(APPLY(overlay_bad_add_dup_prop), 0);

	TREE(spec);
	REFUSED(APPLY(overlay),
		"error: Overlay overlay: it names nodes by labels, and the device tree has "
		"none: compile that with dtc -@");
	REFUSED(APPLY_OWN(overlay_path),
		"error: Overlay overlay_path.dtbo: the device tree has no node "
		"/simple-bus@fe000000/serial@9999, where fragment@1 goes");
}

/* A copy of the blob with the text @from in it replaced by @to, which has as many bytes. */
static void *changed(const void *blob, size_t bytes, const char *from, const char *to)
{
	char *copy = tree_copy(blob, bytes), *place;

	place = memmem(copy, bytes, from, strlen(from));
	assert_non_null(place);
	memcpy(place, to, strlen(from));
	return copy;
}

static void blobs_that_lie(void **state)
{
	size_t bytes = TREE_BYTES(linux_overlay_2), base_bytes = TREE_BYTES(linux_testcases);
	void *lie = changed(TREE_BLOB(linux_testcases), base_bytes, BUS "/test-unittest2",
			    BUS "/test-unittestX");
	const char *reason;

	(void)state;
	assert_int_equal(dt_open(lie, base_bytes, &reason), 0);
	REFUSED(apply(TREE_BLOB(linux_overlay_2), bytes, "2"),
		"error: Overlay 2: label \"unittest2\" of the device tree stands for no node");
	TREE(linux_testcases);
	free(lie);

	lie = changed(TREE_BLOB(linux_overlay_2), bytes, "/fragment@0:target:0",
		      "/fragment@0:target:x");
	REFUSED(apply(lie, bytes, "2"), "error: Overlay 2: the target of fragment@0 is no phandle");
	free(lie);
	lie = changed(TREE_BLOB(linux_overlay_0), TREE_BYTES(linux_overlay_0), "target-path",
		      "tarxxx-path");
	REFUSED(apply(lie, TREE_BYTES(linux_overlay_0), "0"),
		"error: Overlay 0: fragment@0 has neither target nor target-path");
	free(lie);
	lie = changed(TREE_BLOB(linux_overlay), TREE_BYTES(linux_overlay), ":spin-controller:0",
		      ":spin-controller:9");
	TREE(linux_overlay_base);
	/* as libfdt calls it */
	assert_int_equal(apply(lie, TREE_BYTES(linux_overlay), "9"), -ENOSPC);
	assert_non_null(strstr(sim_console_text, "or it refers to a place outside of a property"));
	free(lie);
}

/* libfdt 1.6 would read wherever they point. */
static void references_that_lie(void **state)
{
	static const char fixups[] = "/__local_fixups__/fragment@1/__overlay__/ride@200";
	size_t bytes = TREE_BYTES(linux_overlay);
	void *lie = tree_copy(TREE_BLOB(linux_overlay), bytes);
	int node = fdt_path_offset(lie, fixups);

	(void)state;
	TREE(linux_overlay_base);
	assert_int_equal(fdt_setprop_inplace_u32(lie, node, "hvac-provider", 1), 0);
	REFUSED(apply(lie, bytes, "x"),
		"error: Overlay x: a reference in its __local_fixups__ is not in "
		"property hvac-provider of ride@200");
	assert_int_equal(fdt_setprop_inplace_u32(lie, node, "hvac-provider", 0xffffffff), 0);
	REFUSED(apply(lie, bytes, "x"), "is not in property hvac-provider of ride@200");
	free(lie);
	REFUSED(APPLY_OWN(overlay_short), "is not in property short of __overlay__");
	lie = changed(TREE_BLOB(linux_overlay), bytes, "hvac-provider", "phandle\0ovider");
	REFUSED(apply(lie, bytes, "x"), "is not in property phandle of ride@200");
	free(lie);
	lie = tree_copy(TREE_BLOB(linux_overlay), bytes);
	memcpy((char *)fdt_get_name(lie, fdt_path_offset(lie, fixups), NULL), "walk", 4);
	REFUSED(apply(lie, bytes, "x"),
		"error: Overlay x: its __local_fixups__ are for a node walk@200, which");
	free(lie);
}

static void a_copy_may_be_full(void **state)
{
	(void)state;
	TREE(linux_overlay_base);
	sim_console_clear();
	assert_int_equal(dt_edit_begin(room, dt_edit_bytes(0)), 0);
	while (!fdt_add_mem_rsv(room, 1, 1))
		;
	assert_int_equal(dt_edit_overlay(room, TREE_BLOB(linux_overlay), TREE_BYTES(linux_overlay),
					 "x"), -ENOSPC);
	assert_non_null(strstr(sim_console_text,
			       "error: Overlay x: cannot be merged into the device "
			       "tree: its memory is full,"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_and_aliases),
		cmocka_unit_test(strings),
		cmocka_unit_test(lists_of_phandles),
		cmocka_unit_test(interrupts),
		cmocka_unit_test(ranges),
		cmocka_unit_test(dma_ranges),
		cmocka_unit_test(overlays_enable_and_disable),
		cmocka_unit_test(overlays_add_nodes),
		cmocka_unit_test(an_overlay_of_many_fragments),
		cmocka_unit_test(what_does_not_fit_is_named),
		cmocka_unit_test(blobs_that_lie),
		cmocka_unit_test(references_that_lie),
		cmocka_unit_test(a_copy_may_be_full),
	};

	return cmocka_run_group_tests(tests, (CMFixtureFunction)open_console, NULL);
}
