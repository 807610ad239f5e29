/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices meeting drivers made for the purpose, in one tree; and why others do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/device.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/power.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "unit/tree.h"

/* ---- Drivers ---- */

static char order[64];			/* what was called, a letter each */

static void called(char what)
{
	size_t n = strlen(order);

	if (n + 1 < sizeof order)
		order[n] = what;
}

static int generic_probe(struct device *dev, const struct device_id *id)
{
	called('g');
	dev->state = (void *)id->data;
	return 0;
}

static int generic_quiesce(struct device *dev)
{
	called(dev->name[strlen(dev->name) - 1]);
	return strcmp(dev->name, "plain@3") == 0 ? -ETIMEDOUT :
	       strcmp(dev->name, "fallback@2") == 0 ? -EIO : 0;
}

static int special_probe(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	called('s');
	return 0;
}

static int picky_probe(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	called('p');
	return -ENODEV;
}

static int broken_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	called('b');
	return strcmp(dev->name, "silent@5") == 0 ? -EIO :
	       device_refuse(dev, -ENXIO, "the %s is missing: plug it in", "cable");
}

static int needs_itself_probe(struct device *dev, const struct device_id *id)
{
	struct device *again;

	(void)id;
	called('n');
	assert_int_equal(device_bind_node(dev->node, &again), -EBUSY);
	assert_ptr_equal(again, dev);
	return 0;
}

static struct device child = { .name = "child" };

/* A bus: its child carries the node of its parent, and is another device all the same. */
static int bus_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	called('B');
	child.parent = dev;
	child.node = dev->node;
	return 0;
}

static int mapping_probe(struct device *dev, const struct device_id *id)
{
	struct mmio regs;
	int error = device_map(dev, 0, &regs);

	(void)id;
	if (!error)
		mmio_write32(regs, 4, 1);
	return error;
}

static void generic_remove(struct device *dev)
{
	called(dev->name[strlen(dev->name) - 1]);
	assert_true(dev->gone);
}

#define ID(string)	{ .bus = BUS_DT, .compatible = (string), .data = (string) }
#define TEST_DRIVER(symbol, probe_, quiesce_, ...) \
	static const struct device_id symbol##_ids[] = { __VA_ARGS__ }; \
	DRIVER(symbol) = { \
		.name = #symbol, \
		.ids = symbol##_ids, \
		.id_count = sizeof symbol##_ids / sizeof symbol##_ids[0], \
		.probe = probe_, \
		.quiesce = quiesce_, \
		.remove = generic_remove, \
	}
TEST_DRIVER(generic, generic_probe, generic_quiesce, ID("acme,generic"), ID("acme,old"));
TEST_DRIVER(special, special_probe, NULL, ID("acme,special-2"));
TEST_DRIVER(picky, picky_probe, NULL, ID("acme,picky"));
TEST_DRIVER(broken, broken_probe, NULL, ID("acme,broken"));
TEST_DRIVER(selfish, needs_itself_probe, NULL, ID("acme,selfish"));
TEST_DRIVER(bus, bus_probe, NULL, ID("acme,bus"));
TEST_DRIVER(mapping, mapping_probe, NULL, ID("acme,mapping"));

/* ---- The tree ---- */

static void node(void *fdt, const char *name, const char *compatible, size_t bytes, int reg_cells,
		 unsigned reg)
{
	fdt_begin_node(fdt, name);
	if (bytes)
		fdt_property(fdt, "compatible", compatible, (int)bytes);
	if (reg_cells == 2)
		tree_cells(fdt, "reg", 2, reg, 0x100);
	else if (reg_cells == 1)
		tree_cells(fdt, "reg", 1, reg);
	fdt_end_node(fdt);
}
#define NODE(name, compatible)	node(fdt, name, compatible, sizeof(compatible), 0, 0)

