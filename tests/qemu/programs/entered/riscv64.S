/* SPDX-License-Identifier: BSD-2-Clause */
/* A Linux Image (Linux, riscv/boot.rst) that says in which state it was entered: name=hex. */

#define UART	0x10000000		/* the ns16550a of QEMU's virt, always ready */

.macro show name, register
	.pushsection .rodata
name\@:	.asciz	"\name"
	.popsection
	lla	a0, name\@
	mv	a1, \register
	call	print
.endm

	.option	norvc
	.option	norelax
	.globl	_start
_start:	j	start
	nop
	.quad	0x200000		/* text_offset */
	.quad	image_end - _start	/* image_size */
	.quad	0			/* little-endian */
	.word	2, 0			/* version 0.2 */
	.quad	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.word	0

start:	mv	s0, a0
	mv	s1, a1
	csrr	s2, satp
	csrr	s3, sstatus
	csrr	s4, sie
	lla	s5, _start
	lwu	s6, (s1)
	show	place, s5
	show	a0, s0
	show	a1, s1
	show	tree, s6
	show	satp, s2
	show	sstatus, s3
	show	sie, s4
	show	said, zero
1:	wfi
	j	1b

print:	li	t0, UART
1:	lbu	t1, (a0)
	beqz	t1, 2f
	sb	t1, (t0)
	addi	a0, a0, 1
	j	1b
2:	li	t1, '='
	sb	t1, (t0)
	li	t2, 60
	li	t3, '9'
3:	srl	t1, a1, t2
	andi	t1, t1, 15
	addi	t1, t1, '0'
	ble	t1, t3, 4f
	addi	t1, t1, 'a' - '9' - 1
4:	sb	t1, (t0)
	addi	t2, t2, -4
	bgez	t2, 3b
	li	t1, '\n'
	sb	t1, (t0)
	ret

	.section .rodata
	.balign	8
image_end:
