/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From device-tree nodes of host bridges to bound functions, several hosts at once; and what
 * becomes of functions that vanish, appear or are replaced.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "tests/sim/child.h"
#include "tests/sim/pci.h"
#include "unit/tree.h"

/* ---- Drivers ---- */

static unsigned product_probes, class_probes, removals;
static char last_removed[40];

static int product_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	product_probes++;
	return dev->id.class_code == 0x010802 ? 0 : -ENODEV;
}

static int class_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	(void)dev;
	class_probes++;
	return 0;
}

static void forget(struct device *dev)
{
	assert_true(dev->gone);
	removals++;
	snprintf(last_removed, sizeof(last_removed), "%s", dev->name);
}

static const struct device_id product_ids[] = { MATCH_PCI(0x1b36, 0x0010) };
static const struct device_id class_ids[] = { MATCH_PCI_CLASS(0x010802) };

DRIVER(class_driver) = {
	.name = "by class",
	.ids = class_ids,
	.id_count = 1,
	.probe = class_probe,
	.remove = forget,
};

DRIVER(product_driver) = {
	.name = "by product",
	.ids = product_ids,
	.id_count = 1,
	.probe = product_probe,
	.remove = forget,
};

/* ---- Two hosts ---- */

static struct sim_pci near, far;
static struct device *near_device, *far_device;
static struct sim_pci_function *nvme, *root_port, *behind_port, *network;

static void begin_host(void *fdt, const char *name, const char *compatible)
{
	fdt_begin_node(fdt, name);
	tree_string(fdt, "compatible", compatible);
	tree_string(fdt, "device_type", "pci");
	tree_cells(fdt, "#address-cells", 1, 3);
	tree_cells(fdt, "#size-cells", 1, 2);
}

static void add_host(void *fdt, const char *name, unsigned reg, unsigned reg_bytes, unsigned first,
		     unsigned last, unsigned memory_bus, unsigned memory_cpu)
{
	begin_host(fdt, name, "pci-host-ecam-generic");
	tree_cells(fdt, "reg", 4, 0, reg, 0, reg_bytes);
	tree_cells(fdt, "bus-range", 2, first, last);
	tree_cells(fdt, "ranges", 14, 0x02000000, 0, memory_bus, 0, memory_cpu, 0, 0x10000000,
		   0x43000000, 8, 0, 9, memory_cpu, 4, 0);
	fdt_end_node(fdt);
}

static const void *tree(void)
{
	void *fdt = tree_begin();

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	add_host(fdt, "near", 0x30000000, 0x01000000, 0, 255, 0x40000000, 0x40000000);
	add_host(fdt, "far", 0x60000000, 0x10000000, 0x10, 0x13, 0x20000000, 0x80000000);
	add_host(fdt, "small", 0x90000000, 0x00080000, 0, 0, 0, 0x90000000);
	add_host(fdt, "backwards", 0x90000000, 0x00100000, 5, 4, 0, 0x90000000);
	add_host(fdt, "many", 0x90000000, 0x00100000, 0, 256, 0, 0x90000000);
	begin_host(fdt, "nowhere", "pci-host-ecam-generic");
	fdt_end_node(fdt);
	begin_host(fdt, "aliases", "snps,dw-pcie-ecam");
	tree_cells(fdt, "reg", 4, 0, 0x90000000, 0, 0x00100000);
	tree_cells(fdt, "ranges", 28, 0x02000000, 0, 0x10000000, 0, 0x10000000, 0, 0x10000000,
		   0x02000000, 0, 0x1fff0000, 0, 0x20000000, 0, 0x10000000,	/* overlaps */
		   0x02000000, ~0, 0xf0000000, 0, 0x30000000, 0, 0x20000000,	/* past the end */
		   0x01000000, 0, 0x10000000, 0, 0x40000000, 0, 0x00010000);
	fdt_end_node(fdt);
	return tree_end(fdt);
}

static struct sim_pci_function *add_nvme(struct sim_pci *p, struct sim_pci_function *bridge,
					 unsigned slot, u16 product)
{
	struct sim_pci_function *f = sim_pci_add(p, bridge, slot, 0, 0x1b36, product, 0x010802);

	sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	sim_pci_bar(f, 0, SIM_PCI_64, 16 * 1024);
	return f;
}

