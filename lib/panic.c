/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include "arch/types.h"
#include "lib/assert.h"
#include "lib/log.h"
#include "lib/report.h"

_Noreturn void panic(const char *format, ...)
{
	va_list arguments;

	report_begin();
	report("\nPlinth cannot go on.\n");
	va_start(arguments, format);
	report_arguments(format, arguments);
	va_end(arguments);
	report("\n");
	report_backtrace((uintptr_t)__builtin_frame_address(0));
	report_end();
}

_Noreturn void assert_failed(const char *expression, const char *file, int line)
{
	panic("This does not hold, and must: %s\nin %s, line %d", expression, file, line);
}
