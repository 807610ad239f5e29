/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtqueues in every format, against a device that judges them. */
#include "tests/drivers/virtqueue_exchange.h"

enum { WRAPS = 140000 };		/* of 16 bits, twice */

/* ---- All that goes through comes back ---- */

static void through(unsigned mix, u32 size, u32 requests)
{
	unsigned max_segments = size < 8 ? size : 8;

	print_message("%s%u entries, mix %u\n", mix & 8 ? "packed, " : "", size, mix);
	machine(mix_of(mix), size);
	srand(mix + size);
	queue_begin(&coherent, (u16)max_segments);
	assert_int_equal(virtqueue_size(m.vq), size);
	exchange(requests, max_segments);
	queue_end();
}

static void every_mix_and_size(void **state)
{
	static const u32 sizes[] = { 1, 2, 3, 4, 5, 8, 256 };

	(void)state;
	for (unsigned mix = 0; mix < 16; mix++)
		for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
			if (mix & 8 || !(sizes[i] & (sizes[i] - 1)))
				through(mix, sizes[i], 2000);
}

static void indices_wrap(void **state)
{
	(void)state;
	through(3, 128, WRAPS);
	through(4 + 2, 128, WRAPS);
	through(8 + 3, 100, WRAPS);
}

static void *add_one(u32 request)
{
	struct virtqueue_segment s = segment_of(request, 0);

	tokens[request % TOKENS] = request;
	readable_of[request % TOKENS] = 1;
	count_of[request % TOKENS] = 1;
	return virtqueue_add(m.vq, &s, 1, 0, &tokens[request % TOKENS]) ? NULL
		: &tokens[request % TOKENS];
}

static void all_entries_can_be_in_flight(unsigned mix)
{
	machine(mix_of(mix), VIRTIO_QUEUE_SIZE_MAX + 1);
	queue_begin(&coherent, 8);
	memset(&d, 0, sizeof(d));
	assert_int_equal(virtqueue_size(m.vq), VIRTIO_QUEUE_SIZE_MAX);
	for (u32 round = 0, request = 0; round < 3; round++) {
		unsigned rung = m.rung, taken = 0;

		for (u32 i = 0; i < VIRTIO_QUEUE_SIZE_MAX; i++)
			assert_non_null(add_one(request++));
		assert_null(add_one(request));
		assert_true(virtqueue_kick(m.vq));
		assert_int_equal(m.rung, rung + 1);
		while (device_pop())
			;
		assert_int_equal(d.held_count, VIRTIO_QUEUE_SIZE_MAX);
		assert_true(sim_virtqueue_sleep(&m.device));
		for (u32 i = 0; i < VIRTIO_QUEUE_SIZE_MAX; i++)
			sim_virtqueue_push(&m.device, d.held[i ^ (mix & 4 ? 0 : 0x5a5)], 0);
		d.held_count = 0;
		taken = driver_take();
		assert_int_equal(taken, VIRTIO_QUEUE_SIZE_MAX);
	}
	queue_end();
}

static void the_largest(void **state)
{
	(void)state;
	for (unsigned mix = 0; mix < 16; mix++)
		all_entries_can_be_in_flight(mix);
}

/* ---- Shapes ---- */

static int add_segments(u16 readable, u16 writable, void *token)
{
	struct virtqueue_segment s[SEGMENTS_MAX];

	for (unsigned i = 0; i < SEGMENTS_MAX; i++)
		s[i] = (struct virtqueue_segment){ { 0x1000 * (i + 1) }, 512 };
	return virtqueue_add(m.vq, s, readable, writable, token);
}

static void room_is_what_there_is(void **state)
{
	(void)state;
	for (unsigned mix = 0; mix < 16; mix += 8) {
		machine(mix_of(mix), 8);
		queue_begin(&coherent, 60);
		assert_int_equal(add_segments(5, 4, &m), -E2BIG);
		assert_int_equal(add_segments(2, 3, &m), 0);
		assert_int_equal(add_segments(4, 0, &m), -EAGAIN);
		assert_int_equal(add_segments(0, 3, &m), 0);
		assert_int_equal(add_segments(1, 0, &m), -EAGAIN);
		assert_ptr_equal(virtqueue_forget(m.vq), &m);
		assert_ptr_equal(virtqueue_forget(m.vq), &m);
		assert_null(virtqueue_forget(m.vq));
		queue_end();

		machine(mix_of(mix | 1), 8);
		queue_begin(&coherent, 5);
		assert_int_equal(add_segments(5, 1, &m), -E2BIG);
		for (unsigned i = 0; i < 8; i++)
			assert_int_equal(add_segments(2, 3, &m), 0);
		assert_int_equal(add_segments(1, 0, &m), -EAGAIN);
		while (virtqueue_forget(m.vq))
			;
		queue_end();

		/* short ones: two chains of three, and the last quarter */
		machine(mix_of(mix | 1), 8);
		queue_begin(&coherent, 5);
		for (unsigned i = 0; i < 4; i++)
			assert_int_equal(add_segments(2, 1, &m), 0);
		assert_int_equal(add_segments(1, 0, &m), -EAGAIN);
		while (virtqueue_forget(m.vq))
			;
		queue_end();
	}
}

