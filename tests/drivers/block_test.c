/* SPDX-License-Identifier: BSD-2-Clause */
/* The life of requests in the block engine: errors, deadlines, what done may do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/block_disk.h"

/* ---- Errors ---- */

static void an_error_disturbs_no_other_request(void **state)
{
	struct block_segment own[3];
	struct block_request r[3];

	(void)state;
	disk.bad_lba = 11;
	for (unsigned i = 0; i < 3; i++) {
		own[i] = (struct block_segment){ buffer + 4096 * i, 4096 };
		r[i] = request(BLOCK_READ, 10 * i, 8, 1);
		r[i].segments = &own[i];
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	assert_int_equal(disk.kicks, 0);
	assert_int_equal(block_wait(b, &r[2]), 0);
	assert_int_equal(block_wait(b, &r[1]), -EIO);
	assert_int_equal(block_wait(b, &r[0]), 0);
	assert_int_equal(disk.kicks, 1);
	assert_memory_equal(buffer, disk.data, 4096);
	assert_memory_equal(buffer + 8192, disk.data + 20 * 512, 4096);
	assert_int_equal(b->counters.errors, 1);
	assert_int_equal(logged("sim0: reading 8 blocks at lba 10: input/output error (EIO)"), 1);
}

static void what_is_late_is_reset_before_it_fails(void **state)
{
	(void)state;
	disk.stuck_lba = 20;
	assert_int_equal(block_read(b, 20, 1, buffer), -ETIMEDOUT);
	assert_int_equal(disk.resets, 1);
	assert_int_equal(disk.in_flight, 0);
	assert_int_equal(b->counters.timeouts, 1);
	assert_int_equal(b->counters.resets, 1);
	assert_int_equal(buffer[0], 0xee);
	assert_int_equal(block_read(b, 21, 1, buffer), 0);
	assert_int_equal(logged("sim0: reading 1 block at lba 20: no answer in time, it was reset"),
			 1);
}

/* A range: the first error is the result, the others are awaited, nothing more is begun. */
static void an_error_ends_a_range(void **state)
{
	(void)state;
	limits->max_blocks = 10;
	disk.bad_lba = 65;
	disk.bad_status = -ENXIO;
	disk.bad_cause = "a scratch";
	disk.order = SIM_DISK_LAST;
	disk.at_a_time = 1;
	assert_int_equal(block_read(b, 0, 200, buffer), -ENXIO);
	assert_int_equal(disk.in_flight, 0);
	assert_in_range(disk.submits, 8, 20);
	assert_int_equal(logged("sim0: reading 10 blocks at lba 60: a scratch"), 1);
	assert_int_equal(disk.resets, 0);
	disk.refuse = -ENODEV;
	assert_int_equal(block_read(b, 0, 1, buffer), -ENODEV);
	assert_int_equal(block_flush(b), -ENODEV);
	assert_int_equal(logged("sim0: reading 1 block at lba 0: no such device (ENODEV)"), 1);
}

static void many_errors_are_few_lines(void **state)
{
	(void)state;
	disk.bad_ops = 1 << BLOCK_READ;
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(block_read(b, 900, 1, buffer), -EIO);
	assert_int_equal(b->counters.errors, 100);
	assert_int_equal(logged("sim0: reading 1 block at lba 900: input/output error (EIO)"), 9);
	assert_int_equal(logged("sim0: reading 1 block at lba 900: input/output error (EIO) "
				"(more are only counted for a while)"), 1);
	sim.ticks += 60 * sim.ticks_per_second;
	assert_int_equal(block_read(b, 901, 1, buffer), -EIO);
	assert_int_equal(logged("sim0: reading 1 block at lba 901: input/output error (EIO)"), 1);
}

static void a_dead_disk_refuses_at_once(void **state)
{
	struct block_request r = request(BLOCK_READ, 0, 1, 1);

	(void)state;
	block_die(b, -ENODEV, "it has vanished");
	refused(r, -ENODEV, "it has vanished");
	assert_int_equal(block_read(b, 0, 1, buffer), -ENODEV);
	assert_int_equal(block_flush(b), -ENODEV);
	assert_int_equal(logged("sim0: reading 1 block at lba 0: it has vanished"), 1);
	assert_int_equal(disk.submits, 0);
}

static void what_is_unregistered_fails(void **state)
{
	struct block_request r[3];

	(void)state;
	calls = 0;
	segments[0] = (struct block_segment){ buffer, 512 };
	for (unsigned i = 0; i < 3; i++) {
		r[i] = request(i == 2 ? BLOCK_FLUSH : BLOCK_WRITE, 5, i == 2 ? 0 : 1, i != 2);
		r[i].flags = i == 1 ? BLOCK_FUA : 0;
		r[i].done = count_calls;
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	disk.in_flight = 0;			/* it has been stopped */
	block_unregister(b, -ENODEV, "it has vanished");
	assert_int_equal(calls, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(r[i].status, -ENODEV);
		assert_string_equal(r[i].cause, "it has vanished");
	}
	assert_null(block_find("sim0"));
	assert_int_equal(block_submit(b, &r[0]), -ENODEV);
}

/* One is written, and waits for a flush that finds no room. */
static void what_waits_for_a_flush_fails_too(void **state)
{
	struct block_request r = request(BLOCK_WRITE, 1, 1, 1);
	struct block_request other = request(BLOCK_READ, 5, 1, 1);

	(void)state;
	calls = 0;
	segments[0] = (struct block_segment){ buffer, 512 };
	r.flags = BLOCK_FUA;
	r.done = count_calls;
	disk.stuck_lba = 5;
	assert_int_equal(block_submit(b, &other), 0);
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	disk.room = 1;
	block_poll(b);
	assert_int_equal(disk.in_flight, 1);
	assert_int_equal(calls, 0);
	disk.in_flight = 0;
	block_unregister(b, -ENODEV, "it has vanished");
	assert_int_equal(calls, 1);
	assert_int_equal(r.status, -ENODEV);
}

/* ---- Deadlines ---- */

/* Its own time counts from the first poll, however long that takes to come. */
static void a_deadline_is_kept(void **state)
{
	struct block_request slow = request(BLOCK_READ, 30, 1, 1), other = slow;
	u64 start;

	(void)state;
	segments[0] = (struct block_segment){ buffer, 512 };
	segments[1] = (struct block_segment){ buffer + 512, 512 };
	calls = 0;
	slow.timeout_us = 5000;
	slow.done = other.done = count_calls;
	other.lba = 31;
	other.segments = segments + 1;
	disk.stuck_lba = 30;
	assert_int_equal(block_submit(b, &slow), 0);
	assert_int_equal(block_submit(b, &other), 0);
	sim.ticks += 60 * sim.ticks_per_second;
	block_kick(b);
	start = sim.ticks;
	block_poll(b);
	assert_int_equal(other.status, 0);			/* it was only we who were late */
	assert_int_equal(slow.status, -EINPROGRESS);
	assert_int_equal(calls, 1);
	assert_int_equal(block_wait(b, &slow), -ETIMEDOUT);
	assert_in_range((sim.ticks - start) / 10, 5000, 6000);
	assert_int_equal(calls, 2);
	assert_int_equal(resets_at_call, 1);
	assert_string_equal(slow.cause, "no answer in time, it was reset");
	assert_int_equal(disk.data[30 * 512] == buffer[0], 0);
	assert_int_equal(logged("sim0: reset: no answer in time, it was reset"), 1);
}

/* The earliest of several, in whatever order they were submitted. */
static void the_earliest_deadline_counts(void **state)
{
	struct block_request r[3];
	static const u32 timeouts[] = { 9000, 3000, 6000 };
	u64 start;

	(void)state;
	disk.stuck = true;
	segments[0] = (struct block_segment){ NULL, 512 };
	for (unsigned i = 0; i < 3; i++) {
		r[i] = request(BLOCK_READ, i, 1, 1);
		r[i].timeout_us = timeouts[i];
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	start = sim.ticks;
	assert_int_equal(block_wait(b, &r[0]), -ETIMEDOUT);
	assert_in_range((sim.ticks - start) / 10, 3000, 3500);
	assert_int_equal(r[1].status, -ETIMEDOUT);
	assert_int_equal(r[2].status, -ETIMEDOUT);
	assert_int_equal(b->counters.timeouts, 1);
	assert_int_equal(b->counters.errors, 3);
}

/* What came while nobody looked was in time. */
static void being_away_is_no_timeout(void **state)
{
	enum { POLLS_PER_LOOK = 256 };			/* at the clock: drivers/block.c */
	struct block_request r = request(BLOCK_READ, 0, 1, 1);

	(void)state;
	segments[0] = (struct block_segment){ buffer, 512 };
	r.timeout_us = 1000;
	disk.delay = 2 * POLLS_PER_LOOK + 1;		/* the very last look finds it */
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	for (unsigned i = 0; i < 2 * POLLS_PER_LOOK; i++) {
		assert_int_equal(r.status, -EINPROGRESS);
		if (i == POLLS_PER_LOOK)
			sim.ticks += sim.ticks_per_second;
		block_poll(b);
	}
	assert_int_equal(r.status, 0);
	assert_int_equal(disk.resets, 0);
}

/* A range of which one request hangs: all are back when it returns, no memory is touched later. */
static void a_late_range_leaves_nothing_behind(void **state)
{
	u8 *memory = malloc(200 * 512);

	(void)state;
	limits->max_blocks = 10;
	disk.stuck_lba = 33;
	assert_int_equal(block_read(b, 0, 200, memory), -ETIMEDOUT);
	free(memory);					/* the sanitizer looks */
	assert_int_equal(disk.in_flight, 0);
	assert_null(b->in_flight);
	disk.stuck_lba = UINT64_MAX;
	assert_int_equal(block_read(b, 100, 200, buffer), 0);
	assert_memory_equal(buffer, disk.data + 100 * 512, 200 * 512);
}

static void what_cannot_be_reset_is_dead(void **state)
{
	(void)state;
	disk.stuck = true;
	disk.reset_error = -ENXIO;
	assert_int_equal(block_read(b, 0, 1, buffer), -ETIMEDOUT);
	assert_int_equal(block_read(b, 0, 1, buffer), -ENXIO);
	assert_int_equal(disk.submits, 1);
	assert_int_equal(logged("sim0: lost: no answer in time, it was reset; then resetting it "
				"failed: nothing is at that address (ENXIO)"), 1);
	disk.stuck = false;
	disk.reset_error = 0;
	assert_int_equal(block_reset(b, -ECANCELED, "somebody wanted it"), 0);
	assert_int_equal(block_read(b, 0, 1, buffer), 0);
}

/* ---- done ---- */

static struct block_request again;
static unsigned left;

/* It may submit, also the same again; also during a reset, when the device could not take it. */
static void submit_again(struct block_request *r)
{
	calls++;
	if (left && left--)
		assert_int_equal(block_submit(b, r), 0);
}

static void done_may_submit(void **state)
{
	(void)state;
	again = request(BLOCK_READ, 0, 1, 1);
	segments[0] = (struct block_segment){ buffer, 512 };
	again.done = submit_again;
	calls = 0;
	left = 5;
	assert_int_equal(block_submit(b, &again), 0);
	for (unsigned i = 0; i < 6; i++)
		block_poll(b);				/* the first one kicks */
	assert_int_equal(calls, 5);
	block_poll(b);
	assert_int_equal(calls, 6);
	assert_int_equal(disk.kicks, 6);

	left = 1;
	disk.stuck = true;
	again.timeout_us = 100;
	assert_int_equal(block_submit(b, &again), 0);
	while (calls < 7)
		block_poll(b);
	assert_int_equal(again.status, -EINPROGRESS);
	disk.stuck = false;
	assert_int_equal(block_wait(b, &again), 0);
	assert_int_equal(calls, 8);
	assert_int_equal(disk.resets, 1);
}

static void read_another(struct block_request *r)
{
	(void)r;
	assert_int_equal(block_read(b, 9, 1, buffer + 4096), 0);
	calls++;
}

static void done_may_wait(void **state)
{
	struct block_request r[2];

	(void)state;
	calls = 0;
	segments[0] = (struct block_segment){ buffer, 512 };
	segments[1] = (struct block_segment){ buffer + 512, 512 };
	for (unsigned i = 0; i < 2; i++) {
		r[i] = request(BLOCK_READ, 2 + i, 1, 1);
		r[i].segments = &segments[i];
		r[i].done = read_another;
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	block_poll(b);
	block_poll(b);
	assert_int_equal(calls, 2);
	assert_memory_equal(buffer, disk.data + 1024, 1024);
	assert_memory_equal(buffer + 4096, disk.data + 9 * 512, 512);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_error_disturbs_no_other_request),
		TEST(what_is_late_is_reset_before_it_fails),
		TEST(an_error_ends_a_range),
		TEST(many_errors_are_few_lines),
		TEST(a_dead_disk_refuses_at_once),
		TEST(what_is_unregistered_fails),
		TEST(what_waits_for_a_flush_fails_too),
		TEST(a_deadline_is_kept),
		TEST(the_earliest_deadline_counts),
		TEST(being_away_is_no_timeout),
		TEST(a_late_range_leaves_nothing_behind),
		TEST(what_cannot_be_reset_is_dead),
		TEST(done_may_submit),
		TEST(done_may_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