static void syscon(void *fdt, const char *name, const char *compatible, unsigned offset)
{
	fdt_begin_node(fdt, name);
	tree_string(fdt, "compatible", compatible);
	tree_cells(fdt, "regmap", 1, 9);
	tree_cells(fdt, "offset", 1, offset);
	tree_cells(fdt, "value", 1, 0x5555);
	if (strcmp(name, "masked-off") == 0)
		tree_cells(fdt, "mask", 1, 0xff00);
	fdt_end_node(fdt);
}

static int open_tree(void **state)
{
	void *fdt = tree_begin();
	const char *reason;

	(void)state;
	sim_reset();
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	NODE("special@1", "acme,special-2\0acme,generic");
	NODE("fallback@2", "acme,special-3\0acme,old\0acme,generic");
	NODE("plain@3", "acme,generic");
	NODE("picky@4", "acme,picky\0acme,generic");
	NODE("silent@5", "acme,broken");
	NODE("broken@6", "acme,broken\0acme,generic");
	NODE("unknown@7", "acme,unknown\0acme,who-knows");
	node(fdt, "nothing@8", "", 0, 0, 0);
	NODE("selfish@9", "acme,selfish");
	NODE("bus@a", "acme,bus");
	NODE("only-picky@b", "acme,picky");
	node(fdt, "mapped@c", "acme,mapping", 13, 2, 0x10000000);
	node(fdt, "noreg@d", "acme,mapping", 13, 0, 0);
	node(fdt, "shortreg@e", "acme,mapping", 13, 1, 0x10000000);
	node(fdt, "misplaced@10", "acme,mapping", 13, 2, 0x80000f80);
	fdt_begin_node(fdt, "memory@80001000");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 2, 0x80001000, 0x1000);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "disabled@f");
	tree_string(fdt, "status", "disabled");
	tree_string(fdt, "compatible", "acme,generic");
	NODE("inside", "acme,generic");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "holder");
	NODE("deep@0", "acme,generic");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "syscon@20000000");
	tree_cells(fdt, "reg", 2, 0x20000000, 0x1000);
	tree_cells(fdt, "phandle", 1, 9);
	fdt_end_node(fdt);
	syscon(fdt, "off", "syscon-poweroff", 0x10);
	syscon(fdt, "masked-off", "syscon-poweroff", 0x14);
	syscon(fdt, "reboot", "syscon-reboot", 0x18);
	syscon(fdt, "wild", "syscon-reboot", 0x1000);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
	assert_int_equal(memory_init(), 0);
	memset(order, 0, sizeof order);
	return 0;
}

static struct device *bind(const char *path, int error)
{
	struct device *dev = NULL, *again;

	assert_int_equal(device_bind_node(dt_path(path), &dev), error);
	assert_non_null(dev);
	assert_int_equal(dev->error, error);
	/* Once: the second time nothing is probed, and the answer is the same. */
	called('|');
	assert_int_equal(device_bind_node(dt_path(path), &again), error);
	assert_ptr_equal(dev, again);
	assert_int_equal(order[strlen(order) - 1], '|');
	return dev;
}

/* ---- Tests ---- */

static void the_most_specific_driver_comes_first(void **state)
{
	struct device *dev = bind("/special@1", 0);

	(void)state;
	assert_string_equal(dev->name, "special@1");
	assert_string_equal(dev->driver->name, "special");
	assert_string_equal(dev->reason, "");
	dev = bind("/fallback@2", 0);
	assert_string_equal(dev->driver->name, "generic");
	assert_string_equal(dev->state, "acme,old");
	assert_string_equal(order, "s|g|");
}

static void who_does_not_want_it_leaves_it_to_others(void **state)
{
	(void)state;
	assert_string_equal(bind("/picky@4", 0)->driver->name, "generic");
	assert_string_equal(order, "pg|");
}

