/* SPDX-License-Identifier: BSD-2-Clause */
/* A Linux Image (Linux, arm64/booting.rst) that says in which state it was entered: name=hex. */

#define UART	0x09000000		/* the PL011 of QEMU's virt, always ready */

.macro show name, register
	.pushsection .rodata
name\@:	.asciz	"\name"
	.popsection
	adr	x0, name\@
	mov	x1, \register
	bl	print
.endm

	.globl	_start
_start:	b	start
	.word	0
	.quad	0			/* text_offset */
	.quad	image_end - _start	/* image_size */
	.quad	0xa			/* little-endian, 4 KiB pages, anywhere in memory */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.word	0

start:	mov	x19, x0
	mov	x20, x1
	mov	x21, x2
	mov	x22, x3
	mrs	x23, daif
	mrs	x24, CurrentEL
	mrs	x25, sctlr_el1
	cmp	x24, #8
	b.ne	1f
	mrs	x25, sctlr_el2
1:	adr	x26, _start
	ldr	w27, [x19]
	show	place, x26
	show	x0, x19
	show	x1, x20
	show	x2, x21
	show	x3, x22
	show	tree, x27
	show	level, x24
	show	daif, x23
	show	sctlr, x25
	show	said, xzr
2:	wfi
	b	2b

print:	mov	x9, #UART
1:	ldrb	w2, [x0], #1
	cbz	w2, 2f
	strb	w2, [x9]
	b	1b
2:	mov	w2, #'='
	strb	w2, [x9]
	mov	x3, #60
3:	lsr	x2, x1, x3
	and	w2, w2, #15
	add	w2, w2, #'0'
	cmp	w2, #'9'
	b.ls	4f
	add	w2, w2, #'a' - '9' - 1
4:	strb	w2, [x9]
	subs	x3, x3, #4
	b.pl	3b
	mov	w2, #'\n'
	strb	w2, [x9]
	ret

	.section .rodata
	.balign	8
image_end:
