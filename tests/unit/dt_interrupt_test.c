/* SPDX-License-Identifier: BSD-2-Clause */
/* From devices to interrupt controllers: tests/unit/dts/interrupts.dts, and QEMU's machines. */
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
	const char *controller;
	unsigned count;
	u32 cells[4];
};

static void check_reference(const struct expected *e, int err, const struct dt_reference *to)
{
	char path[128] = "";

	if (err != e->err)
		fail_msg("%s, interrupt %u: %d, expected %d", e->path, e->index, err, e->err);
	if (err)
		return;
	assert_int_equal(dt_full_path(to->node, path, sizeof(path)), 0);
	if (strcmp(path, e->controller) || to->count != e->count ||
	    memcmp(to->cells, e->cells, e->count * sizeof(u32)))
		fail_msg("%s, interrupt %u: %s <%u %u %u>, %u cells", e->path, e->index, path,
			 to->cells[0], to->cells[1], to->cells[2], to->count);
}

static void check(const struct expected *e)
{
	struct dt_node node = dt_path(e->path);
	struct dt_reference to = { { -1 }, 0, { 0 } };

	assert_true(dt_exists(node));
	check_reference(e, dt_interrupt(node, e->index, &to), &to);
}

#define CHECK_ALL(cases) do { \
	for (size_t i_ = 0; i_ < sizeof cases / sizeof *cases; i_++) \
		check(&cases[i_]); \
} while (0)

#define PIC "/figure/open-pic"

static void the_figure_of_the_specification(void **state)
{
	static const struct expected cases[] = {
		{ "/figure/device1", 0, 0, PIC, 2, { 1, 8 } },
		{ "/figure/device1", 1, -ENOENT, NULL, 0, { 0 } },
		{ "/figure/device2", 0, 0, PIC, 2, { 2, 4 } },
		{ "/figure/device3", 0, 0, "/figure/device2", 1, { 7 } },
		{ "/figure/simple-bus/inherits", 1, 0, "/figure/device2", 1, { 1 } },
		{ "/nothing", 0, -ENOENT, NULL, 0, { 0 } },
	};

	(void)state;
	TREE(interrupts);
	CHECK_ALL(cases);
}

static void the_pci_example_of_the_specification(void **state)
{
	static const struct expected cases[] = {
		{ "/soc/pci/device@12,2", 0, 0, PIC, 2, { 4, 1 } },
		{ "/soc/pci/device@13,0", 0, -EINVAL, NULL, 0, { 0 } },
	};
	/* slot 0x11 begins at interrupt 2, slot 0x12 at 3, and they go round from 4 to 1 */
	static const u32 first[] = { 2, 3 };
	struct dt_reference to;
	struct dt_node pci;

	(void)state;
	TREE(interrupts);
	CHECK_ALL(cases);
	pci = dt_path("/soc/pci");
	for (u32 slot = 0; slot < 2; slot++)
		for (u32 pin = 1; pin <= 4; pin++) {
			const struct expected e = {
				"/soc/pci", pin, 0, PIC, 2, { (first[slot] + pin - 2) % 4 + 1, 1 }
			};
			/* the mask hides the rest */
			u32 address = 0x30000 | (0x11 + slot) << 11 | 5 << 8;

			check_reference(&e, dt_interrupt_pci(pci, address, pin, &to), &to);
		}
	assert_int_equal(dt_interrupt_pci(pci, 0x13 << 11, 1, &to), -EINVAL);
	assert_int_equal(dt_interrupt_pci(pci, 0x11 << 11, 5, &to), -EINVAL);
	assert_int_equal(dt_interrupt_pci(dt_path("/nothing"), 0, 1, &to), -ENOENT);
	assert_int_equal(dt_interrupt_pci(dt_path("/first"), 0, 1, &to), -EINVAL);	/* no PCI */
}

