/* SPDX-License-Identifier: BSD-2-Clause */
/* virtqueue_exhaustive_test.c: what a state is, which were seen, and the memory in it. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "drivers/virtio/virtqueue_ring.h"
#include "tests/sim/coherent.h"
#include "tests/sim/virtqueue_bare.h"

enum { SIZE_MOST = 4, REQUESTS_MOST = 6, SEGMENTS_MOST = 3, AREA = 512, LATE = 24 };
enum { DEPTH_MOST = 1000, DECISIONS_MOST = 60, MOVES_MOST = 16 };

static struct config {
	bool packed, indirect, event_index, in_order;
	u16 size;
} config;
static unsigned requests;
static bool weak;	/* stores between two barriers arrive in any order, and loads are early */

/* ---- The state ---- */

/* What the user of the queue knows. Requests are 0, 1, ... */
struct user {
	u8 added, taken;
	u8 entries[REQUESTS_MOST];	/* of the queue that it takes; 0: not added, or taken */
	bool to_kick;
	bool wants, may_sleep, asleep;
	bool interrupted;
};

/* And the device, beyond its struct sim_virtqueue. */
enum pc { ASLEEP, AWAKE, LISTENING };
struct device_side {
	enum pc pc;
	bool kicked, to_ask;
	u8 popped_count, pushed_count;
	struct popped { u16 id; u16 request; } popped[SIZE_MOST];
	struct pushed { u32 request, written; } pushed[SIZE_MOST];	/* and not taken */
};

/* A store of the device that the driver may not have seen. @with_next: nobody looks there alone. */
struct late_store {
	u16 at, bytes;
	bool with_next;
	u8 value[8];
};

static struct {
	struct user user;
	struct device_side side;
	struct sim_virtqueue q;
	struct sim_virtqueue_entry entries[SIZE_MOST];
	u8 theirs[AREA];
	struct late_store late[LATE];
	u8 late_count;
	u8 overdue;		/* so many of these, as a later one has been seen */
	struct sim_coherent coherent;
} s;

static struct sim_bare bare;
static struct virtqueue *vq;
static unsigned tables;
static u8 tokens[REQUESTS_MOST];

struct snapshot {
	u8 world[sizeof s];
	u8 ours[AREA];
	struct virtqueue vq;
	struct virtqueue_slot slots[SIZE_MOST];
	u16 tables[SIZE_MOST + 1];
};
static u8 known[AREA] __attribute__((aligned(8)));

static void save(struct snapshot *to)
{
	memcpy(to->world, &s, sizeof s);
	memcpy(to->ours, s.coherent.ours, s.coherent.bytes);
	to->vq = *vq;
	memcpy(to->slots, vq->slots, config.size * sizeof *vq->slots);
	memcpy(to->tables, vq->tables, tables * sizeof *vq->tables);
}

static void restore(const struct snapshot *from)
{
	memcpy(&s, from->world, sizeof s);
	memcpy(s.coherent.ours, from->ours, s.coherent.bytes);
	memcpy(known, from->ours, s.coherent.bytes);
	*vq = from->vq;
	memcpy(vq->slots, from->slots, config.size * sizeof *vq->slots);
	memcpy(vq->tables, from->tables, tables * sizeof *vq->tables);
}

/* ---- What went on, for people ---- */

static const char *names[DEPTH_MOST + DECISIONS_MOST];
static unsigned depth;

static jmp_buf found;
static bool to_be_found;		/* something is broken on purpose */

static _Noreturn void wrong(const char *what)
{
	if (to_be_found) {
		print_message("found: %s\n", what);
		longjmp(found, 1);
	}
	printf("size %u, %s%s%s%s:\n", config.size, config.packed ? "packed" : "split",
	       config.indirect ? ", indirect" : "", config.event_index ? ", event index" : "",
	       config.in_order ? ", in order" : "");
	for (unsigned i = 0; i < depth; i++)
		printf("%s%s", i ? ", " : "  ", names[i]);
	printf("\n");
	fail_msg("%s", what);
	abort();
}

/* ---- Seen before? ---- */

static struct {
	u64 *table;
	size_t size, count;
} seen;

static u64 mix(u64 h, const void *data, size_t bytes)
{
	const u8 *p = data;
	u64 word;

	for (; bytes >= sizeof word; bytes -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		h = (h ^ word) * 0x9e3779b97f4a7c15;
		h ^= h >> 29;
	}
	word = 0;
	memcpy(&word, p, bytes);
	h = (h ^ word ^ bytes << 56) * 0xbf58476d1ce4e5b9;
	return h ^ h >> 32;
}

static u64 driver_hash(void)
{
	u64 h = mix(1, vq, offsetof(struct virtqueue, format));

	h = mix(h, vq->slots, config.size * sizeof *vq->slots);
	return mix(h, vq->tables, tables * sizeof *vq->tables);
}

static u64 state_hash(void)
{
	u64 h = driver_hash();

	h = mix(h, s.coherent.ours, s.coherent.bytes);
	h = mix(h, s.theirs, s.coherent.bytes);
	for (unsigned i = 0; i < s.coherent.count; i++) {
		struct sim_store store = s.coherent.stores[i];

		store.group -= s.coherent.stores[0].group;
		h = mix(h, &store, sizeof store);
	}
	for (unsigned i = 0; i < s.late_count; i++)
		h = mix(h, &s.late[i], sizeof *s.late);
	h = mix(h, &s, offsetof(__typeof__(s), theirs));
	return mix(h, &(u64){ s.overdue | s.late_count << 8 }, sizeof(u64));
}

static void seen_grow(void)
{
	u64 *old = seen.table;
	size_t old_size = seen.size;

	seen.size = old_size ? 2 * old_size : 1 << 16;
	seen.table = calloc(seen.size, sizeof *seen.table);
	assert_non_null(seen.table);
	for (size_t i = 0; i < old_size; i++) {
		size_t at = old[i] & (seen.size - 1);

		while (old[i] && seen.table[at])
			at = (at + 1) & (seen.size - 1);
		if (old[i])
			seen.table[at] = old[i];
	}
	free(old);
}

/* Is it new? From now on, it is not. */
static bool is_new(u64 h)
{
	size_t at;

	h += !h;
	if (2 * seen.count >= seen.size)
		seen_grow();
	for (at = h & (seen.size - 1); seen.table[at]; at = (at + 1) & (seen.size - 1))
		if (seen.table[at] == h)
			return false;
	seen.table[at] = h;
	seen.count++;
	return true;
}

/* ---- Memory ---- */

static size_t in_area(u64 bus, size_t bytes)
{
	size_t at = bus - vq->memory.addr.bus;

	if (at >= s.coherent.bytes || bytes > s.coherent.bytes - at)
		wrong("the device is sent to where no memory is");
	return at;
}

static void read_theirs(u64 bus, void *to, size_t bytes)
{
	memcpy(to, s.theirs + in_area(bus, bytes), bytes);
}

/* What comes before flags (packed), or before the index (split), is not looked at without them. */
static bool written_with_next(size_t at)
{
	if (config.packed)
		return at < vq->driver_at && at % 16 != 14;
	return at >= vq->device_at + 4 && at < vq->device_at + 4 + 8 * (size_t)config.size;
}

static void see_late(unsigned index)
{
	const struct late_store *l = &s.late[index];

	memcpy(s.coherent.ours + l->at, l->value, l->bytes);
	memcpy(known + l->at, l->value, l->bytes);
	s.late_count--;
	memmove(&s.late[index], &s.late[index + 1], (s.late_count - index) * sizeof *s.late);
	if (index)
		s.overdue = (u8)(index > s.overdue ? index : s.overdue);
	else
		s.overdue -= s.overdue > 0;
}

static void write_theirs(u64 bus, const void *from, size_t bytes)
{
	size_t at = in_area(bus, bytes);
	struct late_store *l = &s.late[s.late_count++];

	if (s.late_count > LATE)
		wrong("too many stores are late");
	memcpy(s.theirs + at, from, bytes);
	*l = (struct late_store){ (u16)at, (u16)bytes, written_with_next(at), { 0 } };
	memcpy(l->value, from, bytes);
	if (!weak)
		see_late(0);
}

static void no_fence(void)
{
}

static const struct sim_memory_ops memory_ops = { read_theirs, write_theirs, no_fence };

/* May the driver write there now? Not what the device is at work with. */
static void check_store(u16 at)
{
	unsigned slot = at / 16;

	if (config.packed ? at >= vq->device_at && at < vq->device_at + 4u
			  : at >= vq->device_at && (!tables || at < vq->tables_at))
		wrong("the driver writes where only the device may");
	if (at >= config.size * 16u)
		return;
	if (!config.packed && s.entries[slot].busy)
		wrong("the driver writes a descriptor that is in use");
	if (config.packed) {
		u32 used = s.q.used % config.size;

		if ((slot + config.size - used) % config.size < s.q.slots)
			wrong("the driver writes a descriptor that is in use");
	}
}

static void arrive(unsigned index)
{
	check_store(s.coherent.stores[index].at);
	sim_coherent_arrive(&s.coherent, index);
}

/* Does the device look there by itself? Elsewhere only when something there says so. */
static bool is_looked_at(u16 at)
{
	if (at >= vq->driver_at && at < vq->device_at)
		return config.packed || at < vq->driver_at + 4 ||
			at == vq->driver_at + 4 + 2 * config.size;
	return config.packed && at == s.q.available % config.size * 16 + 14;
}

/* How many stores, in whole groups, until there is one that the device may look at; 0: none. */
static unsigned until_looked_at(void)
{
	const struct sim_store *stores = s.coherent.stores;
	unsigned i = 0;

	while (i < s.coherent.count && !is_looked_at(stores[i].at))
		i++;
	if (i == s.coherent.count)
		return 0;
	while (i + 1 < s.coherent.count && stores[i + 1].group == stores[i].group)
		i++;
	return i + 1;
}

static void all_arrives(void)
{
	while (s.coherent.count)
		arrive(0);
	while (s.late_count)
		see_late(0);
	s.overdue = 0;
}
