/* SPDX-License-Identifier: BSD-2-Clause */
/* How RISC-V spells a page table entry (Priv 4.3 to 4.5, Svpbmt 5). Pure: builds anywhere. */
#pragma once
#include "arch/pagetable.h"

extern const struct pagetable_format riscv64_format;

/* Where the memory type of a page comes from. */
enum riscv64_memory_types {
	MEMORY_TYPES_PMA,	/* its physical address alone: there is no ARCH_MAP_UNCACHED */
	MEMORY_TYPES_SVPBMT,	/* the entry may say something else than the physical address */
	MEMORY_TYPES_THEAD,	/* the entry alone: C9xx cores with sxstatus.MAEE, before Svpbmt */
};
void riscv64_memory_types_use(enum riscv64_memory_types types);	/* in entries made from now on */
enum riscv64_memory_types riscv64_memory_types(void);
