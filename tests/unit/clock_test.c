/* SPDX-License-Identifier: BSD-2-Clause */
/* Dates, judged by the workstation's gmtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "lib/clock.h"

static void assert_date(u64 seconds)
{
	struct clock_date d = clock_date(seconds);
	time_t wanted = (time_t)seconds;
	struct tm tm;

	gmtime_r(&wanted, &tm);
	assert_int_equal(d.year, tm.tm_year + 1900);
	assert_int_equal(d.month, tm.tm_mon + 1);
	assert_int_equal(d.day, tm.tm_mday);
	assert_int_equal(d.hour, tm.tm_hour);
	assert_int_equal(d.minute, tm.tm_min);
	assert_int_equal(d.second, tm.tm_sec);
}

/* The first and the last second of each day until 2400, which has a leap day, as 2100 has not. */
static void every_day_has_its_date(void **state)
{
	(void)state;
	for (u64 day = 0; day < 431 * 366; day++) {
		assert_date(day * 86400);
		assert_date(day * 86400 + 86399);
	}
}

static u64 told;

static u64 seconds(void *state)
{
	(void)state;
	return told;
}

static void a_clock_that_was_never_set_is_none(void **state)
{
	struct clock_date now;

	(void)state;
	assert_false(clock_now(&now));
	clock_register(seconds, NULL);
	assert_false(clock_now(&now));			/* 1970 */
	told = 315532800;
	assert_true(clock_now(&now));			/* 1980, as FAT can say */
	assert_int_equal(now.year, 1980);
	told = 4354819199;
	assert_true(clock_now(&now));
	assert_int_equal(now.year, 2107);
	told++;
	assert_false(clock_now(&now));
	told = UINT64_MAX;
	assert_false(clock_now(&now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_has_its_date),
		cmocka_unit_test(a_clock_that_was_never_set_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
