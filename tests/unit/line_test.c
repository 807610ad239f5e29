/* SPDX-License-Identifier: BSD-2-Clause */
/* The line editor, before a terminal that shows what a user would see. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "boot/monitor/line.h"
#include "unit/terminal.h"

#define UP	"\033[A"
#define DOWN	"\033[B"
#define RIGHT	"\033[C"
#define LEFT	"\033[D"

static struct line line;

static void offer_colours(struct line_completion *c)
{
	c->word = strlen(c->line);
	while (c->word && c->line[c->word - 1] != ' ')
		c->word--;
	line_offer(c, "green", ' ');
	line_offer(c, "grey", ' ');
	line_offer(c, "red", ' ');
	line_offer(c, "bad\033word", ' ');
	line_offer(c, "soc", '/');
}

static const struct line_io io = { .write = terminal_write, .complete = offer_colours };

static enum line_event type(const char *keys)
{
	enum line_event event = LINE_EDITING;

	while (*keys) {
		assert_int_equal(event, LINE_EDITING);
		event = line_feed(&line, (u8)*keys++);
	}
	return event;
}

static void enter(const char *text)
{
	type(text);
	assert_int_equal(line_feed(&line, '\r'), LINE_DONE);
	line_begin(&line);
}

static int setup(void **state)
{
	(void)state;
	terminal_clear();
	line_init(&line, &io, "plinth> ");
	line_begin(&line);
	return 0;
}

#define assert_line(expected) do { \
	assert_int_equal(type("\r"), LINE_DONE); \
	assert_string_equal(line.text, expected); \
	line_begin(&line); \
} while (0)

static void test_inserts_and_moves(void **state)
{
	(void)state;
	type("mem" LEFT LEFT "d" "\033[H" "<" "\033[F" ">");
	assert_string_equal(terminal_row(0), "plinth> <mdem>");
	assert_int_equal(terminal.column, 14);
	type("\033[1~" "1" "\033[4~" "2" "\033OH" "3" "\033OF" "4" "\033[7~" "5" "\033[8~" "6");
	assert_string_equal(terminal_row(0), "plinth> 531<mdem>246");
	type("\001" "a" "\005" "b" "\002\002" "c" "\006" "d");
	assert_line("a531<mdem>24c6db");
}

static void test_deletes(void **state)
{
	(void)state;
	type("abcdef" LEFT LEFT "\b" "\177");
	assert_string_equal(terminal_row(0), "plinth> abef");
	type("\033[3~");
	assert_string_equal(terminal_row(0), "plinth> abf");
	type(LEFT "\004");
	assert_line("af");
	type("one two  three" LEFT LEFT "\027");
	assert_string_equal(terminal_row(0), "plinth> one two  ee");
	type("\027" "\013");
	assert_line("one ");
	type("\b\004" "one two" LEFT LEFT "\025");
	assert_line("wo");
}

static void test_utf8_is_whole_characters(void **state)
{
	(void)state;
	type("gr\xc3\xbc\xc3\x9f" "e\xe2\x82\xac\xf0\x9f\x90\xa7");
	assert_string_equal(terminal_row(0),
			    "plinth> gr\xc3\xbc\xc3\x9f" "e\xe2\x82\xac\xf0\x9f\x90\xa7");
	assert_int_equal(terminal.column, 8 + 7);
	type(LEFT LEFT LEFT "\b" "\004");
	assert_line("gr\xc3\xbc\xe2\x82\xac\xf0\x9f\x90\xa7");
}

static void test_ignores_garbage(void **state)
{
	static const char *const garbage[] = {
		"\x80", "\xff\xfe", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xf8\x88\x80\x80\x80", "\xc2\x85", "\x1c\x1d\x1e", "\033[99;99;99z", "\033[?25h",
		"\033O5P", "\033x", "\033[3;5x", "\xc3", "\033[1;999999999999999999999m",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		type("a");
		type(garbage[i]);
		type("b");
		assert_string_equal(terminal_row(0), "plinth> ab");
		assert_line("ab");
	}
}

static void test_split_sequences(void **state)
{
	(void)state;
	type("ab\033");
	assert_true(line_in_sequence(&line));
	type("[");
	assert_true(line_in_sequence(&line));
	type("Dc");
	assert_false(line_in_sequence(&line));
	assert_line("acb");
	type("ab\033[1");
	line_give_up_sequence(&line);
	type("2");
	assert_line("ab2");
	type("ab\033[\033[D1");		/* begun again */
	assert_line("a1b");
}

