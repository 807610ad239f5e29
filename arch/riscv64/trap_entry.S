/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traps, on a stack of their own. sscratch holds the top of that stack, and 0 while a trap is
 * being handled: then the handler itself has faulted, and its frame goes below what it was using.
 */
#include "trap.h"

	.macro	each_register what
	.irp	n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, \
		21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	\what	x\n, (\n - 1) * 8(sp)
	.endr
	.endm

	.text
	.balign	4
	.globl	trap_vector
	.type	trap_vector, @function
trap_vector:
	csrrw	sp, sscratch, sp
	bnez	sp, 1f
	csrr	sp, sscratch
	lla	tp, trap_stack + TRAP_STACK_RESERVE
	bltu	sp, tp, 2f
	lla	tp, trap_stack_top
	bltu	tp, sp, 2f
	andi	sp, sp, -16
	j	1f
2:	lla	sp, trap_stack_top		/* no stack any more: begin again at its top */
1:	addi	sp, sp, -TRAP_FRAME_BYTES
	each_register sd
	lla	tp, tls_start
	csrr	t0, sscratch			/* x2 of the code that faulted */
	sd	t0, (2 - 1) * 8(sp)
	csrw	sscratch, zero
	csrr	t0, sepc
	sd	t0, TRAP_FRAME_PC(sp)
	csrr	t0, scause
	sd	t0, TRAP_FRAME_CAUSE(sp)
	csrr	t0, stval
	sd	t0, TRAP_FRAME_VALUE(sp)
	mv	a0, sp
	li	s0, 0
	call	trap_handle
	.size	trap_vector, . - trap_vector

	.macro	each_saved what
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	\what	s\n, CATCH_S1 + (\n - 1) * 8(sp)
	.endr
	\what	s0, CATCH_BYTES - 16(sp)
	\what	ra, CATCH_BYTES - 8(sp)
	.endm

/* int arch_catch(void (*function)(void *), void *argument, struct arch_fault *fault) */
	.globl	arch_catch
	.type	arch_catch, @function
arch_catch:
	addi	sp, sp, -CATCH_BYTES
	each_saved sd
	addi	s0, sp, CATCH_BYTES
	csrr	t0, sscratch
	sd	t0, CATCH_SCRATCH(sp)
	sd	a2, CATCH_FAULT(sp)
	lla	t0, trap_catch
	ld	t1, 0(t0)
	sd	t1, CATCH_OUTER(sp)
	sd	sp, 0(t0)
	mv	t1, a0
	mv	a0, a1
	jalr	t1
	ld	t1, CATCH_OUTER(sp)
	lla	t0, trap_catch
	sd	t1, 0(t0)
	li	a0, 0
	j	catch_return
	.size	arch_catch, . - arch_catch

/* void catch_resume(struct catch *, int result): return from the arch_catch that made it. */
	.globl	catch_resume
	.type	catch_resume, @function
catch_resume:
	mv	sp, a0
	ld	t0, CATCH_SCRATCH(sp)
	csrw	sscratch, t0
	mv	a0, a1
catch_return:
	each_saved ld
	addi	sp, sp, CATCH_BYTES
	ret
	.size	catch_resume, . - catch_resume
