/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge is judged: the device's side of virtqueues (tests/sim/virtqueue_device.h) against rings
 * that are written here, byte by byte, as the standard has them; and what it says of wrong ones.
 */
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

static void read(u64 bus, void *to, size_t bytes)
{
	memcpy(to, (const void *)(uintptr_t)bus, bytes);
}

static void write(u64 bus, const void *from, size_t bytes)
{
	memcpy((void *)(uintptr_t)bus, from, bytes);
}

static void fence(void)
{
}

static const struct sim_memory_ops ops = { read, write, fence };

static void begin(u64 features)
{
	memset(&m, 0, sizeof m);
	sim_virtqueue_begin(&q, &ops, entries, SIZE, features, (uintptr_t)m.descriptors,
			    (uintptr_t)m.driver, (uintptr_t)m.device);
}

static bool pop(void)
{
	return sim_virtqueue_pop(&q, &chain, segments, 8);
}

/* ---- Split ---- */

static void offer(u16 head)
{
	m.driver[2 + m.driver[1] % SIZE] = head;
	m.driver[1]++;
}

static u32 used_word(unsigned at)
{
	return m.device[2 + 2 * at] | (u32)m.device[3 + 2 * at] << 16;
}

static void split(void **state)
{
	(void)state;
	begin(0);
	assert_false(sim_virtqueue_ready(&q));
	assert_false(pop());
	m.descriptors[2] = (struct descriptor){ 0x1000, 16, NEXT, 0 };
	m.descriptors[0] = (struct descriptor){ 0x2000, 512, NEXT | WRITE, 3 };
	m.descriptors[3] = (struct descriptor){ 0x3000, 1, WRITE, 9 };
	m.descriptors[1] = (struct descriptor){ 0x4000, 5, 0, 9 };
	offer(2);
	offer(1);
	assert_true(pop());
	assert_int_equal(chain.id, 2);
	assert_int_equal(chain.slots, 3);
	assert_int_equal(chain.readable, 1);
	assert_int_equal(chain.writable, 2);
	assert_int_equal(chain.writable_bytes, 513);
	assert_int_equal(segments[1].addr, 0x2000);
	assert_int_equal(segments[2].bytes, 1);
	assert_true(pop());
	assert_int_equal(chain.id, 1);
	assert_false(pop());

	/* Out of order. */
	sim_virtqueue_push(&q, 1, 0);
	assert_int_equal(m.device[1], 1);
	assert_int_equal(used_word(0), 1);
	sim_virtqueue_push(&q, 2, 77);
	assert_int_equal(m.device[1], 2);
	assert_int_equal(used_word(2), 2);
	assert_int_equal(used_word(3), 77);
	offer(3);
	assert_true(pop());
}

static void split_flags(void **state)
{
	(void)state;
	begin(0);
	m.descriptors[0] = (struct descriptor){ 0x1000, 16, 0, 0 };
	assert_true(sim_virtqueue_sleep(&q));
	assert_int_equal(m.device[0], 0);
	sim_virtqueue_listen(&q, false);
	assert_int_equal(m.device[0], 1);
	offer(0);
	assert_false(sim_virtqueue_sleep(&q));
	assert_false(sim_virtqueue_wants_interrupt(&q));	/* for nothing */
	for (unsigned i = 0; i < 2; i++) {
		m.driver[0] = (u16)i;
		assert_true(pop());
		sim_virtqueue_push(&q, 0, 0);
		assert_int_equal(sim_virtqueue_wants_interrupt(&q), !i);
		assert_false(sim_virtqueue_wants_interrupt(&q));
		offer(0);
	}
}

static void split_events(void **state)
{
	u16 *used_event = &m.driver[2 + SIZE], *available_event = &m.device[2 + 4 * SIZE];

	(void)state;
	begin(FEATURES(0, 1, 0, 0));
	m.descriptors[0] = (struct descriptor){ 0x1000, 16, 0, 0 };
	for (u32 i = 0; i < 70000; i++) {
		*used_event = (u16)(i % 3 ? i - 1 : i);
		assert_true(sim_virtqueue_sleep(&q));
		assert_int_equal(*available_event, (u16)i);
		offer(0);
		assert_true(pop());
		sim_virtqueue_push(&q, 0, 0);
		assert_int_equal(sim_virtqueue_wants_interrupt(&q), i % 3 == 0);
	}
	assert_int_equal(m.device[0], 0);
}

