/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART drivers against simulated UARTs: from the tree's words to registers and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/console.h"
#include "drivers/device.h"
#include "drivers/uart/uart.h"
#include "lib/console.h"
#include "lib/log.h"
#include "lib/time.h"
#include "tests/sim/child.h"
#include "tests/sim/uart.h"
#include "unit/tree.h"

enum { BASE = 0x10000000 };

static void failed(const char *message)
{
	fail_msg("%s", message);
}

/* ---- The tree: one UART that is the console ---- */

struct setting {
	const char *compatible, *stdout_path;
	unsigned reg_bytes, clock_hz;
	bool clock_phandle;		/* clock_hz is that of a fixed-clock, not of the node */
	int shift, width, offset;	/* -1: not in the tree */
	bool big_endian;
};

static void cell(void *fdt, const char *name, int value)
{
	if (value >= 0)
		tree_cells(fdt, name, 1, value);
}

static void make_tree(const struct setting *s)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_begin_node(fdt, "chosen");
	tree_string(fdt, "stdout-path", s->stdout_path);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "clock");
	tree_string(fdt, "compatible", "fixed-clock");
	tree_cells(fdt, "clock-frequency", 1, s->clock_hz);
	tree_cells(fdt, "phandle", 1, 7);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "serial@10000000");
	tree_string(fdt, "compatible", s->compatible);
	tree_cells(fdt, "reg", 2, BASE, s->reg_bytes);
	if (s->clock_phandle)
		tree_cells(fdt, "clocks", 2, 7, 7);
	else if (s->clock_hz)
		tree_cells(fdt, "clock-frequency", 1, s->clock_hz);
	cell(fdt, "reg-shift", s->shift);
	cell(fdt, "reg-io-width", s->width);
	cell(fdt, "reg-offset", s->offset);
	if (s->big_endian)
		fdt_property(fdt, "big-endian", NULL, 0);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
}

/* ---- A run: open the console, use it ---- */

struct run {
	struct setting setting;
	struct sim_uart uart;
	int error;			/* of binding the UART */
	char name[32], reason[120], text[256];
	int keys[8];
	void (*use)(struct run *r);	/* with the console open */
};
static struct run *run;

static const struct setting ns16550_setting = {
	.compatible = "ns16550a", .stdout_path = "/serial@10000000", .reg_bytes = 0x100,
	.shift = -1, .width = -1, .offset = -1,
};

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = failed;
	if (!run)
		run = child_memory(sizeof *run);
	memset(run, 0, sizeof *run);
	run->setting = ns16550_setting;
	run->uart = (struct sim_uart){
		.kind = SIM_NS16550, .width = 1, .slowness = 3, .lcr = 0x03, .divisor = 13,
	};
	return 0;
}

static void open_here(void **state)
{
	struct device *dev;

	(void)state;
	sim_uart_add(&run->uart, BASE, run->setting.reg_bytes);
	make_tree(&run->setting);
	console_open();
	run->error = device_bind_node(dt_path("/serial@10000000"), &dev);
	strcpy(run->reason, dev->reason);
	if (console_present())
		strcpy(run->name, console_name());
	if (run->use)
		run->use(run);
}

static void open_console(void)
{
	in_child(open_here, NULL);
}

static void say_hello(struct run *r)
{
	(void)r;
	console_write("hello\n", 6);
}

/* ---- ns16550 ---- */

