/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The judge is judged: the device's side of virtqueues (tests/sim/virtqueue_device.h) against rings
 * as the standard has them.
 */
#include "tests/drivers/virtqueue_rings.h"

/* ---- Split ---- */

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
