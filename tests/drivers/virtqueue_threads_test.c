/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device of a virtqueue is another thread. A million requests, and nobody sleeps for good: the
 * device is kicked where it has to be, and interrupts where it was asked to. Without the fence
 * between publishing and asking, that is not so. (The million is that of `make test`, in a build
 * without sanitizers; with them it is fewer.)
 *
 * Memory is the oracle's (lib/dma_oracle.h), or coherent in two views (tests/sim/coherent.h).
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include "lib/dma_oracle.h"
#include "tests/sim/coherent.h"
#include "tests/sim/ram.h"
#include "tests/sim/threads.h"
#include "tests/sim/virtqueue_bare.h"

enum { FEW = 10000, MANY = 50000, VERY_MANY = 1000000, TRIES_MAX = 20 * 1000 * 1000 };
enum { SIZE_MOST = 16, SEGMENTS = 3, AREA = 1024, TOKENS = 64, DEVICE_SPINS = 2000 };
enum { BATCH_SPINS = 10 };

struct config {
	u64 features;
	bool oracle;
	u32 size, requests;
	unsigned batch;			/* requests at once, at most */
	unsigned rest;			/* so many may be in flight when the next batch is added */
};

static struct sim_bare bare;
static struct virtqueue *vq;
static struct sim_virtqueue queue;
static struct sim_virtqueue_entry entries[SIZE_MOST];
static struct sim_coherent memory;
static u8 known[AREA] __attribute__((aligned(8))), theirs[AREA] __attribute__((aligned(8)));
static bool oracle, without_fences, thorough;

static bool stop;
static unsigned kicks, interrupts;	/* how many were sent */
static unsigned asleep_after;		/* how many kicks the device had seen when it fell asleep */

/* ---- The device ---- */

static void *place(u64 bus)
{
	if (oracle)
		return (void *)(uintptr_t)bus;
	return theirs + (bus - (uintptr_t)memory.ours);
}

static void read_memory(u64 bus, void *to, size_t bytes)
{
	read_shared(place(bus), to, bytes);
}

static void write_memory(u64 bus, const void *from, size_t bytes)
{
	write_shared(place(bus), from, bytes);
}

static const struct sim_memory_ops ops = { read_memory, write_memory, fence_shared };

static _Noreturn void wrong(const char *what)
{
	fprintf(stderr, "%s\n", what);
	abort();
}

static void interrupt(void)
{
	if (sim_virtqueue_wants_interrupt(&queue))
		__atomic_store_n(&interrupts, interrupts + 1, __ATOMIC_RELEASE);
}

/* Requests come as they were added: their number is in the first segment. */
static bool serve(u64 *seed, u64 *number)
{
	struct sim_segment segments[SEGMENTS];
	struct sim_chain chain;

	if (!sim_virtqueue_pop(&queue, &chain, segments, SEGMENTS))
		return false;
	if (segments[0].addr != *number * 16 + 16)
		wrong("the device popped another request than was added");
	++*number;
	sim_virtqueue_push(&queue, chain.id, (u32)chain.writable_bytes);
	if ((*seed >> 40) % 2)
		interrupt();
	return true;
}

/* What was kicked before the last look is seen by it. */
static void *run_device(void *cpus)
{
	u64 seed = 1, number = 0;

	settle(cpus, 1);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		unsigned seen = __atomic_load_n(&kicks, __ATOMIC_ACQUIRE), turns = 0;

		if ((seed >> 41) % 2)
			sim_virtqueue_listen(&queue, false);
		do {
			while (serve(&seed, &number))
				spin(&seed, DEVICE_SPINS / 8);
			interrupt();
			spin(&seed, DEVICE_SPINS);
		} while (!sim_virtqueue_sleep(&queue));
		__atomic_store_n(&asleep_after, seen, __ATOMIC_RELEASE);
		while (__atomic_load_n(&kicks, __ATOMIC_ACQUIRE) == seen)
			pause_briefly(&turns);
	}
	return NULL;
}

