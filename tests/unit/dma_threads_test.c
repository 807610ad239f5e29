/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device is another thread: what is given arrives in order, and no wake-up is lost between
 * publishing and asking. That takes dma_fence: without it, some are.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dma_oracle.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"
#include "tests/sim/threads.h"
#include "tests/sim/toy.h"

enum { WAKE_UPS = 60000, BATCHES = 5000, ROUNDS = 30000, TRIES_MAX = 20 * 1000 * 1000 };
enum { REQUEST_SPINS = 4000, ROUND_SPINS = 60 };
enum { FAR_BYTES = 16 << 20, FAR_STORES = 4 };

/*
 * ThreadSanitizer's own bookkeeping orders everything: under it the CPU never shows its store
 * buffer.
 */
#if defined(__has_feature)
enum { ALL_ORDERED = __has_feature(thread_sanitizer) };
#else
enum { ALL_ORDERED = 0 };
#endif

static const struct dma_domain domain;
static struct toy toy;
static struct toy_device device;
static bool stop;
static unsigned kicks;			/* how many were sent */
static unsigned asleep_after;		/* how many it had seen when it fell asleep */
static u64 data[8] __attribute__((aligned(64)));

/* ---- The device: where it looks is where the address on the bus says ---- */

static void read_memory(u64 bus, void *to, size_t bytes)
{
	read_shared((const void *)(uintptr_t)bus, to, bytes);
}

static void write_memory(u64 bus, const void *from, size_t bytes)
{
	write_shared((void *)(uintptr_t)bus, from, bytes);
}

static const struct toy_memory_ops memory_ops = { read_memory, write_memory, fence_shared };

static cpu_set_t cpus;

/* What was kicked before the last look is seen by it. */
static void *run_device(void *unused)
{
	u64 seed = 1;

	settle(&cpus, 1);
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		unsigned seen = __atomic_load_n(&kicks, __ATOMIC_ACQUIRE), turns = 0;

		do
			spin(&seed, REQUEST_SPINS);
		while (toy_device_step(&device));
		__atomic_store_n(&asleep_after, seen, __ATOMIC_RELEASE);
		while (__atomic_load_n(&kicks, __ATOMIC_ACQUIRE) == seen)
			pause_briefly(&turns);
	}
	return unused;
}

/* ---- The driver's side ---- */

static void kick(void *unused)
{
	(void)unused;
	__atomic_store_n(&kicks, kicks + 1, __ATOMIC_RELEASE);
}

/* Nobody has told it to wake up: that cannot change by itself. */
static bool sleeps_for_good(void)
{
	return __atomic_load_n(&asleep_after, __ATOMIC_ACQUIRE) == kicks;
}

static pthread_t begin(unsigned rate)
{
	struct dma_oracle_settings s = dma_oracle_defaults;
	const char *reason;
	pthread_t thread;

	s.rate = rate;
	sim_reset();
	sim_ram(SIM_RAM_AT, 1 << 20);
	assert_int_equal(dma_oracle_begin(&s, &reason), 0);
	assert_int_equal(toy_begin(&toy, &domain), 0);
	toy.kick = kick;
	device = (struct toy_device){ &memory_ops, toy.memory.addr.bus, toy.layout, 0, 0, { 0 } };
	stop = false;
	kicks = 0;
	asleep_after = UINT32_MAX;
	srand(1);
	assert_int_equal(pthread_create(&thread, NULL, run_device, NULL), 0);
	return thread;
}

static void end(pthread_t thread)
{
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	kick(NULL);
	pthread_join(thread, NULL);
	toy_end(&toy);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(dma_oracle_counters.lost, 0);
	dma_oracle_end();
	assert_int_equal(memory_free(), memory_total());
}

/* One request; was its wake-up lost? */
static bool one_request(u64 value)
{
	static u64 seed = 3;
	unsigned ended = 0;
	unsigned turns = 0;
	bool lost = false;

	data[0] = value;
	assert_true(toy_submit(&toy, TOY_WRITE, 8 * (u32)(value % 256), data, sizeof data[0]) >= 0);
	toy_ring(&toy);
	spin(&seed, 10);
	while (!ended) {
		bool sleeps = sleeps_for_good();

		ended = toy_poll(&toy);
		if (!ended && sleeps) {
			lost = true;
			kick(NULL);
		}
		arch_relax();
		pause_briefly(&turns);
	}
	assert_int_equal(ended, 1);
	assert_int_equal(toy.requests[0].status, TOY_OK);
	return lost;
}

static unsigned lost_wake_ups(unsigned tries, unsigned enough)
{
	unsigned lost = 0, i;

	for (i = 0; i < tries && lost < enough; i++)
		lost += one_request(i);
	print_message("of %u wake-ups, %u were lost\n", i, lost);
	return lost;
}

static void no_wake_up_is_lost(void **state)
{
	pthread_t thread = begin(0);

	(void)state;
	assert_int_equal(lost_wake_ups(WAKE_UPS, UINT32_MAX), 0);
	for (u64 i = WAKE_UPS - 256; i < WAKE_UPS; i++)
		assert_memory_equal(device.store + 8 * (i % 256), &i, 8);
	end(thread);
}

static void no_fences(bool off)
{
	table_for_each(dma_sites, struct dma_site, site)
		if (site->kind == DMA_SITE_FENCE && !strcmp(site->file, "tests/sim/toy.c"))
			site->state->off = off;
}

