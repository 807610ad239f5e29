/* SPDX-License-Identifier: BSD-2-Clause */
/* From a trap frame to a fault in words, for those who catch it or for trap(). */
#include <errno.h>
#include "arch/image.h"
#include "csr.h"
#include "early.h"
#include "trap.h"

struct catch *trap_catch;
static struct arch_fault last;		/* that nobody caught */
static bool handling;

/* Exception codes (Priv 4.1.8, table 4.2). */
static const struct cause {
	const char *what;
	enum arch_fault_kind kind;
	bool has_address;
} causes[] = {
	[0] = { "instruction address misaligned", ARCH_FAULT_MISALIGNED, true },
	[1] = { "instruction access fault", ARCH_FAULT_BUS, true },
	[2] = { "illegal instruction", ARCH_FAULT_INSTRUCTION, false },
	[3] = { "breakpoint", ARCH_FAULT_BREAKPOINT, false },
	[4] = { "load address misaligned", ARCH_FAULT_MISALIGNED, true },
	[5] = { "load access fault", ARCH_FAULT_BUS, true },
	[6] = { "store address misaligned", ARCH_FAULT_MISALIGNED, true },
	[7] = { "store access fault", ARCH_FAULT_BUS, true },
	[8] = { "environment call from U-mode", ARCH_FAULT_OTHER, false },
	[9] = { "environment call from S-mode", ARCH_FAULT_OTHER, false },
	[12] = { "instruction page fault", ARCH_FAULT_EXECUTE, true },
	[13] = { "load page fault", ARCH_FAULT_READ, true },
	[15] = { "store page fault", ARCH_FAULT_WRITE, true },
	[18] = { "software check", ARCH_FAULT_OTHER, false },
	[19] = { "hardware error", ARCH_FAULT_BUS, false },
};

enum { RA = 1, SP = 2, FP = 8, REGISTERS = 31 };

static void describe(const struct trap_frame *frame, struct arch_fault *fault)
{
	static const struct cause interrupt = { "interrupt", ARCH_FAULT_OTHER, false };
	static const struct cause unknown = { "reserved cause", ARCH_FAULT_OTHER, false };
	const struct cause *cause = &unknown;

	if (frame->cause >> 63)
		cause = &interrupt;
	else if (frame->cause < sizeof(causes) / sizeof(causes[0]) && causes[frame->cause].what)
		cause = &causes[frame->cause];
	*fault = (struct arch_fault){
		.kind = cause->kind,
		.what = cause->what,
		.code = frame->cause,
		.pc = frame->pc,
		.sp = frame->registers[SP - 1],
		.fp = frame->registers[FP - 1],
		.address = frame->value,
		.address_valid = cause->has_address,
		.register_count = REGISTERS,
	};
	for (unsigned i = 0; i < REGISTERS; i++)
		fault->registers[i] = frame->registers[i];
}

/* Anything else than a catch's place is NULL, or says that our memory has been overwritten. */
static bool on_stack(const struct catch *catch)
{
	const char *at = (const char *)catch;

	return (at >= stack && at < stack_top) || (at >= trap_stack && at < trap_stack_top);
}

void trap_handle(const struct trap_frame *frame)
{
	struct catch *catch = trap_catch;

	if (on_stack(catch)) {
		trap_catch = catch->outer;
		if (catch->fault)
			describe(frame, catch->fault);
		catch_resume(catch, -EFAULT);
	}
	if (handling)
		early_trap_report("fault while a fault was being handled", frame->cause, frame->pc,
				  frame->value);
	handling = true;
	describe(frame, &last);
	trap(&last);
}

void trap_install(void)
{
	csr_write(sscratch, (uintptr_t)trap_stack_top);
	csr_write(stvec, (uintptr_t)trap_vector);
}

const char *arch_register_name(unsigned index)
{
	static const char names[REGISTERS][4] = {
		"ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1", "a0", "a1", "a2", "a3", "a4",
		"a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
		"t3", "t4", "t5", "t6",
	};

	return index < REGISTERS ? names[index] : "?";
}

/*
 * A frame: the return address at fp - 8, the caller's fp at fp - 16. Two things are only true
 * where a fault happened. A jump to nowhere has no frame, so fp is still its caller's, who is in
 * ra. And a function that calls none keeps its return address in ra, its caller's fp at fp - 8.
 */
bool arch_unwind(uintptr_t *pc, uintptr_t *fp, uintptr_t stack_low, uintptr_t stack_high)
{
	bool innermost = (!*pc || *pc == last.pc) && *fp == last.fp;
	const uintptr_t *frame = (const uintptr_t *)*fp;
	uintptr_t ra = last.registers[RA - 1], up;

	if (innermost && last.pc == last.address &&
	    (last.kind == ARCH_FAULT_EXECUTE || last.kind == ARCH_FAULT_BUS)) {
		*pc = ra;
		return ra != last.pc;
	}
	if (*fp % 16 || *fp < stack_low + 16 || *fp > stack_high)
		return false;
	if (innermost && frame[-1] > *fp && frame[-1] <= stack_high) {
		*pc = ra;
		*fp = frame[-1];
		return true;
	}
	up = frame[-2];
	*pc = frame[-1];
	if (!*pc || up <= *fp)
		up = 0;			/* the outermost: after it, no more */
	*fp = up;
	return *pc != 0;
}
