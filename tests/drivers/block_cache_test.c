/* SPDX-License-Identifier: BSD-2-Clause */
/* Volatile caches: flushes behind writes, and what a failed one means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/block_disk.h"

/* ---- Caches ---- */

static struct block_request durable_write(u64 lba, unsigned segment)
{
	struct block_request r = request(BLOCK_WRITE, lba, 1, 1);

	segments[segment] = (struct block_segment){ buffer + 512 * segment, 512 };
	r.segments = &segments[segment];
	r.flags = BLOCK_FUA;
	return r;
}

static void a_durable_write_is_flushed_behind(void **state)
{
	struct block_request r[3], plain = durable_write(9, 3);

	(void)state;
	plain.flags = 0;
	disk.keep_log = true;
	for (unsigned i = 0; i < 3; i++) {
		r[i] = durable_write(i, i);
		assert_int_equal(block_submit(b, &r[i]), 0);
	}
	assert_int_equal(block_submit(b, &plain), 0);
	block_kick(b);
	block_poll(b);
	assert_int_equal(plain.status, 0);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(r[i].status, -EINPROGRESS);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(block_wait(b, &r[i]), 0);
	assert_int_equal(disk.flushes, 1);		/* one for all of them */
	assert_int_equal(disk.log_count, 5);
	assert_int_equal(disk.log[4].op, BLOCK_FLUSH);
}

static void what_was_not_written_is_not_flushed(void **state)
{
	struct block_request r = durable_write(7, 0);

	(void)state;
	disk.bad_lba = 7;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), -EIO);
	assert_int_equal(disk.flushes, 0);
}

/* One that is written while a flush is under way is not in that flush. */
static void a_later_write_wants_a_later_flush(void **state)
{
	struct block_request first = durable_write(0, 0), second = durable_write(1, 1);

	(void)state;
	disk.delay = 1;
	assert_int_equal(block_submit(b, &first), 0);
	block_kick(b);
	block_poll(b);					/* written; the flush goes out */
	assert_int_equal(disk.in_flight, 1);
	assert_int_equal(block_submit(b, &second), 0);
	disk.delay = 9;
	disk.order = SIM_DISK_LAST;
	disk.flight[0].polls = 5;
	assert_int_equal(block_wait(b, &second), 0);
	assert_int_equal(first.status, 0);
	assert_int_equal(disk.flushes, 2);
}

static void no_flush_where_it_is_not_needed(void **state)
{
	struct block_request r = durable_write(0, 0), flush = request(BLOCK_FLUSH, 0, 0, 0);

	(void)state;
	limits->can_fua = true;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_int_equal(disk.submits, 1);
	limits->can_fua = limits->volatile_cache = false;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_int_equal(disk.submits, 2);
	calls = 0;
	flush.done = count_calls;
	assert_int_equal(block_submit(b, &flush), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(block_wait(b, &flush), 0);
	assert_int_equal(calls, 1);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(disk.submits, 2);
}

static void after_a_failed_flush_nothing_is_written(void **state)
{
	static const char why[] = "read-only since a flush failed: what was written before may be "
				  "lost";
	struct block_request r = durable_write(0, 0);

	(void)state;
	disk.bad_ops = 1 << BLOCK_FLUSH;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), -EIO);
	assert_int_equal(logged("sim0: flushing its cache: input/output error (EIO); what was "
				"written since the last flush may be lost"), 1);
	disk.bad_ops = 0;
	refused(durable_write(1, 0), -EROFS, why);
	refused(request(BLOCK_WRITE_ZEROES, 1, 1, 0), -EROFS, why);
	assert_int_equal(block_read(b, 1, 1, buffer), 0);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(block_write(b, 1, 1, buffer), -EROFS);
	b->flush_failed = false;
	assert_int_equal(block_write(b, 1, 1, buffer), 0);
}

static void a_late_flush_is_a_failed_flush(void **state)
{
	(void)state;
	disk.stuck = true;
	assert_int_equal(block_flush(b), -ETIMEDOUT);
	disk.stuck = false;
	assert_int_equal(disk.resets, 1);
	assert_int_equal(block_write(b, 1, 1, buffer), -EROFS);
}

/* A full device: the flush behind a write waits like everybody. */
static void the_flush_behind_waits_for_room(void **state)
{
	struct block_request r = durable_write(0, 0), other = durable_write(5, 1);

	(void)state;
	other.flags = 0;
	disk.stuck_lba = 5;
	disk.room = 2;
	assert_int_equal(block_submit(b, &other), 0);
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	disk.room = 1;
	for (unsigned i = 0; i < 5; i++)
		block_poll(b);
	assert_int_equal(r.status, -EINPROGRESS);
	assert_int_equal(disk.flushes, 0);
	disk.stuck_lba = UINT64_MAX;
	assert_int_equal(block_wait(b, &r), 0);
	assert_int_equal(disk.flushes, 1);
	assert_int_equal(other.status, 0);

	disk.room = 1;					/* and fails where there never is any */
	assert_int_equal(block_submit(b, &r), 0);
	block_kick(b);
	disk.room = 0;
	assert_int_equal(block_wait(b, &r), -EAGAIN);
}

/* ---- The simulated disk's log, for tests of what survives a power failure ---- */

static void the_log_can_be_done_again(void **state)
{
	u8 *copy = malloc(BLOCKS * 512);

	(void)state;
	memcpy(copy, disk.data, BLOCKS * 512);
	disk.keep_log = true;
	memset(buffer, 0x42, 1024);
	assert_int_equal(block_write(b, 3, 2, buffer), 0);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 10, 1), 0);
	assert_int_equal(block_erase(b, BLOCK_DISCARD, 20, 1), 0);
	assert_int_equal(block_flush(b), 0);
	for (size_t i = 0; i < disk.log_count; i++)
		sim_disk_redo(&disk, &disk.log[i], copy);
	assert_memory_equal(copy, disk.data, BLOCKS * 512);
	assert_int_equal(disk.log[0].op, BLOCK_WRITE);
	assert_int_equal(disk.log[3].op, BLOCK_FLUSH);
	sim_disk_forget_log(&disk);
	assert_int_equal(disk.log_count, 0);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_durable_write_is_flushed_behind),
		TEST(what_was_not_written_is_not_flushed),
		TEST(a_later_write_wants_a_later_flush),
		TEST(no_flush_where_it_is_not_needed),
		TEST(after_a_failed_flush_nothing_is_written),
		TEST(a_late_flush_is_a_failed_flush),
		TEST(the_flush_behind_waits_for_room),
		TEST(the_log_can_be_done_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