static void begin(void **state)
{
	const char *reason;
	struct sim_pci_function *f;

	(void)state;
	assert_int_equal(dt_open(tree(), TREE_BYTES, &reason), 0);
	sim_pci_begin(&near, 0x30000000, 0, 15);
	sim_pci_window(&near, false, 0x40000000, 0x40000000, 0x10000000);
	sim_pci_begin(&far, 0x60000000, 0x10, 0x13);
	sim_pci_window(&far, false, 0x80000000, 0x20000000, 0x10000000);
	sim_pci_window(&far, false, 0x980000000, 0x800000000, 0x400000000);

	nvme = add_nvme(&near, NULL, 1, 0x0010);
	root_port = sim_pci_add(&near, NULL, 2, 0, 0x1b36, 0x000c, 0x060400);
	sim_pci_bridge(root_port, 0, 64);
	sim_pci_express(root_port, PCI_EXPRESS_ROOT_PORT);
	behind_port = add_nvme(&near, root_port, 0, 0x0011);
	f = sim_pci_add(&far, NULL, 0, 0, 0x1b36, 0x0010, 0x020000);
	sim_pci_bar(f, 0, SIM_PCI_32, 4096);
	sim_pci_bar(f, 2, SIM_PCI_64_PREFETCH, 0x100000);
	network = f;

	assert_int_equal(device_bind_node(dt_path("/near"), &near_device), 0);
	assert_int_equal(device_bind_node(dt_path("/far"), &far_device), 0);
}

static struct device *device(const char *name)
{
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

static u32 command(const struct sim_pci_function *f)
{
	return sim_pci_get(f, PCI_COMMAND, 2);
}

static struct pci_host *host_of(struct device *dev)
{
	for (struct pci_host *host = pci_host_first(); host; host = host->next)
		if (host->device == dev)
			return host;
	return NULL;
}

/* ---- Tests, each in a process of its own ---- */

static void a_product_before_a_class(void **state)
{
	begin(state);
	assert_string_equal(device("pci 00:01.0")->driver->name, "by product");
	assert_string_equal(device("pci 01:00.0")->driver->name, "by class");
	assert_string_equal(device("pci 00:02.0")->driver->name, "pci-bridge");
	assert_ptr_equal(device("pci 01:00.0")->parent, device("pci 00:02.0"));
	assert_ptr_equal(device("pci 00:02.0")->parent, near_device);
	assert_int_equal(product_probes, 2);
	assert_int_equal(class_probes, 1);
}

static void the_unbound_have_a_reason(void **state)
{
	begin(state);
	assert_null(device("pci 1:10:00.0")->driver);
	assert_string_equal(device("pci 1:10:00.0")->reason,
			    "no driver for 1b36:0010, class 020000 (Ethernet controller)");
}

static void hosts_that_cannot_be(void **state)
{
	static const char *const cases[][2] = {
		{ "/small",
		  "\"reg\" has 512 KiB of configuration space, less than one bus takes (1 MiB)" },
		{ "/backwards", "\"bus-range\" <5 4> is no range of bus numbers" },
		{ "/many", "\"bus-range\" <0 256> is no range of bus numbers" },
	};
	struct device *dev;

	begin(state);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(device_bind_node(dt_path(cases[i][0]), &dev), -EINVAL);
		assert_string_equal(dev->reason, cases[i][1]);
	}
	assert_int_equal(device_bind_node(dt_path("/nowhere"), &dev), -ENOENT);
}

static void buses_end_where_configuration_space_does(void **state)
{
	begin(state);
	assert_int_equal(host_of(near_device)->first_bus, 0);
	assert_int_equal(host_of(near_device)->last_bus, 15);
	assert_int_equal(host_of(far_device)->first_bus, 0x10);
	assert_int_equal(host_of(far_device)->last_bus, 0x13);
}

/* DesignWare's shows its root port in every slot; and this one has windows that cannot all be. */
static void a_host_with_aliases(void **state)
{
	static struct sim_pci odd;
	struct device *dev;

	begin(state);
	sim_pci_begin(&odd, 0x90000000, 0, 0);
	add_nvme(&odd, NULL, 0, 0x0011);
	add_nvme(&odd, NULL, 1, 0x0011);
	assert_int_equal(device_bind_node(dt_path("/aliases"), &dev), 0);
	assert_non_null(device("pci 2:00:00.0"));
	assert_null(device("pci 2:00:01.0"));
	assert_int_equal(host_of(dev)->window_count, 2);
	assert_int_equal(host_of(dev)->windows[0].bus, 0x10000000);
	assert_int_equal(host_of(dev)->windows[1].cpu, 0x40000000);
}

static u64 read_offset(void *state, u64 offset, unsigned width)
{
	(void)width;
	return (uintptr_t)state + offset;
}

static void ignore_write(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	(void)offset;
	(void)width;
	(void)value;
}

