/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables in use, and the registers that say so. */
#pragma once
#include "arch/aarch64/asm.h"
#include "arch/pagetable.h"

struct mmu_registers {
	u64 ttbr, tcr, mair, sctlr;
};
_Static_assert(offsetof(struct mmu_registers, mair) == MMU_MAIR, "as entry.S has it");

extern struct mmu_registers mmu_registers;

void mmu_switch(u64 ttbr, u64 tcr, u64 mair, u64 sctlr);
_Noreturn void mmu_leave_to(u64 entry, u64 tree, u64 sctlr);

/* The live ones, filled by early.c at first. */
extern struct pagetable mmu_tables;
void mmu_replace(u64 *slot, u64 entry);	/* pagetable.replace of live tables */
