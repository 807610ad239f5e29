/* SPDX-License-Identifier: BSD-2-Clause */
/* System registers, under the name they have at the exception level we run at. */
#pragma once
#include "arch/types.h"

#define REGISTER_READ(name) ({						\
	u64 value_;							\
	__asm__ volatile("mrs %0, " #name : "=r"(value_));		\
	value_;								\
})

#define REGISTER_WRITE(name, value) \
	__asm__ volatile("msr " #name ", %0" : : "r"((u64)(value)) : "memory")

static inline bool at_el2(void)
{
	return REGISTER_READ(CurrentEL) == 2 << 2;
}

#define LEVEL_READ(name) \
	(at_el2() ? REGISTER_READ(name##_el2) : REGISTER_READ(name##_el1))

/* EL2 with a translation regime and register layouts of its own; with E2H they are those of EL1. */
static inline bool el2_plain(void)
{
	return at_el2() && !(REGISTER_READ(hcr_el2) & 1ull << 34);
}

static inline bool mmu_is_on(void)
{
	return LEVEL_READ(sctlr) & 1;
}

/* MPIDR, as the "reg" of a CPU's node in the tree has it: without the bits that are no affinity. */
static inline u64 cpu_affinity(void)
{
	return REGISTER_READ(mpidr_el1) & 0xff00ffffff;
}
