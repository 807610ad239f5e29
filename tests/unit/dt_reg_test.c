/* SPDX-License-Identifier: BSD-2-Clause */
/* From "reg" to CPU addresses: translate.dts, the specification's examples, QEMU's machines. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/dt.h"
#include "tests/tree.h"

struct expected {
	const char *path;
	unsigned index;
	int err;
	u64 start, bytes;
};

static void check(const struct expected *e)
{
	u64 start = 0, bytes = 0;
	struct dt_node node = dt_path(e->path);
	int err;

	assert_true(dt_exists(node));
	err = dt_reg(node, e->index, &start, &bytes);
	if (err != e->err || (!err && (start != e->start || bytes != e->bytes)))
		fail_msg("%s reg[%u]: %d, 0x%llx + 0x%llx; expected %d, 0x%llx + 0x%llx",
			 e->path, e->index, err, (unsigned long long)start,
			 (unsigned long long)bytes, e->err, (unsigned long long)e->start,
			 (unsigned long long)e->bytes);
}

#define CHECK_ALL(cases) do { \
	for (size_t i_ = 0; i_ < sizeof cases / sizeof *cases; i_++) \
		check(&cases[i_]); \
} while (0)

static void the_examples_of_the_specification(void **state)
{
	(void)state;
	static const struct expected cases[] = {
		{ "/soc/serial", 0, 0, 0xe0004600, 0x100 },		/* 2.3.8 */
		{ "/soc/serial", 1, -ENOENT, 0, 0 },
		{ "/soc/device", 0, 0, 0xe0003000, 0x20 },		/* 2.3.6 */
		{ "/soc/device", 1, 0, 0xe000fe00, 0x100 },
		{ "/soc/device", 2, -ENOENT, 0, 0 },
		{ "/soc/last", 0, 0, 0xe00ffff0, 0x10 },
		{ "/soc/last", 1, 0, 0xe00ffff0, 0x10 },		/* was a byte too long */
		{ "/soc/last", 2, -ENXIO, 0, 0 },
		{ "/soc/last", 3, 0, 0xe00fffff, 0 },
		{ "serial0", 0, 0, 0xfe004500, 0x20 },
		{ "/cpus/cpu@1", 0, -ENXIO, 0, 0 },			/* not an address */
		{ "/numbers", 0, -ENOENT, 0, 0 },
		{ "/", 0, -ENOENT, 0, 0 },
	};
	u64 start, bytes;

	TREE(spec);
	CHECK_ALL(cases);
	assert_int_equal(dt_reg_on_bus(dt_path("/cpus/cpu@1"), 0, &start, &bytes), 0);
	assert_int_equal(start, 1);
	assert_int_equal(bytes, 0);
	assert_int_equal(dt_reg_on_bus(dt_path("/soc/serial"), 0, &start, &bytes), 0);
	assert_int_equal(start, 0x4600);
	assert_int_equal(bytes, 0x100);
	assert_int_equal(dt_reg_on_bus(dt_root(), 0, &start, &bytes), -ENOENT);
}

static void entries_have_names(void **state)
{
	(void)state;
	struct dt_node device;
	u64 start, bytes;

	TREE(spec);
	device = dt_path("/soc/device");
	assert_int_equal(dt_reg_by_name(device, "data", &start, &bytes), 0);
	assert_int_equal(start, 0xe000fe00);
	assert_int_equal(dt_reg_by_name(device, "control", &start, &bytes), 0);
	assert_int_equal(start, 0xe0003000);
	assert_int_equal(dt_reg_by_name(device, "nothing", &start, &bytes), -ENOENT);
	assert_int_equal(dt_reg_by_name(device, "unheard", &start, &bytes), -ENOENT);
	assert_int_equal(dt_reg_by_name(dt_path("/soc/last"), "data", &start, &bytes), -ENOENT);
}