static void ns16550_registers_are_where_the_tree_says(void **state)
{
	static const struct { int shift, width, offset; } cases[] = {
		{ -1, -1, -1 }, { 0, 1, 0 }, { 1, 1, -1 }, { 1, 2, -1 }, { 2, 1, -1 }, { 2, 2, 8 },
		{ 2, 4, -1 }, { 3, 4, 0x20 }, { 0, 1, 0x21 }, { 2, 1, 3 },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_up(state);
		run->setting.shift = cases[i].shift;
		run->setting.width = cases[i].width;
		run->setting.offset = cases[i].offset;
		run->uart.shift = cases[i].shift < 0 ? 0 : cases[i].shift;
		run->uart.width = cases[i].width < 0 ? 1 : cases[i].width;
		run->uart.offset = cases[i].offset < 0 ? 0 : cases[i].offset;
		run->use = say_hello;
		open_console();
		assert_int_equal(run->error, 0);
		assert_string_equal(run->name, "ns16550a");
		assert_string_equal(run->uart.sent, "hello\r\n");
	}
}

static void ns16550_compatibles_imply_the_rest(void **state)
{
	static const struct { const char *compatible; unsigned shift, width, ier; } cases[] = {
		{ "ns16550", 0, 1, 0 }, { "snps,dw-apb-uart", 0, 1, 0 },
		{ "spacemit,k1-uart", 2, 4, 0x40 }, { "mediatek,mt6577-uart", 2, 4, 0 },
	};

	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		set_up(state);
		run->setting.compatible = cases[i].compatible;
		run->uart.shift = cases[i].shift;
		run->uart.width = cases[i].width;
		run->uart.ier = 0xf;
		run->uart.lcr = 0x83;
		run->use = say_hello;
		open_console();
		assert_string_equal(run->name, cases[i].compatible);
		assert_string_equal(run->uart.sent, "hello\r\n");
		assert_int_equal(run->uart.ier, cases[i].ier);
		assert_int_equal(run->uart.lcr, 0x03);
		assert_int_equal(run->uart.fcr & 1, 1);
	}
}

static void refused(const char *reason)
{
	open_console();
	assert_int_not_equal(run->error, 0);
	assert_string_equal(run->name, "");
	assert_string_equal(run->reason, reason);
	assert_int_equal(run->uart.reads + run->uart.writes, 0);
}

static void ns16550_refuses_in_words(void **state)
{
	run->setting.big_endian = true;
	refused("big-endian registers are not supported");
	set_up(state);
	run->setting.width = 4;
	refused("registers 1 apart at offset 0 cannot be accessed 4 bytes wide "
		"(reg-shift, reg-offset, reg-io-width)");
	set_up(state);
	run->setting.width = 8;
	run->setting.shift = 3;
	refused("registers 8 apart at offset 0 cannot be accessed 8 bytes wide "
		"(reg-shift, reg-offset, reg-io-width)");
	set_up(state);
	run->setting.shift = 4000;
	refused("registers 1 apart at offset 0 cannot be accessed 1 bytes wide "
		"(reg-shift, reg-offset, reg-io-width)");
	set_up(state);
	run->setting.shift = 2;
	run->setting.reg_bytes = 0x10;
	refused("\"reg\" has 16 bytes, too few for reg-shift 2");
	set_up(state);
	run->setting.offset = 0x7ffffff8;
	refused("\"reg\" has 256 bytes, too few for reg-shift 0");
}

static void line_is(const char *stdout_path, unsigned clock_hz, bool phandle, u32 divisor, u8 lcr)
{
	run->uart.divisor = 13;
	run->uart.lcr = 0x03;
	run->setting.stdout_path = stdout_path;
	run->setting.clock_hz = clock_hz;
	run->setting.clock_phandle = phandle;
	run->use = say_hello;
	open_console();
	assert_int_equal(run->uart.divisor, divisor);
	assert_int_equal(run->uart.lcr, lcr);
	/* Behind what the log may have said about it. */
	assert_true(run->uart.sent_bytes >= 7);
	assert_string_equal(run->uart.sent + run->uart.sent_bytes - 7, "hello\r\n");
	run->uart.sent_bytes = 0;
}

