/* SPDX-License-Identifier: BSD-2-Clause */
/* How fast a disk is read: in one piece, and at random with several requests in flight. */
#include <inttypes.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "boot/bench.h"
#include "boot/monitor/monitor.h"
#include "drivers/block.h"
#include "lib/console.h"
#include "lib/memory.h"
#include "lib/size.h"
#include "lib/time.h"

enum {
	SEQUENTIAL_BYTES = 256 << 20,
	PASSES = 3,				/* of which the best counts */
	RANDOM_BYTES = 4096,
	RANDOM_US = 1000 * 1000, WATCHED_US = 100 * 1000,	/* for each depth */
	DEPTH_MAX = 128,
	TURNS_PER_LOOK = 256,
	US_PER_SECOND = 1000 * 1000,
};

static u64 difference(u64 after, u64 before)
{
	return after > before ? after - before : 1;
}

static u64 megabytes_per_second(u64 bytes, u64 us)
{
	return bytes / us;		/* a byte in a microsecond is a megabyte in a second */
}

/* ---- In one piece ---- */

static int sequential(struct block_device *b, u8 *buffer, u64 bytes)
{
	struct block_counters before = b->counters;
	u64 best = UINT64_MAX, passes = 0;
	char size[SIZE_TEXT_BYTES];

	for (; passes < PASSES && !monitor_interrupted(); passes++) {
		u64 start = time_us(), us;
		int error = block_read(b, 0, bytes / b->limits.block_size, buffer);

		if (error)
			return error;
		us = difference(time_us(), start);
		best = us < best ? us : best;
	}
	if (!passes)
		return -ECANCELED;
	console_print("  sequential, %s: %" PRIu64 " MB/s (%" PRIu64 " us), %" PRIu64
		      " requests, %" PRIu64 " kicks\n", size_text(bytes, size),
		      megabytes_per_second(bytes, best), best,
		      (b->counters.requests - before.requests) / passes,
		      (b->counters.kicks - before.kicks) / passes);
	return 0;
}

/* ---- At random ---- */

struct random_read {
	struct block_request request;
	struct block_segment segment;
};

static struct {
	struct block_device *b;
	u64 places, seed;			/* pieces that the disk has */
	u32 blocks, bytes;			/* of a piece */
	u64 completed;
	unsigned in_flight;
	bool over;
	int error;
} state;

static u64 random_place(void)			/* xorshift64 */
{
	state.seed ^= state.seed << 13;
	state.seed ^= state.seed >> 7;
	state.seed ^= state.seed << 17;
	return state.seed % state.places;
}

static void submit(struct random_read *r)
{
	int error;

	r->request.lba = random_place() * state.blocks;
	error = block_submit(state.b, &r->request);
	if (!error)
		state.in_flight++;
	else if (error != -EAGAIN)
		state.error = error;
}

static void done(struct block_request *request)
{
	state.in_flight--;
	state.completed++;
	if (request->status)
		state.error = request->status;
	if (!state.over && !state.error)
		submit(request->context);
}

/* Few looks at the clock: under an emulator they are slow, and in the way of its disk. */
static void keep_busy(u64 until_us)
{
	for (u32 turn = 1; state.in_flight; turn++) {
		block_poll(state.b);
		arch_relax();
		if (turn % TURNS_PER_LOOK == 0)
			state.over = state.over || deadline_passed(until_us);
	}
}

/* The same, watched: ticks of turns that completed something. The rest is waiting. */
static u64 keep_watched(u64 until_us)
{
	u64 busy = 0, ticks = arch_ticks();

	while (state.in_flight) {
		u64 completed = state.completed, now;

		block_poll(state.b);
		arch_relax();
		now = arch_ticks();
		if (state.completed != completed)
			busy += now - ticks;
		ticks = now;
		state.over = state.over || deadline_passed(until_us);
	}
	return busy;
}

static void begin(struct random_read *reads, unsigned depth, u8 *buffer)
{
	state.completed = 0;
	state.over = false;
	for (unsigned i = 0; i < depth; i++) {
		struct random_read *r = &reads[i];

		r->segment = (struct block_segment){ buffer + i * state.bytes, state.bytes };
		r->request = (struct block_request){
			.op = BLOCK_READ, .blocks = state.blocks, .segments = &r->segment,
			.segment_count = 1, .done = done, .context = r,
		};
		submit(r);
	}
	block_kick(state.b);
}