static void split_batches(void **state)
{
	(void)state;
	begin(FEATURES(0, 1, 1, 1));
	m.descriptors[0] = (struct descriptor){ 0x1000, 16, 0, 0 };
	m.descriptors[1] = (struct descriptor){ 0x1000, 16, NEXT, 2 };
	m.descriptors[2] = (struct descriptor){ 0x1000, 16, WRITE, 0 };
	m.descriptors[3] = (struct descriptor){ (uintptr_t)m.table, 48, INDIRECT, 0 };
	m.table[0] = (struct descriptor){ 0x1000, 16, NEXT, 1 };
	m.table[1] = (struct descriptor){ 0x2000, 16, NEXT | WRITE, 2 };
	m.table[2] = (struct descriptor){ 0x3000, 16, WRITE, 0 };
	offer(0);
	offer(1);
	offer(3);
	assert_true(pop() && pop() && pop());
	assert_int_equal(chain.slots, 1);
	assert_int_equal(chain.writable, 2);
	m.driver[2 + SIZE] = 2;
	sim_virtqueue_push_all(&q, 1, 16);
	assert_int_equal(m.device[1], 2);
	assert_int_equal(used_word(0), 1);
	assert_int_equal(used_word(1), 16);
	assert_false(sim_virtqueue_wants_interrupt(&q));
	sim_virtqueue_push(&q, 3, 32);
	assert_int_equal(m.device[1], 3);
	assert_int_equal(used_word(4), 3);
	assert_true(sim_virtqueue_wants_interrupt(&q));
}

/* ---- Packed ---- */

static void set(unsigned at, u32 bytes, u16 id, u16 flags)
{
	m.descriptors[at] = (struct descriptor){ 0x1000, bytes, id, flags };
}

static void packed(void **state)
{
	(void)state;
	begin(FEATURES(1, 0, 0, 1));
	assert_false(pop());
	set(0, 16, 9, AVAILABLE | NEXT);
	set(1, 512, 9, AVAILABLE | NEXT | WRITE);
	set(2, 1, 3, AVAILABLE | WRITE);
	set(3, 64, 0, AVAILABLE | INDIRECT);
	m.descriptors[3].addr = (uintptr_t)m.table;
	for (unsigned i = 0; i < 4; i++)
		m.table[i] = (struct descriptor){ 0x2000 + i, 1 + i, 77, i > 2 ? WRITE : 0 };
	assert_true(pop());
	assert_int_equal(chain.id, 3);
	assert_int_equal(chain.slots, 3);
	assert_int_equal(chain.writable_bytes, 513);
	assert_true(pop());
	assert_int_equal(chain.id, 0);
	assert_int_equal(chain.readable, 3);
	assert_int_equal(segments[3].addr, 0x2003);
	assert_false(pop());

	/* Out of order: the indirect one is used where the first one was. */
	sim_virtqueue_push(&q, 0, 4);
	assert_int_equal(m.descriptors[0].a, 0);
	assert_int_equal(m.descriptors[0].bytes, 4);
	assert_int_equal(m.descriptors[0].b, AVAILABLE | USED | WRITE);
	assert_int_equal(m.descriptors[1].b, AVAILABLE | NEXT | WRITE);
	sim_virtqueue_push(&q, 3, 0);
	assert_int_equal(m.descriptors[1].a, 3);
	assert_int_equal(m.descriptors[1].b, AVAILABLE | USED);
	assert_false(pop());

	/* Around. */
	set(0, 16, 1, USED);
	assert_true(pop());
	assert_int_equal(chain.id, 1);
	sim_virtqueue_push(&q, 1, 0);
	assert_int_equal(m.descriptors[0].b, 0);
}

static void packed_flags(void **state)
{
	static const u16 suppressions[] = { 0, 1 };

	(void)state;
	begin(FEATURES(1, 0, 0, 0));
	assert_true(sim_virtqueue_sleep(&q));
	assert_int_equal(m.device[1], 0);
	sim_virtqueue_listen(&q, false);
	assert_int_equal(m.device[1], 1);
	for (unsigned i = 0; i < 2; i++) {
		set(i, 16, 0, AVAILABLE);
		assert_false(sim_virtqueue_sleep(&q));
		assert_true(pop());
		sim_virtqueue_push(&q, 0, 0);
		m.driver[1] = suppressions[i];
		assert_int_equal(sim_virtqueue_wants_interrupt(&q), !i);
		assert_false(sim_virtqueue_wants_interrupt(&q));
	}
}

