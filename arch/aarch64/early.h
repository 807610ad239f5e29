/* SPDX-License-Identifier: BSD-2-Clause */
/* From entry.S to start(). */
#pragma once
#include "arch/arch.h"
#include "arch/early_text.h"

void early_prepare(u64 tree, u64 ticks);		/* MMU off: fills mmu_registers */
_Noreturn void early_start(void);			/* MMU on */
_Noreturn void early_start_moved(void);

/* arch_move fills that of the new copy. */
extern struct arch_boot early_boot;

/* The last words, for a fault that nobody can handle. */
struct trap_frame;
void early_report(const char *what, const struct trap_frame *frame);

extern char entry_moved[];
