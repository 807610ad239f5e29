/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots: what is put in gets power with the next rescan, and what is wanted back an orderly end. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "lib/time.h"
#include "tests/sim/child.h"
#include "tests/sim/pci.h"
#include "unit/tree.h"

enum { CLASS = 0x020000, ECAM_AT = 0x30000000, WINDOW_AT = 0x40000000 };

/* ---- A driver ---- */

static unsigned probes, stops, removals;
static bool stays;			/* its device does not stop */

static int probe(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	probes++;
	return 0;
}

static int stop(struct device *dev)
{
	assert_false(dev->gone);
	stops++;
	return stays ? -EIO : 0;
}

static void forget(struct device *dev)
{
	assert_true(dev->gone);
	removals++;
}

static const struct device_id ids[] = { MATCH_PCI_CLASS(CLASS) };

DRIVER(card_driver) = {
	.name = "card",
	.ids = ids,
	.id_count = 1,
	.probe = probe,
	.quiesce = stop,
	.remove = forget,
};

/* ---- A slot ---- */

static struct sim_pci pci;
static struct sim_pci_function *port, *card;
static unsigned slot;			/* its registers */
static bool says_nothing;		/* no command completes */

static u32 status(void)
{
	return sim_pci_get(port, slot + PCI_EXPRESS_SLOT_STATUS, 2);
}

static u32 control(void)
{
	return sim_pci_get(port, slot + PCI_EXPRESS_SLOT_CONTROL, 2);
}

static void set_status(u32 value)
{
	sim_pci_set(port, slot + PCI_EXPRESS_SLOT_STATUS, 2, value);
}

/* Without power there is no card. A card that gets power has forgotten everything. */
static void written(struct sim_pci_function *f, unsigned offset, u32 value)
{
	(void)f;
	if (offset == slot + PCI_EXPRESS_SLOT_STATUS)
		set_status(status() & ~value);
	if (offset != slot + PCI_EXPRESS_SLOT_CONTROL)
		return;
	if (status() & PCI_SLOT_COMPLETED)
		sim_fail("a command before the last one was completed");
	card->gone = value & PCI_SLOT_POWER_OFF;
	sim_pci_set(card, PCI_COMMAND, 2, 0);
	sim_pci_set(card, PCI_BAR0, 4, 4);
	if (!says_nothing)
		set_status(status() | PCI_SLOT_COMPLETED);
}

static void begin(u32 can, u32 now, bool powered)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	tree_pci_host(fdt, ECAM_AT, 0x400000);
	tree_cells(fdt, "ranges", 7, 0x02000000, 0, WINDOW_AT, 0, WINDOW_AT, 0, 0x10000000);
	fdt_end_node(fdt);
	assert_int_equal(dt_open(tree_end(fdt), TREE_BYTES, &reason), 0);

	sim_pci_begin(&pci, ECAM_AT, 0, 3);
	sim_pci_window(&pci, false, WINDOW_AT, WINDOW_AT, 0x10000000);
	port = sim_pci_add(&pci, NULL, 2, 0, 0x1b36, 0x000c, 0x060400);
	sim_pci_bridge(port, 0, 64);
	slot = sim_pci_express(port, PCI_EXPRESS_ROOT_PORT);
	card = sim_pci_add(&pci, port, 0, 0, 0x1b36, 0x0005, CLASS);
	sim_pci_bar(card, 0, SIM_PCI_64, 4096);
	card->gone = !powered;
	sim_pci_set(port, slot + PCI_EXPRESS_FLAGS, 2,
		    sim_pci_get(port, slot + PCI_EXPRESS_FLAGS, 2) | PCI_EXPRESS_SLOT);
	sim_pci_set(port, slot + PCI_EXPRESS_SLOT_CAPABILITIES, 4, can);
	sim_pci_set(port, slot + PCI_EXPRESS_SLOT_CONTROL, 2,
		    powered ? PCI_SLOT_INDICATOR_ON : PCI_SLOT_INDICATOR_OFF | PCI_SLOT_POWER_OFF);
	memset(&port->writable[slot + PCI_EXPRESS_SLOT_CONTROL], 0xff, 2);
	set_status(now);
	port->written = written;
	assert_int_equal(device_bind_node(dt_path("/pcie"), NULL), 0);
	assert_int_equal(probes, powered);
}

