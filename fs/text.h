/* SPDX-License-Identifier: BSD-2-Clause */
/* Names on disks, which are UTF-16 or bytes of a code page, and ours, which are UTF-8. */
#pragma once
#include "arch/types.h"

enum { TEXT_BAD = 0xfffd };

/* The code point at *text, which moves on; TEXT_BAD for bytes that are none. */
u32 utf8_next(const char **text, const char *end);
/* Behind what was put; no 0. */
char *utf8_put(char *to, u32 code);

/*
 * Little-endian @units, up to a 0 or @count of them; @to has 3 * @count + 1 bytes. Control
 * characters and halves of surrogate pairs become TEXT_BAD.
 */
void utf16_text(char *to, const u8 *units, unsigned count);

u32 text_upper(u32 code);		/* of Unicode's first plane: one to one, never to ASCII */
/* Equal but for case. */
bool text_equal(const char *a, size_t a_bytes, const char *b);