static void print(unsigned depth, u64 us, u64 ticks, u64 kicks)
{
	char size[SIZE_TEXT_BYTES];

	console_print("  random %s, depth %3u: %" PRIu64 " IOPS, %" PRIu64 " MB/s, %" PRIu64
		      " requests, %" PRIu64 " kicks; ticks for each: %" PRIu64 ".%u",
		      size_text(state.bytes, size), depth, state.completed * US_PER_SECOND / us,
		      megabytes_per_second(state.completed * state.bytes, us), state.completed,
		      kicks, ticks / state.completed,
		      (unsigned)(ticks % state.completed * 10 / state.completed));
}

static int random_reads(struct block_device *b, unsigned depth, u8 *buffer)
{
	struct random_read *reads = calloc(depth, sizeof *reads);
	u64 kicks = b->counters.kicks, start, us, ticks;

	if (!reads)
		return -ENOMEM;
	state.error = 0;
	start = time_us();
	ticks = arch_ticks();
	begin(reads, depth, buffer);
	keep_busy(start + RANDOM_US);
	ticks = arch_ticks() - ticks;
	us = difference(time_us(), start);
	if (!state.error && state.completed) {
		print(depth, us, ticks, b->counters.kicks - kicks);
		begin(reads, depth, buffer);
		ticks = keep_watched(time_us() + WATCHED_US);
	}
	free(reads);
	if (state.error || !state.completed)
		return state.error ? state.error : -EAGAIN;
	console_print(", %" PRIu64 " not waiting\n", ticks / state.completed);
	return 0;
}

/* ---- All of it ---- */

static int measure(struct block_device *b, u8 *buffer, u64 bytes)
{
	static const u8 depths[] = { 1, 32, DEPTH_MAX };
	char size[SIZE_TEXT_BYTES];
	int error;

	console_print("%s, %s, blocks of %u bytes; a tick is %u ns\n", b->name,
		      size_text(b->limits.block_count * b->limits.block_size, size),
		      (unsigned)b->limits.block_size,
		      (unsigned)(1000 * (u64)US_PER_SECOND / arch_ticks_per_second()));
	error = sequential(b, buffer, bytes);
	for (unsigned i = 0; i < sizeof depths && !error; i++)
		error = monitor_interrupted() ? -ECANCELED : random_reads(b, depths[i], buffer);
	return error;
}

static size_t pages(u64 bytes)		/* for the one read, and for the many */
{
	return (bytes + (u64)DEPTH_MAX * state.bytes + ARCH_PAGE_BYTES - 1) / ARCH_PAGE_BYTES;
}

/* No more than half of what is free. */
static u8 *take_buffer(u64 disk_bytes, u64 *bytes)
{
	u64 most = memory_free() / 2;
	u8 *buffer;

	*bytes = disk_bytes < SEQUENTIAL_BYTES ? disk_bytes : SEQUENTIAL_BYTES;
	while (*bytes > most)
		*bytes /= 2;
	while (!(buffer = memory_pages(pages(*bytes), "bench")) && *bytes > ARCH_PAGE_BYTES)
		*bytes /= 2;
	return buffer;
}

static int bench(struct block_device *b)
{
	u64 bytes;
	u8 *buffer;
	int error;

	state.b = b;
	state.seed = 88172645463325252u;
	state.bytes = b->limits.block_size < RANDOM_BYTES ? RANDOM_BYTES : b->limits.block_size;
	state.blocks = state.bytes / b->limits.block_size;
	state.places = b->limits.block_count / state.blocks;
	if (!state.places) {
		console_print("%s is too small\n", b->name);
		return -ENOSPC;
	}
	buffer = take_buffer(b->limits.block_count * b->limits.block_size, &bytes);
	if (!buffer) {
		console_print("there is too little free memory\n");
		return -ENOMEM;
	}
	error = measure(b, buffer, bytes);
	memory_free_pages(buffer, pages(bytes));
	return error;
}

static int run(int argc, char **argv)
{
	struct block_device *b = argc == 2 ? block_find(argv[1]) : block_first();

	if (argc > 2)
		return -EINVAL;
	if (!b) {
		console_print("there is no disk%s%s\n", argc == 2 ? " " : "",
			      argc == 2 ? argv[1] : "");
		return -ENOENT;
	}
	return bench(b);
}

BENCH(blk) = {
	.name = "blk",
	.arguments = "[<disk>]",
	.summary = "reading a disk: in one piece, and at random with 1, 32 and 128 in flight",
	.run = run,
};