/* Each changes the line only if it was asked for, is possible, and is a change. */
static void ns16550_sets_the_line(void **state)
{
	(void)state;
	line_is("/serial@10000000:115200n8", 1843200, false, 1, 0x03);
	line_is("/serial@10000000:9600", 1843200, false, 12, 0x03);
	line_is("/serial@10000000:9600e7", 24000000, true, 156, 0x1a);
	line_is("/serial@10000000:115200o8r", 24000000, true, 13, 0x0b);
	line_is("/serial@10000000:300", 1843200, false, 384, 0x03);
	line_is("/serial@10000000", 1843200, false, 13, 0x03);
	line_is("/serial@10000000:115200", 0, false, 13, 0x03);
	line_is("/serial@10000000:115200", 1000000, false, 13, 0x03);	/* 8 % off */
	line_is("/serial@10000000:10", 24000000, false, 13, 0x03);	/* too slow */
	line_is("/serial@10000000:fast", 1843200, false, 13, 0x03);

	/* With an unknown clock nothing can be done, and there is nothing to warn of. */
	set_up(state);
	run->setting.stdout_path = "/serial@10000000:9600";
	run->use = say_hello;
	open_console();
	assert_string_equal(run->uart.sent, "hello\r\n");

	/* The divisor of these means something else. */
	run->setting.compatible = "brcm,bcm2835-aux-uart";
	run->uart.shift = 2;
	run->uart.width = 4;
	line_is("/serial@10000000:9600", 1843200, false, 13, 0x03);
}

/* What was sent before is let out first, and without an end to that, nothing is changed. */
static void ns16550_waits_before_it_sets_the_line(void **state)
{
	(void)state;
	run->uart.busy = 50;
	line_is("/serial@10000000:9600", 1843200, false, 12, 0x03);
	run->uart.busy = 1;
	run->uart.stuck = true;
	run->setting.stdout_path = "/serial@10000000:1200";
	run->use = NULL;
	open_console();
	assert_int_equal(run->uart.divisor, 12);
}

static void write_twice(struct run *r)
{
	u64 before = time_us();

	console_write("lost text, much of it", 21);
	r->keys[0] = time_us() - before < 5000000;
	before = time_us();
	for (unsigned i = 0; i < 1000; i++)
		console_write("more of it\n", 11);
	r->keys[1] = time_us() - before < 1000;
	r->uart.stuck = false;
	r->uart.busy = 0;
	console_write("back", 4);
}

static void a_dead_uart_costs_time_only_once(void **state)
{
	(void)state;
	run->uart.stuck = true;
	run->use = write_twice;
	open_console();
	assert_true(run->keys[0]);
	assert_true(run->keys[1]);
	assert_string_equal(run->uart.sent, "lback");	/* there was room for one at first */
}

static void read_keys(struct run *r)
{
	for (unsigned i = 0; i < 8; i++)
		r->keys[i] = console_read();
}

static void input_is(const u16 *input, const int *expected)
{
	run->uart.input = input;
	run->use = read_keys;
	open_console();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(run->keys[i], expected[i]);
}

static const u16 typed[] = { 'a', 0x00, 0xff, SIM_UART_BREAK, 'b', SIM_UART_FRAMING | 'x', SIM_UART_END };
static const int got[8] = { 'a', 0x00, 0xff, -EAGAIN, 'b', -EAGAIN, -EAGAIN, -EAGAIN };

static void ns16550_reads(void **state)
{
	static const int nothing[8] = { -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN };

	(void)state;
	input_is(typed, got);
	/* Where nothing answers, every bit is one; that is no endless stream of 0xff. */
	run->uart.absent = true;
	input_is(typed, nothing);
}

/* ---- PL011 ---- */

static int set_up_pl011(void **state)
{
	set_up(state);
	run->setting.compatible = "arm,pl011";
	run->setting.reg_bytes = 0x1000;
	run->uart = (struct sim_uart){
		.kind = SIM_PL011, .slowness = 2, .divisor = 833, .cr = 0x301, .lcr_h = 0x70, .imsc = 0x7f0,
	};
	run->use = say_hello;
	return 0;
}

