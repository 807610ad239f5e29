/* SPDX-License-Identifier: BSD-2-Clause */
/* Every alignment and length of a range around a few lines, against counting its bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "arch/cache_lines.h"

enum { BASE = 0x10000, SPACE = 1024 };

static void check(uintptr_t start, size_t bytes, size_t line_bytes)
{
	unsigned char wanted[SPACE] = { 0 }, visited[SPACE] = { 0 };

	for (size_t i = 0; i < bytes; i++)
		wanted[(start + i - BASE) / line_bytes] = 1;
	cache_lines_for_each(line, start, bytes, line_bytes) {
		assert_int_equal(line.at % line_bytes, 0);
		assert_in_range(line.at, BASE, BASE + SPACE - line_bytes);
		visited[(line.at - BASE) / line_bytes]++;
	}
	assert_memory_equal(visited, wanted, sizeof wanted);
}

static void every_alignment(void **state)
{
	(void)state;
	for (size_t line_bytes = 4; line_bytes <= 256; line_bytes *= 2)
		for (size_t start = 0; start <= 2 * line_bytes; start++)
			for (size_t bytes = 0; start + bytes <= 3 * line_bytes + 1; bytes++)
				check(BASE + start, bytes, line_bytes);
}

static void the_end_of_the_address_space(void **state)
{
	size_t count = 0;

	(void)state;
	cache_lines_for_each(line, UINTPTR_MAX - 99, 100, 64) {
		assert_int_equal(line.at, UINTPTR_MAX - 127 + 64 * count);
		count++;
	}
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_alignment),
		cmocka_unit_test(the_end_of_the_address_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
