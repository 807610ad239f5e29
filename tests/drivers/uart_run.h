/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests of UART drivers share: a tree with one UART, a console opened on it, its use. */
#pragma once
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

static inline void failed(const char *message)
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

static inline void cell(void *fdt, const char *name, int value)
{
	if (value >= 0)
		tree_cells(fdt, name, 1, value);
}

static inline void make_tree(const struct setting *s)
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

static const struct setting default_setting = {
	.compatible = "ns16550a", .stdout_path = "/serial@10000000", .reg_bytes = 0x100,
	.shift = -1, .width = -1, .offset = -1,
};

static inline int set_up(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = failed;
	if (!run)
		run = child_memory(sizeof *run);
	memset(run, 0, sizeof *run);
	run->setting = default_setting;
	run->uart = (struct sim_uart){
		.kind = SIM_NS16550, .width = 1, .slowness = 3, .lcr = 0x03, .divisor = 13,
	};
	return 0;
}

static inline void open_here(void **state)
{
	struct device *dev;

	(void)state;
	sim_uart_add(&run->uart, BASE, run->setting.reg_bytes);
	make_tree(&run->setting);
	log_set_level(LOG_WARNING);	/* what is sent is what a test writes */
	console_open();
	run->error = device_bind_node(dt_path("/serial@10000000"), &dev);
	strcpy(run->reason, dev->reason);
	if (console_present())
		strcpy(run->name, console_name());
	if (run->use)
		run->use(run);
}

static inline void open_console(void)
{
	in_child(open_here, NULL);
}

static inline void say_hello(struct run *r)
{
	(void)r;
	console_write("hello\n", 6);
}

static inline void read_keys(struct run *r)
{
	for (unsigned i = 0; i < 8; i++)
		r->keys[i] = console_read();
}

static inline void input_is(const u16 *input, const int *expected)
{
	run->uart.input = input;
	run->use = read_keys;
	open_console();
	for (unsigned i = 0; i < 8; i++)
		assert_int_equal(run->keys[i], expected[i]);
}

static const u16 typed[] = {
	'a', 0x00, 0xff, SIM_UART_BREAK, 'b', SIM_UART_FRAMING | 'x', SIM_UART_END,
};
static const int got[8] = { 'a', 0x00, 0xff, -EAGAIN, 'b', -EAGAIN, -EAGAIN, -EAGAIN };

static inline void refused(const char *reason)
{
	open_console();
	assert_int_not_equal(run->error, 0);
	assert_string_equal(run->name, "");
	assert_string_equal(run->reason, reason);
	assert_int_equal(run->uart.reads + run->uart.writes, 0);
}