/* ---- Memory of the driver ---- */

static void barrier(enum sim_barrier kind)
{
	if (kind != SIM_MB || !without_fences)
		sim_coherent_barrier(&memory, kind);
}

/* Registers and polling: by now, what was stored is everywhere. */
static void turn(void)
{
	sim_coherent_barrier(&memory, SIM_MB);
}

static void kick(void)
{
	arch_turn_hook();
	__atomic_store_n(&kicks, kicks + 1, __ATOMIC_RELEASE);
}

/* ---- The driver's side ---- */

static u64 added, taken;
static unsigned lost_kicks, lost_interrupts;
static u64 seed;

/* Nobody has told the device to wake up: that cannot change by itself. What it did is seen now. */
static bool sleeps_for_good(void)
{
	if (__atomic_load_n(&asleep_after, __ATOMIC_ACQUIRE) != kicks)
		return false;
	arch_turn_hook();
	return true;
}

static bool add(void)
{
	static u8 tokens[TOKENS];
	u16 writable = added % 3;
	struct virtqueue_segment segments[SEGMENTS];

	for (u16 i = 0; i <= writable; i++)
		segments[i] = (struct virtqueue_segment){ { added * 16 + 16 }, 1 + i };
	if (virtqueue_add(vq, segments, 1, writable, &tokens[added % TOKENS]))
		return false;
	added++;
	return true;
}

/* In the order in which they were added: this device knows no other. */
static bool take(void)
{
	static const u32 bytes[] = { 0, 2, 2 + 3 };
	u32 written;
	u8 *token = virtqueue_take(vq, &written);

	if (virtqueue_broken(vq))
		wrong(virtqueue_broken(vq));
	if (!token)
		return false;
	if (taken == added || written != bytes[taken % 3])
		wrong("another request was completed");
	taken++;
	return true;
}

/* Until the interrupt; or it is lost. */
static void sleep_until_interrupt(void)
{
	unsigned before = __atomic_load_n(&interrupts, __ATOMIC_ACQUIRE), turns = 0;

	if (virtqueue_want_interrupt(vq, true))
		return;
	while (__atomic_load_n(&interrupts, __ATOMIC_ACQUIRE) == before) {
		if (sleeps_for_good() &&
		    __atomic_load_n(&interrupts, __ATOMIC_ACQUIRE) == before) {
			lost_interrupts++;
			break;
		}
		pause_briefly(&turns);
	}
	if (added % 2)
		virtqueue_want_interrupt(vq, false);
}

static void finish(unsigned rest)
{
	unsigned turns = 0;

	while (added - taken > rest) {
		bool sleeps = sleeps_for_good();

		if (take())
			continue;
		if (sleeps) {
			lost_kicks++;
			kick();
		} else if (added % 4 == 0) {
			sleep_until_interrupt();
		}
		arch_relax();
		pause_briefly(&turns);
	}
}

/* In two views, from how the driver made it on. */
static void share_in_two_views(void)
{
	const struct dma_loan *loan = dma_loan_at(0);
	size_t bytes = (loan->bytes + 7) & ~7ul;

	assert_true(dma_loan_count() == 1 && bytes <= AREA);
	memory = (struct sim_coherent){ loan->ours, known, theirs, bytes, 0, 0, { { 0 } } };
	memcpy(known, memory.ours, bytes);
	memcpy(theirs, memory.ours, bytes);
	sim.barrier = barrier;
	arch_turn_hook = turn;
}

static cpu_set_t cpus;