static void pl011_keeps_what_firmware_set(void **state)
{
	(void)state;
	open_console();
	assert_string_equal(run->name, "arm,pl011");
	assert_string_equal(run->uart.sent, "hello\r\n");
	assert_int_equal(run->uart.divisor, 833);
	assert_int_equal(run->uart.cr, 0x301);
	assert_int_equal(run->uart.lcr_h, 0x70);
	assert_int_equal(run->uart.imsc, 0);
}

static void pl011_is_enabled_if_it_is_not(void **state)
{
	(void)state;
	run->uart.cr = 0x300;
	open_console();
	assert_int_equal(run->uart.cr, 0x301);
	assert_int_equal(run->uart.divisor, 833);
	assert_string_equal(run->uart.sent, "hello\r\n");

	/* Never set up: then it also gets a rate, if the clock is known. */
	set_up_pl011(state);
	run->uart.cr = run->uart.divisor = run->uart.lcr_h = 0;
	run->setting.clock_hz = 24000000;
	run->setting.clock_phandle = true;
	open_console();
	assert_int_equal(run->uart.divisor, 833);
	assert_int_equal(run->uart.lcr_h, 0x70);
	assert_string_equal(run->uart.sent, "hello\r\n");
}

static void pl011_sets_the_line(void **state)
{
	(void)state;
	run->setting.clock_hz = 24000000;
	run->setting.stdout_path = "/serial@10000000:115200n8";
	open_console();
	assert_int_equal(run->uart.writes, 7 + 1);	/* nothing to change: IMSC and the text */
	assert_int_equal(run->uart.divisor, 833);

	set_up_pl011(state);
	run->setting.clock_hz = 24000000;
	run->setting.stdout_path = "/serial@10000000:9600e7";
	run->uart.busy = 20;
	open_console();
	assert_int_equal(run->uart.divisor, 10000);
	assert_int_equal(run->uart.lcr_h, 0x56);
	assert_int_equal(run->uart.cr, 0x301);
	assert_string_equal(run->uart.sent, "hello\r\n");

	set_up_pl011(state);
	run->setting.clock_hz = 24000000;
	run->setting.stdout_path = "/serial@10000000:3000000";	/* faster than 16 clocks a bit */
	open_console();
	assert_int_equal(run->uart.divisor, 833);
}

/* The subset of SBSA has no line registers: the simulated one would count writes to them. */
static void pl011_subset_is_left_alone(void **state)
{
	(void)state;
	run->setting.compatible = "arm,sbsa-uart";
	run->setting.clock_hz = 24000000;
	run->setting.stdout_path = "/serial@10000000:9600";
	open_console();
	assert_int_equal(run->uart.divisor, 833);
	assert_int_equal(run->uart.writes, 7 + 1);
	assert_string_equal(run->uart.sent, "hello\r\n");
}

static void pl011_reads(void **state)
{
	(void)state;
	input_is(typed, got);
}

static void pl011_too_small_is_refused(void **state)
{
	(void)state;
	run->setting.reg_bytes = 0x20;
	refused("\"reg\" has 32 bytes, too few for its registers");
}

/* ---- SiFive ---- */

static int set_up_sifive(void **state)
{
	set_up(state);
	run->setting.compatible = "sifive,uart0";
	run->setting.reg_bytes = 0x1000;
	run->uart = (struct sim_uart){ .kind = SIM_SIFIVE, .slowness = 2, .divisor = 4340, .ie = 3 };
	run->use = say_hello;
	return 0;
}

static void sifive_works(void **state)
{
	static const u16 keys[] = { 'a', 0, 0xff, SIM_UART_END };
	static const int expected[8] = { 'a', 0, 0xff, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN };

	open_console();
	assert_string_equal(run->name, "sifive,uart0");
	assert_string_equal(run->uart.sent, "hello\r\n");
	assert_int_equal(run->uart.ie, 0);
	assert_int_equal(run->uart.divisor, 4340);
	assert_int_equal(run->uart.txctrl & 1, 1);
	assert_int_equal(run->uart.rxctrl & 1, 1);
	set_up_sifive(state);
	input_is(keys, expected);
}