static void what_is_not_bound_has_a_reason(void **state)
{
	static const struct { const char *path; int error; const char *reason; } cases[] = {
		{ "/silent@5", -EIO, "broken: input/output error (EIO)" },
		{ "/broken@6", -ENXIO, "the cable is missing: plug it in" },
		{ "/only-picky@b", -ENODEV, "its driver does not take it" },
		{ "/misplaced@10", -EINVAL, "its registers at 0x80000f80 would lie in memory" },
		{ "/noreg@d", -ENOENT, "\"reg\" has no entry 0" },
		{ "/shortreg@e", -EINVAL, "\"reg\", entry 0: invalid (EINVAL)" },
	};
	char why[DEVICE_WHY_BYTES];
	struct device *dev;

	(void)state;
	console_set(&sim_console, NULL);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		dev = bind(cases[i].path, cases[i].error);
		assert_null(dev->driver);
		assert_string_equal(dev->reason, cases[i].reason);
		assert_true(device_why_not(dev->node, why));
		assert_string_equal(why, cases[i].reason);
	}
	/* Refusals are logged, with the device's name; what nobody drives is not worth a line. */
	assert_non_null(strstr(sim_console_text,
			       "warning: broken@6: the cable is missing: plug it in\r\n"));
	assert_null(strstr(sim_console_text, "unknown@7"));
	/* The driver that refused was the right one: no other is tried. */
	assert_null(strchr(order, 'g'));
}

static void nothing_comes_of_no_node(void **state)
{
	struct device *dev = NULL;

	(void)state;
	assert_int_equal(device_bind_node(dt_path("/no/such"), &dev), -ENOENT);
	assert_null(dev);
	assert_null(device_first());
}

static void who_needs_itself_is_told(void **state)
{
	(void)state;
	bind("/selfish@9", 0);
	assert_string_equal(order, "n|");
}

static void a_child_is_not_its_parent(void **state)
{
	struct device *dev = bind("/bus@a", 0);

	(void)state;
	assert_int_equal(device_add(&child), 0);
	assert_ptr_equal(bind("/bus@a", 0), dev);
	assert_ptr_equal(device_first(), dev);
	assert_ptr_equal(dev->next, &child);
	assert_null(child.next);
}

static void what_vanishes_takes_its_children_along(void **state)
{
	static struct device first = { .name = "1" }, second = { .name = "2" },
			     behind_first = { .name = "3" };
	struct device *bus = bind("/bus@a", 0), *other = bind("/plain@3", 0);

	(void)state;
	first.parent = second.parent = bus;
	behind_first.parent = &first;
	device_add(&first);
	device_add(&second);
	device_add(&behind_first);
	first.driver = second.driver = behind_first.driver = bus->driver;
	memset(order, 0, sizeof order);
	device_remove(bus);
	assert_string_equal(order, "231a");
	assert_ptr_equal(device_first(), other);
	assert_null(other->next);
	assert_null(other->previous);
}

static u64 last_offset, last_value;
static unsigned reads;

static u64 sim_read(void *state, u64 offset, unsigned width)
{
	(void)state;
	assert_int_equal(width, 4);
	reads++;
	return offset == 0x14 ? 0x12345678 : 0;
}

static void sim_write(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	assert_int_equal(width, 4);
	last_offset = offset;
	last_value = value;
}

static const struct sim_mmio_ops registers = { sim_read, sim_write };

static void registers_are_mapped(void **state)
{
	struct mmio none;
	u64 offset;

	(void)state;
	sim_mmio_add(0x10000000, 0x100, &registers, NULL);
	bind("/mapped@c", 0);
	assert_int_equal(last_offset, 4);
	assert_int_equal(sim.map_count, 1);
	assert_int_equal(sim.maps[0].start, 0x10000000);
	assert_int_equal(sim.maps[0].bytes, 0x100);
	assert_string_equal(mmio_owner(0x100000ff, &offset), "mapped@c");
	assert_int_equal(offset, 0xff);
	assert_null(mmio_owner(0x10000100, &offset));
	assert_int_equal(mmio_map(&none, 0, 0, "nothing"), -EINVAL);
	assert_int_equal(mmio_map(&none, 0x1000, 0, "nothing"), -EINVAL);
	assert_int_equal(mmio_map(&none, 0x1000, UINT64_MAX, "too much"), -EINVAL);
}