static void numbers_of_cells_and_what_fits(void **state)
{
	static const struct expected cases[] = {
		{ "/top", 0, 0, 0x123456789a, 0x100000000 },
		{ "/top", 1, 0, 0xfffffffffffff000, 0x1000 },
		{ "/top", 2, -EINVAL, 0, 0 },	/* beyond the last address */
		{ "/top", 3, 0, 0xffffffffffffffff, 0 },
		{ "/top", 4, -ENOENT, 0, 0 },
		{ "/ragged", 0, -EINVAL, 0, 0 },
		{ "/defaults/device", 0, 0, 0x100000000, 0x1000 },
		{ "/defaults/device", 1, 0, 0x200000000, 0x2000 },
		{ "/level1/level2/level3/device", 0, 0, 0x1000200020, 8 },
		{ "/three-cells/device", 0, 0, 0x80000010, 4 },
		{ "/three-cells/device", 1, -ENXIO, 0, 0 },		/* no row of that space */
		{ "/three-cells/device", 2, -ENXIO, 0, 0 },
		{ "/four-cells/device", 0, 0, 0x90000800, 0x10 },
		{ "/four-cells/device", 1, -ENXIO, 0, 0 },
		{ "/four-cells/device", 2, -EINVAL, 0, 0 },		/* more than 2^64 bytes */
		{ "/too-many-cells/device", 0, -EINVAL, 0, 0 },
		{ "/no-address-cells/device", 0, -EINVAL, 0, 0 },
		{ "/ill-cells/device", 0, -EINVAL, 0, 0 },
		{ "/ragged-ranges/device", 0, -EINVAL, 0, 0 },
		{ "/ill-middle/bus/device", 0, -EINVAL, 0, 0 },
		{ "/no-sizes/device", 0, -EINVAL, 0, 0 },
		{ "/endless-row/device", 0, -EINVAL, 0, 0 },
	};
	static const char *const malformed[] = {
		"/ragged", "/too-many-cells/device", "/no-address-cells/device",
		"/ill-cells/device",
		"/four-cells/device",		/* an address that does not fit */
	};
	u64 start, bytes;

	(void)state;
	TREE(translate);
	CHECK_ALL(cases);
	for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
		assert_int_equal(dt_reg_on_bus(dt_path(malformed[i]), 0, &start, &bytes), -EINVAL);
}

static void rows_and_holes(void **state)
{
	(void)state;
	static const struct expected cases[] = {
		{ "/rows/first", 0, 0, 0x80000000, 0x1000 },
		{ "/rows/first", 1, 0, 0x80000fff, 1 },
		{ "/rows/second", 0, 0, 0x80001800, 0x800 },
		{ "/rows/high", 0, 0, 0x4000000010, 0x10 },
		{ "/rows/hole", 0, -ENXIO, 0, 0 },
		{ "/rows/hole", 1, -ENXIO, 0, 0 },
		{ "/rows/hole", 2, -ENXIO, 0, 0 },
		{ "/rows/hole", 3, -ENXIO, 0, 0 },			/* a row of no bytes */
		{ "/rows/across", 0, 0, 0x80000ff0, 0x10 },		/* cut at the row's end */
		{ "/rows/across", 1, 0, 0x4000000ff0, 0x7010 },
		{ "/rows/wraps", 0, 0, 0xfffffffffffffff0, 0x10 },
		{ "/rows/wraps", 1, -EINVAL, 0, 0 },
		{ "/rows/wraps", 2, -EINVAL, 0, 0 },
		{ "/no-ranges/chip", 0, -ENXIO, 0, 0 },
		{ "/no-ranges/chip/partition", 0, -ENXIO, 0, 0 },
	};

	TREE(translate);
	CHECK_ALL(cases);
}

static void pci_addresses(void **state)
{
	(void)state;
	static const struct expected cases[] = {
		{ "/pcie", 0, 0, 0x30000000, 0x10000000 },
		{ "/pcie/device", 0, -ENXIO, 0, 0 },			/* configuration space */
		{ "/pcie/device", 1, 0, 0x50001000, 0x1000 },
		{ "/pcie/device", 2, 0, 0x03000100, 0x20 },
		{ "/pcie/device", 3, 0, 0x800000010, 0x10 },
		{ "/pcie/device", 4, -ENXIO, 0, 0 },
		{ "/pcie/bridge", 0, -ENXIO, 0, 0 },
		{ "/pcie/bridge/device", 0, -ENXIO, 0, 0 },
		{ "/pcie/bridge/device", 1, 0, 0x50100200, 0x100 },
		{ "/pcie/bridge/isa/serial", 0, 0, 0x501103f8, 8 },
	};

	TREE(translate);
	CHECK_ALL(cases);
}

static void the_machines_of_qemu(void **state)
{
	(void)state;
	static const struct expected riscv64[] = {
		{ "/memory", 0, 0, 0x80000000, 0x10000000 },
		{ "/soc/serial", 0, 0, 0x10000000, 0x100 },
		{ "/soc/plic", 0, 0, 0xc000000, 0x600000 },
		{ "/soc/pci", 0, 0, 0x30000000, 0x10000000 },
		{ "/flash", 1, 0, 0x22000000, 0x2000000 },
	};
	static const struct expected aarch64[] = {
		{ "/memory", 0, 0, 0x40000000, 0x10000000 },
		{ "/pl011", 0, 0, 0x9000000, 0x1000 },
		{ "/intc/v2m", 0, 0, 0x8020000, 0x1000 },
		{ "/pcie", 0, 0, 0x4010000000, 0x10000000 },
		{ "/intc", 1, 0, 0x8010000, 0x10000 },
	};

	TREE(qemu_riscv64);
	CHECK_ALL(riscv64);
	TREE(qemu_aarch64);
	CHECK_ALL(aarch64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_examples_of_the_specification),
		cmocka_unit_test(entries_have_names),
		cmocka_unit_test(numbers_of_cells_and_what_fits),
		cmocka_unit_test(rows_and_holes),
		cmocka_unit_test(pci_addresses),
		cmocka_unit_test(the_machines_of_qemu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
