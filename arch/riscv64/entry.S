/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where everything begins: the Linux Image header, the way from any load address to C, and the
 * two ways out (to our own copy, to the next stage).
 *
 * With satp = 0 a hart caches memory as its physical memory attributes say, so nothing needs
 * cleaning here, and the image is relocated before the first line of C that could care.
 */
#include "csr.h"

	.section .head.text, "ax"
	.globl	_start
	.type	_start, @function
_start:
	/* Linux Documentation/riscv/boot-image-header.rst; code0 must be one 4-byte instruction */
	.option push
	.option norvc
	j	entry				/* code0 */
	.word	0				/* code1 */
	.option pop
	.quad	0x200000			/* text_offset: RAM begins with the firmware */
	.quad	image_end - image_start		/* image_size */
	.quad	0				/* flags: little-endian */
	.word	2				/* header version 0.2 */
	.word	0
	.quad	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0				/* no PE header */
	.size	_start, . - _start

	.text
/* a0: hart id, a1: device tree; everything else, interrupts and satp included, may be anything. */
	.type	entry, @function
entry:
	li	t0, SSTATUS_SIE | SSTATUS_VS | SSTATUS_FS | SSTATUS_SUM | SSTATUS_MXR
	csrc	sstatus, t0
	csrw	sie, zero
	csrw	satp, zero
	sfence.vma
	lla	t0, _start			/* pages of the image are protected */
	slli	t1, t0, 64 - 12
	lla	s0, say_unaligned
	bnez	t1, refuse
	lla	t0, early_vector
	csrw	stvec, t0

	/*
	 * Firmware without hart state management (SBI 0.1) lets all harts go at once: the first to
	 * come goes on, the others sleep, for as long as this memory is left alone. The word lies
	 * in .data, which nobody clears.
	 */
	lla	t0, lottery
	li	t1, 1
	amoadd.w.aqrl t1, t1, (t0)
	bnez	t1, park

	rdtime	s2
	mv	s0, a0
	mv	s1, a1
	jal	t0, prepare
	mv	a0, s0
	mv	a1, s1
	mv	a2, s2
	li	s0, 0				/* here every backtrace ends */
	call	early_start
	.size	entry, . - entry

	/*
	 * The text at s0 through the firmware, then stop. By nothing but registers, for those who
	 * were put where nothing else works.
	 */
	.type	refuse, @function
refuse:
	li	a7, 1				/* SBI 5.2, putchar: keeps all registers but a0 */
1:	lbu	a0, 0(s0)
	beqz	a0, park
	ecall
	addi	s0, s0, 1
	j	1b
	.size	refuse, . - refuse

	.type	park, @function
park:
	wfi
	j	park
	.size	park, . - park

/* To a stack, a clear .bss, and addresses that are right here. Called with jal t0. */
	.type	prepare, @function
prepare:
	mv	s3, t0
	lla	sp, stack_top
	lla	tp, tls_start
	lla	t0, bss_start			/* whole pages (image.lds.S) */
	lla	t1, bss_end
1:	sd	zero, 0(t0)
	addi	t0, t0, 8
	bltu	t0, t1, 1b

	lla	a0, image_start
	lla	a1, __start_relocation_table
	lla	a2, __stop_relocation_table
	call	relocate
	fence.i
	jr	s3
	.size	prepare, . - prepare

/*
 * void move_enter(const struct arch_boot *boot, u64 entry_moved): go on in a copy of the image, at
 * that copy's entry_moved, with the MMU off as at the first entry.
 */
	.globl	move_enter
	.type	move_enter, @function
move_enter:
	fence.i
	csrw	satp, zero
	sfence.vma
	jr	a1
	.size	move_enter, . - move_enter

	.globl	entry_moved
	.type	entry_moved, @function
entry_moved:
	lla	t0, early_vector
	csrw	stvec, t0
	mv	s0, a0
	jal	t0, prepare
	mv	a0, s0
	li	s0, 0
	call	early_start_moved
	.size	entry_moved, . - entry_moved

/*
 * void next_enter(u64 entry, u64 hart, u64 tree): the boot protocol (Linux
 * Documentation/riscv/boot.rst): satp = 0, a0: hart id, a1: device tree. A fault before the next
 * stage has a handler of its own is reported by ours, as long as our memory is left alone.
 */
	.globl	next_enter
	.type	next_enter, @function
next_enter:
	lla	t0, early_vector
	csrw	stvec, t0
	csrw	sie, zero
	csrw	satp, zero
	sfence.vma
	fence.i
	mv	t0, a0
	mv	a0, a1
	mv	a1, a2
	jr	t0
	.size	next_enter, . - next_enter

/* A trap while there is nothing better: say what it was, and stop. */
	.balign	4
	.type	early_vector, @function
early_vector:
	lla	sp, no_stack_vector
	csrw	stvec, sp
	lla	sp, trap_stack_top
	csrr	a0, scause
	csrr	a1, sepc
	csrr	a2, stval
	call	early_trap
	.size	early_vector, . - early_vector

	/* The stack is no memory, or the report has faulted for some other reason. */
	.balign	4
	.type	no_stack_vector, @function
no_stack_vector:
	lla	s0, say_no_stack
	j	refuse
	.size	no_stack_vector, . - no_stack_vector

/*
 * bool early_load(u64 address, u32 *value): a load from an address that we were only told. false
 * if it faults.
 */
	.globl	early_load
	.type	early_load, @function
early_load:
	lla	t0, 1f
	csrrw	t0, stvec, t0
	lw	t1, 0(a0)
	sw	t1, 0(a1)
	csrw	stvec, t0
	li	a0, 1
	ret
	.balign	4
1:	csrw	stvec, t0
	li	a0, 0
	ret
	.size	early_load, . - early_load

	.section .rodata
say_unaligned:
	.ascii	"\r\nPlinth: loaded at an address that is no multiple of 4096: "
	.asciz	"load it at a multiple of 2 MiB.\r\n"
say_no_stack:
	.ascii	"\r\nPlinth: a fault, and no memory for its report: "
	.asciz	"is there RAM for all of image_size?\r\n"

	.data
	.balign	4
	.type	lottery, @object
lottery:
	.word	0
	.size	lottery, . - lottery