static void packed_events(void **state)
{
	(void)state;
	begin(FEATURES(1, 1, 0, 0));
	m.driver[1] = 2;
	for (u32 i = 0; i < 1000; i++) {
		bool first = i / SIZE % 2 == 0;
		u16 here = (u16)(i % SIZE | (first ? 0x8000 : 0));

		assert_true(sim_virtqueue_sleep(&q));
		assert_int_equal(m.device[0], here);
		assert_int_equal(m.device[1], 2);
		set(i % SIZE, 16, 0, first ? AVAILABLE : USED);
		assert_true(pop());
		sim_virtqueue_push(&q, 0, 0);
		m.driver[0] = i % 3 == 1 ? here ^ 0x8000 : i % 3 == 2 ? here ^ 1 : here;
		assert_int_equal(sim_virtqueue_wants_interrupt(&q), i % 3 == 0);
	}
}

static void packed_batches(void **state)
{
	(void)state;
	begin(FEATURES(1, 1, 1, 0));
	set(0, 16, 2, AVAILABLE);
	set(1, 16, 9, AVAILABLE | NEXT);
	set(2, 16, 1, AVAILABLE | WRITE);
	set(3, 16, 0, AVAILABLE | WRITE);
	assert_true(pop() && pop() && pop());
	sim_virtqueue_push_all(&q, 1, 16);
	assert_int_equal(m.descriptors[0].a, 1);
	assert_int_equal(m.descriptors[0].b, AVAILABLE | USED | WRITE);
	m.driver[0] = 0x8003;
	m.driver[1] = 2;
	assert_false(sim_virtqueue_wants_interrupt(&q));
	sim_virtqueue_push(&q, 0, 16);
	assert_int_equal(m.descriptors[3].a, 0);
	assert_int_equal(m.descriptors[3].b, AVAILABLE | USED | WRITE);
	assert_true(sim_virtqueue_wants_interrupt(&q));
}

/* ---- What it says of wrong ones ---- */

static jmp_buf failed;
static char message[200];

static void note_failure(const char *text)
{
	snprintf(message, sizeof message, "%s", text);
	longjmp(failed, 1);
}

/* A change to two lists, {0, 1} and {2}, that are right; and the words about it. */
struct wrong {
	u64 features;
	void (*change)(void);
	const char *words;
};

static void changed(const struct wrong *w)
{
	begin(w->features);
	if (q.packed) {
		set(0, 16, 9, AVAILABLE | NEXT);
		set(1, 16, 1, AVAILABLE | WRITE);
		set(2, 16, 2, AVAILABLE);
	} else {
		m.descriptors[0] = (struct descriptor){ 0x1000, 16, NEXT, 1 };
		m.descriptors[1] = (struct descriptor){ 0x1000, 16, WRITE, 0 };
		m.descriptors[2] = (struct descriptor){ 0x1000, 16, 0, 0 };
		offer(0);
		offer(2);
	}
	for (unsigned i = 0; i < 8; i++)
		m.table[i] = q.packed ? (struct descriptor){ 0x1000, 16, 77, 0 } :
			(struct descriptor){ 0x1000, 16, i < 2 ? NEXT : 0, (u16)(i + 1) };
	w->change();
	while (pop())
		;
	sim_virtqueue_push(&q, chain.id, 0);
	sim_virtqueue_wants_interrupt(&q);
}

static void judge(const struct wrong *w)
{
	char words[200];

	snprintf(words, sizeof words, "driver misbehaved: %s", w->words);
	message[0] = '\0';
	sim.failed = note_failure;
	if (!setjmp(failed))
		changed(w);
	sim.failed = NULL;
	if (strcmp(message, words))
		fail_msg("it says \"%s\" instead of \"%s\"", message, words);
}

static void one_too_many(void)		{ m.driver[1] = SIZE + 1; }
static void backwards(void)		{ m.driver[1] = UINT16_MAX; }
static void head_out_of_range(void)	{ m.driver[3] = SIZE; }
static void next_out_of_range(void)	{ m.descriptors[0].b = 0xffff; }
static void head_twice(void)		{ m.driver[3] = 0; }
static void shared_tail(void)		{ m.descriptors[2] = m.descriptors[0]; }
static void loop(void)			{ m.descriptors[1].a |= NEXT; }
static void strange_flags(void)		{ m.descriptors[1].a |= 8; }
static void no_bytes(void)		{ m.descriptors[1].bytes = 0; }
static void many_bytes(void)		{ m.descriptors[0].bytes = UINT32_MAX; }
static void disorder(void)		{ m.descriptors[0].a |= WRITE, m.descriptors[1].a = 0; }
static void unwanted_flags(void)	{ m.driver[0] = 2; }
static void flags_with_events(void)	{ m.driver[0] = 1; }
static void not_in_order(void)		{ m.descriptors[0].b = 3; }
static void head_not_in_order(void)	{ m.driver[2] = 2; }

