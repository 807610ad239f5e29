/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated machine itself: what the other tests rely on to notice mistakes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"

static u64 memory[4];

static u64 read(void *state, u64 offset, unsigned width)
{
	u64 value = 0;

	memcpy(&value, (char *)state + offset, width);
	return value;
}

static void write(void *state, u64 offset, unsigned width, u64 value)
{
	memcpy((char *)state + offset, &value, width);
}

static const struct sim_mmio_ops ops = { read, write };

static jmp_buf failure;
static char message[256];

static void failed(const char *text)
{
	strcpy(message, text);
	longjmp(failure, 1);
}

#define FAILS(expression, words) do { \
	if (setjmp(failure) == 0) { \
		expression; \
		fail_msg("no failure: %s", #expression); \
	} \
	assert_string_equal(message, words); \
} while (0)

static int set_up(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = failed;
	sim_mmio_add(0x1000, sizeof memory, &ops, memory);
	return 0;
}

static void accesses_reach_the_device(void **state)
{
	(void)state;
	arch_mmio_write64(0x1008, 0x1122334455667788);
	assert_int_equal(arch_mmio_read8(0x1008), 0x88);
	assert_int_equal(arch_mmio_read16(0x100a), 0x5566);
	assert_int_equal(arch_mmio_read32(0x100c), 0x11223344);
	arch_mmio_write8(0x101f, 0xab);
	assert_int_equal(memory[3] >> 56, 0xab);
}

static void other_accesses_fail(void **state)
{
	(void)state;
	FAILS(arch_mmio_read8(0xfff), "1-byte read at 0xfff, where no device is");
	FAILS(arch_mmio_write32(0x1020, 0), "4-byte write at 0x1020, where no device is");
	FAILS(arch_mmio_read32(0x1002), "misaligned 4-byte read at 0x1002");
	FAILS(sim_mmio_add(0x101f, 1, &ops, memory), "window 0x101f lies over another one");
	FAILS(sim_mmio_add(0xf00, 0x101, &ops, memory), "window 0xf00 lies over another one");
	sim_mmio_add(0xf00, 0x100, &ops, memory);
	FAILS(arch_cache_invalidate((void *)0x1010, 64),
	      "invalidating 64 bytes at 0x1010: not whole cache lines");
}

static unsigned steps;

static void look(void *address)
{
	steps++;
	arch_mmio_read32((uintptr_t)address);
	steps++;
}

static void look_twice(void *address)
{
	struct arch_fault fault;

	assert_int_equal(arch_catch(look, address, &fault), -EFAULT);
	assert_int_equal(fault.kind, ARCH_FAULT_BUS);
	assert_int_equal(fault.address, (uintptr_t)address);
	assert_true(fault.address_valid);
	look((char *)address + 1);
}

static void faults_are_caught(void **state)
{
	struct arch_fault fault;

	(void)state;
	assert_int_equal(arch_catch(look, (void *)0x1000, NULL), 0);
	assert_int_equal(steps, 2);
	assert_int_equal(arch_catch(look, (void *)0x9000, NULL), -EFAULT);
	assert_int_equal(steps, 3);
	assert_int_equal(arch_catch(look_twice, (void *)0x9000, &fault), -EFAULT);
	assert_int_equal(fault.kind, ARCH_FAULT_MISALIGNED);
	assert_int_equal(fault.address, 0x9001);
	FAILS(look((void *)0x9000), "4-byte read at 0x9000, where no device is");
}

static void time_passes_only_when_looked_at(void **state)
{
	u64 before = arch_ticks();

	(void)state;
	assert_int_equal(arch_ticks(), before + 10);
	arch_relax();
	sim.ticks_step = 1000;
	assert_int_equal(arch_ticks(), before + 1020);
}

static void end(void *how)
{
	static const struct range written = { 0x80200000, 0x1000 };

	switch (*(enum sim_end *)how) {
	case SIM_STOPPED:
		arch_stop();
	case SIM_RESET:
		arch_reset();
		break;
	case SIM_POWERED_OFF:
		arch_power_off();
		break;
	case SIM_ENTERED:
		arch_enter(0x80200000, 0x88000000, &written, 1);
	case SIM_RETURNED:
		break;
	}
}

static void ends_are_told_apart(void **state)
{
	(void)state;
	sim.firmware_resets = true;
	for (enum sim_end how = SIM_RETURNED; how <= SIM_ENTERED; how++)
		assert_int_equal(sim_run(end, &how), how);
	assert_int_equal(sim.entered, 0x80200000);
	assert_int_equal(sim.entered_tree, 0x88000000);
	FAILS(arch_stop(), "the machine was stopped outside sim_run");
	sim.firmware_resets = false;
	assert_int_equal(arch_reset(), -ENOTSUP);
	assert_int_equal(arch_power_off(), -ENOTSUP);
}

static void wishes_are_recorded(void **state)
{
	(void)state;
	assert_int_equal(arch_map(0x3000, 0x1000, ARCH_MAP_TEXT), 0);
	assert_int_equal(arch_map(0x3001, 0x1000, ARCH_MAP_TEXT), -EINVAL);
	assert_int_equal(sim.map_count, 1);
	assert_int_equal(sim.maps[0].start, 0x3000);
	assert_int_equal(sim.maps[0].kind, ARCH_MAP_TEXT);
	arch_cache_clean(memory, 3);
	assert_int_equal(sim.cache[0].op, SIM_CLEAN);
	assert_int_equal(sim.cache[0].start, (uintptr_t)memory);
	assert_int_equal(sim.cache[0].bytes, 3);
	arch_early_write("ab", 2);
	arch_early_write("c", 1);
	assert_string_equal(sim.early_text, "abc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(accesses_reach_the_device, set_up),
		cmocka_unit_test_setup(other_accesses_fail, set_up),
		cmocka_unit_test_setup(faults_are_caught, set_up),
		cmocka_unit_test_setup(time_passes_only_when_looked_at, set_up),
		cmocka_unit_test_setup(ends_are_told_apart, set_up),
		cmocka_unit_test_setup(wishes_are_recorded, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
