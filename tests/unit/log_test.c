/* SPDX-License-Identifier: BSD-2-Clause */
/* The log and the console on top of each other, as they are used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/time.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"

static int set_up(void **state)
{
	(void)state;
	sim_console_clear();
	log_set_level(LOG_INFO);
	return 0;
}

/* ---- What the ring keeps ---- */

struct kept {
	unsigned lines;
	u64 time_us;
	char first[LOG_LINE_BYTES], last[LOG_LINE_BYTES];
	enum log_level level;
};

static void keep(void *context, enum log_level level, u64 time, const char *text)
{
	struct kept *k = context;

	if (k->lines++ == 0)
		strcpy(k->first, text);
	assert_true(time >= k->time_us);
	k->time_us = time;
	k->level = level;
	strcpy(k->last, text);
}

static struct kept walk(void)
{
	struct kept k = { 0 };

	log_walk(keep, &k);
	return k;
}

/* This one is first: afterwards there is a console. */
static void early_lines_are_shown_when_a_console_comes(void **state)
{
	(void)state;
	console_write("to nobody", 9);
	console_print("to %s", "nobody");
	log_info("hello %d", 42);
	log_warning("careful");
	log_debug("not shown");
	log_error("broken");
	assert_false(console_present());
	assert_null(console_name());
	assert_int_equal(console_read(), -EAGAIN);
	assert_string_equal(sim_console_text, "");
	console_set(&sim_console, NULL);
	assert_string_equal(sim_console_text,
			    "hello 42\r\nwarning: careful\r\nerror: broken\r\n");
	assert_string_equal(console_name(), "simulated console");

	/* Once: another console, or a lower level, does not bring them back. */
	log_set_level(LOG_DEBUG);
	console_set(&sim_console, NULL);
	assert_string_equal(sim_console_text,
			    "hello 42\r\nwarning: careful\r\nerror: broken\r\n");
	assert_int_equal(walk().lines, 4);
}

static void levels_choose_what_is_shown_but_all_is_kept(void **state)
{
	unsigned lines = walk().lines;

	(void)state;
	log_set_level(LOG_WARNING);
	assert_int_equal(log_get_level(), LOG_WARNING);
	log_info("quiet");
	log_warning("loud");
	assert_string_equal(sim_console_text, "warning: loud\r\n");
	assert_int_equal(walk().lines, lines + 2);
	assert_string_equal(walk().last, "loud");
	assert_int_equal(walk().level, LOG_WARNING);
}

static void levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	for (unsigned i = LOG_ERROR; i <= LOG_DEBUG; i++) {
		assert_int_equal(log_level_parse(log_level_name(i), &level), 0);
		assert_int_equal(level, i);
	}
	assert_int_equal(log_level_parse("loud", &level), -EINVAL);
	assert_int_equal(log_level_parse("", &level), -EINVAL);
}

static void a_line_is_one_line(void **state)
{
	char text[2 * LOG_LINE_BYTES];

	(void)state;
	log_info("%s", "tab\tescape\x1b[2J\r\nsecond\x7f\n");
	assert_string_equal(walk().last, "tab escape?[2J??second?");
	log_info("\xc3\xbc");
	assert_string_equal(walk().last, "\xc3\xbc");
	log_info("%s", "");
	assert_string_equal(walk().last, "");
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_info("%s", text);
	assert_int_equal(strlen(walk().last), LOG_LINE_BYTES - 1);
}

/* Random lengths, many times around: what is kept is always the newest lines, whole. */
static void the_ring_forgets_the_oldest(void **state)
{
	char text[LOG_LINE_BYTES];

	(void)state;
	srand(1);
	for (unsigned i = 0; i < 3000; i++) {
		struct kept k;
		unsigned first;
		int length = rand() % 240;

		snprintf(text, sizeof text, "%06u %0*d", i, length, 0);
		log_info("%s", text);
		k = walk();
		assert_string_equal(k.last, text);
		assert_true(k.lines < 2000);
		if (i < 2000)
			continue;
		assert_int_equal(sscanf(k.first, "%u", &first), 1);
		assert_int_equal(first + k.lines, i + 1);
		assert_true(k.lines > 16 * 1024 / 300);
	}
}