static void table(void)
{
	m.descriptors[2] = (struct descriptor){ (uintptr_t)m.table, 48, INDIRECT, 0 };
}

static void table_and_next(void)	{ table(), m.descriptors[2].a |= NEXT; }
static void empty_table(void)		{ table(), m.descriptors[2].bytes = 0; }
static void odd_table(void)		{ table(), m.descriptors[2].bytes = 47; }
static void short_table(void)		{ table(), m.descriptors[2].bytes = 32; }
static void endless_table(void)		{ table(), m.table[2].a = NEXT, m.table[2].b = 1; }
static void table_in_table(void)	{ table(), m.table[1].a |= INDIRECT; }
static void table_not_in_order(void)	{ table(), m.table[0].b = 2; }

static void long_table(void)
{
	table();
	m.descriptors[2].bytes = 80;
	for (unsigned i = 0; i < 5; i++)
		m.table[i] = (struct descriptor){ 0x1000, 16, i < 4 ? NEXT : 0, (u16)(i + 1) };
}

static void packed_round(void)
{
	set(2, 16, 2, AVAILABLE | NEXT);
	set(3, 16, 2, AVAILABLE | NEXT);
}

static void packed_half(void)		{ m.descriptors[1].b = WRITE; }
static void packed_flag(void)		{ m.descriptors[1].b |= 0x10; }
static void packed_id(void)		{ m.descriptors[1].a = SIZE; }
static void packed_id_twice(void)	{ m.descriptors[2].a = 1; }
static void packed_disorder(void)
{
	m.descriptors[0].b |= WRITE;
	m.descriptors[1].b ^= WRITE;
}

static void packed_reserved(void)	{ m.driver[1] = 3; }
static void packed_event(void)		{ m.driver[1] = 2; }
static void packed_event_beyond(void)	{ m.driver[1] = 2, m.driver[0] = SIZE; }

static void packed_table(void)
{
	m.descriptors[2] = (struct descriptor){ (uintptr_t)m.table, 48, 2, AVAILABLE | INDIRECT };
}

static void packed_table_next(void)	{ packed_table(), m.descriptors[2].b |= NEXT; }
static void packed_table_last(void)	{ m.descriptors[1].b |= INDIRECT; }
static void packed_table_flags(void)	{ packed_table(), m.table[0].b = NEXT; }
static void packed_table_long(void)	{ packed_table(), m.descriptors[2].bytes = 80; }

static void packed_early(void)
{
	set(3, 16, 0, AVAILABLE);
	while (pop())
		;
	set(0, 16, 3, USED);
}