static void maps_behind_maps(void **state)
{
	static const struct expected cases[] = {
		/* the disabled one is passed over */
		{ "/through", 0, 0, "/wide", 3, { 21, 22, 23 } },
		{ "/through", 1, -EINVAL, NULL, 0, { 0 } },
		{ "/through", 2, -EINVAL, NULL, 0, { 0 } },
		{ "/through", 3, -ENOENT, NULL, 0, { 0 } },
		{ "/on-self", 0, 0, "/self", 1, { 5 } },
		{ "/on-self", 1, 0, PIC, 2, { 6, 4 } },
		{ "/on-self", 2, 0, "/wide", 3, { 21, 22, 23 } },
		{ "/short-address@5", 0, 0, PIC, 2, { 2, 2 } },
	};

	(void)state;
	TREE(interrupts);
	CHECK_ALL(cases);
}

static void extended_comes_first(void **state)
{
	static const struct expected cases[] = {
		{ "/extended", 0, 0, PIC, 2, { 1, 2 } },
		{ "/extended", 1, -ENOENT, NULL, 0, { 0 } },
		{ "/extended", 2, 0, "/wide", 3, { 3, 4, 5 } },
		{ "/extended", 3, 0, "/figure/device2", 1, { 6 } },
		{ "/extended", 4, -ENOENT, NULL, 0, { 0 } },
	};

	(void)state;
	TREE(interrupts);
	CHECK_ALL(cases);
}

static void what_is_wrong_ends(void **state)
{
	static const struct expected cases[] = {
		{ "/ragged", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/broken", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/no-such", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/lost", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/too-big", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/round", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/around", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/on-cut-map", 0, -EINVAL, NULL, 0, { 0 } },
		{ "/on-cut-map", 1, -EINVAL, NULL, 0, { 0 } },
	};

	(void)state;
	TREE(interrupts);
	CHECK_ALL(cases);
}

static void the_machines_of_qemu(void **state)
{
	static const struct expected riscv64[] = {
		{ "/soc/serial", 0, 0, "/soc/plic@c000000", 1, { 10 } },
		{ "/soc/plic", 0, 0, "/cpus/cpu@0/interrupt-controller", 1, { 11 } },
		{ "/soc/plic", 1, 0, "/cpus/cpu@0/interrupt-controller", 1, { 9 } },
	};
	static const struct expected aarch64[] = {
		{ "/pl011", 0, 0, "/intc@8000000", 3, { 0, 1, 4 } },
		{ "/timer", 3, 0, "/intc@8000000", 3, { 1, 10, 0x304 } },
	};

	(void)state;
	TREE(qemu_riscv64);
	CHECK_ALL(riscv64);
	TREE(qemu_aarch64);
	CHECK_ALL(aarch64);
}

static void references(void **state)
{
	struct dt_node extended;
	struct dt_reference to;

	(void)state;
	TREE(interrupts);
	extended = dt_path("/extended");
	/* without a name for the number of cells, every cell is a reference */
	assert_int_equal(dt_reference_at(dt_path("/lost"), "interrupt-parent", NULL, 0, &to),
			 -EINVAL);
	assert_int_equal(dt_reference_at(dt_path("/through"), "interrupt-parent", NULL, 0, &to), 0);
	assert_int_equal(to.node.offset, dt_path("/first").offset);
	assert_int_equal(to.count, 0);
	assert_int_equal(dt_reference_at(dt_path("/through"), "interrupt-parent", NULL, 1, &to),
			 -ENOENT);
	assert_int_equal(dt_reference_at(extended, "clocks", "#clock-cells", 0, &to), -ENOENT);
	assert_int_equal(dt_reference_at(extended, "interrupts-extended", "#no-cells", 0, &to),
			 -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_figure_of_the_specification),
		cmocka_unit_test(the_pci_example_of_the_specification),
		cmocka_unit_test(maps_behind_maps),
		cmocka_unit_test(extended_comes_first),
		cmocka_unit_test(what_is_wrong_ends),
		cmocka_unit_test(the_machines_of_qemu),
		cmocka_unit_test(references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
