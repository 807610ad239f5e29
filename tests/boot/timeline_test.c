/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "boot/timeline.h"
#include "lib/time.h"

static char text[4096];

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim.ticks_step = 0;
	time_init(25000);		/* of 0.1 us */
	sim.ticks = 25000;
	return 0;
}

static void steps(void **state)
{
	size_t length;
	u64 start;

	(void)state;
	sim.ticks += 10000;
	timeline_reached("tree");
	sim.ticks += 20000;
	timeline_reached("chosen");
	start = time_us();
	sim.ticks += 1000000;
	timeline_file("/a/kernel", start, 20 << 20);
	timeline_reached("hand-off");
	length = timeline_text(text, sizeof(text));
	assert_int_equal(length, strlen(text));
	assert_string_equal(text,
		"       0.000 ms  reset\n"
		"       2.500 ms  entered\n"
		"       3.500 ms  tree\n"
		"       5.500 ms  chosen\n"
		"     105.500 ms  /a/kernel: 20 MiB in 100.000 ms, 209 MB/s\n"
		"     105.500 ms  hand-off\n");

	/* Another attempt, and a file that came at once. */
	timeline_reached("chosen");
	timeline_file("/b", time_us(), 512);
	timeline_text(text, sizeof(text));
	assert_non_null(strstr(text, "tree"));
	assert_null(strstr(text, "/a/kernel"));
	assert_non_null(strstr(text, "/b: 512 bytes in 0.000 ms"));
}

static void too_much(void **state)
{
	static const char path[] = "/a folder with a long name/and one in it/and a file.img";
	size_t length;

	(void)state;
	for (int i = 0; i < 100; i++)
		timeline_file(path, 0, 1);
	timeline_text(text, sizeof(text));
	assert_null(strstr(text, "/a folder"));
	assert_non_null(strstr(text, "one in it/and a file.img: 1 "));
	length = timeline_text(text, 20);
	assert_int_equal(length, 19);
	assert_int_equal(strlen(text), 19);
	time_init(0);			/* it did not count before: no reset is known */
	timeline_text(text, sizeof(text));
	assert_null(strstr(text, "reset"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(steps, begin),
		cmocka_unit_test_setup(too_much, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
