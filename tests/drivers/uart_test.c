/* SPDX-License-Identifier: BSD-2-Clause */
/* The other UARTs against simulated ones, and what all drivers share. */
#include "tests/drivers/uart_run.h"

/* ---- PL011 ---- */

static int set_up_pl011(void **state)
{
	set_up(state);
	run->setting.compatible = "arm,pl011";
	run->setting.reg_bytes = 0x1000;
	run->uart = (struct sim_uart){
		.kind = SIM_PL011, .slowness = 2, .divisor = 833, .cr = 0x301, .lcr_h = 0x70,
		.imsc = 0x7f0,
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
	run->uart = (struct sim_uart){
		.kind = SIM_SIFIVE, .slowness = 2, .divisor = 4340, .ie = 3,
	};
	run->use = say_hello;
	return 0;
}

static void sifive_works(void **state)
{
	static const u16 keys[] = { 'a', 0, 0xff, SIM_UART_END };
	static const int expected[8] = {
		'a', 0, 0xff, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN,
	};

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
	static const struct { const char *options; u32 baud; char parity; u8 bits;
	} good[] = {
		{ "115200", 115200, 'n', 8 }, { "115200n8", 115200, 'n', 8 },
		{ "9600e7", 9600, 'e', 7 },   { "57600o", 57600, 'o', 8 },
		{ "1n5r", 1, 'n', 5 },        { "4000000n8r", 4000000, 'n', 8 },
	};
	static const char *const bad[] = {
		"", "n8", "0", "115200x", "115200n9", "115200n8rx", "115200 n8", "-1",
		"99999999999999999999",
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
	/* 2 would be 25 % off */
	assert_int_equal(uart_divisor(24000000 / 16, 1000000, 0xffff), 0);
	assert_int_equal(uart_divisor(100, 1000, 0xffff), 0);
	assert_int_equal(uart_divisor(1000000, 10, 0xffff), 0);
	assert_int_equal(uart_divisor(~0ull / 2, 4000000000u, UINT32_MAX), 2305843009u);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
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
