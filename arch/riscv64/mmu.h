/* SPDX-License-Identifier: BSD-2-Clause */
/* The live page tables of the running image. */
#pragma once
#include "arch/pagetable.h"

extern struct pagetable mmu_tables;

/* Virtual address = physical address below this: the lower half of what the mode spans. */
static inline u64 mmu_reach(void)
{
	return 1ull << (12 + 9 * mmu_tables.levels - 1);
}

/* Live from here on. false: the hart has no mode with this many levels, and nothing changed. */
bool mmu_use(const struct pagetable *tables);

const char *mmu_mode(void);		/* "Sv39", "Sv57, Svpbmt" */

/* The CPU says Svpbmt: use it if the firmware lets us. */
void mmu_try_svpbmt(void);
