/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for people: a label, and text beside it that is broken between words. */
#pragma once
#include <stddef.h>

void heading(const char *title);
void say(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* without a label */
void say_wide(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* More behind the text in @to, as far as there is room. */
void append(char *to, size_t bytes, const char *format, ...) __attribute__((format(printf, 3, 4)));
