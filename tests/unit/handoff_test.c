/* SPDX-License-Identifier: BSD-2-Clause */
/* From a kernel in memory to its entry, on a machine whose RAM is this process's memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "arch/host/sim.h"
#include "boot/handoff.h"
#include "drivers/device.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/tree.h"

enum { RAM = 0x40000000, RAM_BYTES = 0x8800000, MIB = 1 << 20 };

static const struct arch_linux_image kernel = { .image_bytes = 8 * MIB, .base_align = 2 * MIB };

static int map_ram(void **state)
{
	void *ram = mmap((void *)(uintptr_t)RAM, RAM_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	(void)state;
	return ram == (void *)(uintptr_t)RAM ? 0 : -1;
}

static int setup(void **state)
{
	(void)state;
	sim_reset();
	sim.linux_image = &kernel;
	TREE(handoff);
	return memory_init();
}

/* ---- What was logged last ---- */

static char last[LOG_LINE_BYTES];

static void keep_last(void *context, enum log_level level, u64 time_us, const char *text)
{
	(void)context;
	(void)level;
	(void)time_us;
	snprintf(last, sizeof(last), "%s", text);
}

static int result;

static void leave(void *h)
{
	result = handoff_linux(h);
}

static void assert_refused(struct handoff h, int error, const char *why)
{
	u64 free_before = memory_free();

	result = 0;
	assert_int_equal(sim_run(leave, &h), SIM_RETURNED);
	assert_int_equal(result, error);
	log_walk(keep_last, NULL);
	assert_string_equal(last, why);
	assert_int_equal(memory_free(), free_before);
}

static void assert_entered(struct handoff h, u64 at)
{
	const char *reason;

	assert_int_equal(sim_run(leave, &h), SIM_ENTERED);
	assert_int_equal(sim.entered, at);
	assert_int_equal(sim.entered_tree % ARCH_PAGE_BYTES, 0);
	assert_int_equal(memory_find(at)->use, MEMORY_LOADED);
	assert_int_equal(memory_find(sim.entered_tree)->use, MEMORY_LOADED);
	assert_int_equal(sim.entered_written_count, 2);
	assert_int_equal(sim.entered_written[0].start, at);
	assert_int_equal(sim.entered_written[0].bytes, kernel.image_bytes);
	assert_int_equal(sim.entered_written[1].start, sim.entered_tree);
	assert_int_equal(dt_open((const void *)(uintptr_t)sim.entered_tree,
				 sim.entered_written[1].bytes, &reason), 0);
}

/* ---- Tests ---- */

static void test_enters_in_place(void **state)
{
	struct dt_node chosen;
	u32 bytes;

	(void)state;
	assert_entered((struct handoff){ .kernel = RAM + 32 * MIB }, RAM + 32 * MIB);
	chosen = dt_path("/chosen");
	assert_string_equal(dt_string(chosen, "bootargs"), "console=ttyS0 quiet");
	assert_non_null(dt_property(chosen, "rng-seed", &bytes));
	assert_int_equal(bytes, 64);
	assert_non_null(dt_property(chosen, "kaslr-seed", &bytes));
	assert_int_equal(bytes, 8);
	assert_int_equal(dt_u32(chosen, "boot-cpu", 99), 0);
	assert_memory_equal(dt_string(chosen, "bootloader"), "Plinth ", 7);
	assert_null(dt_property(chosen, "linux,initrd-start", &bytes));
}

static void test_moves_what_lies_wrong(void **state)
{
	char *from = (char *)(uintptr_t)(RAM + MIB), *to = (char *)(uintptr_t)RAM;

	(void)state;
	for (unsigned i = 0; i < kernel.image_bytes; i++)	/* to overlaps from */
		from[i] = (char)(i * 7 + i / 4096);
	assert_entered((struct handoff){ .kernel = RAM + MIB }, RAM);
	for (unsigned i = 0; i < kernel.image_bytes; i++)
		if (to[i] != (char)(i * 7 + i / 4096))
			fail_msg("byte %u is wrong", i);
}

