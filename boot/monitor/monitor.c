/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/monitor/monitor.h"
#include "boot/monitor/words.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

enum { CTRL_C = 3 };
static const u64 KEY_TIMEOUT_US = 60 * 1000 * 1000;	/* then again: nobody has to type */

/* What was typed while a command ran, for the next lines. A ring; what does not fit is lost. */
static u8 typed[256];
static u8 typed_in, typed_out;

bool monitor_interrupted(void)
{
	bool interrupted = false;
	int byte;

	while ((byte = console_read()) >= 0) {
		if (byte == CTRL_C) {
			interrupted = true;
			typed_out = typed_in;	/* what came before it is not wanted either */
		} else if ((u8)(typed_in + 1) != typed_out) {
			typed[typed_in++] = (u8)byte;
		}
	}
	return interrupted;
}

static int read_key(u64 timeout_us)
{
	if (typed_out != typed_in)
		return typed[typed_out++];
	return console_wait(timeout_us);
}

/* ---- Running ---- */

/* Whether one insertion, removal or change of a letter, or one swap, makes @a to @b. */
static bool near(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == 0 && *b == 0)
		return true;
	if (a[0] && b[0] && a[0] == b[1] && a[1] == b[0] && strcmp(a + 2, b + 2) == 0)
		return true;
	return (*a && *b && strcmp(a + 1, b + 1) == 0) || (*a && strcmp(a + 1, b) == 0) ||
	       (*b && strcmp(a, b + 1) == 0);
}

const struct command *command_after(const struct command *previous)
{
	const struct command *next = NULL;

	table_for_each(commands, struct command, c)
		if ((!previous || strcmp(c->name, previous->name) > 0) &&
		    (!next || strcmp(c->name, next->name) < 0))
			next = c;
	return next;
}

static bool has_variants(const struct command *c)
{
	return strncmp(c->arguments, "[.", 2) == 0;
}

const struct command *command_find(const char *word)
{
	size_t length = strcspn(word, ".");

	table_for_each(commands, struct command, c)
		if (strncmp(c->name, word, length) == 0 && c->name[length] == 0 &&
		    (word[length] == 0 || has_variants(c)))
			return c;

	console_print("no command '%s'; ", word);
	table_for_each(commands, struct command, c)
		if (near(c->name, word))
			console_print("did you mean '%s'? ", c->name);
	console_print("'help' lists them\n");
	return NULL;
}

void command_usage(const struct command *c)
{
	console_print("usage: %s%s%s\n", c->name, c->arguments[0] && !has_variants(c) ? " " : "",
		      c->arguments);
}

int monitor_run_words(int argc, char **argv)
{
	const struct command *c = command_find(argv[0]);
	int error = c ? c->run(argc, argv) : -ENOENT;

	if (c && error == -EINVAL) {
		command_usage(c);
		if (c->details)
			console_print("'help %s' says more\n", c->name);
	}
	return error;
}

int monitor_run(char *line)
{
	char *argv[WORDS_MAX + 1];
	const char *reason;
	int argc = words_split(line, argv, &reason);

	if (argc < 0)
		console_print("%s\n", reason);
	return argc > 0 ? monitor_run_words(argc, argv) : argc;
}

/* ---- Reading ---- */

void monitor_complete(struct line_completion *c, size_t from)
{
	size_t end;

	from += strspn(c->line + from, " ");
	end = from + strcspn(c->line + from, " ");
	c->word = from;
	if (c->line[end] == 0) {
		for (const struct command *i = command_after(NULL); i; i = command_after(i))
			line_offer(c, i->name, ' ');
		return;
	}
	c->word = strlen(c->line);
	while (c->line[c->word - 1] != ' ')
		c->word--;
	table_for_each(commands, struct command, i)
		if (i->complete && strlen(i->name) == end - from &&
		    strncmp(i->name, c->line + from, end - from) == 0)
			i->complete(c, end);
}

static void complete(struct line_completion *c)
{
	monitor_complete(c, 0);
}

static char *read_line(struct line *l)
{
	line_begin(l);
	for (;;) {
		int byte = read_key(line_in_sequence(l) ? LINE_ESCAPE_TIMEOUT_US : KEY_TIMEOUT_US);

		if (byte < 0) {
			line_give_up_sequence(l);
			continue;
		}
		switch (line_feed(l, (u8)byte)) {
		case LINE_DONE:
			return l->text;
		case LINE_DROPPED:
			line_begin(l);
			break;
		case LINE_EDITING:
			break;
		}
	}
}

_Noreturn void monitor(void)
{
	static const struct line_io io = { .write = console_write, .complete = complete };
	static struct line line;

	line_init(&line, &io, "plinth> ");
	for (;;)
		monitor_run(read_line(&line));
}