static void everything_enabled_is_discovered(void **state)
{
	char names[512] = "";

	(void)state;
	sim_mmio_add(0x10000000, 0x100, &registers, NULL);
	bind("/plain@3", 0);
	devices_discover();
	for (struct device *dev = device_first(); dev; dev = dev->next) {
		strcat(names, dev->name);
		strcat(names, " ");
	}
	assert_string_equal(names, "plain@3 special@1 fallback@2 picky@4 silent@5 broken@6 "
			    "selfish@9 bus@a only-picky@b mapped@c noreg@d shortreg@e misplaced@10 "
			    "off masked-off reboot wild ");
}

static void the_newest_is_quiesced_first(void **state)
{
	(void)state;
	bind("/plain@3", 0);
	bind("/picky@4", 0);
	assert_int_equal(device_bind_node(dt_path("/unknown@7"), NULL), -ENODEV);
	bind("/holder/deep@0", 0);
	memset(order, 0, sizeof order);
	console_set(&sim_console, NULL);
	sim_console_clear();
	assert_int_equal(devices_quiesce(), -ETIMEDOUT);	/* plain@3 does not stop */
	assert_string_equal(order, "043");
	assert_string_equal(sim_console_text,
			    "error: plain@3: may still access memory, it did not stop: "
			    "no answer in time (ETIMEDOUT)\r\n");

	/* Each that fails is told, the first is the answer. What has vanished is left alone. */
	bind("/fallback@2", 0);
	device_of_node(dt_path("/picky@4"))->gone = true;
	memset(order, 0, sizeof order);
	sim_console_clear();
	assert_int_equal(devices_quiesce(), -EIO);
	assert_string_equal(order, "203");
	assert_non_null(strstr(sim_console_text, "error: fallback@2: may still"));
	assert_non_null(strstr(sim_console_text, "error: plain@3: may still"));
}

static void syscon_switches_off_and_resets(void **state)
{
	(void)state;
	sim_mmio_add(0x20000000, 0x1000, &registers, NULL);
	console_set(&sim_console, NULL);
	assert_int_equal(power(POWER_OFF), -ENOTSUP);
	assert_int_equal(last_offset, 0);
	bind("/reboot", 0);
	bind("/off", 0);
	assert_string_equal(bind("/wild", -EINVAL)->reason,
			    "offset 0x1000 is not in the registers that regmap names");
	sim_console_clear();
	assert_int_equal(power(POWER_OFF), -EIO);
	assert_string_equal(sim_console_text,
			    "warning: power off through the firmware: not supported (ENOTSUP)\r\n"
			    "warning: power off through off had no effect\r\n");
	assert_int_equal(last_offset, 0x10);
	assert_int_equal(last_value, 0x5555);
	power(POWER_RESET);
	assert_int_equal(last_offset, 0x18);
	assert_int_equal(reads, 0);
	bind("/masked-off", 0);
	power(POWER_OFF);
	assert_int_equal(last_offset, 0x14);
	assert_int_equal(last_value, 0x12345578);
}

/* The list of devices is for good, so each test has a process of its own. */
#define TEST(function)	CHILD_TEST(function, open_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_most_specific_driver_comes_first),
		TEST(who_does_not_want_it_leaves_it_to_others),
		TEST(what_is_not_bound_has_a_reason),
		TEST(nothing_comes_of_no_node),
		TEST(who_needs_itself_is_told),
		TEST(a_child_is_not_its_parent),
		TEST(what_vanishes_takes_its_children_along),
		TEST(registers_are_mapped),
		TEST(everything_enabled_is_discovered),
		TEST(the_newest_is_quiesced_first),
		TEST(syscon_switches_off_and_resets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
