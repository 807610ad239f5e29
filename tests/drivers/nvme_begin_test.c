/* SPDX-License-Identifier: BSD-2-Clause */
/* NVMe controllers that fail at any step of their start, or at the end of it: each says why not. */
#include "tests/drivers/nvme_requests.h"

/* It works, or says why not; and it ends. */
static void begins_or_explains(void)
{
	struct device *dev = discover();
	struct block_device *b = disk(1);
	int error;

	assert_true((sim.ticks) / 10 < LONGEST_US);
	if (dev->error)
		assert_true(dev->reason[0]);
	else if (b)
		run(b, BLOCK_READ, &error);
	assert_int_equal(dma_counters()->lent, 0);
	devices_quiesce();
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);
	assert_true(nvme.function->gone || !nvme.hmb_count);
}

static void machine_with_everything(void)
{
	machine();
	sim.ticks_step = STEP_TICKS;
	nvme.ready_us = nvme.disable_us = nvme.shutdown_us = 700;
	nvme.oacs |= 1 << 8;
	nvme.hmpre = 64;
}

struct at { unsigned number; enum sim_nvme_trouble trouble; u64 *reached; };

/* So many times, if nothing is wrong. */
static void count_accesses(void **state)
{
	struct at *at = *state;

	machine_with_everything();
	begins_or_explains();
	*at->reached = nvme.accesses;
}

static void trouble_at_access(void **state)
{
	struct at *at = *state;

	machine_with_everything();
	*(at->trouble == SIM_NVME_VANISH ? &nvme.vanishes_at : &nvme.fatal_at) = at->number;
	begins_or_explains();
}

static void trouble_at_each_access(void **state)
{
	u64 *reached = child_memory(sizeof *reached);

	(void)state;
	for (unsigned kind = 0; kind < 2; kind++) {
		struct at at = { 1, kind ? SIM_NVME_VANISH : SIM_NVME_FATAL, reached };

		in_child(count_accesses, &at);
		for (; at.number <= *reached; at.number++)
			in_child(trouble_at_access, &at);
		print_message("%s at each of %u accesses to registers\n",
			      kind ? "pulled" : "fatal", at.number);
	}
}

static void trouble_at_command(void **state)
{
	struct at *at = *state;

	machine_with_everything();
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = at->trouble, .admin = true, .opcode = SIM_NVME_ANY, .skip = at->number,
		.value = at->trouble == SIM_NVME_STATUS ? 0x06 : 0xfffe, .delay_us = 20000000,
	};
	begins_or_explains();
	*at->reached = nvme.faults[0].trouble == SIM_NVME_FINE;
}

static void trouble_at_each_admin_command(void **state)
{
	u64 *reached = child_memory(sizeof *reached);

	(void)state;
	for (unsigned trouble = SIM_NVME_LOST; trouble <= SIM_NVME_VANISH; trouble++) {
		struct at at = { 0, trouble, reached };

		do
			in_child(trouble_at_command, &at);
		while (at.number++, *reached);
		print_message("trouble %u at each of %u admin commands\n", trouble, at.number - 1);
	}
}

/* What is not there is not looked at, not even to say so. */
static void with_registers(void **state)
{
	const u64 *bytes = *state;
	struct device *dev;

	machine();
	nvme.cap |= 1ull << 59;		/* CRTO is to be read */
	sim_pci_bar(nvme.function, 0, SIM_PCI_64, *bytes);
	dev = discover();
	assert_true(dev->error < 0);
	assert_non_null(strstr(dev->reason, "registers"));
}

static void too_few_registers(void **state)
{
	(void)state;
	for (u64 bytes = 16; bytes <= 0x1000; bytes *= 2)
		in_child(with_registers, &bytes);
}

static void never_ready(void **state)
{
	struct device *dev;

	(void)state;
	machine();
	sim.ticks_step = STEP_TICKS;
	nvme.ready_us = SIM_NVME_NEVER;
	dev = discover();
	assert_true(dev->error < 0);
	assert_non_null(strstr(dev->reason, "ready"));
	assert_true(sim.ticks / 10 < LONGEST_US);
	assert_null(block_first());
}

static void never_off(void **state)
{
	struct device *dev;

	(void)state;
	machine();
	sim.ticks_step = STEP_TICKS;
	nvme.cc = 0x00460001;
	nvme.csts = 1;
	nvme.disable_us = SIM_NVME_NEVER;
	dev = discover();
	assert_true(dev->error < 0);
	assert_true(dev->reason[0]);
	assert_true(sim.ticks / 10 < LONGEST_US);
}

static void fatal_for_good(void **state)
{
	struct device *dev;

	(void)state;
	machine();
	sim.ticks_step = STEP_TICKS;
	nvme.csts = 2;
	nvme.fatal_stays = true;
	dev = discover();
	assert_true(dev->error < 0);
	assert_true(dev->reason[0]);
}

static void a_shutdown_that_never_ends(void **state)
{
	u64 begin;

	(void)state;
	machine();
	start_fast();
	nvme.shutdown_us = SIM_NVME_NEVER;
	begin = sim.ticks;
	devices_quiesce();
	assert_true((sim.ticks - begin) / 10 < LONGEST_US);
	assert_false(sim_pci_get(nvme.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trouble_at_each_access),
		cmocka_unit_test(trouble_at_each_admin_command),
		cmocka_unit_test(too_few_registers),
		CHILD_TEST(never_ready, NULL),
		CHILD_TEST(never_off, NULL),
		CHILD_TEST(fatal_for_good, NULL),
		CHILD_TEST(a_shutdown_that_never_ends, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
