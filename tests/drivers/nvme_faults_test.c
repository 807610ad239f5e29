/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NVMe controllers that fail: each fault ends in a clear result in bounded time, no memory comes
 * back before the controller is done with it, and nothing is taken for something else.
 */
#include "tests/drivers/nvme_requests.h"

/* ---- One fault among commands in flight ---- */

struct fault {
	const char *name;
	enum sim_nvme_trouble trouble;
	u16 value;
	u64 delay_us;
	bool refuses_aborts;
	unsigned failed;		/* requests, or ... */
	int error;
	unsigned resets;		/* of the controller */
};
enum { ALL = REQUESTS };

static void suffer(const struct fault *f, enum block_op op, unsigned skip, u64 shuffle)
{
	struct block_device *b;
	unsigned failed, resets;
	int error;

	machine();
	nvme.shuffle = shuffle;
	nvme.aborts = f->refuses_aborts ? SIM_NVME_REFUSES_ABORTS : SIM_NVME_GRANTS_ABORTS;
	b = start_fast();
	resets = nvme.resets;
	set_fault(f->trouble, op == BLOCK_READ ? OP_READ : OP_WRITE, skip, f->value, f->delay_us);
	failed = run(b, op, &error);
	if (failed != f->failed || error != f->error)
		fail_msg("%u failed, with %d; expected: %u with %d", failed, error, f->failed,
			 f->error);
	assert_int_equal(nvme.faults[0].trouble, SIM_NVME_FINE);
	assert_int_equal(nvme.resets - resets, f->resets);
	if (f->trouble == SIM_NVME_VANISH) {
		assert_int_equal(devices_quiesce(), 0);
		return;
	}
	failed = run(b, op, &error);
	assert_int_equal(failed, 0);
	stop();
}

struct suffering { const struct fault *fault; enum block_op op; unsigned skip; u64 shuffle; };

static void suffer_alone(void **state)
{
	const struct suffering *s = *state;

	suffer(s->fault, s->op, s->skip, s->shuffle);
}

static void suffer_everywhere(const struct fault *f)
{
	print_message("%s\n", f->name);
	for (unsigned op = 0; op < 2; op++)
		for (unsigned skip = 0; skip < REQUESTS; skip += 3) {
			struct suffering s = { f, op ? BLOCK_WRITE : BLOCK_READ, skip, skip };

			in_child(suffer_alone, &s);
		}
}

