/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "tools/port-check/words.h"

enum { LABEL_COLUMNS = 14, COLUMNS = 100, TEXT_BYTES = 2048 };

void heading(const char *title)
{
	printf("\n%s\n", title);
}

/* A word that is longer than the line gets a line of its own. */
static void wrap(const char *text, int indent)
{
	int at = indent;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (at > indent && at + 1 + length > COLUMNS) {
			printf("\n%*s", indent, "");
			at = indent;
		} else if (at > indent) {
			putchar(' ');
			at++;
		}
		printf("%.*s", length, text);
		at += length;
		text += length + (text[length] == ' ');
	}
	putchar('\n');
}

static void wrap_arguments(int indent, const char *format, va_list arguments)
{
	char text[TEXT_BYTES];

	vsnprintf(text, sizeof(text), format, arguments);
	wrap(text, indent);
}

void say(const char *label, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("  %-*s", LABEL_COLUMNS - 2, label);
	wrap_arguments(LABEL_COLUMNS, format, arguments);
	va_end(arguments);
}

void say_wide(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	printf("  ");
	wrap_arguments(2, format, arguments);
	va_end(arguments);
}

void append(char *to, size_t bytes, const char *format, ...)
{
	size_t length = strlen(to);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(to + length, bytes - length, format, arguments);
	va_end(arguments);
}