static void test_line_ends(void **state)
{
	(void)state;
	type("a");
	assert_int_equal(line_feed(&line, '\r'), LINE_DONE);
	line_begin(&line);
	assert_int_equal(line_feed(&line, '\n'), LINE_EDITING);	/* of the same line end */
	type("b");
	assert_int_equal(line_feed(&line, '\n'), LINE_DONE);
	assert_string_equal(line.text, "b");
	line_begin(&line);
	assert_int_equal(line_feed(&line, '\n'), LINE_DONE);
	assert_string_equal(line.text, "");
	line_begin(&line);
	type("abc\033[");
	assert_int_equal(line_feed(&line, 3), LINE_DROPPED);
	line_begin(&line);
	assert_string_equal(terminal_row(1), "plinth> abc^C");
	assert_line("");
}

static void test_history(void **state)
{
	(void)state;
	type(UP);
	assert_int_equal(terminal.bells, 1);
	enter("one");
	enter("two");
	enter("two");
	enter("  ");
	type("draft" UP);
	assert_string_equal(terminal_row(0), "plinth> two");
	type("\020" "\016" DOWN);
	assert_string_equal(terminal_row(0), "plinth> draft");
	type(DOWN UP UP UP UP);
	assert_string_equal(terminal_row(0), "plinth> one");
	type("!");
	assert_line("one!");
	type(UP UP UP);
	assert_line("one");
}

static void test_history_forgets_the_oldest(void **state)
{
	char text[16];

	(void)state;
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "%d", i);
		enter(text);
	}
	for (int i = 0; i < 30; i++)
		type(UP);
	assert_line("4");		/* 4 to 19 are 16 lines */

	for (int i = 0; i < 4; i++) {
		for (int n = 0; n < 505; n++)
			line_feed(&line, (u8)('a' + i));
		enter("");
	}
	for (int i = 0; i < 30; i++)
		type(UP);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_string_equal(line.text, "13");	/* 4 * 506 bytes leave 24: 13 to 19, and 4 */
}

static void test_long_lines_scroll(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++)
		line_feed(&line, (u8)('a' + i % 26));
	assert_int_equal(terminal.row, 0);
	assert_true(terminal.column < TERMINAL_COLUMNS);
	type("\001" "<");
	assert_memory_equal(terminal_row(0), "plinth> <abcdef", 15);
	assert_int_equal(terminal.column, 9);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_int_equal(terminal.row, 3);		/* 209 columns: three rows, and a new one */
	assert_memory_equal(terminal_row(3), "plinth> <abcdef", 15);
	assert_int_equal(strlen(line.text), 201);
}

static void test_full_line_takes_no_more(void **state)
{
	(void)state;
	for (int i = 0; i < 2 * LINE_BYTES; i++)
		line_feed(&line, 'x');
	assert_true(terminal.bells > 0);
	assert_int_equal(type("\r"), LINE_DONE);
	assert_int_equal(strlen(line.text), LINE_BYTES - 1);
}

static void test_completion(void **state)
{
	(void)state;
	type("the r\t");
	assert_string_equal(terminal_row(0), "plinth> the red");
	assert_int_equal(terminal.column, 16);
	type("g\t");
	assert_string_equal(terminal_row(0), "plinth> the red gre");
	assert_int_equal(terminal.bells, 0);
	type("\t");
	assert_int_equal(terminal.bells, 0);
	assert_string_equal(terminal_row(1), "green  grey");
	assert_string_equal(terminal_row(0), "plinth> the red gre");
	type("e\t");
	assert_line("the red green ");
	type("x\t\t");
	assert_int_equal(terminal.bells, 2);
	assert_line("x");
	type("s\t");
	assert_line("soc/");
	type("\t\t");
	assert_string_equal(terminal_row(1), "green  grey   red    soc");
}

