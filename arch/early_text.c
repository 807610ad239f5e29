/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/early_text.h"
#include "arch/arch.h"

void early_text(const char *text)
{
	size_t bytes = 0;

	while (text[bytes])
		bytes++;
	arch_early_write(text, bytes);
}

void early_hex(u64 value)
{
	char digits[2 + 16] = { '0', 'x' };

	for (unsigned i = 0; i < 16; i++) {
		unsigned digit = value >> (60 - 4 * i) & 15;

		digits[2 + i] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
	}
	arch_early_write(digits, sizeof(digits));
}
