/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of ours among others in /chosen/bootargs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/dt.h"
#include "lib/log.h"
#include "lib/options.h"

static u64 blob[256];

static void bootargs(const void *text, size_t bytes)
{
	const char *reason = "";

	fdt_create(blob, sizeof blob);
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	fdt_begin_node(blob, "chosen");
	if (text)
		fdt_property(blob, "bootargs", text, (int)bytes);
	fdt_end_node(blob);
	fdt_end_node(blob);
	assert_int_equal(fdt_finish(blob), 0);
	if (dt_open(blob, sizeof blob, &reason))
		fail_msg("%s", reason);
}

static void values(void **state)
{
	static const struct {
		const char *bootargs, *name, *value;
	} cases[] = {
		{ "plinth.log=debug", "log", "debug" },
		{ "  quiet\tplinth.log=debug\n", "log", "debug" },
		{ "plinth.log=info plinth.log=debug", "log", "debug" },
		{ "plinth.oracle", "oracle", "" },
		{ "plinth.oracle=", "oracle", "" },
		{ "plinth.log=a=b", "log", "a=b" },
		{ "plinth.log=\"a b\" c", "log", "a b" },
		{ "\"plinth.log=a b\" c", "log", "a b" },
		{ "\"plinth.log\" c", "log", "" },
		{ "plinth.log=\"a b", "log", "a b" },
		{ "plinth.log=\"\"", "log", "" },
		{ "plinth.log=\"", "log", "" },
		{ "plinth.log=a\"b c\"d", "log", "a\"b c\"d" },
		{ "plinth.log=a\"b c\" d", "log", "a\"b c\"" },
		{ "plinth.log=debug\rquiet", "log", "debug" },
		{ "x=\"plinth.log=no\" y", "log", NULL },
		{ "x=\"a plinth.log=no\"", "log", NULL },
		{ "plinth.log2=x plinth.lo=y", "log", NULL },
		{ "plinth.=x", "log", NULL },
		{ "plinth.", "log", NULL },
		{ "\"", "log", NULL },
		{ "log=debug xplinth.log=debug Plinth.log=x", "log", NULL },
		{ "", "log", NULL },
		{ "plinth.log=0123456789abcde", "log", "0123456789abcde" },
		{ "plinth.log=0123456789abcdef", "log", NULL },	/* too long for the caller */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char to[16];
		const char *value;

		bootargs(cases[i].bootargs, strlen(cases[i].bootargs) + 1);
		value = option(cases[i].name, to, sizeof to);
		if (!value != !cases[i].value || (value && strcmp(value, cases[i].value)))
			fail_msg("%s: %s is %s", cases[i].bootargs, cases[i].name,
				 value ? value : "not there");
	}
}

static void bootargs_that_are_no_text(void **state)
{
	char to[16];

	(void)state;
	bootargs("plinth.log", 10);		/* not terminated */
	assert_null(option("log", to, sizeof to));
	bootargs("", 0);
	assert_null(option("log", to, sizeof to));
	bootargs(NULL, 0);
	assert_null(option("log", to, sizeof to));
}

static void strip(const char *from, const char *expected)
{
	size_t bytes = strlen(expected) + 1;
	char *to = malloc(bytes), *same = strdup(from);

	assert_int_equal(options_strip(from, to, bytes), 0);
	assert_string_equal(to, expected);
	for (size_t i = 0; i < bytes; i++)
		assert_int_equal(options_strip(from, to, i), -ENOSPC);
	assert_int_equal(options_strip(same, same, strlen(from) + 1), 0);
	assert_string_equal(same, expected);
	free(to);
	free(same);
}

static void what_is_not_ours_stays(void **state)
{
	(void)state;
	strip("root=/dev/vda plinth.log=debug quiet", "root=/dev/vda quiet");
	strip("plinth.log=debug quiet", "quiet");
	strip("quiet plinth.log=\"a b\"", "quiet");
	strip("\"plinth.log=a b\" x=\"a  plinth.b\"  y", "x=\"a  plinth.b\" y");
	strip("plinth.a plinth.b=c", "");
	strip("  ", "");
	strip("", "");
	strip("  a   b\t", "a b");
}

static size_t unknown(const char *text)
{
	static const char *const names[] = { "boot", "log" };

	bootargs(text, strlen(text) + 1);
	return options_check(names, 2);
}

static void keep_last(void *context, enum log_level level, u64 time_us, const char *text)
{
	(void)time_us;
	assert_int_equal(level, LOG_WARNING);
	snprintf(context, 128, "%s", text);
}

static void what_is_misspelt_is_said(void **state)
{
	char text[128];

	(void)state;
	assert_int_equal(unknown(""), 0);
	assert_int_equal(unknown("plinth.log=debug plinth.boot \"plinth.log=a b\" x.plinth.a"), 0);
	assert_int_equal(unknown("plinth.lo plinth.logs=x quiet plinth. \"plinth.x=a b\""), 4);
	assert_int_equal(unknown("root=x plinth.lgo=debug quiet"), 1);
	log_walk(keep_last, text);
	assert_string_equal(text, "/chosen/bootargs: there is no option plinth.lgo=debug");
	bootargs(NULL, 0);
	assert_int_equal(options_check(NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values),
		cmocka_unit_test(bootargs_that_are_no_text),
		cmocka_unit_test(what_is_not_ours_stays),
		cmocka_unit_test(what_is_misspelt_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