static void faults_among_requests(void **state)
{
	static const struct fault faults[] = {
		{ "lost, the abort is granted", SIM_NVME_LOST, 0, 0, false, 1, -ETIMEDOUT, 0 },
		{ "lost, the abort is refused", SIM_NVME_LOST, 0, 0, true, 1, -ETIMEDOUT, 1 },
		{ "late, but in time", SIM_NVME_LATE, 0, 1000000, false, 0, 0, 0 },
		{ "late, aborted", SIM_NVME_LATE, 0, 10000000, false, 1, -ETIMEDOUT, 0 },
		{ "late, not aborted", SIM_NVME_LATE, 0, 10000000, true, 1, -ETIMEDOUT, 1 },
		{ "late, a little more than the deadline", SIM_NVME_LATE, 0, 2300000, true, 0, 0,
		  0 },
		{ "done, but not reported", SIM_NVME_UNREPORTED, 0, 0, false, 1, -ETIMEDOUT, 1 },
		{ "completed twice", SIM_NVME_TWICE, 0, 0, false, 0, 0, 0 },
		{ "completed once more later", SIM_NVME_TWICE, 0, 3000, false, 0, 0, 0 },
		{ "command_id out of range", SIM_NVME_BAD_ID, 0xfffe, 0, false, 1, -ETIMEDOUT, 1 },
		{ "command_id of nobody", SIM_NVME_BAD_ID, 0x80ff, 0, false, 1, -ETIMEDOUT, 1 },
		{ "of another queue", SIM_NVME_BAD_QUEUE, 3, 0, false, 1, -ETIMEDOUT, 1 },
		{ "with a head out of range", SIM_NVME_BAD_HEAD, 0xffff, 0, false, 0, 0, 0 },
		{ "busy for now", SIM_NVME_STATUS, 0x06, 0, false, 0, 0, 0 },
		{ "an error for good", SIM_NVME_STATUS, 0x06 | SIM_NVME_DNR, 0, false, 1, -EIO, 0 },
		{ "unrecovered read error", SIM_NVME_STATUS, 0x281 | SIM_NVME_DNR, 0, false, 1,
		  -EIO, 0 },
		{ "out of range", SIM_NVME_STATUS, 0x80 | SIM_NVME_DNR, 0, false, 1, -ERANGE, 0 },
		{ "fatal", SIM_NVME_FATAL, 0, 0, false, 0, 0, 1 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
		suffer_everywhere(&faults[i]);
}

/* The entry is there, nobody can see it: nor those behind it. */
static void a_wrong_phase(void **state)
{
	struct block_device *b;
	unsigned resets;
	int error;

	(void)state;
	machine();
	b = start_fast();
	resets = nvme.resets;
	set_fault(SIM_NVME_BAD_PHASE, OP_READ, 2, 0, 0);
	assert_true(run(b, BLOCK_READ, &error) > 0);
	assert_int_equal(error, -ETIMEDOUT);
	assert_true(nvme.resets > resets);
	assert_int_equal(run(b, BLOCK_READ, &error), 0);
	stop();
}

/* The same again and again: it is given up, but not before it was tried again. */
static void fatal_again_and_again(void **state)
{
	struct block_device *b;
	int error;

	(void)state;
	machine();
	b = start_fast();
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_FATAL, .opcode = OP_READ, .count = 1000,
	};
	assert_int_equal(run(b, BLOCK_READ, &error), REQUESTS);
	assert_int_equal(error, -EIO);
	assert_in_range(nvme.resets, 2, 2 * REQUESTS + 2);
	nvme.faults[0].trouble = SIM_NVME_FINE;
	assert_int_equal(run(b, BLOCK_READ, &error), 0);
	stop();
}

static void a_reset_does_not_help(void **state)
{
	struct block_device *b;
	int error;

	(void)state;
	machine();
	b = start_fast();
	set_fault(SIM_NVME_FATAL, OP_READ, 3, 0, 0);
	nvme.ready_us = SIM_NVME_NEVER;
	assert_true(run(b, BLOCK_READ, &error) >= REQUESTS - 3);
	assert_true(error < 0);
	assert_int_equal(run(b, BLOCK_READ, &error), REQUESTS);
	assert_true(b->dead < 0 && b->why_dead);
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(devices_quiesce(), 0);
}

/* It does not even stop: then it may not master the bus, and its memory is still not reused. */
static void it_cannot_be_stopped(void **state)
{
	struct block_device *b;
	int error;

	(void)state;
	machine();
	nvme.aborts = SIM_NVME_REFUSES_ABORTS;
	b = start_fast();
	set_fault(SIM_NVME_LOST, OP_READ, 3, 0, 0);
	nvme.disable_us = SIM_NVME_NEVER;
	assert_true(run(b, BLOCK_READ, &error) > 0);
	assert_true(error < 0);
	assert_false(sim_pci_get(nvme.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	assert_int_equal(run(b, BLOCK_READ, &error), REQUESTS);
	devices_quiesce();
}

/* Not even that helps: the requests end, but what it may still write stays lent. */
static void it_obeys_nothing(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	nvme.aborts = SIM_NVME_REFUSES_ABORTS;
	b = start_fast();
	set_fault(SIM_NVME_LOST, OP_READ, 0, 0, 0);
	nvme.disable_us = SIM_NVME_NEVER;
	nvme.function->writable[PCI_COMMAND] &= (u8)~PCI_COMMAND_MASTER;
	prepare(0, BLOCK_READ);
	assert_int_equal(block_submit(b, &requests[0]), 0);
	assert_true(block_wait(b, &requests[0]) < 0);
	assert_int_equal(nvme.held_count, 1);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);
	assert_true(dma_counters()->lent > 0);
	assert_true(b->dead < 0);
	assert_true(devices_quiesce() < 0);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);

	nvme.function->gone = true;
	device_remove(find_device());
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(dma_counters()->shared, 0);
}

static void it_is_pulled(void **state)
{
	struct block_device *b;
	int error;

	(void)state;
	machine();
	b = start_fast();
	set_fault(SIM_NVME_VANISH, OP_READ, 3, 0, 0);
	assert_true(run(b, BLOCK_READ, &error) >= REQUESTS - 3);
	assert_int_equal(error, -ENXIO);
	assert_int_equal(run(b, BLOCK_READ, &error), REQUESTS);
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(devices_quiesce(), 0);
}

/* ---- What comes late is never somebody else's ---- */

static void late_completions_under_reuse(void **state)
{
	struct block_device *b;
	int error;

	(void)state;
	machine();
	nvme.shuffle = 3;
	b = start_fast();
	for (unsigned round = 0; round < 40; round++) {
		set_fault(SIM_NVME_TWICE, OP_READ, round % 5, 0, 100 * round);
		assert_int_equal(run(b, BLOCK_READ, &error), 0);
	}
	stop();
}

/* A doorbell may be put off while the controller is busy; but not for as long as that is stuck. */
static void what_hangs_keeps_no_others_waiting(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	b = start_disk();
	set_fault(SIM_NVME_LOST, OP_READ, 0, 0, 0);
	nvme.faults[0].count = REQUESTS - 1;
	for (unsigned i = 0; i < REQUESTS - 1; i++) {
		prepare(i, BLOCK_READ);
		assert_int_equal(block_submit(b, &requests[i]), 0);
	}
	block_kick(b);
	block_poll(b);
	prepare(REQUESTS - 1, BLOCK_READ);
	assert_int_equal(block_submit(b, &requests[REQUESTS - 1]), 0);
	assert_int_equal(block_wait(b, &requests[REQUESTS - 1]), 0);
	assert_int_equal(b->counters.timeouts, 0);
	judge(REQUESTS - 1);
	sim.ticks_step = STEP_TICKS;
	for (unsigned i = 0; i < REQUESTS - 1; i++)
		assert_int_equal(block_wait(b, &requests[i]), -ETIMEDOUT);
	assert_int_equal(devices_quiesce(), 0);
}

/* What is in flight at the end is not touched any more either. */
static void quiesced_in_flight(void **state)
{
	struct block_device *b;

	(void)state;
	machine();
	b = start_fast();
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = SIM_NVME_LOST, .opcode = OP_READ, .count = REQUESTS,
	};
	for (unsigned i = 0; i < REQUESTS; i++) {
		prepare(i, BLOCK_READ);
		assert_int_equal(block_submit(b, &requests[i]), 0);
	}
	block_kick(b);
	for (unsigned i = 0; i < 100; i++)
		sim_nvme_step(&nvme);
	assert_int_equal(nvme.held_count, REQUESTS);
	stop();
	for (unsigned i = 0; i < REQUESTS; i++)
		memset(buffer_of(i), GUARD, BYTES);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);
	for (unsigned i = 0; i < REQUESTS; i++)
		assert_guarded(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(faults_among_requests),
		CHILD_TEST(a_wrong_phase, NULL),
		CHILD_TEST(fatal_again_and_again, NULL),
		CHILD_TEST(a_reset_does_not_help, NULL),
		CHILD_TEST(it_cannot_be_stopped, NULL),
		CHILD_TEST(it_obeys_nothing, NULL),
		CHILD_TEST(it_is_pulled, NULL),
		CHILD_TEST(late_completions_under_reuse, NULL),
		CHILD_TEST(what_hangs_keeps_no_others_waiting, NULL),
		CHILD_TEST(quiesced_in_flight, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
