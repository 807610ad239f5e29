/* SPDX-License-Identifier: BSD-2-Clause */
/* Discovery over tests/unit/dts/devices.dts: what is looked for, what needs what, and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/device.h"
#include "lib/memory.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "tests/sim/devices.h"
#include "tests/tree.h"

static int open_tree(void **state)
{
	(void)state;
	sim_reset();
	TREE(devices);
	console_set(&sim_console, NULL);
	return 0;
}

static void buses_are_descended_into(void **state)
{
	(void)state;
	devices_discover();
	assert_string_equal(
		sim_devices_probed,
		"serial@10000000 cache@12000000 eager@11000000 broken@15000000 "
		"slot@16000000 slot@16000100 slot@16000200 host@19000000 part "
		"broken-bus@1b000000 behind "
		"pong ping frame shared first-user second-user inner whole lost strange ");
}

static void each_bound_device_has_a_line(void **state)
{
	(void)state;
	devices_discover();
	assert_non_null(strstr(sim_console_text, "\nfirst-user: needs\r\n"));
	assert_non_null(strstr(sim_console_text,
			       "serial@10000000: works, acme,works-2 at 0x10000000\r\n"));
	assert_null(strstr(sim_console_text, "slot@"));
	assert_null(strstr(sim_console_text, "rtc@"));
}

static void each_node_has_a_reason(void **state)
{
	static const struct { const char *path, *why;
	} cases[] = {
		{ "/soc/rtc@13000000", "no driver for acme,rtc-9, acme,rtc-8 or acme,rtc" },
		{ "/soc/off@14000000", "its status in the device tree is \"reserved\"" },
		{ "/soc/broken@15000000", "its version is 7; versions 1 to 3 are known" },
		{ "/soc/slot@16000100", "empty slot" },
		{ "/soc/i2c@17000000", "no driver for acme,i2c" },
		{ "/soc/i2c@17000000/sensor@51", "no driver for acme,sensor" },
		{ "/soc/i2c@17000000/eeprom@50",
		  "it is part of i2c@17000000, which is not bound: no driver for acme,i2c" },
		{ "/soc/usb-wrapper@18000000/usb@18001000",
		  "it is part of usb-wrapper@18000000, which is not bound: no driver for "
		  "acme,usb-wrapper" },
		{ "/soc/host@19000000/function",
		  "it is part of host@19000000, and works, which drives that, "
		  "does not look for it" },
		{ "/soc/broken-bus@1b000000/behind",
		  "it is part of broken-bus@1b000000, which is not "
		  "bound: its version is 7; versions 1 to 3 are known" },
		{ "/off-bus", "its status in the device tree is \"disabled\"" },
		{ "/off-bus/behind", "it is part of off-bus, which is not bound: its status in the "
				     "device tree is \"disabled\"" },
		{ "/holder", "no driver for a node without a compatible string" },
		{ "/holder/in-holder", "it is part of holder, which is no bus" },
		{ "/cpus/cpu@0", "it is part of cpus, which is no bus" },
		{ "/soc/cache@12000000",
		  "it needs clock: it is part of off-bus, which is not bound: "
		  "its status in the device tree is \"disabled\"" },
		{ "/ping", "it needs pong: it needs ping, which needs it in turn" },
		{ "/lost", "entry 0 of \"needs\" is missing" },
		{ "/strange", "entry 0 of \"needs\" names no node, or not as that wants it" },
		{ "/soc/syscon@1a000000/part", NULL },
		{ "/soc", NULL },
		{ "/soc/serial@10000000", NULL },
		{ "/no/such/node", "the device tree has no such node" },
	};
	char why[DEVICE_WHY_BYTES];

	(void)state;
	assert_true(device_why_not(dt_path("/frame/shared"), why));
	assert_string_equal(why, "nobody has looked for devices so far");
	devices_discover();
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct dt_node node = dt_path(cases[i].path);
		bool reason = cases[i].why && device_why_not(node, why);

		if (reason != (cases[i].why != NULL) || (reason && strcmp(why, cases[i].why)))
			fail_msg("%s: %s", cases[i].path, reason ? why : "(nothing)");
	}
}

static void what_is_needed_comes_first(void **state)
{
	struct device *dev;

	(void)state;
	devices_discover();
	sim_devices_stopped[0] = '\0';
	assert_int_equal(devices_quiesce(), 0);
	assert_string_equal(sim_devices_stopped,
			    "inner whole second-user first-user shared frame behind part "
			    "host@19000000 serial@10000000 ");
	dev = device_of_node(dt_path("/frame/shared"));
	assert_ptr_equal(dev->parent, device_of_node(dt_path("/frame")));
	assert_null(dev->parent->parent);
	assert_null(device_of_node(dt_path("/soc")));
}

static void what_is_not_on_a_bus_can_be_asked_for(void **state)
{
	struct device *dev;

	(void)state;
	assert_int_equal(device_bind_node(dt_path("/holder/in-holder"), &dev), 0);
	assert_string_equal(dev->name, "in-holder");
	assert_int_equal(device_bind_node(dt_path("/soc/host@19000000/function"), &dev), 0);
	assert_string_equal(dev->parent->name, "host@19000000");
	/* but not without what it is a part of */
	assert_int_equal(device_bind_node(dt_path("/soc/broken-bus@1b000000/behind"), &dev),
			 -EPROTO);
	assert_null(dev);
	assert_int_equal(device_bind_node(dt_path("/off-bus/behind"), &dev), -ENODEV);
	assert_null(dev);
	assert_int_equal(device_bind_node(dt_path("/soc/off@14000000"), &dev), -ENODEV);
	assert_int_equal(device_bind_node(dt_path("/soc/rtc@13000000"), &dev), -ENODEV);
	assert_int_equal(device_bind_node(dt_path("/no/such/node"), &dev), -ENOENT);
	assert_null(dev);
}

/* Whichever of them is asked for, each is bound once, and the part belongs to the whole. */
static void parts_and_wholes(void **state)
{
	struct device *inner;

	(void)state;
	assert_int_equal(device_bind_node(dt_path("/whole/inner"), &inner), 0);
	assert_string_equal(sim_devices_probed, "inner whole ");
	assert_string_equal(device_first()->name, "whole");
	assert_ptr_equal(inner->parent, device_first());
	assert_ptr_equal(inner->previous, device_first());
	assert_null(inner->next);
}

static void who_would_drive_it(void **state)
{
	(void)state;
	assert_string_equal(device_driver_for(dt_path("/soc/broken-bus@1b000000"))->name, "broken");
	assert_null(device_driver_for(dt_path("/soc/rtc@13000000")));
	assert_null(device_driver_for(dt_path("/holder")));
	assert_null(device_first());
}

/* The list of devices is for good, so each test has a process of its own. */
#define TEST(function)	CHILD_TEST(function, open_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(buses_are_descended_into),
		TEST(each_bound_device_has_a_line),
		TEST(each_node_has_a_reason),
		TEST(what_is_needed_comes_first),
		TEST(what_is_not_on_a_bus_can_be_asked_for),
		TEST(parts_and_wholes),
		TEST(who_would_drive_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