enum { CAN = PCI_SLOT_HOT_PLUG | PCI_SLOT_POWER_CONTROLLER };

static void nothing_happened(void)
{
	u32 before = control();

	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(control(), before);
	assert_int_equal(stops + removals, 0);
}

/* ---- Tests, each in a process of its own ---- */

static void what_is_put_in_gets_power(void **state)
{
	(void)state;
	begin(CAN, PCI_SLOT_OCCUPIED | PCI_SLOT_BUTTON, false);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(control(), PCI_SLOT_INDICATOR_ON);
	assert_int_equal(status(), PCI_SLOT_OCCUPIED);
	assert_int_equal(probes, 1);
	nothing_happened();
}

static void what_is_wanted_back_is_let_go(void **state)
{
	(void)state;
	begin(CAN, PCI_SLOT_OCCUPIED | PCI_SLOT_BUTTON, true);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(stops, 1);
	assert_int_equal(removals, 1);
	assert_int_equal(control(), PCI_SLOT_INDICATOR_OFF | PCI_SLOT_POWER_OFF);
	assert_int_equal(status(), PCI_SLOT_OCCUPIED);

	set_status(0);				/* it was taken out, and another put in */
	assert_int_equal(pci_rescan(), 0);
	set_status(PCI_SLOT_OCCUPIED);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(probes, 2);
	assert_int_equal(removals, 1);
}

static void what_does_not_stop_stays(void **state)
{
	(void)state;
	stays = true;
	begin(CAN, PCI_SLOT_OCCUPIED | PCI_SLOT_BUTTON, true);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(stops, 1);
	assert_int_equal(removals, 0);
	assert_int_equal(control(), PCI_SLOT_INDICATOR_ON);
}

static void nobody_pressed_the_button(void **state)
{
	(void)state;
	begin(CAN, PCI_SLOT_OCCUPIED, true);
	nothing_happened();
}

/* Power has come on its own; the button then asks for what nobody has seen so far. */
static void the_button_for_what_is_not_in_use(void **state)
{
	(void)state;
	begin(CAN, PCI_SLOT_OCCUPIED | PCI_SLOT_BUTTON, false);
	sim_pci_set(port, slot + PCI_EXPRESS_SLOT_CONTROL, 2, PCI_SLOT_INDICATOR_ON);
	card->gone = false;
	nothing_happened();
	assert_int_equal(probes, 1);
	assert_int_equal(status(), PCI_SLOT_OCCUPIED);
}

static void a_slot_without_power_control(void **state)
{
	(void)state;
	begin(PCI_SLOT_HOT_PLUG, PCI_SLOT_OCCUPIED | PCI_SLOT_BUTTON, true);
	nothing_happened();
}

static void a_slot_that_says_nothing(void **state)
{
	(void)state;
	says_nothing = true;
	begin(CAN, PCI_SLOT_OCCUPIED, false);
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(probes, 1);
	assert_int_equal(control(), PCI_SLOT_INDICATOR_ON);
}

static void a_slot_that_never_says_anything(void **state)
{
	u64 before;

	(void)state;
	says_nothing = true;
	begin(CAN | PCI_SLOT_NO_COMPLETION, PCI_SLOT_OCCUPIED, false);
	before = time_us();
	assert_int_equal(pci_rescan(), 0);
	assert_int_equal(probes, 1);
	assert_true(time_us() - before < 1000 * 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(what_is_put_in_gets_power, NULL),
		CHILD_TEST(what_is_wanted_back_is_let_go, NULL),
		CHILD_TEST(what_does_not_stop_stays, NULL),
		CHILD_TEST(nobody_pressed_the_button, NULL),
		CHILD_TEST(the_button_for_what_is_not_in_use, NULL),
		CHILD_TEST(a_slot_without_power_control, NULL),
		CHILD_TEST(a_slot_that_says_nothing, NULL),
		CHILD_TEST(a_slot_that_never_says_anything, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
