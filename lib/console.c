/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/time.h"

static const struct console_ops *console;
static void *console_state;

void console_set(const struct console_ops *ops, void *state)
{
	console = ops;
	console_state = state;
	log_show(console_write);
}

bool console_present(void)
{
	return console;
}

const char *console_name(void)
{
	return console ? console->name : NULL;
}

void console_write(const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (console && text < end) {
		const char *newline = memchr(text, '\n', end - text);

		if (newline != text)
			console->write(console_state, text, (newline ? newline : end) - text);
		if (!newline)
			break;
		console->write(console_state, "\r\n", 2);
		text = newline + 1;
	}
}

void console_print(const char *format, ...)
{
	char small[256], *text = small;
	size_t size = sizeof small;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(small, sizeof small, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if ((size_t)length >= size && (text = malloc((size_t)length + 1))) {
		size = (size_t)length + 1;
		va_start(arguments, format);
		vsnprintf(text, size, format, arguments);
		va_end(arguments);
	}
	if (text) {
		console_write(text, length);
	} else {
		console_write(small, sizeof small - 1);
		console_write("...", 3);
	}
	if (text != small)
		free(text);
}

int console_read(void)
{
	return console ? console->read(console_state) : -EAGAIN;
}

int console_wait(u64 timeout_us)
{
	int byte;

	return poll_until((byte = console_read()) >= 0, timeout_us) ? -ETIMEDOUT : byte;
}
