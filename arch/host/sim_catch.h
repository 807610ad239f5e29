/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of arch/host only. */
#pragma once
#include "arch/arch.h"

/* What hardware would not survive; the message gets out and the program, or the test, ends. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A fault at @address: goes to the innermost arch_catch. Returns only if there is none. */
void sim_fault(enum arch_fault_kind kind, u64 address);
