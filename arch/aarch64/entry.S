/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first instructions: the header that makes the image a Linux Image (Documentation/arch/arm64/
 * booting.rst), and the way from there to C. The boot protocol promises: x0 = device tree, MMU and
 * data cache off, the image as loaded cleaned to the point of coherency, EL2 or EL1.
 */
#include "arch/aarch64/asm.h"

	.section .head.text, "ax"
	.globl	_start
_start:
	b	entry				// code0
	.long	0				// code1
	.quad	0				// text_offset: from a 2 MiB boundary
	.long	image_bytes, 0			// image_size, with bss and stacks
	.quad	1 << 3 | 1 << 1			// little-endian, 4 KiB pages, anywhere in memory
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	/*
	 * Text at x20 to every early UART, then stop. By nothing but registers and distances of at
	 * most 1 MiB, for those who were put where nothing else works. One UART after the other: a
	 * store to one that is not there may be the end.
	 */
	.globl	refuse
refuse:	adr	x2, __start_early_uarts
	adr	x3, __stop_early_uarts
1:	cmp	x2, x3
	b.hs	6f
	ldp	x4, x5, [x2], #16
	mov	x6, x20
2:	ldrb	w1, [x6], #1
	cbz	w1, 1b
	cmp	x5, #1
	b.ne	3f
	strb	w1, [x4]
	b	4f
3:	str	w1, [x4]
4:	mov	x7, #0x40000			// longer than a slow UART takes, in turns of a loop
5:	subs	x7, x7, #1
	b.ne	5b
	b	2b
6:	wfi
	b	6b

say_el3:
	.ascii	"\r\nPlinth: entered at EL3, but made for EL2 or EL1: "
	.asciz	"start it from the firmware (TF-A, U-Boot).\r\n"
say_unaligned:
	.ascii	"\r\nPlinth: loaded at an address that is no multiple of 4096: "
	.asciz	"load it at a multiple of 2 MiB.\r\n"
	.globl	say_no_stack
say_no_stack:
	.ascii	"\r\nPlinth: a fault, and no memory for its report: "
	.asciz	"is there RAM for all of image_size?\r\n"
	.balign	4

entry:
	msr	daifset, #0xf
	mov	x19, x0
	adr	x20, say_unaligned
	adr	x1, _start
	tst	x1, #0xfff			// pages are protected, and adrp counts in pages
	b.ne	refuse
	mrs	x1, CurrentEL
	cmp	x1, #CURRENT_EL3
	b.ne	1f
	adr	x20, say_el3
	address	x1, vectors
	msr	vbar_el3, x1
	isb
	b	refuse
1:

	bl	level_init
	bl	vectors_install
	bl	mmu_leave

	/*
	 * What we write from here on is written uncached. A dirty line of somebody before us could
	 * be written back over it: drop those now. A clean line that was fetched meanwhile would
	 * hide it once the caches are on: dropped again in early_mmu_on.
	 */
	bl	bss_invalidate
	address	x0, bss_start
	address	x1, bss_end
1:	stp	xzr, xzr, [x0], #16		// no dc zva on uncached memory
	cmp	x0, x1
	b.lo	1b

	mrs	x1, cntvct_el0
	mov	x0, x19
	bl	early_prepare
	bl	bss_invalidate
	address	x4, mmu_registers
	ldp	x0, x1, [x4, #MMU_TTBR]		// uncached still; then no access until it is done
	ldp	x2, x3, [x4, #MMU_MAIR]
	bl	mmu_switch
	b	early_start

	/* The copy of the image that arch_move made goes on here, with the MMU on. */
function entry_moved
	bl	vectors_install
	b	early_start_moved
function_end entry_moved

	/* Exceptions to our vectors, on a stack of their own (SP_ELx); we run on SP_EL0. */
function vectors_install
	address	x0, vectors
	branch_el2 1f, x1
	msr	vbar_el1, x0
	b	2f
1:	msr	vbar_el2, x0
2:	isb
	address	x0, trap_stack_top
	msr	spsel, #1
	mov	sp, x0
	address	x0, stack_top
	msr	spsel, #0
	mov	sp, x0
	mov	x29, xzr			// backtraces end here
	address	x0, tls_start			// TLS variant 1: two words before a thread's block
	sub	x0, x0, #16
	msr	tpidr_el0, x0
	ret
function_end vectors_install

	/*
	 * Traps and controls of our own exception level to known values. At EL2 the registers have
	 * another layout while HCR_EL2.E2H is set, and firmware may leave it either way. Cleared,
	 * EL2 is the plain single-range regime. A few CPUs have it stuck at 1 (no FEAT_E2H0): there
	 * EL2 looks like EL1 to whoever programs it, which el2_plain() (registers.h) tells the rest
	 * of the code.
	 */
level_init:
	branch_el2 1f, x0
	mov	x0, #3 << 20			// CPACR: no FP and SIMD traps; libc's mem* use them
	msr	cpacr_el1, x0
	isb
	ret
1:	mov	x0, #HCR_AMO | HCR_IMO | HCR_FMO	// SErrors reach us, interrupts end wfi
	orr	x0, x0, #HCR_RW
	msr	hcr_el2, x0
	isb
	msr	cntvoff_el2, xzr		// virtual time = physical time
	mrs	x1, hcr_el2
	tbnz	x1, #HCR_E2H_SHIFT, 2f
	mov	x0, #0x32ff			// CPTR_EL2: all res1, SVE trapped, FP and SIMD not
	msr	cptr_el2, x0
	isb
	ret
2:	orr	x0, x0, #HCR_TGE
	msr	hcr_el2, x0
	mov	x0, #3 << 20
	msr	cptr_el2, x0
	isb
	ret

	/*
	 * MMU and data cache off. Whoever kept the promise has them off: then this only
	 * gives SCTLR a known value. Who jumps here with them on (U-Boot's `go`) has the image and
	 * the tree's header in the cache, where uncached reads would not see them: x19 = tree.
	 */
mmu_leave:
	branch_el2 1f, x2
	mrs	x0, sctlr_el1
	b	2f
1:	mrs	x0, sctlr_el2
2:	tbnz	x0, #0, 8f			// M
	tbz	x0, #2, 4f			// C
8:	mov	x3, x30
	bl	line_bytes
	address	x0, image_start
	address	x1, image_end
3:	dc	civac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	3b
	mov	x0, x19
	add	x1, x19, #8
	bl	probe_clean
	mov	x0, x1
	bl	probe_clean
	mov	x30, x3
4:	dsb	sy
	branch_el2 5f, x2
	ldr	w0, =SCTLR_RES1_EL1
	msr	sctlr_el1, x0
	b	6f
5:	ldr	w0, =SCTLR_RES1_EL2
	mrs	x1, hcr_el2
	tbz	x1, #HCR_E2H_SHIFT, 7f
	ldr	w0, =SCTLR_RES1_EL1
7:	msr	sctlr_el2, x0
6:	isb
	ic	iallu
	dsb	sy
	isb
	ret

	/* x2 = bytes in the smallest data cache line (CTR_EL0.DminLine: log2 of words). */
line_bytes:
	mrs	x2, ctr_el0
	ubfx	x4, x2, #16, #4
	mov	x2, #4
	lsl	x2, x2, x4
	ret

	/* Drop what caches hold of bss and stacks: pages, so no line is shared. No memory used. */
bss_invalidate:
	mov	x3, x30
	bl	line_bytes
	address	x0, bss_start
	address	x1, image_end
1:	dc	ivac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret	x3
