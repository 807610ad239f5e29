/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions, with the MMU off and on, at EL1 and EL2. We run on SP_EL0, so they arrive on SP_ELx:
 * the trap stack. One that arrives from SP_ELx is a fault in the report of a fault.
 */
#include "arch/aarch64/asm.h"

	.section .head.text, "ax"		// beside the entry code, which fills the alignment
	.macro	from_stack kind
	.balign	128
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp]
	mov	x0, #\kind
	mrs	x1, sp_el0
	b	exception
	.endm

	/* The trap stack may be what is wrong: without room on it, begin anew at its top. */
	.macro	from_trap_stack kind
	.balign	128
	msr	tpidr_el1, x0			// a scratch register here: nobody keeps data in it
	mrs	x0, CurrentEL
	cmp	x0, #CURRENT_EL3
	b.eq	at_el3
	msr	tpidrro_el0, x1			// another one
	cmp	x0, #CURRENT_EL2
	mrs	x0, elr_el1
	b.ne	2f
	mrs	x0, elr_el2
2:	adr	x1, vectors
	sub	x0, x0, x1
	cmp	x0, #VECTORS_BYTES		// our push has faulted: the stack is no memory
	b.lo	no_stack
	mrs	x1, tpidrro_el0
	address	x0, trap_stack + 2048
	cmp	sp, x0
	address	x0, trap_stack_top
	b.hs	1f
	mov	sp, x0
1:	mrs	x0, tpidr_el1
	sub	sp, sp, #FRAME_BYTES
	stp	x0, x1, [sp]
	mov	x0, #\kind
	add	x1, sp, #FRAME_BYTES
	b	exception
	.endm

	.set	VECTORS_BYTES, 8 * 128
	.balign	2048
	.globl	vectors
vectors:
	from_stack 0				// synchronous
	from_stack 1				// IRQ
	from_stack 2				// FIQ
	from_stack 3				// SError
	from_trap_stack 0
	from_trap_stack 1
	from_trap_stack 2
	from_trap_stack 3
						// lower levels: there are none

no_stack:
	adr	x20, say_no_stack
	b	refuse

	/* EL3 only says it is the wrong place, to UARTs that may be absent: go on behind. */
at_el3:	mrs	x0, elr_el3
	add	x0, x0, #4
	msr	elr_el3, x0
	mrs	x0, tpidr_el1
	eret

	/* x0 = kind, x1 = sp of the interrupted code; x0 and x1 are in the frame. */
exception:
	stp	x2, x3, [sp, #2 * 8]
	stp	x4, x5, [sp, #4 * 8]
	stp	x6, x7, [sp, #6 * 8]
	stp	x8, x9, [sp, #8 * 8]
	stp	x10, x11, [sp, #10 * 8]
	stp	x12, x13, [sp, #12 * 8]
	stp	x14, x15, [sp, #14 * 8]
	stp	x16, x17, [sp, #16 * 8]
	stp	x18, x19, [sp, #18 * 8]
	stp	x20, x21, [sp, #20 * 8]
	stp	x22, x23, [sp, #22 * 8]
	stp	x24, x25, [sp, #24 * 8]
	stp	x26, x27, [sp, #26 * 8]
	stp	x28, x29, [sp, #28 * 8]
	stp	x30, x1, [sp, #FRAME_LR]
	branch_el2 1f, x2
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	mrs	x4, esr_el1
	mrs	x5, far_el1
	mrs	x6, sctlr_el1
	b	2f
1:	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	mrs	x4, esr_el2
	mrs	x5, far_el2
	mrs	x6, sctlr_el2
2:	stp	x2, x3, [sp, #FRAME_PC]
	stp	x4, x5, [sp, #FRAME_ESR]
	cbnz	x0, 3f				// asynchronous: says nothing about this instruction
	address	x7, probe_start
	cmp	x2, x7
	b.lo	3f
	address	x7, probe_end
	cmp	x2, x7
	b.hs	3f
	add	x2, x2, #4			// an access made to find out: go on behind it
	str	x2, [sp, #FRAME_PC]
	b	4f
3:	mov	x1, sp
	tbnz	x6, #0, 5f			// MMU on
	b	early_fault
5:	bl	exception_handle

4:	ldp	x2, x3, [sp, #FRAME_PC]
	branch_el2 6f, x4
	msr	elr_el1, x2
	msr	spsr_el1, x3
	b	7f
6:	msr	elr_el2, x2
	msr	spsr_el2, x3
7:	ldp	x0, x1, [sp]
	ldp	x2, x3, [sp, #2 * 8]
	ldp	x4, x5, [sp, #4 * 8]
	ldp	x6, x7, [sp, #6 * 8]
	ldp	x8, x9, [sp, #8 * 8]
	ldp	x10, x11, [sp, #10 * 8]
	ldp	x12, x13, [sp, #12 * 8]
	ldp	x14, x15, [sp, #14 * 8]
	ldp	x16, x17, [sp, #16 * 8]
	ldp	x18, x19, [sp, #18 * 8]
	ldp	x20, x21, [sp, #20 * 8]
	ldp	x22, x23, [sp, #22 * 8]
	ldp	x24, x25, [sp, #24 * 8]
	ldp	x26, x27, [sp, #26 * 8]
	ldp	x28, x29, [sp, #28 * 8]
	ldr	x30, [sp, #FRAME_LR]
	add	sp, sp, #FRAME_BYTES
	eret

	/* Single accesses that may fault: then nothing happens, and a load gives @otherwise. */
probe_start:
function probe_load8			// u32 probe_load8(u64 address, u32 otherwise)
	ldrb	w1, [x0]
	mov	w0, w1
	ret
function_end probe_load8
function probe_store8				// void probe_store8(u64 address, u32 value)
	strb	w1, [x0]
	ret
function_end probe_store8
function probe_store16
	strh	w1, [x0]
	ret
function_end probe_store16
function probe_store32
	str	w1, [x0]
	ret
function_end probe_store32
function probe_clean				// to the point of coherency; changes no register
	dc	cvac, x0
	ret
function_end probe_clean
probe_end:

	/*
	 * int catch_call(struct catch *, void (*function)(void *), void *argument): 0, or 1 when
	 * catch_resume was made to go on in its stead. Data aborts may arrive late, as SErrors: the
	 * barriers keep those of others out, and those of the function in.
	 */
function catch_call
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
	stp	x19, x20, [x0]
	stp	x21, x22, [x0, #2 * 8]
	stp	x23, x24, [x0, #4 * 8]
	stp	x25, x26, [x0, #6 * 8]
	stp	x27, x28, [x0, #8 * 8]
	mrs	x3, spsel
	stp	x29, x3, [x0, #10 * 8]
	dsb	sy
	isb
	mov	x0, x2
	blr	x1
	dsb	sy
	isb
	mov	w0, #0
	ldp	x29, x30, [sp], #16
	ret
	/* Gone to by eret, on the stack and with catch_call's interrupt masks: x0 = its catch. */
	.globl	catch_resume
catch_resume:
	ldp	x19, x20, [x0]
	ldp	x21, x22, [x0, #2 * 8]
	ldp	x23, x24, [x0, #4 * 8]
	ldp	x25, x26, [x0, #6 * 8]
	ldp	x27, x28, [x0, #8 * 8]
	ldr	x29, [x0, #10 * 8]
	mov	sp, x29
	mov	w0, #1
	ldp	x29, x30, [sp], #16
	ret
function_end catch_call
