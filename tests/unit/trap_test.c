/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports of made-up faults: what a person reads on the console, and how the machine ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/assert.h"
#include "lib/console.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/mmio.h"
#include "lib/power.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "unit/tree.h"

/* Three functions, as tools/symbols would have listed them. */
static const struct {
	u32 count;
	struct {
		u32 address, name;
	} functions[3];
	char names[20];
} table __attribute__((used, retain, section("symbol_table"), aligned(8))) = {
	3, { { 0x10, 0 }, { 0x200, 5 }, { 0x480, 11 } }, "boot\0parse\0serve"
};

/* The image as it lies in memory; linked at LINK_BASE, 0x80200000. */
enum { IMAGE = 0x9ff00000, RODATA = 0x9ff10000, DATA = 0x9ff20000 };

/* A stack of which we know each word. The image's stack is here, for the unwinder to look at. */
enum { DEEP = 80 };
static uintptr_t stack[DEEP];

static void tree(const char *bootargs)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	fdt_begin_node(fdt, "chosen");
	tree_string(fdt, "bootargs", bootargs);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "memory@80000000");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 4, 0, 0x80000000, 0, 0x20000000);
	fdt_end_node(fdt);
	tree_end(fdt);
	assert_int_equal(dt_open(fdt, TREE_BYTES, &reason), 0);
	assert_int_equal(memory_init(), 0);
}

static struct arch_fault fault;

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	sim.image = (struct arch_image){
		.text = { IMAGE, 0x10000 },
		.rodata = { RODATA, 0x10000 },
		.data = { DATA, 0x10000 },
		.trap_guard = { DATA + 0x8000, 0x1000 },
		.stack_guard = { DATA + 0xc000, 0x1000 },
		.stack = { (uintptr_t)stack, sizeof stack },
	};
	tree("quiet");
	memset(stack, 0, sizeof stack);
	fault = (struct arch_fault){
		.kind = ARCH_FAULT_READ,
		.what = "load page fault",
		.code = 13,
		.pc = IMAGE + 0x220,
		.address_valid = true,
		.register_count = 32,
	};
	sim_console_clear();
	console_set(&sim_console, NULL);
	sim_console_clear();
	return 0;
}

/* A report is the last thing that happens, so each is made in a process of its own. */
struct outcome {
	void (*function)(void *);
	void *argument;
	enum sim_end end;
	char console[SIM_CONSOLE_BYTES], early[SIM_CONSOLE_BYTES];
};
static struct outcome *outcome;

static void run_here(void **state)
{
	(void)state;
	outcome->end = sim_run(outcome->function, outcome->argument);
	strcpy(outcome->console, sim_console_text);
	strcpy(outcome->early, sim.early_text);
}

static void run(void (*function)(void *), void *argument)
{
	if (!outcome)
		outcome = child_memory(sizeof *outcome);
	outcome->function = function;
	outcome->argument = argument;
	in_child(run_here, NULL);
}

static void call_trap(void *argument)
{
	trap(argument);
}

static void expect(const char *words)
{
	if (!strstr(outcome->console, words))
		fail_msg("\"%s\" is not in:\n%s", words, outcome->console);
}

static void expect_address(enum arch_fault_kind kind, u64 address, const char *tried,
			   const char *is)
{
	char words[128];

	fault.kind = kind;
	fault.address = address;
	run(call_trap, &fault);
	assert_int_equal(outcome->end, SIM_STOPPED);
	snprintf(words, sizeof words, "Plinth has crashed: %s 0x%llx.\r\n", tried,
		 (unsigned long long)address);
	expect(words);
	expect(is);
	assert_string_equal(outcome->early, "");
}