static void sifive_sets_the_rate(void **state)
{
	(void)state;
	run->setting.clock_hz = 500000000;
	run->setting.stdout_path = "/serial@10000000:9600";
	open_console();
	assert_int_equal(run->uart.divisor, 52083);
	set_up_sifive(state);
	run->setting.clock_hz = 500000000;
	run->setting.stdout_path = "/serial@10000000:9600e7";	/* it has no parity */
	open_console();
	assert_int_equal(run->uart.divisor, 4340);
}

/* ---- Parts ---- */

static void options_are_read(void **state)
{
	static const struct { const char *options; u32 baud; char parity; u8 bits; } good[] = {
		{ "115200", 115200, 'n', 8 }, { "115200n8", 115200, 'n', 8 }, { "9600e7", 9600, 'e', 7 },
		{ "57600o", 57600, 'o', 8 }, { "1n5r", 1, 'n', 5 }, { "4000000n8r", 4000000, 'n', 8 },
	};
	static const char *const bad[] = {
		"", "n8", "0", "115200x", "115200n9", "115200n8rx", "115200 n8", "-1", "99999999999999999999",
		"115200n8n8", "4294967297",
	};
	struct uart_line line = { 1, 2, 3 };

	(void)state;
	for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++) {
		assert_int_equal(uart_line_parse(good[i].options, &line), 0);
		assert_int_equal(line.baud, good[i].baud);
		assert_int_equal(line.parity, good[i].parity);
		assert_int_equal(line.bits, good[i].bits);
	}
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(uart_line_parse(bad[i], &line), -EINVAL);
}

static void divisors_are_the_nearest(void **state)
{
	(void)state;
	assert_int_equal(uart_divisor(1843200 / 16, 115200, 0xffff), 1);
	assert_int_equal(uart_divisor(24000000 / 16, 115200, 0xffff), 13);
	assert_int_equal(uart_divisor(24000000 / 16, 1000000, 0xffff), 0);	/* 2 would be 25 % off */
	assert_int_equal(uart_divisor(100, 1000, 0xffff), 0);
	assert_int_equal(uart_divisor(1000000, 10, 0xffff), 0);
	assert_int_equal(uart_divisor(~0ull / 2, 4000000000u, UINT32_MAX), 2305843009u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ns16550_registers_are_where_the_tree_says, set_up),
		cmocka_unit_test_setup(ns16550_compatibles_imply_the_rest, set_up),
		cmocka_unit_test_setup(ns16550_refuses_in_words, set_up),
		cmocka_unit_test_setup(ns16550_sets_the_line, set_up),
		cmocka_unit_test_setup(ns16550_waits_before_it_sets_the_line, set_up),
		cmocka_unit_test_setup(a_dead_uart_costs_time_only_once, set_up),
		cmocka_unit_test_setup(ns16550_reads, set_up),
		cmocka_unit_test_setup(pl011_keeps_what_firmware_set, set_up_pl011),
		cmocka_unit_test_setup(pl011_is_enabled_if_it_is_not, set_up_pl011),
		cmocka_unit_test_setup(pl011_sets_the_line, set_up_pl011),
		cmocka_unit_test_setup(pl011_subset_is_left_alone, set_up_pl011),
		cmocka_unit_test_setup(pl011_reads, set_up_pl011),
		cmocka_unit_test_setup(pl011_too_small_is_refused, set_up_pl011),
		cmocka_unit_test_setup(sifive_works, set_up_sifive),
		cmocka_unit_test_setup(sifive_sets_the_rate, set_up_sifive),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(divisors_are_the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
