/* SPDX-License-Identifier: BSD-2-Clause */
/* What trap_entry.S and trap.c share. */
#pragma once

#define TRAP_FRAME_PC		(31 * 8)
#define TRAP_FRAME_CAUSE	(32 * 8)
#define TRAP_FRAME_VALUE	(33 * 8)
#define TRAP_FRAME_BYTES	(34 * 8)
#define TRAP_STACK_RESERVE	2048		/* what handling a nested fault needs */

#define CATCH_OUTER		0
#define CATCH_FAULT		8
#define CATCH_SCRATCH		16
#define CATCH_S1		24
#define CATCH_BYTES		128	/* the last two: s0 and ra, where arch_unwind looks */

#ifndef __ASSEMBLY__
#include "arch/arch.h"

struct trap_frame {
	u64 registers[31];			/* x1 to x31 */
	u64 pc, cause, value;
};
_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_BYTES, "as trap_entry.S has it");

/* One arch_catch in progress: lies on the stack of whoever called it. */
struct catch {
	struct catch *outer;
	struct arch_fault *fault;
	u64 scratch;				/* sscratch at the call: made in a trap handler? */
	u64 saved[13];
};
_Static_assert(sizeof(struct catch) == CATCH_BYTES, "as trap_entry.S has it");

extern struct catch *trap_catch;		/* innermost */

/* Traps from now on: on the trap stack, to those who catch them, or to trap(). */
void trap_install(void);

void trap_vector(void);
_Noreturn void trap_handle(const struct trap_frame *frame);
_Noreturn void catch_resume(struct catch *catch, int result);
#endif
