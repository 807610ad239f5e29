/* SPDX-License-Identifier: BSD-2-Clause */
/* Which console is opened, and what is said about the ones that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/console.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/log.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "tests/sim/uart.h"
#include "unit/tree.h"

static struct sim_uart first = { .kind = SIM_PL011, .cr = 0x301, .divisor = 64 };
static struct sim_uart second = { .kind = SIM_SIFIVE };

/* The firmware's console keeps its text where the simulated one does. */
static void firmware_write(const char *text, size_t bytes)
{
	sim_console.write(NULL, text, bytes);
}

static int firmware_read(void)
{
	return sim_console.read(NULL);
}

static const struct arch_console firmware = { "firmware", firmware_write, firmware_read };

static void uart(void *fdt, const char *name, const char *compatible, unsigned reg,
		 const char *status)
{
	fdt_begin_node(fdt, name);
	tree_string(fdt, "compatible", compatible);
	tree_cells(fdt, "reg", 2, reg, 0x1000);
	tree_string(fdt, "status", status);
	fdt_end_node(fdt);
}

/* @chosen: a property of /chosen and its value, or NULL. */
static void make_tree(const char *property, const char *value, const char *status)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_begin_node(fdt, "aliases");
	tree_string(fdt, "serial0", "/uart@20000000");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "chosen");
	if (property)
		tree_string(fdt, property, value);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "soc");
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_property(fdt, "ranges", NULL, 0);
	uart(fdt, "pl011@10000000", "arm,pl011", 0x10000000, status);
	fdt_end_node(fdt);
	uart(fdt, "uart@20000000", "sifive,uart0", 0x20000000, status);
	uart(fdt, "serial@40000000", "acme,odd-uart", 0x40000000, "okay");
	fdt_begin_node(fdt, "poweroff");
	tree_string(fdt, "compatible", "syscon-poweroff");
	tree_cells(fdt, "value", 1, 1);
	tree_cells(fdt, "offset", 1, 0);
	fdt_begin_node(fdt, "nothing");
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
	sim_uart_add(&first, 0x10000000, 0x1000);
	sim_uart_add(&second, 0x20000000, 0x1000);
}

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	return 0;
}

static void the_tree_names_it(void **state)
{
	(void)state;
	sim.firmware_console = &firmware;
	make_tree("stdout-path", "/soc/pl011@10000000:115200n8", "okay");
	log_info("early");
	assert_int_equal(console_open(), 0);
	assert_string_equal(console_name(), "arm,pl011");
	assert_string_equal(first.sent, "early\r\npl011@10000000: pl011\r\n");
	/* The other one, bound later by whoever, stays as it is. */
	devices_discover();
	assert_string_equal(console_name(), "arm,pl011");
	assert_int_equal(second.writes + second.reads, 0);
}

static void an_alias_names_it(void **state)
{
	(void)state;
	make_tree("linux,stdout-path", "serial0:9600", "okay");
	assert_int_equal(console_open(), 0);
	assert_string_equal(console_name(), "sifive,uart0");
	assert_string_equal(console_device()->name, "uart@20000000");
}

static void falls_back(const char *property, const char *value, const char *status,
		       const char *says)
{
	sim.firmware_console = &firmware;
	make_tree(property, value, status);
	assert_int_equal(console_open(), 0);
	assert_string_equal(console_name(), "firmware");
	assert_null(console_device());
	assert_string_equal(sim_console_text, says);
	sim_console_typed = "k";
	assert_int_equal(console_read(), 'k');
	assert_int_equal(console_read(), -EAGAIN);
	assert_int_equal(first.writes + second.writes, 0);
}

static void the_firmware_is_next(void **state)
{
	(void)state;
	falls_back(NULL, NULL, "okay",
		   "the device tree names no console (/chosen has no stdout-path)\r\n");
}

static void a_wrong_path_is_told(void **state)
{
	(void)state;
	falls_back("stdout-path", "serial7:115200", "okay",
		   "warning: stdout-path \"serial7:115200\": the device tree has no such node "
		   "or alias\r\n");
}

static void an_unknown_uart_is_told(void **state)
{
	(void)state;
	falls_back("stdout-path", "/serial@40000000", "okay",
		   "warning: stdout-path \"/serial@40000000\": no driver for acme,odd-uart\r\n");
}

static void a_disabled_uart_is_told(void **state)
{
	(void)state;
	falls_back("stdout-path", "serial0", "disabled",
		   "warning: stdout-path \"serial0\": its status in the device tree is "
		   "\"disabled\"\r\n");
}

static void what_is_no_uart_is_told(void **state)
{
	(void)state;
	falls_back("stdout-path", "/poweroff/nothing", "okay",
		   "warning: stdout-path \"/poweroff/nothing\": no driver for a node without a "
		   "compatible string\r\n");
}

static void any_uart_is_last(void **state)
{
	(void)state;
	make_tree("stdout-path", "/serial@40000000", "okay");
	assert_int_equal(console_open(), 0);
	assert_string_equal(console_name(), "arm,pl011");
	assert_string_equal(first.sent,
			    "warning: stdout-path \"/serial@40000000\": no driver for "
			    "acme,odd-uart\r\n"
			    "pl011@10000000: pl011\r\n");
	assert_int_equal(second.writes + second.reads, 0);
}

static void there_may_be_none(void **state)
{
	(void)state;
	make_tree(NULL, NULL, "disabled");
	assert_int_equal(console_open(), -ENODEV);
	assert_false(console_present());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(the_tree_names_it, set_up),
		CHILD_TEST(an_alias_names_it, set_up),
		CHILD_TEST(the_firmware_is_next, set_up),
		CHILD_TEST(a_wrong_path_is_told, set_up),
		CHILD_TEST(an_unknown_uart_is_told, set_up),
		CHILD_TEST(a_disabled_uart_is_told, set_up),
		CHILD_TEST(what_is_no_uart_is_told, set_up),
		CHILD_TEST(any_uart_is_last, set_up),
		CHILD_TEST(there_may_be_none, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
