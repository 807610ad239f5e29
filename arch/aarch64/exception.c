/* SPDX-License-Identifier: BSD-2-Clause */
/* From a trap frame to a fault in words, for those who catch it or for trap(). */
#include <errno.h>

#include "arch/aarch64/early.h"
#include "arch/aarch64/trap.h"
#include "arch/image.h"

static struct catch *catching;		/* innermost */
static struct arch_fault last;		/* the one nobody caught */
static bool handling;

/* Exception classes (Arm ARM, D19.2.37, ESR_ELx.EC) without those of aborts, and of AArch32. */
static const struct class {
	u8 number;
	u8 kind;
	const char *what;
} classes[] = {
	{ 0x00, ARCH_FAULT_INSTRUCTION, "undefined instruction" },
	{ 0x01, ARCH_FAULT_INSTRUCTION, "trapped wfi or wfe" },
	{ 0x07, ARCH_FAULT_INSTRUCTION, "trapped SIMD or floating-point instruction" },
	{ 0x09, ARCH_FAULT_INSTRUCTION, "trapped pointer authentication" },
	{ 0x0d, ARCH_FAULT_EXECUTE, "branch target exception" },
	{ 0x0e, ARCH_FAULT_INSTRUCTION, "illegal execution state" },
	{ 0x15, ARCH_FAULT_INSTRUCTION, "svc" },
	{ 0x16, ARCH_FAULT_INSTRUCTION, "hvc" },
	{ 0x17, ARCH_FAULT_INSTRUCTION, "smc" },
	{ 0x18, ARCH_FAULT_INSTRUCTION, "trapped system register access" },
	{ 0x19, ARCH_FAULT_INSTRUCTION, "trapped SVE instruction" },
	{ 0x1c, ARCH_FAULT_OTHER, "pointer authentication failure" },
	{ 0x22, ARCH_FAULT_MISALIGNED, "PC alignment fault" },
	{ 0x26, ARCH_FAULT_MISALIGNED, "SP alignment fault" },
	{ 0x2c, ARCH_FAULT_OTHER, "floating-point exception" },
	{ 0x2f, ARCH_FAULT_BUS, "SError" },
	{ 0x31, ARCH_FAULT_BREAKPOINT, "hardware breakpoint" },
	{ 0x33, ARCH_FAULT_BREAKPOINT, "software step" },
	{ 0x35, ARCH_FAULT_BREAKPOINT, "watchpoint" },
	{ 0x3c, ARCH_FAULT_BREAKPOINT, "brk" },
};

enum {
	EC_PC_ALIGNMENT = 0x22, EC_SP_ALIGNMENT = 0x26,
	EC_INSTRUCTION_ABORT = 0x21, EC_DATA_ABORT = 0x25,
	ISS_WRITE = 1 << 6, ISS_FAR_NOT_VALID = 1 << 10,
	STATUS_EXTERNAL = 0x10,
};

/* Fault status codes (ISS.DFSC, IFSC); the low two bits of many are the table level. */
static const char *abort_name(unsigned status)
{
	static const char *const of_level[] = {
		"address size fault", "translation fault", "access flag fault", "permission fault",
	};

	if (status < 0x10)
		return of_level[status >> 2];
	switch (status) {
	case STATUS_EXTERNAL:
		return "synchronous external abort";
	case 0x13 ... 0x17:
		return "external abort on a table walk";
	case 0x18:
		return "parity or ECC error";
	case 0x1b ... 0x1f:
		return "parity or ECC error on a table walk";
	case 0x21:
		return "alignment fault";
	case 0x30:
		return "TLB conflict abort";
	case 0x31:
		return "unsupported atomic hardware update";
	case 0x35:
		return "unsupported exclusive or atomic access";
	default:
		return "abort of an unknown kind";
	}
}

static enum arch_fault_kind abort_kind(unsigned class, u64 esr)
{
	unsigned status = esr & 0x3f;

	if (status == 0x21)
		return ARCH_FAULT_MISALIGNED;
	if (status < 4 || (status >= STATUS_EXTERNAL && status < 0x20) || status == 0x35)
		return ARCH_FAULT_BUS;
	if (status > 0x21)
		return ARCH_FAULT_OTHER;
	if (class == EC_INSTRUCTION_ABORT)
		return ARCH_FAULT_EXECUTE;
	return esr & ISS_WRITE ? ARCH_FAULT_WRITE : ARCH_FAULT_READ;
}

static void describe_cause(enum trap_source source, const struct trap_frame *frame,
			   struct arch_fault *fault)
{
	unsigned class = source == TRAP_SERROR ? 0x2f : frame->esr >> 26 & 0x3f;

