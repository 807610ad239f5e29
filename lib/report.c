/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "arch/arch.h"
#include "lib/console.h"
#include "lib/log.h"
#include "lib/options.h"
#include "lib/power.h"
#include "lib/report.h"
#include "lib/symbols.h"
#include "lib/time.h"

enum { MAX_LINES = 32, DRAIN_US = 100 * 1000 };

static unsigned depth;

static void say(const char *text, size_t bytes)
{
	if (console_present() && depth < 3)
		console_write(text, bytes);
	else
		arch_early_write(text, bytes);
}

void report_begin(void)
{
	static const char again[] =
		"\nA second fault while the first was being reported. Stopped.\n";

	depth++;
	if (depth == 1) {
		log_show(say);
		return;
	}
	if (depth <= 3)
		say(again, sizeof again - 1);
	arch_stop();
}

void report_arguments(const char *format, va_list arguments)
{
	char text[512];
	int length = vsnprintf(text, sizeof text, format, arguments);

	if (length > (int)sizeof text - 1)
		length = sizeof text - 1;
	if (length > 0)
		say(text, length);
}

void report(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	report_arguments(format, arguments);
	va_end(arguments);
}

void report_place(u64 address)
{
	struct arch_image image;
	size_t offset;
	const char *name = symbol_lookup(address, &offset);
	u64 distance;

	arch_image(&image);
	distance = address - image.text.start;
	if (name)
		report("%s+0x%zx at ", name, offset);
	report("0x%" PRIx64, address);
	if (distance < image.text.bytes)
		report(" (0x%" PRIx64 " in plinth.elf)", (u64)LINK_BASE + distance);
}

static void report_caller(uintptr_t pc, unsigned times)
{
	report("  ");
	report_place(pc);
	if (times > 1)
		report(", %u times", times);
	report("\n");
}

/*
 * A call may be the last instruction of its function (of one that never returns). Its return
 * address is then in the next function, so what is shown is the byte before. A recursion is shown
 * as one line, so that what began it is seen.
 */
void report_backtrace(u64 fp)
{
	struct arch_image image;
	uintptr_t pc = 0, last = 0, frame = fp;
	unsigned lines = 0, times = 0;

	arch_image(&image);
	report("Called from, latest first:\n");
	while (arch_unwind(&pc, &frame, image.stack.start, image.stack.start + image.stack.bytes)) {
		if (times && pc != last) {
			report_caller(last - 1, times);
			times = 0;
			if (++lines == MAX_LINES) {
				report("  and so on\n");
				return;
			}
		}
		last = pc;
		times++;
	}
	if (times)
		report_caller(last - 1, times);
}

_Noreturn void report_end(void)
{
	char word[16];
	const char *end = option("crash", word, sizeof word);

	if (end && strcmp(end, "reset") == 0) {
		report("Resetting, as plinth.crash=reset asks.\n");
		delay_us(DRAIN_US);		/* the UART still sends what it has in its FIFO */
		power(POWER_RESET);
		report("The reset did not work. ");
	}
	report("Stopped.\n");
	arch_stop();
}
