/* SPDX-License-Identifier: BSD-2-Clause */
/* The commands `devices` and `explain`, over tests/unit/dts/devices.dts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "boot/monitor/monitor.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "tests/sim/devices.h"
#include "tests/tree.h"

/* Behind a host there are two functions, and two more behind the first; one has a driver. */
static int hidden_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	device_describe(dev, "the first");
	return 0;
}
SIM_DRIVER(hidden, "hidden", hidden_probe, MATCH_PCI(0x1af4, 1));

static struct device functions[] = {
	{ .name = "pci 00:01.0", .id = { .bus = BUS_PCI, .vendor = 1, .product = 1 } },
	{ .name = "pci 01:00.0", .id = { .bus = BUS_PCI, .vendor = 0x1af4, .product = 1 } },
	{ .name = "pci 01:01.0", .id = { .bus = BUS_PCI, .vendor = 0x1af4, .product = 3 } },
	{ .name = "pci 00:02.0", .id = { .bus = BUS_PCI, .vendor = 1, .product = 1 } },
};

static int open_tree(void **state)
{
	(void)state;
	sim_reset();
	TREE(devices);
	console_set(&sim_console, NULL);
	devices_discover();
	for (unsigned i = 0; i < 4; i++) {
		functions[i].node = dt_path("/soc/host@19000000");
		functions[i].parent = i == 1 || i == 2 ? &functions[0] :
				      device_of_node(functions[i].node);
		if (device_add(&functions[i]))
			strcpy(functions[i].reason, i ? "neither" : "no driver for it");
	}
	sim_console_clear();
	return 0;
}

/* The text without \r. */
static const char *shown(const char *line)
{
	static char text[SIM_CONSOLE_BYTES];
	char copy[128];
	size_t n = 0;

	sim_console_clear();
	strcpy(copy, line);
	monitor_run(copy);
	for (const char *c = sim_console_text; *c; c++)
		if (*c != '\r')
			text[n++] = *c;
	text[n] = '\0';
	return text;
}

static void devices_is_a_tree(void **state)
{
	(void)state;
	assert_string_equal(shown("devices"),
		"serial@10000000                 works, acme,works-2 at 0x10000000\n"
		"host@19000000                   works, acme,works at 0x19000000\n"
		"  pci 00:01.0                   (no driver)\n"
		"    pci 01:00.0                 hidden, the first\n"
		"part                            works\n"
		"behind                          works\n"
		"frame                           works\n"
		"  shared                        works\n"
		"first-user                      needs\n"
		"second-user                     needs\n"
		"whole                           needs\n"
		"  inner                         works\n"
		"11 devices; `explain` says why others are not here\n");
}

static void explain_says_why(void **state)
{
	(void)state;
	assert_string_equal(shown("explain"),
		"11 devices are bound; `devices` lists them.\n"
		"Not bound:\n"
		"  eager@11000000: it needs cache@12000000: it needs clock: it is part of off-bus, "
		"which is not bound: its status in the device tree is \"disabled\"\n"
		"  cache@12000000: it needs clock: it is part of off-bus, which is not bound: "
		"its status in the device tree is \"disabled\"\n"
		"  rtc@13000000: no driver for acme,rtc-9, acme,rtc-8 or acme,rtc\n"
		"  broken@15000000: its version is 7; versions 1 to 3 are known\n"
		"  slot@16000000 and 2 more: empty slot\n"
		"  i2c@17000000: no driver for acme,i2c (and 2 in it)\n"
		"  usb-wrapper@18000000: no driver for acme,usb-wrapper (and 1 in it)\n"
		"  broken-bus@1b000000: its version is 7; versions 1 to 3 are known (and 1 in it)\n"
		"  ping: it needs pong: it needs ping, which needs it in turn\n"
		"  pong: it needs ping, which needs it in turn\n"
		"  lost: entry 0 of \"needs\" is missing\n"
		"  strange: entry 0 of \"needs\" names no node, or not as that wants it\n"
		"  pci 00:01.0: no driver for it\n"
		"  pci 01:01.0 and 1 more: neither\n"
		"Disabled in the device tree (status):\n"
		"  off@14000000, disabled-1@1d000000, disabled-2@1d000100, disabled-3@1d000200,\n"
		"  disabled-4@1d000300, off-bus\n");
}

static void explain_knows_all_of_one(void **state)
{
	(void)state;
	assert_string_equal(shown("explain serial0"),
		"/soc/serial@10000000\n"
		"  compatible  acme,works-2, acme,works\n"
		"  driver      works, acme,works-2 at 0x10000000\n"
		"  registers   0x10000000, 256 bytes (control)\n"
		"              0x20000000, 4 KiB (data)\n"
		"  interrupts  <10> of interrupt-controller\n"
		"  DMA         not coherent, reaches 0x80000000 to 0xbfffffff at 0x0\n");
	assert_string_equal(shown("explain /soc"),
		"/soc\n"
		"  compatible  simple-bus\n"
		"  bus         what is on it is looked for\n"
		"  DMA         not coherent\n");
	assert_string_equal(shown("explain eeprom"),
		"/soc/i2c@17000000/eeprom@50\n"
		"  compatible  acme,works\n"
		"  status      okay\n"
		"  not bound   it is part of i2c@17000000, which is not bound: "
		"no driver for acme,i2c\n"
		"  registers   0x50 on its bus, which the CPU does not see\n"
		"  interrupts  entry 0 leads to no controller\n"
		"  DMA         coherent, reaches 0x80000000 to 0xbfffffff at 0x0\n");
	assert_string_equal(shown("explain pci 01"),
		"pci 01:00.0\n"
		"  behind      pci 00:01.0\n"
		"  driver      hidden, the first\n"
		"pci 01:01.0\n"
		"  behind      pci 00:01.0\n"
		"  not bound   neither\n");
}

static unsigned offers(const char *typed, char common[128])
{
	static const struct line_io silent = { .write = console_write };
	struct line_completion c = { .line = typed, .io = &silent };

	monitor_complete(&c, 0);
	memcpy(common, c.common, sizeof(c.common));
	return c.count;
}

static void names_are_completed(void **state)
{
	char common[128];

	(void)state;
	assert_int_equal(offers("explain  usb-", common), 1);
	assert_string_equal(common, "usb-wrapper@18000000");
	assert_int_equal(offers("explain slo", common), 3);
	assert_string_equal(common, "slot@16000");
	assert_int_equal(offers("explain holder", common), 0);		/* describes no device */
	assert_int_equal(offers("explain usb slo", common), 0);
}

static void names_may_be_wrong(void **state)
{
	(void)state;
	assert_string_equal(shown("explain nobody"),
			    "no device, node or alias begins with \"nobody\"\n");
	assert_string_equal(shown("explain /soc/nobody"),
			    "no device, node or alias begins with \"/soc/nobody\"\n");
	assert_string_equal(shown("devices all"), "usage: devices\n");
	/* a prefix may be that of several */
	assert_non_null(strstr(shown("explain slot@"), "/soc/slot@16000200\n"));
	assert_non_null(strstr(sim_console_text, "/soc/slot@16000000\r\n"));
}

#define TEST(function)	CHILD_TEST(function, open_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(devices_is_a_tree),
		TEST(explain_says_why),
		TEST(explain_knows_all_of_one),
		TEST(names_are_completed),
		TEST(names_may_be_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
