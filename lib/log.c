/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/time.h"

/*
 * The ring holds whole records, one behind the other: a head, then the text. Positions count
 * bytes from the first record ever and are reduced when used, so that comparing them is simple.
 */
enum { RING_BYTES = 16 * 1024 };
static char ring[RING_BYTES];
static u64 oldest, newest;		/* first byte of the oldest record; behind the newest */
static u64 unseen;			/* first byte of the oldest record that nobody was shown */
static unsigned lost;			/* records overwritten before they were shown */

struct head {
	u64 time_us;
	u8 level;
	u8 bytes;			/* of the text */
};
_Static_assert(LOG_LINE_BYTES - 1 <= UINT8_MAX, "a length fits into its byte");

static const char *const level_names[] = { "error", "warning", "info", "debug" };
enum { LEVELS = sizeof level_names / sizeof level_names[0] };
static enum log_level shown_level = LOG_INFO;

static void ring_put(const void *from, size_t bytes)
{
	for (const char *c = from; bytes--; c++)
		ring[newest++ % RING_BYTES] = *c;
}

static u64 ring_get(u64 position, void *to, size_t bytes)
{
	for (char *c = to; bytes--; c++)
		*c = ring[position++ % RING_BYTES];
	return position;
}

/* The record at @position; the result is where the next one begins. */
static u64 record_get(u64 position, struct head *head, char text[LOG_LINE_BYTES])
{
	position = ring_get(position, head, sizeof *head);
	position = ring_get(position, text, head->bytes);
	text[head->bytes] = '\0';
	return position;
}

static void drop_oldest(void)
{
	struct head head;
	bool seen = oldest != unseen;

	ring_get(oldest, &head, sizeof head);
	oldest += sizeof head + head.bytes;
	if (!seen) {
		unseen = oldest;
		lost++;
	}
}

static void append(enum log_level level, const char *text, size_t bytes)
{
	struct head head = { time_us(), level, bytes };

	while (newest - oldest + sizeof head + bytes > RING_BYTES)
		drop_oldest();
	ring_put(&head, sizeof head);
	ring_put(text, bytes);
}

/* Text may quote a device tree or a disk: nothing in it may move the cursor or end the line. */
static size_t tidy(char *text, size_t bytes)
{
	while (bytes && text[bytes - 1] == '\n')
		bytes--;
	for (size_t i = 0; i < bytes; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			text[i] = text[i] == '\t' ? ' ' : '?';
	return bytes;
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if (length > LOG_LINE_BYTES - 1)
		length = LOG_LINE_BYTES - 1;
	append(level, text, tidy(text, length));
	if (console_present())
		log_show(console_write);
}

void log_show(void (*write)(const char *text, size_t bytes))
{
	struct head head;
	char text[LOG_LINE_BYTES], line[LOG_LINE_BYTES + 16];
	int length;

	if (lost) {
		length = snprintf(line, sizeof line, "(%u older lines are lost)\n", lost);
		lost = 0;
		write(line, length);
	}
	/* @write may log a line itself: so each counts as shown before it is written. */
	while (unseen != newest) {
		unseen = record_get(unseen, &head, text);
		if (head.level > shown_level)
			continue;
		length = snprintf(line, sizeof line, "%s%s%s\n",
				  head.level <= LOG_WARNING ? level_names[head.level] : "",
				  head.level <= LOG_WARNING ? ": " : "", text);
		write(line, length);
	}
}

void log_walk(void (*each)(void *context, enum log_level level, u64 time_us, const char *text),
	      void *context)
{
	u64 end = newest;
	struct head head;
	char text[LOG_LINE_BYTES];

	/* @each may log, which may overwrite what is to come: go on with the oldest then. */
	for (u64 at = oldest; at < end;) {
		at = record_get(at, &head, text);
		each(context, head.level, head.time_us, text);
		if (at < oldest)
			at = oldest;
	}
}

void log_set_level(enum log_level shown)
{
	shown_level = shown;
}

enum log_level log_get_level(void)
{
	return shown_level;
}

const char *log_level_name(enum log_level level)
{
	return level_names[level];
}

int log_level_parse(const char *word, enum log_level *level)
{
	for (unsigned i = 0; i < LEVELS; i++) {
		if (strcmp(word, level_names[i]) == 0) {
			*level = i;
			return 0;
		}
	}
	return -EINVAL;
}
