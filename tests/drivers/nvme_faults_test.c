/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NVMe controllers that fail: each fault ends in a clear result in bounded time, no memory comes
 * back before the controller is done with it, and nothing is taken for something else.
 */
#include "tests/drivers/nvme_machine.h"

enum { REQUESTS = 8, BLOCKS = 24, BYTES = BLOCKS * 512, GUARD = 0x3c, STEP_TICKS = 2000 };
enum { TIMEOUT_US = 2000000, LONGEST_US = 90 * 1000 * 1000, STEPS_AFTER = 2000 };

static struct block_request requests[REQUESTS];
static struct block_segment segments[REQUESTS];
static u8 buffers[REQUESTS][BYTES + 4096];

static u8 *buffer_of(unsigned i)
{
	return buffers[i] + (-(uintptr_t)buffers[i] & 511);
}

static u64 lba_of(unsigned i)
{
	return 1000 + 100 * i;
}

/* A machine on which time flies. */
static struct block_device *start_fast(void)
{
	sim.ticks_step = STEP_TICKS;
	return start_disk();
}

static void prepare(unsigned i, enum block_op op)
{
	segments[i] = (struct block_segment){ buffer_of(i), BYTES };
	requests[i] = (struct block_request){
		.op = op, .lba = lba_of(i), .blocks = BLOCKS, .segments = &segments[i],
		.segment_count = 1, .timeout_us = TIMEOUT_US,
	};
	if (op == BLOCK_WRITE)
		sim_nvme_patterns(buffer_of(i), 1, lba_of(i) * 512, BYTES);
	else
		memset(buffer_of(i), GUARD, BYTES);
}

/* Right data, or an error with its reason; from now on the memory is ours. */
static void judge(unsigned i)
{
	const struct block_request *r = &requests[i];

	assert_int_not_equal(r->status, -EINPROGRESS);
	if (r->status)
		assert_non_null(r->cause);
	else if (r->op == BLOCK_READ)
		assert_pattern(buffer_of(i), 1, lba_of(i) * 512, BYTES);
	memset(buffer_of(i), GUARD, BYTES);
}

static void assert_guarded(unsigned i)
{
	static u8 guard[BYTES];

	memset(guard, GUARD, sizeof guard);
	assert_memory_equal(buffer_of(i), guard, BYTES);
}

/* Several at once, until all have ended. Returns how many have failed; the first's error. */
static unsigned run(struct block_device *b, enum block_op op, int *first)
{
	unsigned failed = 0, submitted = 0;
	u64 begin = sim.ticks;

	for (; submitted < REQUESTS; submitted++) {
		prepare(submitted, op);
		if (block_submit(b, &requests[submitted]))
			break;
	}
	*first = submitted < REQUESTS ? requests[submitted].status : 0;
	block_kick(b);
	for (unsigned i = 0; i < submitted; i++) {
		int status = block_wait(b, &requests[i]);

		if (status && !*first)
			*first = status;
		failed += status != 0;
		judge(i);
	}
	assert_true((sim.ticks - begin) / 10 < LONGEST_US);
	for (unsigned i = 0; i < STEPS_AFTER; i++)
		sim_nvme_step(&nvme);
	for (unsigned i = 0; i < submitted; i++)
		assert_guarded(i);
	return failed + REQUESTS - submitted;
}

static void set_fault(enum sim_nvme_trouble trouble, int opcode, unsigned skip, u16 value,
		      u64 delay_us)
{
	nvme.faults[0] = (struct sim_nvme_fault){
		.trouble = trouble, .opcode = opcode, .skip = skip, .value = value,
		.delay_us = delay_us,
	};
}

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

/* ---- Each status ---- */

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

static void every_status_has_words(void **state)
{
	unsigned unknown = 0;

	(void)state;
	assert_int_equal(nvme_status_error(0), 0);
	for (u16 status = 1; status < 0x800; status++) {
		const char *words = nvme_status_words(status);

		assert_non_null(words);
		assert_true(words[0]);
		assert_string_equal(words, nvme_status_words(status | SIM_NVME_DNR));
		assert_true(nvme_status_error(status) < 0);
	}
	/* NVMe 1.4, 4.6.1.2: all that it defines for a drive */
	static const u16 defined[] = {
		0x001, 0x002, 0x003, 0x004, 0x005, 0x006, 0x007, 0x008, 0x009, 0x00a, 0x00b, 0x00c,
		0x00d, 0x00e, 0x00f, 0x010, 0x011, 0x012, 0x013, 0x014, 0x015, 0x016, 0x018, 0x019,
		0x01a, 0x01b, 0x01c, 0x01d, 0x01e, 0x01f, 0x020, 0x021, 0x022, 0x080, 0x081, 0x082,
		0x083, 0x084, 0x100, 0x101, 0x102, 0x103, 0x105, 0x106, 0x107, 0x108, 0x109, 0x10a,
		0x10b, 0x10c, 0x10d, 0x10e, 0x10f, 0x110, 0x111, 0x112, 0x113, 0x114, 0x115, 0x116,
		0x118, 0x119, 0x11a, 0x11b, 0x11c, 0x11d, 0x11e, 0x11f, 0x120, 0x121, 0x122, 0x123,
		0x124, 0x125, 0x180, 0x181, 0x182, 0x280, 0x281, 0x282, 0x283, 0x284, 0x285, 0x286,
		0x287,
	};
	for (unsigned i = 0; i < sizeof defined / sizeof *defined; i++)
		if (strstr(nvme_status_words(defined[i]), "unknown")) {
			print_message("status 0x%03x has no words\n", defined[i]);
			unknown++;
		}
	assert_int_equal(unknown, 0);
}

/* ---- At each step of its start ---- */

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
		cmocka_unit_test(every_status_has_words),
		cmocka_unit_test(trouble_at_each_access),
		cmocka_unit_test(trouble_at_each_admin_command),
		CHILD_TEST(never_ready, NULL),
		CHILD_TEST(never_off, NULL),
		CHILD_TEST(fatal_for_good, NULL),
		CHILD_TEST(a_shutdown_that_never_ends, NULL),
		CHILD_TEST(quiesced_in_flight, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
