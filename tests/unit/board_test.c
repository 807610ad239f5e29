/* SPDX-License-Identifier: BSD-2-Clause */
/* The board that names the most specific compatible of the root wins; what it keeps out is kept. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/board.h"
#include "lib/dt.h"
#include "lib/memory.h"

BOARD(family) = {
	.name = "family",
	.compatible = (const char *const[]){ "test,family", "test,other", NULL },
};

BOARD(exact) = {
	.name = "exact",
	.compatible = (const char *const[]){ "test,exact", NULL },
	.keep_out = (const struct range[]){ { 0x80000800, 0x1000 }, { 0x90000000, 0x100000 } },
	.keep_out_count = 2,
};

BOARD(nothing) = {
	.name = "nothing",
};

static u64 blob[256];

static const char *board_of(const char *compatible, size_t bytes)
{
	fdt64_t reg[2] = { cpu_to_fdt64(0x80000000), cpu_to_fdt64(0x10000) };
	const char *reason = "";

	fdt_create(blob, sizeof blob);
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_property(blob, "compatible", compatible, (int)bytes);
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	fdt_begin_node(blob, "memory");
	fdt_property_string(blob, "device_type", "memory");
	fdt_property(blob, "reg", reg, sizeof reg);
	fdt_end_node(blob);
	fdt_end_node(blob);
	assert_int_equal(fdt_finish(blob), 0);
	if (dt_open(blob, sizeof blob, &reason))
		fail_msg("%s", reason);
	return board()->name;
}

#define BOARD_OF(list) board_of(list, sizeof list)

static void the_most_specific_wins(void **state)
{
	const char *any;

	(void)state;
	assert_string_equal(BOARD_OF("test,exact\0test,family"), "exact");
	assert_string_equal(BOARD_OF("test,family\0test,exact"), "family");
	assert_string_equal(BOARD_OF("test,unheard\0test,other\0test,exact"), "family");
	any = BOARD_OF("test,unheard");
	assert_non_null(any);
	assert_string_not_equal(any, "nothing");
	assert_string_equal(board_of("test,exact", 10), any);	/* not terminated */
	assert_string_equal(board_of("", 0), any);
	assert_int_equal(board()->keep_out_count, 0);
}

static void what_a_board_keeps_out_is_not_touched(void **state)
{
	(void)state;
	BOARD_OF("test,exact");
	assert_int_equal(memory_init(), 0);
	assert_int_equal(memory_find(0x80001fff)->use, MEMORY_NO_MAP);
	assert_string_equal(memory_find(0x80000000)->owner, "exact");
	assert_int_equal(memory_find(0x80002000)->use, MEMORY_FREE);
	assert_int_equal(memory_free(), 0xe000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_specific_wins),
		cmocka_unit_test(what_a_board_keeps_out_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
