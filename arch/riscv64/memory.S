/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The C library's memcpy, memmove and memset in less room: its own copies backwards by bytes, and
 * clears two words where this clears four. Memory that is to be copied from and to places that
 * differ in their lowest three bits is copied by bytes: words that lie across are for traps.
 *
 * In all of them t0 goes through the destination, a3 is its end, a4 that of its whole words, and a5
 * the place up to which there are four of those left.
 */
	.macro	function name
	.globl	\name
	.type	\name, @function
\name:
	.endm

	.text
/* void *memmove(void *to, const void *from, size_t bytes): forwards, unless @to is inside @from. */
	function memmove
	sub	t0, a0, a1
	bltu	t0, a2, backwards

	/* void *memcpy(void *to, const void *from, size_t bytes) */
	function memcpy
	mv	t0, a0
	add	a3, a0, a2
	xor	t1, a0, a1
	andi	t1, t1, 7
	bnez	t1, 5f
	li	t1, 16
	bltu	a2, t1, 5f
	andi	a4, a3, -8
	addi	a5, a4, -24
1:	andi	t1, t0, 7			/* bytes up to a whole word */
	beqz	t1, 3f
	lbu	t1, 0(a1)
	sb	t1, 0(t0)
	addi	a1, a1, 1
	addi	t0, t0, 1
	j	1b
2:	ld	t1, 0(a1)
	ld	t2, 8(a1)
	ld	a6, 16(a1)
	ld	a7, 24(a1)
	sd	t1, 0(t0)
	sd	t2, 8(t0)
	sd	a6, 16(t0)
	sd	a7, 24(t0)
	addi	a1, a1, 32
	addi	t0, t0, 32
3:	bltu	t0, a5, 2b
	j	4f
6:	ld	t1, 0(a1)
	sd	t1, 0(t0)
	addi	a1, a1, 8
	addi	t0, t0, 8
4:	bltu	t0, a4, 6b
	j	5f
7:	lbu	t1, 0(a1)
	sb	t1, 0(t0)
	addi	a1, a1, 1
	addi	t0, t0, 1
5:	bltu	t0, a3, 7b
	ret
	.size	memcpy, . - memcpy

	/* From the end on: t0 begins there, a0 is where it ends, a4 and a5 are before that. */
backwards:
	add	t0, a0, a2
	add	a1, a1, a2
	xor	t1, t0, a1
	andi	t1, t1, 7
	bnez	t1, 5f
	addi	a4, a0, 7
	andi	a4, a4, -8
	addi	a5, a4, 24
1:	andi	t1, t0, 7
	beqz	t1, 3f
	bgeu	a0, t0, 8f
	addi	a1, a1, -1
	addi	t0, t0, -1
	lbu	t1, 0(a1)
	sb	t1, 0(t0)
	j	1b
2:	addi	a1, a1, -32
	addi	t0, t0, -32
	ld	t1, 24(a1)
	ld	t2, 16(a1)
	ld	a6, 8(a1)
	ld	a7, 0(a1)
	sd	t1, 24(t0)
	sd	t2, 16(t0)
	sd	a6, 8(t0)
	sd	a7, 0(t0)
3:	bltu	a5, t0, 2b
	j	4f
6:	addi	a1, a1, -8
	addi	t0, t0, -8
	ld	t1, 0(a1)
	sd	t1, 0(t0)
4:	bltu	a4, t0, 6b
	j	5f
7:	addi	a1, a1, -1
	addi	t0, t0, -1
	lbu	t1, 0(a1)
	sb	t1, 0(t0)
5:	bltu	a0, t0, 7b
8:	ret
	.size	memmove, . - memmove

/* void *memset(void *to, int value, size_t bytes) */
	function memset
	mv	t0, a0
	add	a3, a0, a2
	li	t1, 16
	bltu	a2, t1, 5f
	andi	a1, a1, 0xff
	slli	t1, a1, 8
	or	a1, a1, t1
	slli	t1, a1, 16
	or	a1, a1, t1
	slli	t1, a1, 32
	or	a1, a1, t1
	andi	a4, a3, -8
	addi	a5, a4, -24
1:	andi	t1, t0, 7
	beqz	t1, 3f
	sb	a1, 0(t0)
	addi	t0, t0, 1
	j	1b
2:	sd	a1, 0(t0)
	sd	a1, 8(t0)
	sd	a1, 16(t0)
	sd	a1, 24(t0)
	addi	t0, t0, 32
3:	bltu	t0, a5, 2b
	j	4f
6:	sd	a1, 0(t0)
	addi	t0, t0, 8
4:	bltu	t0, a4, 6b
	j	5f
7:	sb	a1, 0(t0)
	addi	t0, t0, 1
5:	bltu	t0, a3, 7b
	ret
	.size	memset, . - memset