static void relog(void *context, enum log_level level, u64 time, const char *text)
{
	unsigned *count = context;

	(void)time;
	assert_int_equal(level, LOG_INFO);
	assert_int_equal(text[strspn(text, "0123456789 ")], '\0');
	if ((*count)++ < 1000)
		log_info("%0200d", *count);
}

/* What was overwritten before anybody saw it is at least counted. */
static void too_much_before_a_console(void **state)
{
	unsigned first, lost;
	const char *line;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		log_info("%05u", i);
	console_set(&sim_console, NULL);
	assert_int_equal(sscanf(sim_console_text, "(%u older lines are lost)", &lost), 1);
	line = strchr(sim_console_text, '\n') + 1;
	assert_int_equal(sscanf(line, "%u", &first), 1);
	assert_int_equal(first, lost);
	assert_non_null(strstr(line, "00999\r\n"));
	sim_console_clear();
	console_set(&sim_console, NULL);
	assert_string_equal(sim_console_text, "");
}

static void walking_while_logging_ends(void **state)
{
	unsigned count = 0;

	(void)state;
	log_walk(relog, &count);
	assert_true(count > 0 && count < 2000);
}

/* ---- The console ---- */

static void text_of_any_length_goes_out(void **state)
{
	char *text = malloc(20001);

	(void)state;
	memset(text, 'y', 20000);
	text[20000] = '\0';
	console_print("<%s>\n%d", text, 7);
	assert_int_equal(strlen(sim_console_text), 20000 + 2 + 2 + 1);
	assert_string_equal(sim_console_text + 20000, "y>\r\n7");
	sim_console_clear();
	text[255] = '\0';
	console_print("%s", text);
	assert_int_equal(strlen(sim_console_text), 255);
	sim_console_clear();
	text[255] = 'y';
	text[256] = '\0';
	console_print("%s", text);
	assert_int_equal(strlen(sim_console_text), 256);
	free(text);
}

static void newlines_return_the_carriage(void **state)
{
	(void)state;
	console_write("\n\na\nb\n", 6);
	assert_string_equal(sim_console_text, "\r\n\r\na\r\nb\r\n");
	sim_console_clear();
	console_write("x\ny", 1);
	assert_string_equal(sim_console_text, "x");
}

static void waiting_for_a_key_ends(void **state)
{
	u64 before = time_us();

	(void)state;
	assert_int_equal(console_wait(5000), -ETIMEDOUT);
	assert_true(time_us() - before >= 5000);
	sim_console_typed = "a\xff";
	assert_int_equal(console_wait(0), 'a');
	assert_int_equal(console_wait(1000), 0xff);
	assert_int_equal(console_read(), -EAGAIN);
}

static void errors_have_words(void **state)
{
	(void)state;
	assert_string_equal(error_text(-EIO), "input/output error (EIO)");
	assert_string_equal(error_text(ENOENT), "no such thing (ENOENT)");
	assert_string_equal(error_text(0), "no error");
	assert_string_equal(error_text(-9999), "error 9999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(too_much_before_a_console, set_up),
		cmocka_unit_test_setup(early_lines_are_shown_when_a_console_comes, set_up),
		cmocka_unit_test_setup(levels_choose_what_is_shown_but_all_is_kept, set_up),
		cmocka_unit_test_setup(levels_have_names, set_up),
		cmocka_unit_test_setup(a_line_is_one_line, set_up),
		cmocka_unit_test_setup(the_ring_forgets_the_oldest, set_up),
		cmocka_unit_test_setup(walking_while_logging_ends, set_up),
		cmocka_unit_test_setup(text_of_any_length_goes_out, set_up),
		cmocka_unit_test_setup(newlines_return_the_carriage, set_up),
		cmocka_unit_test_setup(waiting_for_a_key_ends, set_up),
		cmocka_unit_test_setup(errors_have_words, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
