/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How panic and trap speak while something is badly wrong: to the console if there is one, to
 * arch_early_write if there is none. A second fault on the way shortens what is said, a third
 * one leaves the console alone, and a fourth one stops silently.
 */
#pragma once
#include <stdarg.h>
#include "arch/types.h"

void report_begin(void);	/* with the log lines that nobody saw yet */
/* cut at 511 bytes */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
void report_arguments(const char *format, va_list arguments) __attribute__((format(printf, 1, 0)));

/* "dt_parent+0x1c at 0x9ff01234 (0x80201234 in plinth.elf)", the last being what debuggers know. */
void report_place(u64 address);

/* The calls that led to the function whose frame is at @fp, its caller first. */
void report_backtrace(u64 fp);

/* Stop, or reset if plinth.crash=reset says so. */
_Noreturn void report_end(void);
