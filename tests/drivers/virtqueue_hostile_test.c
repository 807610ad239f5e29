/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that lie about what they have completed: found out, in words, and no harm done. */
#include "tests/drivers/virtqueue_machine.h"

enum { SIZE = 8, PACKED = 8, IN_ORDER = 4 };
enum { USED_WRAP = 1 << 7 | 1 << 15 };		/* both flags of the first lap */

static const char outside[] = "it completes a request outside of its queue";
static const char not_in_flight[] = "it completes a request that is not in flight: there was none, "
	"or it has completed it before";
static const char too_much[] = "it says that it wrote more than a request had room for";
static const char runs_away[] = "its used index runs away: it counts more completions than there "
	"are requests";
static const char too_few[] = "it completes more requests than it counts, or was given";

static char tokens[SIZE];
static unsigned in_flight;

/* Request 0 has three entries, 1 and 2 have one each: 100 bytes of each may be written. */
static void begin(unsigned mix)
{
	static const struct virtqueue_segment s[] = { { { 0x1000 }, 10 }, { { 0x2000 }, 10 },
						      { { 0x3000 }, 100 } };

	machine(mix_of(mix), SIZE);
	queue_begin(&coherent, 4);
	assert_int_equal(virtqueue_add(m.vq, s, 2, 1, &tokens[0]), 0);
	assert_int_equal(virtqueue_add(m.vq, s + 2, 0, 1, &tokens[1]), 0);
	assert_int_equal(virtqueue_add(m.vq, s + 2, 0, 1, &tokens[2]), 0);
	virtqueue_kick(m.vq);
	in_flight = 3;
}

/* The device has completed @id as its @place-th, whatever it says of the index. */
static void split_says(u16 place, u32 id, u32 written, u16 index)
{
	u32 element[2] = { id, written };

	sim_dma_write(m.queue.device.bus + 4 + place % SIZE * 8, element, sizeof(element));
	sim_dma_write(m.queue.device.bus + 2, &index, sizeof(index));
}

static void packed_says(u16 entry, u16 id, u32 written, u16 flags)
{
	u64 at = m.queue.descriptors.bus + entry * 16;

	sim_dma_write(at + 8, &written, sizeof(written));
	sim_dma_write(at + 12, &id, sizeof(id));
	sim_dma_write(at + 14, &flags, sizeof(flags));
}

static void take(unsigned token)
{
	assert_ptr_equal(virtqueue_take(m.vq, NULL), &tokens[token]);
	in_flight--;
}

/* Nothing goes on until a reset, after which all that was in flight is listed once. */
static void found_out(const char *reason)
{
	struct virtqueue_segment s = { { 0x1000 }, 10 };
	unsigned rung = m.rung;
	bool seen[SIZE] = { false };
	char *token;

	for (unsigned i = 0; i < 3; i++)
		assert_null(virtqueue_take(m.vq, NULL));
	assert_non_null(virtqueue_broken(m.vq));
	assert_string_equal(virtqueue_broken(m.vq), reason);
	assert_int_equal(virtqueue_add(m.vq, &s, 1, 0, &m), -EIO);
	assert_false(virtqueue_kick(m.vq));
	assert_int_equal(m.rung, rung);
	assert_false(virtqueue_want_interrupt(m.vq, true));
	while ((token = virtqueue_forget(m.vq))) {
		assert_in_range(token - tokens, 0, SIZE - 1);
		assert_false(seen[token - tokens]);
		seen[token - tokens] = true;
		in_flight--;
	}
	assert_int_equal(in_flight, 0);
	queue_end();
}

static void split_ids(void **state)
{
	static const u32 beyond[] = { SIZE, 0x10000, 0x80000000, UINT32_MAX };
	static const u32 never[] = { 1, 2, 5, 7 };	/* within the first chain; not used yet */

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin(0);
		split_says(0, beyond[i], 0, 1);
		found_out(outside);
		begin(0);
		split_says(0, never[i], 0, 1);
		found_out(not_in_flight);
	}
	begin(0);
	split_says(0, 3, 0, 1);
	take(1);
	split_says(1, 3, 0, 2);
	found_out(not_in_flight);
}

static void split_lengths(void **state)
{
	u32 written;

	(void)state;
	begin(0);
	split_says(0, 0, 100, 1);
	assert_ptr_equal(virtqueue_take(m.vq, &written), &tokens[0]);
	in_flight--;
	assert_int_equal(written, 100);
	split_says(1, 3, 101, 2);
	found_out(too_much);
	begin(0);
	split_says(0, 0, UINT32_MAX, 1);
	found_out(too_much);
}

/* A chain has 4 GiB at most (2.7.5.2), which is more than the device can say. */
static void all_that_there_is(void **state)
{
	static const struct virtqueue_segment s[] = { { { 0 }, 1u << 31 },
						      { { 1u << 31 }, 1u << 31 } };
	u32 written;

	(void)state;
	machine(0, SIZE);
	queue_begin(&coherent, 2);
	assert_int_equal(virtqueue_add(m.vq, s, 0, 2, &m), 0);
	virtqueue_kick(m.vq);
	split_says(0, 0, UINT32_MAX, 1);
	assert_ptr_equal(virtqueue_take(m.vq, &written), &m);
	assert_int_equal(written, UINT32_MAX);
	queue_end();
}

