/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/symbols.h"

/* What tools/symbols would have made for an image with three functions. */
static const struct {
	u32 count;
	struct {
		u32 address, name;
	} functions[3];
	char names[20];
} table __attribute__((used, retain, section("symbol_table"), aligned(8))) = {
	3, { { 0x10, 0 }, { 0x20, 6 }, { 0x48, 13 } }, "first\0second\0third"
};

enum { TEXT = 0x80200000, TEXT_BYTES = 0x1000 };

static int set_up(void **state)
{
	(void)state;
	sim.image.text = (struct range){ TEXT, TEXT_BYTES };
	return 0;
}

static void expect(size_t distance, const char *name, size_t offset)
{
	size_t found = 999;

	assert_string_equal(symbol_lookup(TEXT + distance, &found), name);
	assert_int_equal(found, offset);
}

static void finds_the_function_that_an_address_lies_in(void **state)
{
	(void)state;
	expect(0x10, "first", 0);
	expect(0x1f, "first", 0xf);
	expect(0x20, "second", 0);
	expect(0x47, "second", 0x27);
	expect(0x48, "third", 0);
	expect(0x100, "third", 0xb8);
	assert_string_equal(symbol_lookup(TEXT + 0x21, NULL), "second");
}

static void knows_nothing_outside_the_functions(void **state)
{
	(void)state;
	assert_null(symbol_lookup(TEXT, NULL));
	assert_null(symbol_lookup(TEXT + 0xf, NULL));
	assert_null(symbol_lookup(TEXT - 1, NULL));
	assert_null(symbol_lookup(TEXT + TEXT_BYTES, NULL));
	assert_null(symbol_lookup(0, NULL));
	assert_null(symbol_lookup(UINTPTR_MAX, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_function_that_an_address_lies_in),
		cmocka_unit_test(knows_nothing_outside_the_functions),
	};

	return cmocka_run_group_tests_name("symbols", tests, set_up, NULL);
}
