/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests whose device is another thread: memory that both see, by acquire and release, and
 * waiting for each other. Wants _GNU_SOURCE.
 */
#pragma once
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include "arch/types.h"

/* ---- The device: where it looks is where the address on the bus says ---- */

static inline void read_shared(const void *from, void *to, size_t bytes)
{
	u16 two;
	u32 four;

	if (bytes == sizeof two) {
		two = __atomic_load_n((const u16 *)from, __ATOMIC_ACQUIRE);
		memcpy(to, &two, sizeof two);
		return;
	}
	if (bytes == sizeof four) {
		four = __atomic_load_n((const u32 *)from, __ATOMIC_ACQUIRE);
		memcpy(to, &four, sizeof four);
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		((u8 *)to)[i] = __atomic_load_n((const u8 *)from + i, __ATOMIC_ACQUIRE);
}

static inline void write_shared(void *to, const void *from, size_t bytes)
{
	u16 two;

	if (bytes == sizeof two) {
		memcpy(&two, from, sizeof two);
		__atomic_store_n((u16 *)to, two, __ATOMIC_RELEASE);
		return;
	}
	for (size_t i = 0; i < bytes; i++)
		__atomic_store_n((u8 *)to + i, ((const u8 *)from)[i], __ATOMIC_RELEASE);
}

/* Of the same strength for ThreadSanitizer, which knows no fences. */
static inline void fence_shared(void)
{
	static u64 anything;

	__atomic_fetch_add(&anything, 1, __ATOMIC_SEQ_CST);
}

/* ---- Waiting ---- */

/*
 * For a while that is never the same: so it meets every moment of what the other side does. Now and
 * then the other side goes on alone, in case there is only one CPU for both.
 */
static inline void spin(u64 *seed, unsigned most)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	for (volatile u64 i = (*seed >> 33) % most; i > 0; i--)
		;
	if (*seed >> 58 == 0)
		sched_yield();
}

/* Spinning, as long as the other side may be running too. */
static inline void pause_briefly(unsigned *turns)
{
	enum { YIELD_AFTER = 200 };

	if (++*turns % YIELD_AFTER == 0)
		sched_yield();
}

/* Each side has a CPU of its own, or a scheduler may let them take turns on one. */
static inline void settle(const cpu_set_t *cpus, unsigned side)
{
	unsigned cpu = 0;
	cpu_set_t one;

	CPU_ZERO(&one);
	for (side %= (unsigned)CPU_COUNT(cpus);; cpu++)
		if (CPU_ISSET(cpu, cpus) && side-- == 0)
			break;
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof one, &one);
}
