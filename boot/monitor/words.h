/* SPDX-License-Identifier: BSD-2-Clause */
/* What a line of the monitor is made of: words and numbers. */
#pragma once
#include "arch/types.h"
#include "lib/size.h"

enum { WORDS_MAX = 32 };

/*
 * Split @line, in place, at blanks. 'text' and "text" keep blanks; a backslash keeps the next
 * character, except between single quotes. # at the beginning of a word begins a comment. The
 * count, argv[count] being NULL; or -EINVAL with *reason in words.
 */
int words_split(char *line, char *argv[static WORDS_MAX + 1], const char **reason);

/*
 * 123, 0x1f. 0, or -EINVAL after a line on the console that names the word and what is wrong
 * with it. number_parse_size takes k, M, G behind the number too (1024 and so on).
 */
int number_parse(const char *word, u64 *value);
int number_parse_size(const char *word, u64 *value);