static void test_clears_screen(void **state)
{
	(void)state;
	enter("a");
	type("abc" LEFT "\014");
	assert_int_equal(terminal.row, 0);
	assert_string_equal(terminal_row(0), "plinth> abc");
	assert_int_equal(terminal.column, 10);
}

/* ---- Random keys against a model that is an array and a cursor ---- */

static struct {
	char text[LINE_BYTES];
	size_t bytes, cursor;
} model;

static void model_erase(size_t from, size_t to)
{
	memmove(model.text + from, model.text + to, model.bytes - to);
	model.bytes -= to - from;
	model.cursor = from;
}

static void random_key(void)
{
	char c = (char)(' ' + rand() % 95);

	switch (rand() % 16) {
	case 0: type(LEFT); model.cursor -= model.cursor > 0; break;
	case 1: type("\033[1;5C"); model.cursor += model.cursor < model.bytes; break;
	case 2: type("\001"); model.cursor = 0; break;
	case 3: type("\033OF"); model.cursor = model.bytes; break;
	case 4:
		type("\177");
		if (model.cursor)
			model_erase(model.cursor - 1, model.cursor);
		break;
	case 5:
		type("\033[3~");
		if (model.cursor < model.bytes)
			model_erase(model.cursor, model.cursor + 1);
		break;
	case 6:
		if (rand() % 8 == 0) {
			type("\013");
			model.bytes = model.cursor;
		}
		break;
	default:
		for (int n = rand() % 12; n >= 0; n--) {
			line_feed(&line, (u8)c);
			if (model.bytes == LINE_BYTES - 1)
				continue;
			memmove(model.text + model.cursor + 1, model.text + model.cursor,
				model.bytes - model.cursor);
			model.text[model.cursor++] = c;
			model.bytes++;
		}
	}
}

static void test_shows_what_it_holds(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 20000; i++) {
		char expected[TERMINAL_COLUMNS + 1] = "plinth> ";
		const char *shown = terminal_row(0);
		size_t left;

		random_key();
		if (i % 1000 == 0) {
			line_begin(&line);
			type("\033[2J");		/* nothing: not a key */
			terminal_clear();
			line_begin(&line);
			model.bytes = model.cursor = 0;
		}
		assert_int_equal(line.bytes, model.bytes);
		assert_memory_equal(line.text, model.text, model.bytes);
		assert_int_equal(line.cursor, model.cursor);

		shown = terminal_row(0);
		assert_int_equal(terminal.row, 0);
		assert_in_range(terminal.column, 8, TERMINAL_COLUMNS - 1);
		assert_true(terminal.column > 8 || model.cursor == 0);
		left = model.cursor - (terminal.column - 8);
		assert_true(left <= model.bytes);
		snprintf(expected + 8, sizeof(expected) - 8 - 1, "%.*s", (int)(model.bytes - left),
			 model.text + left);
		for (size_t n = strlen(expected); n && expected[n - 1] == ' '; n--)
			expected[n - 1] = 0;
		assert_string_equal(shown, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_inserts_and_moves, setup),
		cmocka_unit_test_setup(test_deletes, setup),
		cmocka_unit_test_setup(test_utf8_is_whole_characters, setup),
		cmocka_unit_test_setup(test_ignores_garbage, setup),
		cmocka_unit_test_setup(test_split_sequences, setup),
		cmocka_unit_test_setup(test_line_ends, setup),
		cmocka_unit_test_setup(test_history, setup),
		cmocka_unit_test_setup(test_history_forgets_the_oldest, setup),
		cmocka_unit_test_setup(test_long_lines_scroll, setup),
		cmocka_unit_test_setup(test_full_line_takes_no_more, setup),
		cmocka_unit_test_setup(test_completion, setup),
		cmocka_unit_test_setup(test_clears_screen, setup),
		cmocka_unit_test_setup(test_shows_what_it_holds, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
