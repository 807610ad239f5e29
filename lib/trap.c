/* SPDX-License-Identifier: BSD-2-Clause */
/* A fault that nobody catches, in words for the person who has to find its cause. */
#include <inttypes.h>
#include "arch/arch.h"
#include "lib/memory.h"
#include "lib/mmio.h"
#include "lib/report.h"
#include "lib/symbols.h"

enum { REGISTERS_PER_LINE = 3 };

/* What was tried, to be followed by an address; and what about the thing there forbids it. */
static const struct {
	const char *tried, *forbids;
} kinds[] = {
	[ARCH_FAULT_READ] = { "a read of address", "" },
	[ARCH_FAULT_WRITE] = { "a write to address", " (read-only)" },
	[ARCH_FAULT_EXECUTE] = { "a jump to address", " (not executable)" },
	[ARCH_FAULT_MISALIGNED] = { "a misaligned access to address", "" },
	[ARCH_FAULT_BUS] = { "an access that got no answer, to address", "" },
	[ARCH_FAULT_INSTRUCTION] = { "an undefined or forbidden instruction", "" },
	[ARCH_FAULT_BREAKPOINT] = { "a breakpoint", "" },
	[ARCH_FAULT_OTHER] = { "something unexpected", "" },
};

static bool inside(struct range r, u64 address)
{
	return address - r.start < r.bytes;
}

/* The parts of the image; the guards lie in its data, so they come first. */
static bool report_image(u64 address, const char *forbids)
{
	struct arch_image image;

	arch_image(&image);
	if (inside(image.stack_guard, address) || inside(image.trap_guard, address)) {
		report("the guard page below the %s: the stack has overflowed,\n"
		       "perhaps by a recursion without end or a large local array",
		       inside(image.stack_guard, address) ? "stack" : "stack of the traps");
	} else if (inside(image.text, address)) {
		report("Plinth's own code%s: ", forbids);
		report_place(address);
	} else if (inside(image.rodata, address)) {
		report("Plinth's own constants%s: 0x%" PRIx64 " in plinth.elf", forbids,
		       LINK_BASE + (address - image.text.start));
	} else if (inside(image.stack, address)) {
		report("Plinth's own stack%s", forbids);
	} else if (inside(image.data, address)) {
		report("Plinth's own variables%s: 0x%" PRIx64 " in plinth.elf", forbids,
		       LINK_BASE + (address - image.text.start));
	} else {
		return false;
	}
	return true;
}

static void report_address(u64 address, const char *forbids)
{
	const struct memory_range *memory;
	const char *owner;
	u64 offset;

	report("That is ");
	if (address < ARCH_PAGE_BYTES) {
		report("in page 0, which is never mapped: a null pointer, or a member of one");
	} else if (report_image(address, forbids)) {
		/* said */
	} else if ((owner = mmio_owner(address, &offset))) {
		report("in the registers of %s, at offset 0x%" PRIx64, owner, offset);
	} else if ((memory = memory_find(address))) {
		report("in memory (%s: %s)%s", memory_use_name(memory->use), memory->owner,
		       memory->use == MEMORY_NO_MAP ? ", which is not mapped" : forbids);
	} else {
		report("neither memory nor a device that Plinth drives: nothing is mapped there");
	}
	report(".\n");
}

/* Return addresses among them help where the frames cannot be followed, as after a wild jump. */
static void report_registers(const struct arch_fault *fault)
{
	report("Registers:\n");
	for (unsigned i = 0; i < fault->register_count; i++)
		report("  %-4s %016" PRIx64 "%s", arch_register_name(i), fault->registers[i],
		       (i + 1) % REGISTERS_PER_LINE == 0 || i + 1 == fault->register_count ?
		       "\n" : "");
	for (unsigned i = 0; i < fault->register_count; i++) {
		if (!symbol_lookup(fault->registers[i], NULL))
			continue;
		report("  %s is ", arch_register_name(i));
		report_place(fault->registers[i]);
		report("\n");
	}
}

_Noreturn void trap(const struct arch_fault *fault)
{
	report_begin();
	report("\nPlinth has crashed: %s", kinds[fault->kind].tried);
	if (fault->address_valid) {
		report(" 0x%" PRIx64 ".\n", fault->address);
		report_address(fault->address, kinds[fault->kind].forbids);
	} else {
		report(".\n");
	}
	report("It happened in ");
	report_place(fault->pc);
	report(".\nThe CPU calls it \"%s\" (0x%" PRIx64 ").\n", fault->what, fault->code);
	report_registers(fault);
	report_backtrace(fault->fp);
	report_end();
}