static void bars_are_mapped_where_the_cpu_sees_them(void **state)
{
	static const struct sim_mmio_ops ops = { read_offset, ignore_write };
	struct device *dev;
	struct mmio bar;

	begin(state);
	dev = device("pci 1:10:00.0");
	network->ops[0] = network->ops[2] = &ops;
	network->state[0] = (void *)0x10000;
	network->state[2] = (void *)0x20000;
	assert_int_equal(device_map(dev, 0, &bar), 0);
	assert_int_equal(bar.size, 4096);
	assert_int_equal(mmio_read32(bar, 0xffc), 0x10ffc);
	assert_int_equal(device_map(dev, 2, &bar), 0);
	assert_true(bar.base >= 0x980000000);
	assert_int_equal(mmio_read32(bar, 0xffffc), 0x11fffc);
	assert_int_equal(device_map(dev, 1, &bar), -ENOENT);
	assert_string_equal(dev->reason, "it has no BAR 1");
	assert_int_equal(device_map(dev, 6, &bar), -ENOENT);
}

static void looking_again_changes_nothing(void **state)
{
	unsigned near_writes, far_writes;

	begin(state);
	near_writes = near.config_writes;
	far_writes = far.config_writes;
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(near.config_writes, near_writes);
	assert_int_equal(far.config_writes, far_writes);
	assert_int_equal(product_probes + class_probes, 3);
	assert_int_equal(removals, 0);
}

static void mastering_takes_the_bridges_too(void **state)
{
	struct device *dev;

	begin(state);
	dev = device("pci 01:00.0");
	assert_false(command(root_port) & PCI_COMMAND_MASTER);
	assert_int_equal(pci_set_master(pci_function_of(dev), true), 0);
	assert_true(command(behind_port) & PCI_COMMAND_MASTER);
	assert_true(command(root_port) & PCI_COMMAND_MASTER);
	assert_int_equal(pci_set_master(pci_function_of(dev), false), 0);
	assert_false(command(behind_port) & PCI_COMMAND_MASTER);
	assert_true(command(root_port) & PCI_COMMAND_MASTER);
}

static void what_vanishes_is_removed(void **state)
{
	struct pci_function *f;

	begin(state);
	f = pci_function_of(device("pci 01:00.0"));
	behind_port->gone = true;
	assert_int_equal(pci_read32(f, PCI_BAR0), UINT32_MAX);
	assert_true(f->device.gone);
	assert_int_equal(removals, 0);			/* only told when nobody is in the driver */
	behind_port->gone = false;
	assert_int_equal(pci_read16(f, PCI_VENDOR), 0xffff);	/* gone is gone, until looked for */
	behind_port->gone = true;
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 1);
	assert_string_equal(last_removed, "pci 01:00.0");
	assert_null(device("pci 01:00.0"));
	assert_non_null(device("pci 00:02.0"));
}

static void what_appears_is_added(void **state)
{
	u32 bar, low, high;

	begin(state);
	bar = sim_pci_get(nvme, PCI_BAR0, 4);
	behind_port->gone = true;
	assert_int_equal(pci_rescan(), 0);
	assert_null(device("pci 01:00.0"));
	behind_port->gone = false;
	behind_port->config[PCI_COMMAND] = 0;
	sim_pci_set(behind_port, PCI_BAR0, 4, 4);
	assert_int_equal(pci_rescan(), 0);
	assert_non_null(device("pci 01:00.0"));
	assert_string_equal(device("pci 01:00.0")->driver->name, "by class");
	assert_int_equal(command(behind_port), PCI_COMMAND_MEMORY);
	assert_int_equal(sim_pci_get(nvme, PCI_BAR0, 4), bar);
	low = sim_pci_get(root_port, PCI_MEMORY_BASE, 2) << 16;
	high = sim_pci_get(root_port, PCI_MEMORY_LIMIT, 2) << 16 | 0xfffff;
	assert_in_range(sim_pci_get(behind_port, PCI_BAR0, 4) & ~15u, low, high);
}

static void a_bridge_goes_with_all_behind_it(void **state)
{
	begin(state);
	root_port->gone = true;
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 1);
	assert_null(device("pci 00:02.0"));
	assert_null(device("pci 01:00.0"));
	root_port->gone = false;
	sim_pci_set(root_port, PCI_PRIMARY, 4, 0);
	assert_int_equal(pci_rescan(), 0);
	assert_non_null(device("pci 01:00.0"));
}

static void a_bridge_that_forgot_its_numbers(void **state)
{
	begin(state);
	sim_pci_set(root_port, PCI_PRIMARY, 4, 0);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 1);
	assert_non_null(device("pci 01:00.0")->driver);
}