static void addresses_are_explained(void **state)
{
	static const struct sim_mmio_ops none;
	struct mmio regs;

	(void)state;
	sim_mmio_add(0x10000000, 0x100, &none, NULL);
	assert_int_equal(mmio_map(&regs, 0x10000000, 0x100, "serial@10000000"), 0);
	assert_int_equal(memory_claim(0x88000000, 0x1000, MEMORY_LOADED, "initrd"), 0);

	expect_address(ARCH_FAULT_READ, 0x18, "a read of address",
		       "page 0, which is never mapped: a null pointer");
	expect_address(ARCH_FAULT_EXECUTE, 0, "a jump to address", "a null pointer");
	expect_address(ARCH_FAULT_WRITE, DATA + 0xcff8, "a write to address",
		       "the guard page below the stack: the stack has overflowed");
	expect_address(ARCH_FAULT_WRITE, DATA + 0x8ff8, "a write to address",
		       "the guard page below the stack of the traps");
	expect_address(ARCH_FAULT_WRITE, IMAGE + 0x490, "a write to address",
		       "Plinth's own code (read-only): serve+0x10 at 0x9ff00490 "
		       "(0x80200490 in plinth.elf)");
	expect_address(ARCH_FAULT_WRITE, RODATA + 8, "a write to address",
		       "Plinth's own constants (read-only): 0x80210008 in plinth.elf");
	expect_address(ARCH_FAULT_EXECUTE, DATA + 8, "a jump to address",
		       "Plinth's own variables (not executable): 0x80220008 in plinth.elf");
	expect_address(ARCH_FAULT_EXECUTE, (uintptr_t)&stack[3], "a jump to address",
		       "Plinth's own stack (not executable)");
	expect_address(ARCH_FAULT_BUS, 0x10000005, "an access that got no answer, to address",
		       "in the registers of serial@10000000, at offset 0x5");
	expect_address(ARCH_FAULT_MISALIGNED, 0x10000001, "a misaligned access to address",
		       "in the registers of serial@10000000, at offset 0x1");
	expect_address(ARCH_FAULT_EXECUTE, 0x88000010, "a jump to address",
		       "in memory (loaded: initrd) (not executable)");
	expect_address(ARCH_FAULT_READ, 0x10000100, "a read of address",
		       "neither memory nor a device that Plinth drives: nothing is mapped there");
	expect_address(ARCH_FAULT_READ, 0xffffffffffffffff, "a read of address",
		       "nothing is mapped there");
}

static void the_place_and_the_registers_are_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++)
		fault.registers[i] = 0x1111111111111111ull * (i % 16);
	fault.registers[7] = IMAGE + 0x11;
	run(call_trap, &fault);
	expect("It happened in parse+0x20 at 0x9ff00220 (0x80200220 in plinth.elf).\r\n");
	expect("The CPU calls it \"load page fault\" (0xd).\r\n");
	expect("  r0   0000000000000000  r1   1111111111111111  r2   2222222222222222\r\n");
	expect("  r30  eeeeeeeeeeeeeeee  r31  ffffffffffffffff\r\n");
	expect("  r7 is boot+0x1 at 0x9ff00011 (0x80200011 in plinth.elf)\r\n");
	expect("Stopped.\r\n");

	/* A fault without an address, somewhere that is no code of ours. */
	fault.kind = ARCH_FAULT_INSTRUCTION;
	fault.address_valid = false;
	fault.pc = 0x1234;
	run(call_trap, &fault);
	expect("Plinth has crashed: an undefined or forbidden instruction.\r\n"
	       "It happened in 0x1234.\r\n");
	assert_null(strstr(outcome->console, "That is"));
}

/* A frame of arch/host is the caller's frame and the return address. */
static void frame(unsigned at, uintptr_t caller, uintptr_t return_address)
{
	stack[at] = caller;
	stack[at + 1] = return_address;
}

static void the_calls_are_listed(void **state)
{
	(void)state;
	/* returns to where "serve" begins: parse called */
	frame(4, (uintptr_t)&stack[20], IMAGE + 0x480);
	frame(20, (uintptr_t)&stack[40], IMAGE + 0x4a0);
	frame(40, 0, IMAGE + 0x30);
	fault.fp = (uintptr_t)&stack[4];
	run(call_trap, &fault);
	expect("Called from, latest first:\r\n"
	       "  parse+0x27f at 0x9ff0047f (0x8020047f in plinth.elf)\r\n"
	       "  serve+0x1f at 0x9ff0049f (0x8020049f in plinth.elf)\r\n"
	       "  boot+0x1f at 0x9ff0002f (0x8020002f in plinth.elf)\r\n"
	       "Stopped.\r\n");
}

static void broken_stacks_end_the_list(void **state)
{
	const uintptr_t fps[] = {
		0, 8, 0xdeadbeef, UINTPTR_MAX, UINTPTR_MAX - 15, (uintptr_t)&stack[4] + 1,
		(uintptr_t)&stack[DEEP], (uintptr_t)&stack[DEEP - 1], (uintptr_t)stack - 16,
	};

	(void)state;
	for (unsigned i = 0; i < sizeof fps / sizeof fps[0]; i++) {
		fault.fp = fps[i];
		run(call_trap, &fault);
		expect("Called from, latest first:\r\nStopped.\r\n");
	}

	/* Frames that lead in a circle, and more frames than anybody wants to read. */
	frame(4, (uintptr_t)&stack[4], IMAGE + 0x30);
	fault.fp = (uintptr_t)&stack[4];
	run(call_trap, &fault);
	expect("Stopped.\r\n");
	for (unsigned i = 0; i < DEEP; i += 2)
		frame(i, (uintptr_t)&stack[i + 2], IMAGE + 0x30 + i);
	fault.fp = (uintptr_t)stack;
	run(call_trap, &fault);
	expect("  and so on\r\nStopped.\r\n");
}

