/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>
#include "lib/crc32.h"

/* The check value that catalogues of CRCs give for this one, and pieces of any length. */
static void check_value(void **state)
{
	static const char digits[] = "123456789";

	(void)state;
	assert_int_equal(crc32_add(0, digits, 9), 0xcbf43926);
	for (size_t i = 0; i <= 9; i++)
		assert_int_equal(crc32_add(crc32_add(0, digits, i), digits + i, 9 - i), 0xcbf43926);
	assert_int_equal(crc32_add(0, digits, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(check_value) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