/* Tables have a limit; what gets none is a chain. */
static void without_a_table(void **state)
{
	struct sim_segment s[1024];
	struct sim_chain c;
	unsigned chains = 0;

	(void)state;
	for (unsigned mix = 1; mix < 16; mix += 8) {
		machine(mix_of(mix), 1024);
		queue_begin(&coherent, 1024);
		for (unsigned i = 0; i < 17; i++)
			assert_int_equal(add_segments(2, 3, &tokens[i]), 0);
		virtqueue_kick(m.vq);
		for (unsigned i = 0; i < 17; i++) {
			assert_true(sim_virtqueue_pop(&m.device, &c, s, 1024));
			assert_int_equal(c.slots, i < 16 ? 1 : 5);
			assert_int_equal(c.readable, 2);
			assert_int_equal(c.writable, 3);
			sim_virtqueue_push(&m.device, c.id, 0);
			chains += c.slots > 1;
			assert_ptr_equal(virtqueue_take(m.vq, NULL), &tokens[i]);
		}
		queue_end();
	}
	assert_int_equal(chains, 2);
}

/* ---- Kicks and interrupts ---- */

static void a_batch_is_one_kick(void **state)
{
	struct sim_segment s[SEGMENTS_MAX];
	struct sim_chain c;

	(void)state;
	for (unsigned mix = 0; mix < 16; mix++) {
		machine(mix_of(mix), 8);
		queue_begin(&coherent, 4);
		assert_false(virtqueue_kick(m.vq));
		for (unsigned i = 0; i < 3; i++)
			assert_int_equal(add_segments(1, 0, &m), 0);
		assert_false(sim_virtqueue_ready(&m.device));
		assert_true(virtqueue_kick(m.vq));
		assert_false(virtqueue_kick(m.vq));
		assert_int_equal(m.rung, 1);

		/* it looks by itself now */
		sim_virtqueue_listen(&m.device, false);
		assert_int_equal(add_segments(1, 0, &m), 0);
		assert_false(virtqueue_kick(m.vq));
		for (unsigned i = 0; i < 4; i++)
			assert_true(sim_virtqueue_pop(&m.device, &c, s, SEGMENTS_MAX));
		assert_true(sim_virtqueue_sleep(&m.device));
		assert_int_equal(add_segments(1, 0, &m), 0);
		assert_true(virtqueue_kick(m.vq));
		assert_int_equal(m.rung, 2);
		while (virtqueue_forget(m.vq))
			;
		queue_end();
	}
}

static void complete_one(void)
{
	struct sim_segment s[SEGMENTS_MAX];
	struct sim_chain c;

	assert_int_equal(add_segments(1, 0, &m), 0);
	virtqueue_kick(m.vq);
	assert_true(sim_virtqueue_pop(&m.device, &c, s, SEGMENTS_MAX));
	sim_virtqueue_push(&m.device, c.id, 0);
}

/* A kick when the entry @at, counted from the queue's beginning, is published. */
static void device_asks_for(unsigned mix, unsigned at)
{
	u16 split = (u16)at, packed[2] = { (u16)(at % 5 | (at / 5 % 2 ? 0 : 1 << 15)), 2 };

	if (mix & 8)
		sim_dma_write(m.queue.device.bus, packed, sizeof(packed));
	else
		sim_dma_write(m.queue.device.bus + 4 + 8 * 4, &split, sizeof(split));
}

static void a_kick_may_be_wanted_later(void **state)
{
	(void)state;
	for (unsigned mix = 2; mix < 16; mix += 8)
		for (unsigned begin = 0; begin < 20; begin++)
			for (unsigned event = 0; event < 4; event++) {
				machine(mix_of(mix), 5);
				queue_begin(&coherent, 1);
				for (unsigned i = 0; i < begin; i++) {
					complete_one();
					virtqueue_take(m.vq, NULL);
				}
				device_asks_for(mix, begin + event);
				for (unsigned i = 0; i < 3; i++)
					assert_int_equal(add_segments(1, 0, &m), 0);
				assert_int_equal(virtqueue_kick(m.vq), event < 3);
				while (virtqueue_forget(m.vq))
					;
				queue_end();
			}
}

static void interrupts_are_asked_for(void **state)
{
	(void)state;
	for (unsigned mix = 0; mix < 16; mix++) {
		machine(mix_of(mix), 5);
		queue_begin(&coherent, 1);
		for (unsigned round = 0; round < 12; round++) {
			complete_one();
			assert_false(sim_virtqueue_wants_interrupt(&m.device));
			assert_true(virtqueue_want_interrupt(m.vq, true));
			assert_non_null(virtqueue_take(m.vq, NULL));

			assert_false(virtqueue_want_interrupt(m.vq, true));
			complete_one();
			assert_true(sim_virtqueue_wants_interrupt(&m.device));
			complete_one();
			if (mix & 2)
				assert_false(sim_virtqueue_wants_interrupt(&m.device));
			assert_non_null(virtqueue_take(m.vq, NULL));
			assert_non_null(virtqueue_take(m.vq, NULL));

			assert_false(virtqueue_want_interrupt(m.vq, false));
			complete_one();
			assert_false(sim_virtqueue_wants_interrupt(&m.device));
			assert_false(virtqueue_want_interrupt(m.vq, false));
			assert_non_null(virtqueue_take(m.vq, NULL));
			assert_null(virtqueue_take(m.vq, NULL));
		}
		queue_end();
	}
}