static pthread_t begin(const struct config *c)
{
	static const struct dma_domain apart = { 0 }, together = { .coherent = true };
	struct dma_oracle_settings s = dma_oracle_defaults;
	const char *reason;
	pthread_t thread;

	sim_reset();
	sim.cache_line_bytes = 16;
	sim_ram(SIM_RAM_AT, 1 << 20);
	oracle = c->oracle;
	s.rate = 0;
	if (oracle)
		assert_int_equal(dma_oracle_begin(&s, &reason), 0);
	sim_bare_begin(&bare, c->size, c->features, kick);
	assert_int_equal(virtqueue_create(&vq, &bare.v, oracle ? &apart : &together, 0, 0,
					  SEGMENTS), 0);
	if (!oracle)
		share_in_two_views();
	sim_bare_queue(&bare, &queue, &ops, entries);
	stop = false;
	kicks = interrupts = lost_kicks = lost_interrupts = 0;
	asleep_after = UINT32_MAX;
	added = taken = 0;
	seed = 3;
	assert_int_equal(pthread_create(&thread, NULL, run_device, &cpus), 0);
	return thread;
}

static void end(pthread_t thread)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	kick();
	pthread_join(thread, NULL);
	arch_turn_hook = NULL;
	sim.barrier = NULL;
	virtqueue_destroy(vq);
	if (oracle)
		dma_oracle_end();
}

/* Until so many were done, or a few lost. */
static void run(const struct config *c, unsigned enough)
{
	pthread_t thread = begin(c);
	char format[60];

	while (added < c->requests && lost_kicks + lost_interrupts < enough) {
		unsigned count = 1 + (unsigned)(seed >> 33) % c->batch;

		while (count-- && add())
			;
		virtqueue_kick(vq);
		spin(&seed, BATCH_SPINS);
		finish((unsigned)(seed >> 35) % (c->rest + 1));
	}
	finish(0);
	snprintf(format, sizeof format, "%s", virtqueue_format(vq));
	end(thread);
	print_message("%s, %s: of %u requests, with %u kicks and %u interrupts, %u and %u were "
		      "lost\n", format, oracle ? "oracle" : "coherent",
		      (unsigned)taken, kicks, interrupts, lost_kicks, lost_interrupts);
}

#define EVENTS	VIRTIO_F_EVENT_IDX
#define PACKED	VIRTIO_F_RING_PACKED
#define TABLES	VIRTIO_F_INDIRECT_DESC

static void nothing_is_lost(void **state)
{
	static const struct config configs[] = {
		{ EVENTS, false, 16, MANY, 10, 14 },
		{ 0, false, 8, FEW, 3, 0 },
		{ PACKED | EVENTS, false, 15, MANY, 10, 14 },
		{ PACKED | EVENTS | TABLES, false, 8, FEW, 3, 0 },
		{ PACKED, false, 7, FEW, 3, 4 },
		{ EVENTS | TABLES, true, 8, FEW, 3, 4 },
		{ 0, true, 8, FEW, 3, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof configs / sizeof *configs; i++) {
		struct config c = configs[i];

		if (thorough)
			c.requests = c.requests == MANY ? VERY_MANY : MANY;
		run(&c, UINT32_MAX);
		assert_int_equal(lost_kicks + lost_interrupts, 0);
		assert_int_equal(taken, added);
	}
}

static void no_fences(bool off)
{
	table_for_each(dma_sites, struct dma_site, site)
		if (site->kind == DMA_SITE_FENCE)
			site->state->off = off;
	without_fences = off;
}

static void without_the_fence_something_is(void **state)
{
	static const struct config configs[] = {
		{ EVENTS, false, 8, TRIES_MAX, 1, 0 },
		{ 0, false, 8, TRIES_MAX, 1, 0 },
		{ PACKED | EVENTS, false, 8, TRIES_MAX, 1, 0 },
		{ PACKED, false, 8, TRIES_MAX, 1, 0 },
		{ EVENTS, true, 8, TRIES_MAX, 1, 0 },
	};

	(void)state;
	no_fences(true);
	for (unsigned i = 0; i < sizeof configs / sizeof *configs; i++) {
		run(&configs[i], 1);
		assert_true(lost_kicks + lost_interrupts > 0);
	}
	no_fences(false);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(without_the_fence_something_is),
	};

	thorough = argc > 1 && !strcmp(argv[1], "thorough");
	sched_getaffinity(0, sizeof cpus, &cpus);
	settle(&cpus, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
