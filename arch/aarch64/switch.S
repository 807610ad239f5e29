/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must be done without a data access in between, so it is not C: the MMU off, then on with
 * other tables, or off for good. Instructions go on at the same address: all maps are identities.
 * The text is clean to the point of coherency wherever the image runs, so that fetching works with
 * the MMU off.
 */
#include "arch/aarch64/asm.h"

	.section .head.text, "ax"
	/*
	 * mmu_switch(ttbr, tcr, mair, sctlr): use these from now on. Through "off" even where it
	 * was on: two sets of tables may map one address by blocks of different sizes, and a TLB
	 * that holds both may raise a conflict abort (Arm ARM, D8.14).
	 */
function mmu_switch
	dsb	sy
	branch_el2 1f, x4
	mrs	x4, sctlr_el1
	bic	x4, x4, #SCTLR_M
	msr	sctlr_el1, x4
	isb
	msr	ttbr0_el1, x0
	msr	tcr_el1, x1
	msr	mair_el1, x2
	isb
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el1, x3
	isb
	ret
1:	mrs	x4, sctlr_el2
	bic	x4, x4, #SCTLR_M
	msr	sctlr_el2, x4
	isb
	msr	ttbr0_el2, x0
	msr	tcr_el2, x1
	msr	mair_el2, x2
	isb
	tlbi	alle2
	ic	iallu
	dsb	sy
	isb
	msr	sctlr_el2, x3
	isb
	ret
function_end mmu_switch

	/*
	 * mmu_replace(slot, entry): in live tables. Break before make (Arm ARM, D8.14.1) as a
	 * whole: while the entry is away nothing may need what it maps, and it may map our stack,
	 * or the very table. So the MMU is off meanwhile, and the store goes past the cache: the
	 * line must not be in it.
	 */
function mmu_replace
	dsb	sy
	dc	civac, x0
	dsb	sy
	branch_el2 1f, x2
	mrs	x2, sctlr_el1
	bic	x3, x2, #SCTLR_M
	msr	sctlr_el1, x3
	isb
	str	x1, [x0]
	dsb	sy
	dc	ivac, x0			// fetched again before the MMU was off
	tlbi	vmalle1
	dsb	sy
	isb
	msr	sctlr_el1, x2
	isb
	ret
1:	mrs	x2, sctlr_el2
	bic	x3, x2, #SCTLR_M
	msr	sctlr_el2, x3
	isb
	str	x1, [x0]
	dsb	sy
	dc	ivac, x0
	tlbi	alle2
	dsb	sy
	isb
	msr	sctlr_el2, x2
	isb
	ret
function_end mmu_replace

	/* mmu_leave_to(entry, tree, sctlr): as the Linux boot protocol wants to be entered. */
function mmu_leave_to
	msr	daifset, #0xf
	dsb	sy
	branch_el2 1f, x4
	msr	sctlr_el1, x2
	isb
	tlbi	vmalle1
	b	2f
1:	msr	sctlr_el2, x2
	isb
	tlbi	alle2
	mrs	x4, hcr_el2
	and	x4, x4, #1 << HCR_E2H_SHIFT
	orr	x4, x4, #HCR_RW
	msr	hcr_el2, x4
2:	ic	iallu
	dsb	sy
	isb
	msr	spsel, #1
	mov	x4, x0
	mov	x0, x1
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	br	x4
function_end mmu_leave_to