/* ---- Beginning and end ---- */

static void sizes_are_what_both_can(void **state)
{
	static const struct { u64 features; u32 offered; u16 limit, size; } cases[] = {
		{ 0, 300, 0, 256 }, { 0, 256, 100, 64 }, { 0, 1, 0, 1 }, { 0, 3, 2, 2 },
		{ 0, 65536, 0, 32768 }, { 0, 8, 200, 8 },
		{ VIRTIO_F_RING_PACKED, 300, 0, 300 }, { VIRTIO_F_RING_PACKED, 256, 100, 100 },
		{ VIRTIO_F_RING_PACKED, 65536, 0, 32768 }, { VIRTIO_F_RING_PACKED, 3, 7, 3 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		machine(cases[i].features, cases[i].offered);
		assert_int_equal(virtqueue_create(&m.vq, &m.v, &coherent, 0, cases[i].limit, 4), 0);
		assert_int_equal(virtqueue_size(m.vq), cases[i].size);
		assert_int_equal(m.queue.size, cases[i].size);
		queue_end();
	}
}

/* 2.7.2 */
static void a_legacy_device_works_out_the_rest(void **state)
{
	(void)state;
	for (u32 size = 1; size <= 32768; size *= 2) {
		u64 end;

		machine(VIRTIO_F_INDIRECT_DESC, size);
		m.v.legacy = true;
		m.v.ring_align = 4096;
		queue_begin(&coherent, 8);
		end = m.queue.descriptors.bus + 16 * size + 6 + 2 * size;
		assert_int_equal(m.queue.descriptors.bus % 4096, 0);
		assert_int_equal(m.queue.driver.bus, m.queue.descriptors.bus + 16 * size);
		assert_int_equal(m.queue.device.bus, (end + 4095) / 4096 * 4096);
		exchange(50, size < 8 ? size : 8);
		queue_end();
	}
}

static void formats_have_names(void **state)
{
	(void)state;
	machine(0, 4);
	queue_begin(&coherent, 1);
	assert_string_equal(virtqueue_format(m.vq), "split");
	queue_end();
	machine(mix_of(15), 4);
	queue_begin(&coherent, 1);
	assert_string_equal(virtqueue_format(m.vq), "packed, indirect, event index, in order");
	queue_end();
}

static void not_to_be_had(void **state)
{
	(void)state;
	machine(0, 256);
	assert_int_equal(virtqueue_create(&m.vq, &m.v, &coherent, 1, 0, 4), -ERANGE);
	assert_string_equal(m.v.device.reason, "it has no queue 1");
	m.refuses = -EBUSY;
	assert_int_equal(virtqueue_create(&m.vq, &m.v, &coherent, 0, 0, 4), -EBUSY);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(memory_free(), memory_total());

	machine(0, 256);
	sim_ram(SIM_RAM_AT, 4096);
	assert_int_equal(virtqueue_create(&m.vq, &m.v, &coherent, 0, 0, 4), -ENOMEM);
	assert_string_equal(m.v.device.reason, "no memory for its queue 0 of 256 entries");
}

static void packed_where_memory_allows_it(void **state)
{
	u64 always = VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_IN_ORDER;
	const char *why;

	(void)state;
	machine(0, 1);
	assert_int_equal(virtqueue_features(&coherent, &why), always | VIRTIO_F_RING_PACKED);
	assert_null(why);
	sim.cache_backend = "test";
	assert_int_equal(virtqueue_features(&incoherent, &why), always | VIRTIO_F_RING_PACKED);
	sim.no_uncached = true;
	assert_int_equal(virtqueue_features(&incoherent, &why), always);
	assert_string_equal(why, "a packed ring wants memory that is coherent, or can be used "
			    "uncached");
	assert_int_equal(virtqueue_features(&incoherent, NULL), always);
	assert_int_equal(memory_free(), memory_total());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mix_and_size),
		cmocka_unit_test(indices_wrap),
		cmocka_unit_test(the_largest),
		cmocka_unit_test(room_is_what_there_is),
		cmocka_unit_test(without_a_table),
		cmocka_unit_test(a_batch_is_one_kick),
		cmocka_unit_test(a_kick_may_be_wanted_later),
		cmocka_unit_test(interrupts_are_asked_for),
		cmocka_unit_test(sizes_are_what_both_can),
		cmocka_unit_test(a_legacy_device_works_out_the_rest),
		cmocka_unit_test(formats_have_names),
		cmocka_unit_test(not_to_be_had),
		cmocka_unit_test(packed_where_memory_allows_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
