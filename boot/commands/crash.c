/* SPDX-License-Identifier: BSD-2-Clause */
/* Faults on purpose, to see what a trap report looks like and that each kind is told apart. */
#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/monitor/monitor.h"
#include "lib/assert.h"
#include "lib/console.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/memory.h"

/* Every architecture keeps the word of zeros for an instruction that will never exist. */
void crash_instruction(void);
asm(".pushsection .text.crash_instruction, \"ax\", %progbits\n"
    ".balign 4\n"
    ".hidden crash_instruction\n"
    ".globl crash_instruction\n"
    ".type crash_instruction, %function\n"
    "crash_instruction:\n"
    ".4byte 0\n"
    ".size crash_instruction, 4\n"
    ".popsection");

static volatile u32 no_code[4];			/* volatile: or it becomes a constant */
static volatile uintptr_t null_address;		/* volatile: the compiler must not see what comes */
static volatile unsigned deep = 1;

static void read_null(void)
{
	arch_mmio_read32(null_address);
}

static void write_text(void)
{
	arch_mmio_write32((uintptr_t)&crash_instruction, 0);
}

static void execute_data(void)
{
	void (*function)(void);
	uintptr_t address = (uintptr_t)no_code;

	memcpy(&function, &address, sizeof(function));
	function();
}

static unsigned recurse(unsigned depth)
{
	volatile u8 frame[512];

	frame[depth % sizeof(frame)] = 1;
	return deep ? recurse(depth + 1) + frame[0] : 0;
}

static void overflow_stack(void)
{
	recurse(0);
}

/* Just above all RAM: nothing is mapped there. */
static void read_unmapped(void)
{
	const struct memory_range *m;
	u64 end = 0;

	for (unsigned i = 0; (m = memory_at(i)); i++)
		end = m->range.start + m->range.bytes;
	arch_mmio_read32((uintptr_t)end);
}

static void fail_assertion(void)
{
	assert(deep == 0);
}

/* The console's registers are the device that surely is there. */
static void read_unaligned(void)
{
	const char *path = dt_string(dt_path("/chosen"), "stdout-path");
	u64 address, bytes;
	uintptr_t at;

	if (!path || dt_reg(dt_path(path), 0, &address, &bytes)) {
		console_print("the console has no registers\n");
		return;
	}
	at = arch_map_device(address, bytes);
	if (at)
		arch_mmio_read32(at + 1);
}

static const struct {
	const char *name;
	void (*crash)(void);
} kinds[] = {
	{ "null", read_null },
	{ "text", write_text },
	{ "exec", execute_data },
	{ "stack", overflow_stack },
	{ "undefined", crash_instruction },
	{ "device", read_unmapped },
	{ "assert", fail_assertion },
	{ "unaligned", read_unaligned },
};

static int run(int argc, char **argv)
{
	if (argc != 2)
		return -EINVAL;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, argv[1]) == 0) {
			kinds[i].crash();
			console_print("nothing happened: this machine does not fault on that\n");
			return 0;
		}
	}
	console_print("'%s' is not a kind of crash\n", argv[1]);
	return -EINVAL;
}

static void complete(struct line_completion *c, size_t from)
{
	(void)from;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		line_offer(c, kinds[i].name, 0);
}

COMMAND(crash) = {
	.name = "crash",
	.arguments = "null|text|exec|stack|undefined|device|assert|unaligned",
	.summary = "fault on purpose, to see the report",
	.complete = complete,
	.run = run,
};
