/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command `nvme` says of controllers, and what it does to namespaces. */
#include "tests/drivers/nvme_machine.h"

#include "boot/monitor/monitor.h"
#include "tests/sim/console.h"

static int run_typing(const char *line, const char *typed)
{
	char copy[64];

	sim_console_clear();
	sim_console_typed = typed;
	snprintf(copy, sizeof copy, "%s", line);
	return monitor_run(copy);
}

static int run(const char *line)
{
	return run_typing(line, "");
}

static void assert_said(const char *words)
{
	if (!strstr(sim_console_text, words))
		fail_msg("no \"%s\" in: %s", words, sim_console_text);
}

static void begin(void)
{
	machine();
	console_set(&sim_console, NULL);
}

static void nothing(void **state)
{
	(void)state;
	begin();
	assert_int_equal(run("nvme"), 0);
	assert_said("There is no NVMe controller");
	assert_int_equal(run("nvme nvme0"), -ENOENT);
	assert_said("There is no controller \"nvme0\"");
	assert_int_equal(run("nvme format nvme0n1 512"), -ENOENT);
	assert_said("There is no namespace \"nvme0n1\"");
}

static void a_controller(void **state)
{
	(void)state;
	begin();
	nvme.unsafe_shutdowns = 5;
	nvme.hmpre = 16;
	assert_reads(start_disk(), 1, 0, 100);
	assert_int_equal(run("nvme"), 0);
	assert_string_equal(sim_console_text,
			    "nvme0: Simulated NVMe, firmware 1.0, serial SN0123, pci 00:01.0\r\n"
			    "  nvme0n1: 512 MiB, blocks of 512\r\n");
	assert_int_equal(run("nvme nvme0"), 0);
	assert_said("NVMe 1.4, at most 512 KiB a command, data by PRP");
	assert_said("write cache: volatile; shadow doorbells: no; memory of ours: 68 KiB");
	assert_said("I/O queues of 128, 64 in flight at most: 1 commands, 1 + 0 doorbell rings, "
		    "0 completions refused");
	assert_said("resets: 0");
	assert_int_equal(run("nvme nvme0 health"), 0);
	assert_said("42 degrees Celsius; spare 100 % (at least 10 %), worn 3 %");
	assert_said("read 488.2 MiB, written 976.5 MiB");
	assert_said("on for 345 hours, 12 power cycles, 5 unsafe shutdowns, 0 media errors, "
		    "7 errors in all");
	assert_null(strstr(sim_console_text, "warning"));
	assert_int_equal(run("nvme nvme0 errors"), 0);
	assert_string_equal(sim_console_text,
			    "  7: unrecovered read error, queue 1, namespace 1, lba 5\r\n");
	assert_int_equal(run("nvme nvme0 wealth"), -EINVAL);
	assert_int_equal(run("nvme nvme1"), -ENOENT);
}

static void warn(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes, size_t count)
{
	(void)s, (void)count;
	if (what == SIM_NVME_SAYS_DATA && which == (0x02 | 0x02 << 8))
		*(u8 *)bytes = 0x09;		/* spare space, read-only */
}

static void an_ill_one(void **state)
{
	(void)state;
	begin();
	start_disk();
	nvme.twist = warn;
	assert_int_equal(run("nvme nvme0 health"), 0);
	assert_said("warning: spare space runs out");
	assert_said("warning: it is read-only now");
	assert_null(strstr(sim_console_text, "temperature is"));
}

static void one_that_does_not_start(void **state)
{
	(void)state;
	begin();
	sim.ticks_step = 20000;
	nvme.ready_us = SIM_NVME_NEVER;
	discover();
	assert_int_equal(run("nvme"), 0);
	assert_said("pci 00:01.0: not usable: it does not become ready (CSTS.RDY)");
}

/* What does not answer is reset, and asked no more if that does not help. */
static void one_that_does_not_answer(void **state)
{
	(void)state;
	begin();
	sim.ticks_step = 20000;
	start_disk();
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_LOST, .admin = true, .opcode = 0x02,
	};
	assert_int_equal(run("nvme nvme0 health"), -ETIMEDOUT);
	assert_int_equal(nvme.resets, 2);
	assert_int_equal(run("nvme nvme0 health"), 0);
	assert_reads(disk(1), 1, 5, 100);
	nvme.function->gone = true;
	assert_true(run("nvme nvme0 health") < 0);
	assert_true(run("nvme nvme0 errors") < 0);
	assert_true(run("nvme format nvme0n1 512 -f") < 0);
	assert_int_equal(run("nvme"), 0);
	assert_said("not usable: it has gone");
}

/* ---- Format ---- */

static void formatting(void **state)
{
	(void)state;
	begin();
	give_store(&nvme.ns[0], 4096);
	start_disk();
	assert_int_equal(run_typing("nvme format nvme0n1 4096", "n"), -ECANCELED);
	assert_said("This erases everything on nvme0n1. Go on? (y/n) no");
	assert_int_equal(nvme.ns[0].store[0], sim_nvme_pattern(1, 0));
	assert_int_equal(run("nvme format nvme0n1 1024 -f"), -ENOTSUP);
	assert_said("blocks of 512 4096.");
	assert_int_equal(run("nvme format nvme0n1"), -EINVAL);
	assert_int_equal(run("nvme format nvme0n1 4096 -f yes"), -ECANCELED);
	assert_int_equal(nvme.opcodes[0][0x80], 0);

	assert_int_equal(run_typing("nvme format nvme0n1 4k", "y"), 0);
	assert_int_equal(disk(1)->limits.block_size, 4096);
	assert_int_equal(disk(1)->limits.block_count, 512);
	assert_int_equal(nvme.ns[0].store[0], 0);
	assert_int_equal(run("nvme format nvme0n1 512 -f"), 0);
	assert_int_equal(disk(1)->limits.block_count, 4096);
	assert_int_equal(nvme.opcodes[0][0x80], 2);
	stop();
}

/* Of no use with its format, and it has another one. */
static void formatting_makes_usable(void **state)
{
	(void)state;
	begin();
	nvme.ns[0].format = SIM_NVME_512_8;
	nvme.ns[0].extended = true;
	discover();
	assert_null(disk(1));
	assert_int_equal(run("nvme format nvme0n1 512 -f"), 0);
	assert_reads(disk(1), 1, 0, 9);
	stop();
}

static void formatting_that_is_refused(void **state)
{
	(void)state;
	begin();
	nvme.ns[0].write_protected = true;
	start_disk();
	assert_int_equal(run("nvme format nvme0n1 4096 -f"), -EIO);
	assert_said("nvme0: ");
	assert_int_equal(disk(1)->limits.block_size, 512);
	assert_reads(disk(1), 1, 0, 9);
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(nothing, NULL),
		CHILD_TEST(a_controller, NULL),
		CHILD_TEST(an_ill_one, NULL),
		CHILD_TEST(one_that_does_not_start, NULL),
		CHILD_TEST(one_that_does_not_answer, NULL),
		CHILD_TEST(formatting, NULL),
		CHILD_TEST(formatting_makes_usable, NULL),
		CHILD_TEST(formatting_that_is_refused, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
