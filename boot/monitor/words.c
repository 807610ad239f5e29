/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/monitor/words.h"
#include "lib/console.h"
#include "lib/errors.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

int words_split(char *line, char *argv[static WORDS_MAX + 1], const char **reason)
{
	int argc = 0;
	char *to = line;		/* never ahead of line: quoting only removes characters */

	for (;;) {
		char quote = 0;

		while (blank(*line))
			line++;
		if (*line == 0 || *line == '#')
			break;
		if (argc == WORDS_MAX) {
			*reason = "too many words";
			return -EINVAL;
		}
		argv[argc++] = to;
		for (; *line && (quote || !blank(*line)); line++) {
			if (*line == quote) {
				quote = 0;
			} else if (!quote && (*line == '"' || *line == '\'')) {
				quote = *line;
			} else {
				if (*line == '\\' && quote != '\'' && line[1])
					line++;
				*to++ = *line;
			}
		}
		if (quote) {
			*reason = quote == '"' ? "a \" is missing" : "a ' is missing";
			return -EINVAL;
		}
		if (*line)
			line++;
		*to++ = 0;
	}
	argv[argc] = NULL;
	return argc;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int refuse(const char *word, const char *problem)
{
	console_print("'%s' %s\n", word, problem);
	return -EINVAL;
}

/* The digits at the beginning of @word; *end is what follows. */
static int parse(const char *word, u64 *value, const char **end)
{
	static const char no_prefix[] = "is not a number (hexadecimal begins with 0x)";
	const char *at = word;
	int base = 10;

	if (at[0] == '0' && (at[1] | 0x20) == 'x') {
		base = 16;
		at += 2;
	}
	if (digit_value(*at) >= base)
		return refuse(word, digit_value(*at) < 16 ? no_prefix : "is not a number");
	for (*value = 0; digit_value(*at) < base; at++)
		if (__builtin_mul_overflow(*value, (u64)base, value) ||
		    __builtin_add_overflow(*value, (u64)digit_value(*at), value))
			return refuse(word, "does not fit 64 bits");
	if (digit_value(*at) < 16)
		return refuse(word, no_prefix);
	*end = at;
	return 0;
}

int number_parse(const char *word, u64 *value)
{
	const char *end;
	int error = parse(word, value, &end);

	if (!error && *end)
		error = refuse(word, "is not a number");
	return error;
}

int number_parse_size(const char *word, u64 *value)
{
	const char *end;
	int error = parse(word, value, &end);
	unsigned shift = 0;

	if (error)
		return error;
	switch (*end) {
	case 'k': case 'K': shift = 10; break;
	case 'm': case 'M': shift = 20; break;
	case 'g': case 'G': shift = 30; break;
	}
	if (shift)
		end++;
	if (*end)
		return refuse(word, "is not a size (123, 0x1000, 4k, 16M, 1G)");
	if (*value > UINT64_MAX >> shift)
		return refuse(word, "does not fit 64 bits");
	*value <<= shift;
	return 0;
}
