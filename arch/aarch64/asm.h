/* SPDX-License-Identifier: BSD-2-Clause */
/* What the assembly files share with each other and with C: offsets, register bits. */
#pragma once

/* struct trap_frame (trap.h) */
#define FRAME_LR	(30 * 8)
#define FRAME_SP	(31 * 8)
#define FRAME_PC	(32 * 8)
#define FRAME_PSTATE	(33 * 8)
#define FRAME_ESR	(34 * 8)
#define FRAME_FAR	(35 * 8)
#define FRAME_BYTES	(36 * 8)

/* struct mmu_registers (mmu.h) */
#define MMU_TTBR	0
#define MMU_TCR		8
#define MMU_MAIR	16
#define MMU_SCTLR	24

#define CURRENT_EL2	(2 << 2)
#define CURRENT_EL3	(3 << 2)

#define SCTLR_M		(1 << 0)	/* MMU */
#define SCTLR_C		(1 << 2)	/* data and unified caches */
#define SCTLR_SA	(1 << 3)	/* check that the stack pointer is aligned */
#define SCTLR_I		(1 << 12)	/* instruction caches */
#define SCTLR_RES1_EL1	0x30d00800	/* and where E2H is set, at EL2 too */
#define SCTLR_RES1_EL2	0x30c50830

#define HCR_FMO		(1 << 3)
#define HCR_IMO		(1 << 4)
#define HCR_AMO		(1 << 5)
#define HCR_TGE		(1 << 27)
#define HCR_RW		(1 << 31)
#define HCR_E2H_SHIFT	34

#ifdef __ASSEMBLY__
	/* Jump to \label if we run at EL2, where the system registers have names of their own. */
	.macro	branch_el2 label, scratch
	mrs	\scratch, CurrentEL
	cmp	\scratch, #CURRENT_EL2
	b.eq	\label
	.endm

	/* \to = the address of something in the image. */
	.macro	address to, symbol
	adrp	\to, \symbol
	add	\to, \to, :lo12:\symbol
	.endm

	.macro	function name
	.globl	\name
	.type	\name, %function
\name:
	.endm

	.macro	function_end name
	.size	\name, . - \name
	.endm
#endif
