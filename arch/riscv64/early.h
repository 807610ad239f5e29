/* SPDX-License-Identifier: BSD-2-Clause */
/* From the first instructions to start(): what entry.S calls, with the MMU off. */
#pragma once
#include "arch/arch.h"
#include "arch/early_text.h"

enum { TREE_MAX_BYTES = 2 << 20 };	/* larger: not believed */

_Noreturn void early_start(u64 hart, u64 tree, u64 start_ticks);
_Noreturn void early_start_moved(const struct arch_boot *boot);
_Noreturn void early_trap(u64 cause, u64 pc, u64 address);
_Noreturn void early_trap_report(const char *what, u64 cause, u64 pc, u64 address);

/* In entry.S. */
bool early_load(u64 address, u32 *value);
void entry_moved(void);
_Noreturn void move_enter(const struct arch_boot *boot, u64 entry_moved);
_Noreturn void next_enter(u64 entry, u64 hart, u64 tree);
