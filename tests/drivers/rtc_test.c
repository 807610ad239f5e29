/* SPDX-License-Identifier: BSD-2-Clause */
/* The two clocks, and the date of a machine that has one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/device.h"
#include "lib/clock.h"
#include "tests/sim/child.h"
#include "unit/tree.h"

enum { RTC_AT = 0x101000, RTC_BYTES = 0x1000 };
enum { LOW = 0, HIGH = 4 };

static u64 now;
static u32 kept;

/* The upper half is what it was when the lower one was read. */
static u64 read_goldfish(void *state, u64 offset, unsigned width)
{
	(void)state;
	assert_int_equal(width, 4);
	if (offset == LOW) {
		kept = (u32)(now >> 32);
		return (u32)now;
	}
	assert_int_equal(offset, HIGH);
	now += 1ull << 32;
	return kept;
}

static u64 read_pl031(void *state, u64 offset, unsigned width)
{
	(void)state;
	assert_int_equal(width, 4);
	assert_int_equal(offset, 0);
	return (u32)now;
}

static void write_nothing(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	fail_msg("a write of %u bytes at 0x%llx: 0x%llx", width, (unsigned long long)offset,
		 (unsigned long long)value);
}

static int bind(const char *compatible, u64 bytes, u64 (*read)(void *, u64, unsigned))
{
	static struct sim_mmio_ops ops;
	void *fdt = tree_begin();
	const char *reason;

	ops = (struct sim_mmio_ops){ read, write_nothing };
	sim_reset();
	sim_mmio_add(RTC_AT, RTC_BYTES, &ops, NULL);
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_begin_node(fdt, "rtc@101000");
	tree_string(fdt, "compatible", compatible);
	tree_cells(fdt, "reg", 2, RTC_AT, (u32)bytes);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
	return device_bind_node(dt_path("/rtc@101000"), NULL);
}

static void assert_now(void)
{
	struct clock_date date;

	assert_true(clock_now(&date));
	assert_int_equal(date.year, 2026);
	assert_int_equal(date.month, 11);
	assert_int_equal(date.day, 20);
	assert_int_equal(date.hour, 16);
	assert_int_equal(date.minute, 57);
	assert_int_equal(date.second, 36);
}

/* In children: a clock stays registered. */
static void goldfish(void **state)
{
	(void)state;
	assert_int_equal(bind("google,goldfish-rtc", RTC_BYTES, read_goldfish), 0);
	now = 1795193856ull * 1000000000 + 999999999;
	assert_now();
}

static void pl031(void **state)
{
	(void)state;
	assert_int_equal(bind("arm,pl031", RTC_BYTES, read_pl031), 0);
	now = 1795193856;
	assert_now();
}

static void too_small(void **state)
{
	struct clock_date date;

	(void)state;
	assert_int_equal(bind("arm,pl031", 4, read_pl031), -EINVAL);
	assert_string_equal(device_of_node(dt_path("/rtc@101000"))->reason,
			    "\"reg\" has 4 bytes, too few for its registers");
	assert_false(clock_now(&date));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(goldfish, NULL),
		CHILD_TEST(pl031, NULL),
		CHILD_TEST(too_small, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