/* A stack overflow is mostly one function; the interesting call is the one that began it. */
static void a_recursion_is_one_line(void **state)
{
	(void)state;
	frame(0, (uintptr_t)&stack[2], IMAGE + 0x490);
	for (unsigned i = 2; i < DEEP - 2; i += 2)
		frame(i, (uintptr_t)&stack[i + 2], IMAGE + 0x210);
	frame(DEEP - 2, 0, IMAGE + 0x30);
	fault.fp = (uintptr_t)stack;
	run(call_trap, &fault);
	expect("latest first:\r\n"
	       "  serve+0xf at 0x9ff0048f (0x8020048f in plinth.elf)\r\n"
	       "  parse+0xf at 0x9ff0020f (0x8020020f in plinth.elf), 38 times\r\n"
	       "  boot+0x1f at 0x9ff0002f (0x8020002f in plinth.elf)\r\n"
	       "Stopped.\r\n");
}

/* ---- Faults while one is reported ---- */

static unsigned console_faults;

static void faulting_write(void *state, const char *text, size_t bytes)
{
	if (console_faults) {
		console_faults--;
		trap(&fault);
	}
	sim_console.write(state, text, bytes);
}

static int no_input(void *state)
{
	(void)state;
	return -EAGAIN;
}

static const struct console_ops faulting_console = { "faulting", faulting_write, no_input };

static void a_second_fault_says_so_and_stops(void **state)
{
	static const char again[] =
		"A second fault while the first was being reported. Stopped.\r\n";

	(void)state;
	console_set(&faulting_console, NULL);
	console_faults = 1;
	run(call_trap, &fault);
	assert_int_equal(outcome->end, SIM_STOPPED);
	expect(again);
	assert_null(strstr(outcome->console, "Registers"));

	/* The console faults again: then not through it. If even that fails, it ends. */
	console_faults = 2;
	run(call_trap, &fault);
	assert_int_equal(outcome->end, SIM_STOPPED);
	assert_string_equal(outcome->console, "");
	assert_non_null(strstr(outcome->early, "A second fault"));
	console_faults = 1000;
	run(call_trap, &fault);
	assert_int_equal(outcome->end, SIM_STOPPED);
}

/* ---- Panics, and how it ends ---- */

static void call_panic(void *argument)
{
	panic("No %s.\nTry another one.", (const char *)argument);
}

static void call_assert(void *argument)
{
	assert(argument == NULL);
	assert(argument != NULL);
}

static void panic_gives_the_reason(void **state)
{
	char text[400];

	(void)state;
	run(call_panic, "tree");
	assert_int_equal(outcome->end, SIM_STOPPED);
	expect("\r\nPlinth cannot go on.\r\nNo tree.\r\nTry another one.\r\nCalled from");
	memset(text, 'z', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	run(call_panic, text);
	expect("zzz.\r\nTry another one.\r\n");
	run(call_assert, NULL);
	expect("This does not hold, and must: argument != NULL\r\n"
	       "in tests/unit/trap_test.c, line ");
}

static void without_a_console(void *argument)
{
	log_warning("something odd");
	call_panic(argument);
}

static void before_a_console_the_early_one_tells_it_all(void **state)
{
	(void)state;
	console_set(NULL, NULL);
	run(without_a_console, "console");
	assert_string_equal(outcome->console, "");
	assert_non_null(strstr(outcome->early,
			       "warning: something odd\n\nPlinth cannot go on.\nNo console.\n"));
}

static void the_option_resets(void **state)
{
	(void)state;
	tree("quiet plinth.crash=reset root=/dev/vda");
	run(call_panic, "luck");
	assert_int_equal(outcome->end, SIM_STOPPED);
	expect("Resetting, as plinth.crash=reset asks.\r\n");
	expect("The reset did not work. Stopped.\r\n");
	sim.firmware_resets = true;
	run(call_panic, "luck");
	assert_int_equal(outcome->end, SIM_RESET);
	tree("plinth.crash=stop");
	run(call_panic, "luck");
	assert_int_equal(outcome->end, SIM_STOPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses_are_explained, set_up),
		cmocka_unit_test_setup(the_place_and_the_registers_are_told, set_up),
		cmocka_unit_test_setup(the_calls_are_listed, set_up),
		cmocka_unit_test_setup(broken_stacks_end_the_list, set_up),
		cmocka_unit_test_setup(a_recursion_is_one_line, set_up),
		cmocka_unit_test_setup(a_second_fault_says_so_and_stops, set_up),
		cmocka_unit_test_setup(panic_gives_the_reason, set_up),
		cmocka_unit_test_setup(before_a_console_the_early_one_tells_it_all, set_up),
		cmocka_unit_test_setup(the_option_resets, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