#define F	FEATURES
static const struct wrong wrongs[] = {
	{ 0, one_too_many, "its available index runs away: from 0 to 5, of 4 entries, 0 in use" },
	{ 0, backwards, "its available index runs away: from 0 to 65535, of 4 entries, 0 in use" },
	{ 0, head_out_of_range, "descriptor 4, of 4" },
	{ 0, next_out_of_range, "descriptor 65535, of 4" },
	{ 0, head_twice, "descriptor 0 is in two lists, or in one twice" },
	{ 0, shared_tail, "descriptor 1 is in two lists, or in one twice" },
	{ 0, loop, "descriptor 0 is in two lists, or in one twice" },
	{ 0, strange_flags, "flags 0xa of descriptor 1" },
	{ 0, no_bytes, "a segment of no bytes" },
	{ 0, many_bytes, "a list of 0x10000000f bytes" },
	{ 0, disorder, "a readable segment behind a writable one" },
	{ 0, unwanted_flags, "flags 0x2 of its available ring" },
	{ F(0, 1, 0, 0), flags_with_events,
	  "flags 0x1 of its available ring, with event indices" },
	{ F(0, 0, 1, 0), not_in_order, "descriptor 3 follows 0, though in order" },
	{ F(0, 0, 1, 0), head_not_in_order, "a list begins at descriptor 2, though in order" },
	{ 0, table, "an indirect descriptor, which was not negotiated" },
	{ F(0, 0, 0, 1), table_and_next, "flags 0x5 of descriptor 2" },
	{ F(0, 0, 0, 1), empty_table, "an indirect table of 0 bytes" },
	{ F(0, 0, 0, 1), odd_table, "an indirect table of 47 bytes" },
	{ F(0, 0, 0, 1), short_table, "a list that leaves its indirect table, or has no end" },
	{ F(0, 0, 0, 1), endless_table, "a list that leaves its indirect table, or has no end" },
	{ F(0, 0, 0, 1), table_in_table, "flags 0x5 in an indirect table" },
	{ F(0, 0, 1, 1), table_not_in_order,
	  "descriptor 2 follows 0 in an indirect table, though in order" },
	{ F(0, 0, 0, 1), long_table, "a list longer than the queue, which has 4 entries" },

	{ F(1, 0, 0, 0), packed_round, "a list reaches into descriptors that are in use" },
	{ F(1, 0, 0, 0), packed_half, "descriptor 1 of a list is not available (flags 0x2)" },
	{ F(1, 0, 0, 0), packed_flag, "flags 0x92 of descriptor 1" },
	{ F(1, 0, 0, 0), packed_id, "buffer id 4, of 4" },
	{ F(1, 0, 0, 0), packed_id_twice, "buffer id 1 is in use" },
	{ F(1, 0, 0, 0), packed_disorder, "a readable segment behind a writable one" },
	{ F(1, 0, 0, 0), packed_early, "an available descriptor where all are in use" },
	{ F(1, 0, 0, 0), packed_reserved, "an event suppression of 0x0, flags 0x3" },
	{ F(1, 0, 0, 0), packed_event, "an event suppression of 0x0, flags 0x2" },
	{ F(1, 1, 0, 0), packed_event_beyond, "an event suppression of 0x4, flags 0x2" },
	{ F(1, 0, 0, 0), packed_table, "an indirect descriptor, which was not negotiated" },
	{ F(1, 0, 0, 1), packed_table_next, "an indirect descriptor is part of a list" },
	{ F(1, 0, 0, 1), packed_table_last, "an indirect descriptor is part of a list" },
	{ F(1, 0, 0, 1), packed_table_flags, "flags 0x1 in an indirect table" },
	{ F(1, 0, 0, 1), packed_table_long, "a list longer than the queue, which has 4 entries" },
};

static void wrong_drivers_are_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof wrongs / sizeof *wrongs; i++)
		judge(&wrongs[i]);
}

static const char *beginning(u16 size, u64 features, u64 descriptors, u64 driver, u64 device)
{
	message[0] = '\0';
	sim.failed = note_failure;
	if (!setjmp(failed))
		sim_virtqueue_begin(&q, &ops, entries, size, features, descriptors, driver,
				    device);
	sim.failed = NULL;
	return message;
}

static void wrong_queues_are_told(void **state)
{
	u64 packed = F(1, 0, 0, 0);

	(void)state;
	assert_string_equal(beginning(0, 0, 0, 0, 0), "driver misbehaved: a queue of 0 entries");
	assert_string_equal(beginning(3, 0, 0, 0, 0), "driver misbehaved: a queue of 3 entries");
	assert_string_equal(beginning(3, packed, 0, 0, 0), "");
	assert_string_equal(beginning(32769, packed, 0, 0, 0),
			    "driver misbehaved: a queue of 32769 entries");
	assert_string_equal(beginning(4, 0, 16, 2, 4), "");
	assert_string_equal(beginning(4, 0, 8, 2, 4),
			    "driver misbehaved: a queue's areas are at 0x8, 0x2, 0x4");
	assert_string_equal(beginning(4, packed, 16, 2, 4),
			    "driver misbehaved: a queue's areas are at 0x10, 0x2, 0x4");
	assert_string_equal(beginning(4, 0, 16, 2, 2),
			    "driver misbehaved: a queue's areas are at 0x10, 0x2, 0x2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(split_flags),
		cmocka_unit_test(split_events),
		cmocka_unit_test(split_batches),
		cmocka_unit_test(packed),
		cmocka_unit_test(packed_flags),
		cmocka_unit_test(packed_events),
		cmocka_unit_test(packed_batches),
		cmocka_unit_test(wrong_drivers_are_told),
		cmocka_unit_test(wrong_queues_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