/* What dma_fence is for. */
static void without_the_fence_some_are(void **state)
{
	pthread_t thread;
	unsigned lost;

	(void)state;
	thread = begin(0);
	no_fences(true);
	lost = lost_wake_ups(TRIES_MAX, 1);
	no_fences(false);
	end(thread);
	assert_true(lost > 0);
}

/* ---- The same on coherent memory, only the CPU in the way: store, then load, both sides ---- */

static u64 *index_of_ours, *event_of_theirs;
static unsigned round_begun, round_ended;
static u64 seen_by_device;

static void *run_rounds(void *unused)
{
	u64 seed = 2;

	settle(&cpus, 1);
	for (unsigned i = 1;; i++) {
		unsigned turns = 0;

		while (__atomic_load_n(&round_begun, __ATOMIC_ACQUIRE) != i) {
			if (__atomic_load_n(&stop, __ATOMIC_ACQUIRE))
				return unused;
			pause_briefly(&turns);
		}
		spin(&seed, ROUND_SPINS);
		__atomic_store_n(event_of_theirs, i, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		seen_by_device = __atomic_load_n(index_of_ours, __ATOMIC_RELAXED);
		__atomic_store_n(&round_ended, i, __ATOMIC_RELEASE);
	}
}

/* Stores that take long, so that the next one waits in the store buffer. */
static void keep_stores_busy(u64 *seed)
{
	static u8 far_away[FAR_BYTES];

	for (unsigned i = 0; i < FAR_STORES; i++) {
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		__atomic_store_n(&far_away[*seed >> 32 & (FAR_BYTES - 1)], 1, __ATOMIC_RELAXED);
	}
}

/* Neither saw what the other had written: the device sleeps, and nobody wakes it. */
static bool neither_saw(const struct dma_memory *m, unsigned i, u64 *seed, bool fence)
{
	unsigned turns = 0;
	u64 event;

	__atomic_store_n(&round_begun, i, __ATOMIC_RELEASE);
	spin(seed, ROUND_SPINS);
	keep_stores_busy(seed);
	__atomic_store_n(index_of_ours, i, __ATOMIC_RELAXED);
	dma_give(m, 0, sizeof *index_of_ours);
	if (fence)
		dma_fence();
	dma_take(m, 64, sizeof *event_of_theirs);
	event = __atomic_load_n(event_of_theirs, __ATOMIC_RELAXED);
	while (__atomic_load_n(&round_ended, __ATOMIC_ACQUIRE) != i)
		pause_briefly(&turns);
	return event != i && seen_by_device != i;
}

static unsigned rounds(unsigned tries, unsigned enough, bool fence)
{
	static const struct dma_domain coherent = { .coherent = true };
	struct dma_memory m;
	pthread_t thread;
	unsigned lost = 0, i;
	u64 seed = 1;

	sim_reset();
	sim_ram(SIM_RAM_AT, 1 << 20);
	assert_int_equal(dma_alloc(&m, &coherent, 128, 0, DMA_MIXED), 0);
	index_of_ours = m.cpu;
	event_of_theirs = index_of_ours + 8;
	stop = false;
	round_begun = round_ended = 0;
	assert_int_equal(pthread_create(&thread, NULL, run_rounds, NULL), 0);
	for (i = 1; i <= tries && lost < enough; i++)
		lost += neither_saw(&m, i, &seed, fence);
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	dma_free(&m);
	print_message("of %u times, neither saw the other %u times\n", i - 1, lost);
	return lost;
}

static void a_fence_orders_stores_and_loads(void **state)
{
	(void)state;
	assert_int_equal(rounds(ROUNDS, UINT32_MAX, true), 0);
}

static void without_it_they_are_not_ordered(void **state)
{
	(void)state;
	if (ALL_ORDERED || CPU_COUNT(&cpus) < 2)
		skip();
	assert_true(rounds(TRIES_MAX, 1, false) > 0);
}

/* ---- More ---- */

/* Many at once, in and out, while lines are written back and fetched between. */
static void batches(void **state)
{
	static u8 buffers[TOY_SIZE][128] __attribute__((aligned(64))), stored[TOY_SIZE];
	pthread_t thread = begin(2);

	(void)state;
	for (unsigned i = 0; i < BATCHES; i++) {
		unsigned count = 1 + (unsigned)rand() % 8, ended = 0;

		for (unsigned k = 0; k < count; k++) {
			enum toy_op op = rand() % 2 ? TOY_READ : TOY_WRITE;

			memset(buffers[k], (int)(i + k), sizeof buffers[k]);
			if (op == TOY_WRITE)
				stored[k] = (u8)(i + k);
			assert_true(toy_submit(&toy, op, k * 128, buffers[k], 128) >= 0);
		}
		toy_ring(&toy);
		while (ended < count) {
			bool sleeps = sleeps_for_good();

			ended += toy_poll(&toy);
			assert_false(ended < count && sleeps);
			arch_relax();
		}
		assert_int_equal(ended, count);
		for (unsigned k = 0; k < count; k++)
			for (unsigned b = 0; b < 128; b++)
				assert_int_equal(buffers[k][b], stored[k]);
	}
	end(thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(without_the_fence_some_are),
		cmocka_unit_test(a_fence_orders_stores_and_loads),
		cmocka_unit_test(without_it_they_are_not_ordered),
		cmocka_unit_test(batches),
	};

	sched_getaffinity(0, sizeof cpus, &cpus);
	settle(&cpus, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
