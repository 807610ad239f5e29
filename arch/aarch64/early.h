/* SPDX-License-Identifier: BSD-2-Clause */
/* From entry.S to start(). */
#pragma once
#include "arch/arch.h"

void early_prepare(u64 tree, u64 ticks);		/* MMU off: fills mmu_registers */
_Noreturn void early_start(void);			/* MMU on */
_Noreturn void early_start_moved(void);

/* arch_move fills that of the new copy. */
extern struct arch_boot early_boot;

void early_text(const char *text);
void early_hex(u64 value);

extern char entry_moved[];
