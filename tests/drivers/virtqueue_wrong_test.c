/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device's side of virtqueues (tests/sim/virtqueue_device.h) says of wrong drivers. */
#include "tests/drivers/virtqueue_rings.h"

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
		cmocka_unit_test(wrong_drivers_are_told),
		cmocka_unit_test(wrong_queues_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
