/* SPDX-License-Identifier: BSD-2-Clause */
/* The 8250 family against a simulated one: from the tree's words to registers and back. */
#include "tests/drivers/uart_run.h"

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

static void read_between_words(struct run *r)
{
	for (unsigned i = 0; i < 8; i++) {
		console_write("x", 1);
		r->keys[i] = console_read();
	}
}

/* The register that says whether there is room forgets what it said of the byte that came in. */
static void ns16550_writing_hides_no_break(void **state)
{
	(void)state;
	run->uart.input = typed;
	run->use = read_between_words;
	open_console();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(run->keys[i], got[i]);
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

static void ns16550_reads(void **state)
{
	static const int nothing[8] = {
		-EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN,
	};

	(void)state;
	input_is(typed, got);
	/* Where nothing answers, every bit is one; that is no endless stream of 0xff. */
	run->uart.absent = true;
	input_is(typed, nothing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ns16550_registers_are_where_the_tree_says, set_up),
		cmocka_unit_test_setup(ns16550_compatibles_imply_the_rest, set_up),
		cmocka_unit_test_setup(ns16550_writing_hides_no_break, set_up),
		cmocka_unit_test_setup(ns16550_refuses_in_words, set_up),
		cmocka_unit_test_setup(ns16550_sets_the_line, set_up),
		cmocka_unit_test_setup(ns16550_waits_before_it_sets_the_line, set_up),
		cmocka_unit_test_setup(a_dead_uart_costs_time_only_once, set_up),
		cmocka_unit_test_setup(ns16550_reads, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