static void split_indices(void **state)
{
	static const u16 lies[] = { 4, 5, 100, 0x8000, 0xffff };
	struct virtqueue_segment s = { { 0x1000 }, 10 };

	(void)state;
	for (unsigned i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		begin(i % 4);
		split_says(0, 0, 0, lies[i]);
		found_out(runs_away);
	}
	/* what it has not been told of it cannot have completed */
	begin(0);
	assert_int_equal(virtqueue_add(m.vq, &s, 1, 0, &tokens[3]), 0);
	in_flight++;
	split_says(0, 0, 0, 4);
	found_out(runs_away);
	begin(0);
	assert_int_equal(virtqueue_add(m.vq, &s, 1, 0, &tokens[3]), 0);
	in_flight++;
	split_says(0, 5, 0, 1);
	found_out(not_in_flight);
	/* it takes back what it said */
	begin(0);
	split_says(0, 0, 0, 1);
	take(0);
	split_says(0, 0, 0, 0);
	found_out(runs_away);
}

static void split_in_order(void **state)
{
	(void)state;
	begin(IN_ORDER);
	split_says(0, 4, 7, 3);
	take(0);
	assert_true(virtqueue_want_interrupt(m.vq, true));
	take(1);
	take(2);
	assert_null(virtqueue_take(m.vq, NULL));
	assert_null(virtqueue_broken(m.vq));
	split_says(3, 4, 7, 4);
	found_out(runs_away);

	begin(IN_ORDER);
	split_says(0, 4, 7, 1);			/* the third, but counts one */
	take(0);
	found_out(too_few);
}

static void packed_ids(void **state)
{
	static const u16 beyond[] = { SIZE, 0x100, 0x8000, 0xffff };
	static const u16 never[] = { 1, 2, 5, 7 };

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		begin(PACKED | i % 2 << 2);
		packed_says(0, beyond[i], 0, USED_WRAP);
		found_out(outside);
		begin(PACKED | i % 2 << 2);
		packed_says(0, never[i], 0, USED_WRAP);
		found_out(not_in_flight);
	}
	begin(PACKED);
	packed_says(0, 3, 0, USED_WRAP);
	take(1);
	packed_says(1, 3, 0, USED_WRAP);
	found_out(not_in_flight);
}

static void packed_lengths(void **state)
{
	(void)state;
	begin(PACKED);
	packed_says(0, 0, 100, USED_WRAP);
	take(0);
	packed_says(3, 3, 101, USED_WRAP);
	found_out(too_much);
}

static void packed_runs_ahead(void **state)
{
	struct virtqueue_segment s = { { 0x1000 }, 10 };

	(void)state;
	begin(PACKED | IN_ORDER);
	packed_says(0, 4, 0, USED_WRAP);
	take(0);
	assert_true(virtqueue_want_interrupt(m.vq, true));
	take(1);
	take(2);
	packed_says(5, 4, 0, USED_WRAP);
	found_out(not_in_flight);

	/* what it was not told of */
	begin(PACKED);
	packed_says(0, 0, 0, USED_WRAP);
	packed_says(3, 3, 0, USED_WRAP);
	packed_says(4, 4, 0, USED_WRAP);
	for (unsigned i = 0; i < 3; i++)
		take(i);
	assert_int_equal(virtqueue_add(m.vq, &s, 1, 0, &tokens[3]), 0);
	in_flight++;
	packed_says(5, 5, 0, USED_WRAP);
	found_out(not_in_flight);
}

/* ---- Rubbish everywhere that the device can write, while the driver goes on ---- */

static bool busy[SIZE];

static void ended(const char *token)
{
	assert_in_range(token - tokens, 0, SIZE - 1);
	assert_true(busy[token - tokens]);
	busy[token - tokens] = false;
}

static void scribble(unsigned mix)
{
	u64 at = mix & PACKED ? m.queue.descriptors.bus : m.queue.device.bus;
	unsigned words = (4 + 8 * SIZE + 2) / 2;

	for (int n = rand() % 4; n > 0; n--) {
		u16 value = (u16)(rand() % 2 ? rand() : rand() % (SIZE + 1));

		sim_dma_write(at + (unsigned)rand() % words * 2, &value, 2);
		if (mix & PACKED)
			sim_dma_write(m.queue.device.bus + (unsigned)rand() % 2 * 2, &value, 2);
	}
}

static void until_broken(unsigned mix)
{
	static const struct virtqueue_segment s[4] = { { { 0x1000 }, 10 }, { { 0x2000 }, 10 },
						       { { 0x3000 }, 100 }, { { 0x4000 }, 1 } };
	char *token;

	queue_begin(&coherent, 4);
	for (unsigned step = 0; step < 50 && !virtqueue_broken(m.vq); step++) {
		unsigned i = (unsigned)rand() % SIZE, count = 1 + (unsigned)rand() % 4;

		if (!busy[i])
			busy[i] = !virtqueue_add(m.vq, s, (u16)(count / 2),
						 (u16)(count - count / 2), &tokens[i]);
		virtqueue_kick(m.vq);
		scribble(mix);
		while ((token = virtqueue_take(m.vq, NULL)))
			ended(token);
		virtqueue_want_interrupt(m.vq, rand() % 2);
	}
	while ((token = virtqueue_forget(m.vq)))
		ended(token);
	for (unsigned i = 0; i < SIZE; i++)
		assert_false(busy[i]);
	queue_end();
}

static void rubbish(void **state)
{
	(void)state;
	srand(1);
	for (unsigned mix = 0; mix < 16; mix++) {
		machine(mix_of(mix), SIZE);
		for (unsigned round = 0; round < 3000; round++)
			until_broken(mix);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split_ids),
		cmocka_unit_test(split_lengths),
		cmocka_unit_test(all_that_there_is),
		cmocka_unit_test(split_indices),
		cmocka_unit_test(split_in_order),
		cmocka_unit_test(packed_ids),
		cmocka_unit_test(packed_lengths),
		cmocka_unit_test(packed_runs_ahead),
		cmocka_unit_test(rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