static void test_passes_the_initrd(void **state)
{
	struct handoff h = { .kernel = RAM + 2 * MIB, .initrd = { RAM + 9 * MIB, 3 * MIB + 5 } };
	char *initrd = (char *)(uintptr_t)h.initrd.start;
	struct dt_node chosen;
	u32 bytes;

	(void)state;
	memset(initrd, 0x5a, h.initrd.bytes);
	assert_entered(h, RAM);		/* where it lay, it would have cleared the initrd */
	chosen = dt_path("/chosen");
	assert_int_equal(dt_u64(chosen, "linux,initrd-start", 0), h.initrd.start);
	assert_int_equal(dt_u64(chosen, "linux,initrd-end", 0), h.initrd.start + h.initrd.bytes);
	assert_non_null(dt_property(chosen, "linux,initrd-end", &bytes));
	assert_int_equal(bytes, 8);
	assert_int_equal(memory_find(h.initrd.start)->use, MEMORY_LOADED);
	for (u64 i = 0; i < h.initrd.bytes; i++)
		assert_int_equal(initrd[i], 0x5a);
}

static void test_refuses_with_the_reason(void **state)
{
	struct arch_linux_image other = kernel;

	(void)state;
	assert_refused((struct handoff){ .kernel = 0x10 }, -EINVAL,
		       "kernel at 0x10: there is no RAM at that address");
	assert_refused((struct handoff){ .kernel = 0x48000000 }, -EINVAL,
		       "kernel at 0x48000000: that memory is not free (reserved: /memreserve/)");
	assert_refused((struct handoff){ .kernel = RAM, .initrd = { 0x47fff000, 0x1001 } }, -EINVAL,
		       "initrd at 0x47fff000: free memory ends at 0x48000000, "
		       "before the initrd does");
	assert_refused((struct handoff){ .kernel = RAM, .initrd = { 0x10, 1 } }, -EINVAL,
		       "initrd at 0x10: there is no RAM at that address");

	assert_int_equal(memory_claim(RAM + 64 * MIB, MIB, MEMORY_PLINTH, "heap"), 0);
	assert_refused((struct handoff){ .kernel = RAM + 58 * MIB }, -EBUSY,
		       "kernel at 0x43a00000: it needs memory up to 0x44200000, but Plinth is at "
		       "0x44000000 (heap): put it lower");
	other.image_bytes = 120 * MIB;
	sim.linux_image = &other;
	assert_refused((struct handoff){ .kernel = RAM + 70 * MIB }, -ENOMEM,
		       "kernel at 0x44600000: there is no place for the kernel (120 MiB) in free "
		       "memory, whose largest piece has 64 MiB; 'mem' shows who has what");
	other.image_bytes = 1ull << 40;
	assert_refused((struct handoff){ .kernel = RAM }, -ENOEXEC,
		       "kernel at 0x40000000: its header says that it needs 0x10000000000 bytes of "
		       "memory, which cannot be");
	sim.linux_image = NULL;
	assert_refused((struct handoff){ .kernel = RAM }, -ENOEXEC,
		       "kernel at 0x40000000: a workstation enters no kernel");
}

static int refuse_to_stop(struct device *dev)
{
	(void)dev;
	return -EIO;
}

static int bind(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	return 0;
}

static const struct device_id stubborn_ids[] = { MATCH_DT("acme,box") };

DRIVER(stubborn) = {
	.name = "stubborn", .ids = stubborn_ids, .id_count = 1,
	.probe = bind, .quiesce = refuse_to_stop,
};

static void test_stays_if_a_device_does_not_stop(void **state)
{
	(void)state;
	assert_int_equal(device_bind_node(dt_root(), NULL), 0);
	assert_refused((struct handoff){ .kernel = RAM }, -EIO,
		       "the kernel is not entered: a device did not stop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_enters_in_place, setup),
		cmocka_unit_test_setup(test_moves_what_lies_wrong, setup),
		cmocka_unit_test_setup(test_passes_the_initrd, setup),
		cmocka_unit_test_setup(test_refuses_with_the_reason, setup),
		cmocka_unit_test_setup(test_stays_if_a_device_does_not_stop, setup),
	};

	return cmocka_run_group_tests(tests, map_ram, NULL);
}
