/* SPDX-License-Identifier: BSD-2-Clause */
/* Rings in either format, written byte by byte, and the device's side that looks at them. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "tests/sim/virtqueue_device.h"

enum { SIZE = 4, NEXT = 1, WRITE = 2, INDIRECT = 4, AVAILABLE = 0x80, USED = 0x8000 };
#define FEATURES(packed, event, order, tables) \
	((u64)(packed) << 34 | (u64)(event) << 29 | (u64)(order) << 35 | (u64)(tables) << 28)

struct descriptor { u64 addr; u32 bytes; u16 a, b; };

/* The three areas of either format, and a table. */
static struct {
	struct descriptor descriptors[SIZE];
	u16 driver[3 + SIZE] __attribute__((aligned(4)));	/* or the driver's suppression */
	u16 device[2 + 4 * SIZE + 1] __attribute__((aligned(4)));
	struct descriptor table[8];
} m;
static struct sim_virtqueue q;
static struct sim_virtqueue_entry entries[SIZE];
static struct sim_chain chain;
static struct sim_segment segments[8];

static inline void read(u64 bus, void *to, size_t bytes)
{
	memcpy(to, (const void *)(uintptr_t)bus, bytes);
}

static inline void write(u64 bus, const void *from, size_t bytes)
{
	memcpy((void *)(uintptr_t)bus, from, bytes);
}

static inline void fence(void)
{
}

static const struct sim_memory_ops ops = { read, write, fence };

static inline void begin(u64 features)
{
	memset(&m, 0, sizeof m);
	sim_virtqueue_begin(&q, &ops, entries, SIZE, features, (uintptr_t)m.descriptors,
			    (uintptr_t)m.driver, (uintptr_t)m.device);
}

static inline bool pop(void)
{
	return sim_virtqueue_pop(&q, &chain, segments, 8);
}

static inline void offer(u16 head)
{
	m.driver[2 + m.driver[1] % SIZE] = head;
	m.driver[1]++;
}

static inline void set(unsigned at, u32 bytes, u16 id, u16 flags)
{
	m.descriptors[at] = (struct descriptor){ 0x1000, bytes, id, flags };
}