static void all_behind_a_vanished_bridge_is_gone(void **state)
{
	struct pci_function *f;
	unsigned writes;

	begin(state);
	f = pci_function_of(device("pci 01:00.0"));
	root_port->gone = true;
	assert_false(pci_present(pci_function_of(device("pci 00:02.0"))));
	root_port->gone = false;
	assert_true(f->device.gone);
	writes = near.config_writes;
	pci_write16(f, PCI_COMMAND, 0);
	assert_int_equal(pci_set_master(f, false), 0);
	assert_int_equal(near.config_writes, writes);
}

/* What is new has to do with the room there is; the reason says how much that is. */
static void nothing_in_use_moves(void **state)
{
	struct sim_pci_function *f;
	u32 before;

	begin(state);
	before = sim_pci_get(behind_port, PCI_BAR0, 4);
	f = sim_pci_add(&near, root_port, 0, 1, 0x1b36, 0x0011, 0x010802);
	behind_port->config[PCI_HEADER_TYPE] = PCI_HEADER_MULTIFUNCTION;
	sim_pci_bar(f, 0, SIM_PCI_32, 0x200000);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 0);
	assert_int_equal(sim_pci_get(behind_port, PCI_BAR0, 4), before);
	assert_int_equal(command(f), 0);
	assert_string_equal(
		pci_function_of(device("pci 01:00.1"))->problem,
		"BAR 0 wants 2 MiB of 32-bit memory; bridge pci 00:02.0's window for it has 1 MiB, "
		"1008 KiB of it free");
}

static void what_is_replaced_is_removed_and_added(void **state)
{
	begin(state);
	product_probes = class_probes = 0;
	sim_pci_set(nvme, PCI_PRODUCT, 2, 0x0012);
	sim_pci_set(nvme, PCI_COMMAND, 2, 0);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 1);
	assert_int_equal(product_probes, 0);
	assert_int_equal(class_probes, 1);
	assert_int_equal(command(nvme), PCI_COMMAND_MEMORY);
}

static void what_lost_its_address_is_another_device(void **state)
{
	begin(state);
	sim_pci_set(nvme, PCI_BAR0, 4, 4);
	sim_pci_set(nvme, PCI_BAR0 + 4, 4, 0);
	sim_pci_set(nvme, PCI_COMMAND, 2, 0);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(removals, 1);
	assert_string_equal(last_removed, "pci 00:01.0");
	assert_int_equal(command(nvme), PCI_COMMAND_MEMORY);
}

static u32 check_quiet_behind(struct sim_pci_function *f, unsigned offset, u32 value)
{
	(void)f;
	if (offset == PCI_COMMAND)
		assert_false(command(behind_port) & PCI_COMMAND_MASTER);
	return value;
}

static void nobody_masters_the_bus_in_the_end(void **state)
{
	begin(state);
	assert_int_equal(pci_set_master(pci_function_of(device("pci 00:01.0")), true), 0);
	assert_int_equal(pci_set_master(pci_function_of(device("pci 01:00.0")), true), 0);
	sim_pci_set(network, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	root_port->read = check_quiet_behind;
	assert_int_equal(devices_quiesce(), 0);
	for (unsigned i = 0; i < near.count; i++)
		assert_false(command(&near.functions[i]) & PCI_COMMAND_MASTER);
	assert_int_equal(command(network), PCI_COMMAND_MEMORY);

	sim_pci_set(network, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	memset(&network->writable[PCI_COMMAND], 0, 2);
	assert_int_equal(devices_quiesce(), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(a_product_before_a_class, NULL),
		CHILD_TEST(the_unbound_have_a_reason, NULL),
		CHILD_TEST(hosts_that_cannot_be, NULL),
		CHILD_TEST(buses_end_where_configuration_space_does, NULL),
		CHILD_TEST(a_host_with_aliases, NULL),
		CHILD_TEST(bars_are_mapped_where_the_cpu_sees_them, NULL),
		CHILD_TEST(looking_again_changes_nothing, NULL),
		CHILD_TEST(mastering_takes_the_bridges_too, NULL),
		CHILD_TEST(what_vanishes_is_removed, NULL),
		CHILD_TEST(what_appears_is_added, NULL),
		CHILD_TEST(a_bridge_goes_with_all_behind_it, NULL),
		CHILD_TEST(a_bridge_that_forgot_its_numbers, NULL),
		CHILD_TEST(all_behind_a_vanished_bridge_is_gone, NULL),
		CHILD_TEST(nothing_in_use_moves, NULL),
		CHILD_TEST(what_is_replaced_is_removed_and_added, NULL),
		CHILD_TEST(what_lost_its_address_is_another_device, NULL),
		CHILD_TEST(nobody_masters_the_bus_in_the_end, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
