/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of the firmware: RISC-V SBI specification 2.0 ("SBI"). */
#pragma once
#include "arch/types.h"

enum sbi_extension {
	SBI_LEGACY_PUTCHAR	= 0x01,		/* SBI 5 */
	SBI_LEGACY_GETCHAR	= 0x02,
	SBI_LEGACY_SHUTDOWN	= 0x08,
	SBI_BASE		= 0x10,		/* SBI 4 */
	SBI_SYSTEM_RESET	= 0x53525354,	/* SBI 10 */
	SBI_DEBUG_CONSOLE	= 0x4442434e,	/* SBI 12 */
};

enum sbi_base_function {
	SBI_BASE_SPEC_VERSION, SBI_BASE_IMPL_ID, SBI_BASE_IMPL_VERSION, SBI_BASE_PROBE,
	SBI_BASE_MVENDORID, SBI_BASE_MARCHID, SBI_BASE_MIMPID,
};
enum sbi_debug_console_function { SBI_CONSOLE_WRITE, SBI_CONSOLE_READ };
enum { SBI_RESET_SYSTEM = 0 };
enum sbi_reset_type { SBI_SHUTDOWN, SBI_COLD_REBOOT, SBI_WARM_REBOOT };

struct sbi_result {
	s64 error;		/* 0, or a number of SBI 3, table 1; legacy calls: their result */
	u64 value;
};

static inline struct sbi_result sbi_call(u64 extension, u64 function, u64 arg0, u64 arg1, u64 arg2)
{
	register u64 a0 __asm__("a0") = arg0;
	register u64 a1 __asm__("a1") = arg1;
	register u64 a2 __asm__("a2") = arg2;
	register u64 a6 __asm__("a6") = function;
	register u64 a7 __asm__("a7") = extension;

	__asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct sbi_result){ .error = (s64)a0, .value = a1 };
}

/* A value of the base extension; 0 where the firmware has none (SBI 0.1). */
static inline u64 sbi_base(enum sbi_base_function function)
{
	struct sbi_result result = sbi_call(SBI_BASE, function, 0, 0, 0);

	return result.error ? 0 : result.value;
}

static inline bool sbi_probe(enum sbi_extension extension)
{
	struct sbi_result result = sbi_call(SBI_BASE, SBI_BASE_PROBE, extension, 0, 0);

	return !result.error && result.value;
}

/* In early_console.c: text as it is. */
void sbi_debug_console_write(const char *text, size_t bytes);
void sbi_legacy_write(const char *text, size_t bytes);
