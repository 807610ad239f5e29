/* SPDX-License-Identifier: BSD-2-Clause */
/* The bar: not within the first second, then as far as it is; gone in the end; ^C. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/sim.h"
#include "boot/progress.h"
#include "tests/sim/console.h"
#include "tests/unit/terminal.h"

enum { SECOND = 10 * 1000 * 1000 };	/* ticks */

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim_console_clear();
	console_set(&sim_console, NULL);
	sim_console_clear();
	terminal_clear();
	return 0;
}

static const char *seen(void)
{
	terminal_write(sim_console_text, strlen(sim_console_text));
	sim_console_clear();
	return terminal_row(0);
}

static void not_within_a_second(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "/kernel", 1000);
	for (unsigned i = 0; i < 1000; i++)
		assert_true(progress_add(&p, 1));
	sim.ticks += SECOND * 9 / 10;
	assert_true(progress_add(&p, 0));
	progress_end(&p);
	assert_string_equal(sim_console_text, "");
}

static void after_a_second(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "/boot/vmlinuz", 5ull << 40);
	sim.ticks += 2 * SECOND;
	assert_true(progress_add(&p, (1ull << 40)));
	assert_string_equal(seen(), "/boot/vmlinuz [########"
			    "                                ]  20 %");
	progress_add(&p, 1ull << 40);		/* not again so soon */
	assert_string_equal(sim_console_text, "");
	sim.ticks += SECOND;
	progress_add(&p, 1ull << 40);
	assert_string_equal(seen(), "/boot/vmlinuz [########################"
			    "                ]  60 %");
	sim.ticks += SECOND;
	progress_add(&p, 7ull << 40);		/* more than was said */
	assert_string_equal(seen(), "/boot/vmlinuz [########################################]"
			    " 100 %");
	progress_end(&p);
	assert_string_equal(seen(), "");
	assert_int_equal(terminal.row, 0);
}

static void nothing_of_nothing(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "/a/very/long/name/that/does/not/fit/into/a/line/of/a/terminal", 0);
	sim.ticks += 2 * SECOND;
	assert_true(progress_add(&p, 0));
	assert_string_equal(seen(), "/a/very/long/name/that/does/ [#####################"
			    "###################] 100 %");
	progress_end(&p);
}

static void interrupted(void **state)
{
	struct progress p;

	(void)state;
	progress_begin(&p, "x", 2);
	sim_console_typed = "\3";
	assert_true(progress_add(&p, 1));
	sim.ticks += 2 * SECOND;
	assert_false(progress_add(&p, 1));
	progress_end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(not_within_a_second, begin),
		cmocka_unit_test_setup(after_a_second, begin),
		cmocka_unit_test_setup(nothing_of_nothing, begin),
		cmocka_unit_test_setup(interrupted, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
