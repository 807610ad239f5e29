/* SPDX-License-Identifier: BSD-2-Clause */
/* What vectors.S and the C behind it share. */
#pragma once
#include "arch/aarch64/asm.h"
#include "arch/arch.h"

struct trap_frame {
	u64 x[31], sp, pc, pstate, esr, far;
};
_Static_assert(sizeof(struct trap_frame) == FRAME_BYTES, "as vectors.S has it");

enum trap_source { TRAP_SYNCHRONOUS, TRAP_IRQ, TRAP_FIQ, TRAP_SERROR };

/* One arch_catch in progress; on the stack of whoever called it. */
struct catch {
	u64 saved[10];			/* x19 to x28 */
	u64 sp;
	u64 spsel;			/* which stack: ours, or that of the traps */
	struct catch *outer;
	struct arch_fault *fault;
};

int catch_call(struct catch *catch, void (*function)(void *), void *argument);
extern char catch_resume[];

/* From the vectors. exception_handle returns to go on where the frame says. */
void exception_handle(enum trap_source source, struct trap_frame *frame);
_Noreturn void early_fault(enum trap_source source, const struct trap_frame *frame);

/* Accesses that may fault: then nothing happens. Work from the first instruction of C on. */
u32 probe_load8(u64 address, u32 otherwise);
void probe_store8(u64 address, u32 value);
void probe_store16(u64 address, u32 value);
void probe_store32(u64 address, u32 value);