	fault->kind = ARCH_FAULT_OTHER;
	fault->what = "exception of an unknown class";
	if (source == TRAP_IRQ || source == TRAP_FIQ) {
		fault->what = "interrupt";
	} else if (class == EC_DATA_ABORT || class == EC_INSTRUCTION_ABORT) {
		fault->what = abort_name(frame->esr & 0x3f);
		fault->kind = abort_kind(class, frame->esr);
		fault->address = frame->far;
		fault->address_valid = !((frame->esr & 0x3f) == STATUS_EXTERNAL &&
					 (frame->esr & ISS_FAR_NOT_VALID));
	} else {
		for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
			if (classes[i].number != class)
				continue;
			fault->what = classes[i].what;
			fault->kind = classes[i].kind;
		}
		fault->address_valid = class == EC_PC_ALIGNMENT || class == EC_SP_ALIGNMENT;
		if (fault->address_valid)
			fault->address = class == EC_PC_ALIGNMENT ? frame->far : frame->sp;
	}
}

enum { FP = 29, LR = 30, SP = 31, REGISTERS = 32 };

static void describe(enum trap_source source, const struct trap_frame *frame,
		     struct arch_fault *fault)
{
	*fault = (struct arch_fault){
		.code = frame->esr,
		.pc = frame->pc,
		.sp = frame->sp,
		.fp = frame->x[FP],
		.register_count = REGISTERS,
	};
	describe_cause(source, frame, fault);
	for (unsigned i = 0; i < SP; i++)
		fault->registers[i] = frame->x[i];
	fault->registers[SP] = frame->sp;
}

static _Noreturn void nested(const struct trap_frame *frame)
{
	static bool again;

	if (!again) {
		again = true;
		early_report("a fault while reporting a fault", frame);
	}
	arch_stop();
}

void exception_handle(enum trap_source source, struct trap_frame *frame)
{
	enum { PSTATE_MASKS = 0xf << 6, PSTATE_LEVEL = 3 << 2 };
	struct catch *catch = catching;

	if (catch) {
		catching = catch->outer;
		if (catch->fault)
			describe(source, frame, catch->fault);
		frame->x[0] = (uintptr_t)catch;
		frame->pc = (uintptr_t)catch_resume;
		frame->pstate = (frame->pstate & (PSTATE_MASKS | PSTATE_LEVEL)) | catch->spsel;
		return;
	}
	if (handling)
		nested(frame);
	handling = true;
	describe(source, frame, &last);
	trap(&last);
}

int arch_catch(void (*function)(void *), void *argument, struct arch_fault *fault)
{
	struct catch catch = { .outer = catching, .fault = fault };
	int faulted;

	catching = &catch;
	faulted = catch_call(&catch, function, argument);
	catching = catch.outer;
	return faulted ? -EFAULT : 0;
}

const char *arch_register_name(unsigned index)
{
	static const char names[REGISTERS][4] = {
		"x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10",
		"x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
		"x22", "x23", "x24", "x25", "x26", "x27", "x28", "fp", "lr", "sp",
	};

	return index < REGISTERS ? names[index] : "?";
}

/*
 * Is the return address of the function around @pc still in @lr? Not when it has saved that ("stp
 * x29, x30, [sp...]") or made a call since, which then lies before @pc. Looks back until a ret,
 * which may be the end of the previous function.
 */
static bool returns_to(uintptr_t lr, uintptr_t pc)
{
	const u32 stp = 0xa9007bfd, stp_mask = 0xff407fff, ret = 0xd65f03c0;
	const u32 *text = (const u32 *)image_start, *at = (const u32 *)(pc & -4ul);

	if (lr == pc)
		return false;
	if (pc < (uintptr_t)image_start || pc >= (uintptr_t)text_end)
		return true;			/* a jump to nowhere */
	for (; at > text && *at != ret; at--)
		if ((*at & stp_mask) == stp || (uintptr_t)at == lr)
			return false;
	return true;
}

/*
 * A frame: fp points to the caller's fp and the return address. Where a fault happened the
 * function may have made none yet, or be none at all, as after a jump to nowhere: its caller is in
 * lr.
 */
bool arch_unwind(uintptr_t *pc, uintptr_t *fp, uintptr_t stack_low, uintptr_t stack_high)
{
	const uintptr_t *frame = (const uintptr_t *)*fp;
	bool innermost = (*pc == 0 || *pc == last.pc) && *fp == last.fp;

	if (innermost && returns_to(last.registers[LR], last.pc)) {
		*pc = last.registers[LR];
		return *pc != 0;
	}
	if (*fp % 16 || *fp < stack_low || *fp > stack_high - 16)
		return false;
	*pc = frame[1];
	*fp = frame[0] > *fp ? frame[0] : 0;	/* 0: the outermost */
	return *pc != 0;
}
