/* SPDX-License-Identifier: BSD-2-Clause */
/* Words in /chosen/bootargs, parted and quoted as the Linux kernel does (its lib/cmdline.c). */
#include "lib/options.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"

#include <string.h>

enum { WORD_SHOWN = 40 };

static const char prefix[] = "plinth.";

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word from @at on, and its length: up to a space outside of double quotes. NULL: none. */
static const char *next_word(const char *at, size_t *bytes)
{
	bool quoted = false;

	while (is_space(*at))
		at++;
	for (*bytes = 0; at[*bytes] && (quoted || !is_space(at[*bytes])); ++*bytes)
		quoted ^= at[*bytes] == '"';
	return *bytes ? at : NULL;
}

/* Behind the prefix of a word that is ours, with the quote that may begin it; NULL: not ours. */
static const char *ours(const char *word, size_t bytes)
{
	size_t quote = bytes && *word == '"', length = sizeof prefix - 1;

	if (bytes < quote + length || strncmp(word + quote, prefix, length))
		return NULL;
	return word + quote + length;
}

/* Where the value of option @name begins in a word that is ours; NULL: it is another option. */
static const char *value_of(const char *at, const char *end, const char *name)
{
	size_t length = strlen(name);

	if ((size_t)(end - at) < length || strncmp(at, name, length))
		return NULL;
	at += length;
	if (at == end || (*at == '"' && at + 1 == end))
		return end;
	return *at == '=' ? at + 1 : NULL;
}

const char *option(const char *name, char *to, size_t bytes)
{
	const char *word = dt_string(dt_path("/chosen"), "bootargs"), *found = NULL;
	size_t length, found_bytes = 0;

	for (; word && (word = next_word(word, &length)); word += length) {
		const char *end = word + length, *at = ours(word, length);
		const char *value = at ? value_of(at, end, name) : NULL;

		if (!value)
			continue;
		/* name="a b" or "name=a b" */
		if (value < end && (*value == '"' || *word == '"')) {
			value += *value == '"';
			end -= end > value && end[-1] == '"';
		}
		found = value;
		found_bytes = (size_t)(end - value);
	}
	if (found && found_bytes >= bytes) {
		log_warning("/chosen/bootargs: %s%s has a value longer than %zu characters and"
			    " is ignored", prefix, name, bytes - 1);
		return NULL;
	}
	if (!found)
		return NULL;
	memcpy(to, found, found_bytes);
	to[found_bytes] = 0;
	return to;
}

size_t options_check(const char *const *names, size_t count)
{
	const char *word = dt_string(dt_path("/chosen"), "bootargs");
	size_t length, unknown = 0;

	for (; word && (word = next_word(word, &length)); word += length) {
		const char *at = ours(word, length);
		size_t i = 0;

		while (at && i < count && !value_of(at, word + length, names[i]))
			i++;
		if (!at || i < count)
			continue;
		unknown++;
		log_warning("/chosen/bootargs: there is no option %.*s",
			    length < WORD_SHOWN ? (int)length : WORD_SHOWN, word);
	}
	return unknown;
}

int options_strip(const char *bootargs, char *to, size_t bytes)
{
	const char *word = bootargs;
	size_t length, used = 0;

	for (; (word = next_word(word, &length)); word += length) {
		if (ours(word, length))
			continue;
		if (length + (used > 0) >= bytes - used)
			return -ENOSPC;
		if (used)
			to[used++] = ' ';
		memmove(to + used, word, length);
		used += length;
	}
	if (!bytes)
		return -ENOSPC;
	to[used] = 0;
	return 0;
}
