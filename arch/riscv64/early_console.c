/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text through the firmware, from the first line of C on. Nothing is remembered between calls:
 * .bss may not be cleared yet. No early UART is written: every SBI has one of the two consoles,
 * and a store to the UART of some other board would only fault.
 */
#include "early.h"
#include "sbi.h"

void sbi_legacy_write(const char *text, size_t bytes)
{
	for (; bytes; bytes--)
		sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)*text++, 0, 0);
}

void sbi_debug_console_write(const char *text, size_t bytes)
{
	while (bytes) {
		struct sbi_result result = sbi_call(SBI_DEBUG_CONSOLE, SBI_CONSOLE_WRITE, bytes,
						    (uintptr_t)text, 0);

		if (result.error || !result.value || result.value > bytes)
			return;
		text += result.value;
		bytes -= result.value;
	}
}

static void put(bool debug_console, const char *text, size_t bytes)
{
	if (debug_console)
		sbi_debug_console_write(text, bytes);
	else
		sbi_legacy_write(text, bytes);
}

void arch_early_write(const char *text, size_t bytes)
{
	bool debug_console = sbi_probe(SBI_DEBUG_CONSOLE);

	while (bytes) {
		size_t line = 0;

		while (line < bytes && text[line] != '\n')
			line++;
		put(debug_console, text, line);
		if (line == bytes)
			return;
		put(debug_console, "\r\n", 2);
		text += line + 1;
		bytes -= line + 1;
	}
}
