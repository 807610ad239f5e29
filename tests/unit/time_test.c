/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/time.h"

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	time_init(0);
	return 0;
}

static u64 us_at(u64 ticks, u64 frequency)
{
	sim.ticks_per_second = frequency;
	sim.ticks = ticks - sim.ticks_step;
	return time_us();
}

static void ticks_become_microseconds(void **state)
{
	const u64 century = 100ull * 366 * 24 * 3600;

	(void)state;
	assert_int_equal(us_at(0, 10000000), 0);
	assert_int_equal(us_at(10, 10000000), 1);
	assert_int_equal(us_at(19, 10000000), 1);
	assert_int_equal(us_at(32768, 32768), 1000000);
	assert_int_equal(us_at(1, 32768), 30);
	assert_int_equal(us_at(century * 1000000000, 1000000000), century * 1000000);
	assert_int_equal(us_at(century * 62500000 + 62, 62500000), century * 1000000);
	assert_int_equal(us_at(century * 62500000 + 63, 62500000), century * 1000000 + 1);
	time_init(5000);
	assert_int_equal(us_at(6000, 1000000), 1000);
}

/* Before the tree is read; waits must end nevertheless. */
static void an_unknown_frequency_still_lets_time_pass(void **state)
{
	(void)state;
	sim.ticks_per_second = 0;
	delay_us(100);
	assert_int_equal(poll_until(false, 100), -ETIMEDOUT);
}

static void a_delay_is_at_least_as_long_as_asked(void **state)
{
	static const u64 frequencies[] = { 32768, 1000000, 10000000, 62500000, 1000000000 };

	(void)state;
	for (unsigned i = 0; i < sizeof frequencies / sizeof frequencies[0]; i++) {
		sim.ticks_per_second = frequencies[i];
		sim.ticks_step = 1;
		for (u64 us = 1; us < 200; us += 7) {
			u64 before = sim.ticks;

			/* One look at the clock is the first, and the tick it saw had begun. */
			delay_us(us);
			assert_true((sim.ticks - before - 2) * 1000000 >= us * frequencies[i]);
			assert_true((sim.ticks - before) * 1000000 <=
				    us * frequencies[i] + 5 * 1000000);
		}
	}
}

static void deadlines(void **state)
{
	u64 deadline = deadline_in_us(100);
	unsigned looks = 0;

	(void)state;
	assert_false(deadline_passed(deadline));
	sim.ticks += 1000;
	assert_true(deadline_passed(deadline));
	assert_int_equal(deadline_in_us(UINT64_MAX), UINT64_MAX);
	assert_int_equal(deadline_in_us(UINT64_MAX - 1), UINT64_MAX);
	assert_int_equal(poll_until(++looks == 3, 1000), 0);
	assert_int_equal(looks, 3);
	/* A clock that jumps past the deadline between two looks: once more. */
	looks = 0;
	sim.ticks_step = 1000000000;
	assert_int_equal(poll_until(++looks == 2, 1), 0);
	assert_int_equal(poll_until(false, 1), -ETIMEDOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ticks_become_microseconds, set_up),
		cmocka_unit_test_setup(an_unknown_frequency_still_lets_time_pass, set_up),
		cmocka_unit_test_setup(a_delay_is_at_least_as_long_as_asked, set_up),
		cmocka_unit_test_setup(deadlines, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
