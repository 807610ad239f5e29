/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines and words of configuration files, as people and tools really write them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

void text_clean(char *text)
{
	for (; *text; text++)
		if (iscntrl((u8)*text) && !blank(*text) && *text != '\n')
			*text = '?';
}

char *scan_line(struct boot_scan *s, char **text)
{
	while (**text) {
		char *line = *text, *end = line + strcspn(line, "\n");

		*text = *end ? end + 1 : end;
		*end = '\0';
		s->line++;
		while (end > line && blank(end[-1]))
			*--end = '\0';
		while (blank(*line))
			line++;
		if (*line && *line != '#')
			return line;
	}
	s->line = 0;
	return NULL;
}

char *line_word(char *line, char **rest)
{
	char *end = line;

	while (*end && !blank(*end))
		end++;
	if (*end)
		*end++ = '\0';
	while (blank(*end))
		end++;
	*rest = end;
	return line;
}

s64 line_timeout(const char *text, unsigned unit_ms)
{
	enum { HOUR_MS = 3600 * 1000 };
	char *end;
	long count = strtol(text, &end, 10);

	if (end == text || count < 0)
		return BOOT_NO_TIMEOUT;
	return count < HOUR_MS / (long)unit_ms ? count * (long)unit_ms : HOUR_MS;
}

char *line_unquote(char *text)
{
	size_t length = strlen(text);

	if (length < 2 || (*text != '"' && *text != '\'') || text[length - 1] != *text)
		return text;
	text[length - 1] = '\0';
	return text + 1;
}

/* Does [...] at *pattern hold @c? *pattern then is behind it. An unclosed one is a plain '['. */
static bool in_set(const char **pattern, int c)
{
	const char *p = *pattern + 1;
	bool not = *p == '!' || *p == '^', found = false;

	p += not;
	do {
		int low = tolower((u8)*p), high = low;

		if (!*p) {
			++*pattern;
			return c == '[';
		}
		if (p[1] == '-' && p[2] && p[2] != ']') {
			high = tolower((u8)p[2]);
			p += 2;
		}
		found |= c >= low && c <= high;
	} while (*++p != ']');
	*pattern = p + 1;
	return found != not;
}

/* Only the last star is ever gone back to: that suffices, and takes no longer than the product. */
bool pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *star_text = NULL;

	while (*text) {
		const char *p = pattern;
		int c = tolower((u8)*text);
		bool one;

		if (*p == '*') {
			star = ++pattern;
			star_text = text;
			continue;
		}
		if (*p == '[')
			one = in_set(&p, c);
		else
			one = *p == '?' || (*p && tolower((u8)*p) == c), p += *p != '\0';
		if (one) {
			pattern = p;
			text++;
		} else if (star) {
			pattern = star;
			text = ++star_text;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool in_version(char c)
{
	return isalnum((u8)c) || (c && strchr("~-^.", c));
}

/* Where one of both has @c in this place: which is newer; 0: both, or neither. */
static int mark(const char *a, const char *b, char c, int of_a)
{
	return (*a == c) == (*b == c) ? 0 : *a == c ? of_a : -of_a;
}

static int compare_numbers(const char **a, const char **b)
{
	size_t digits_a, digits_b;
	int order;

	while (**a == '0')
		++*a;
	while (**b == '0')
		++*b;
	digits_a = strspn(*a, "0123456789");
	digits_b = strspn(*b, "0123456789");
	order = digits_a != digits_b ? (digits_a < digits_b ? -1 : 1) : memcmp(*a, *b, digits_a);
	*a += digits_a;
	*b += digits_b;
	return order;
}

static size_t letters(const char *s)
{
	size_t n = 0;

	while (isalpha((u8)s[n]))
		n++;
	return n;
}

static int compare_letters(const char **a, const char **b)
{
	size_t n_a = letters(*a), n_b = letters(*b);
	int order = strncmp(*a, *b, n_a < n_b ? n_a : n_b);

	if (!order)
		order = n_a < n_b ? -1 : n_a > n_b;
	*a += n_a;
	*b += n_b;
	return order;
}

/* UAPI.10: '~' is before everything, even the end; then '-', '^' and '.'; numbers beat letters. */
int version_compare(const char *a, const char *b)
{
	int order = 0;

	if (!a || !b)
		return !!a - !!b;
	while (!order) {
		while (*a && !in_version(*a))
			a++;
		while (*b && !in_version(*b))
			b++;
		if ((order = mark(a, b, '~', -1)))
			break;
		if (!*a || !*b)
			return !!*a - !!*b;
		if ((order = mark(a, b, '-', -1)) || (order = mark(a, b, '^', -1)) ||
		    (order = mark(a, b, '.', -1)))
			break;
		if (*a == *b && strchr("~-^.", *a))
			a++, b++;
		else if (isdigit((u8)*a) || isdigit((u8)*b))
			order = !isdigit((u8)*a) ? -1 : !isdigit((u8)*b) ? 1
				: compare_numbers(&a, &b);
		else
			order = compare_letters(&a, &b);
	}
	return order;
}
