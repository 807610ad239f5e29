/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-rng gives what its device gave; one that does not is left alone, and said to be. */
#include "tests/drivers/virtio_machine.h"

#include "drivers/virtio/virtqueue.h"
#include "lib/dma_oracle.h"
#include "lib/memory.h"
#include "lib/random.h"
#include "tests/sim/mutation.h"
#include "tests/sim/ram.h"
#include "tests/sim/virtio_rng.h"

static struct sim_virtio_rng sim_rng;
static struct virtio_device *sim_found;

/* ---- What the driver reads, as the pool sees it ---- */

static void rng_machine(enum transport transport)
{
	sim_type = 4;
	machine(transport);
	sim.dma_coherent = true;
	sim_virtio_rng_init(&sim_rng, &sim_device);
	sim_ram(SIM_RAM_AT, 8 << 20);
}

static int rng_discover(enum transport transport)
{
	sim_found = discover(transport);
	assert_non_null(sim_found);
	return sim_found->device.error;
}

/* The driver's own record begins with its source; bound, it is the device's state. */
static struct random_source *source(void)
{
	return sim_found->device.state;
}

static bool is_asked(void)
{
	char from[RANDOM_FROM_BYTES];
	u64 given = sim_rng.given;
	u8 byte;

	random_bytes(&byte, 1, from);
	assert_int_equal(strstr(from, "virtio-rng") != NULL, sim_rng.given != given);
	return sim_rng.given != given;
}

static void read_some(size_t bytes, int wanted)
{
	u64 from = sim_rng.given;
	u8 data[256];

	memset(data, 0xee, sizeof(data));
	assert_int_equal(source()->read(source(), data, bytes), wanted);
	for (int i = 0; i < wanted; i++)
		assert_int_equal(data[i], sim_virtio_rng_byte(from + (unsigned)i));
	assert_int_equal(data[wanted], 0xee);
}

/* Nothing is lent, and all memory is there again. */
static void rng_end(void)
{
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(sim_device.status, 0);
	assert_int_equal(dma_counters()->shared, 0);
	assert_int_equal(memory_free(), memory_total());
	assert_false(is_asked());
}

static void gives_what_it_got(void **state)
{
	rng_machine(TRANSPORT(state));
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	for (unsigned i = 0; i < 300; i++)		/* round and round the ring */
		read_some(1 + i % 64, 1 + (int)i % 64);
	read_some(200, 64);
	assert_true(is_asked());
	sim_rng.at_most = 5;
	read_some(32, 5);
	assert_int_equal(sim_device.resets, 1);
	rng_end();
}

static void on_a_split_ring(void **state)
{
	rng_machine(TRANSPORT(state));
	sim_device.offers &= ~(VIRTIO_F_RING_PACKED | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX);
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	assert_false(sim_rng.queue.packed);
	read_some(64, 64);
	read_some(64, 64);
	rng_end();
}

/* ---- Trouble ---- */

/* Stopped, given up, and never asked again. */
static void assert_left_alone(const char *reason)
{
	assert_reason(sim_found, reason);
	assert_int_equal(sim_device.status, VIRTIO_STATUS_FAILED);
	assert_int_equal(dma_counters()->shared, 0);
	assert_false(is_asked());
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(memory_free(), memory_total());
}

static void one_that_is_silent(void **state)
{
	u8 data[32];

	rng_machine(TRANSPORT(state));
	sim_rng.silent = true;
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	assert_int_equal(source()->read(source(), data, sizeof(data)), -ETIMEDOUT);
	assert_left_alone("it gave no random bytes for 5 seconds; it is not asked again");
}

static void one_that_lies(void **state)
{
	u8 data[32];

	rng_machine(TRANSPORT(state));
	sim_rng.lies = true;
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	assert_int_equal(source()->read(source(), data, sizeof(data)), -EIO);
	assert_non_null(strstr(sim_found->device.reason, "; it is not asked again"));
	assert_int_equal(sim_device.status, VIRTIO_STATUS_FAILED);
	assert_false(is_asked());
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(memory_free(), memory_total());
}

static void one_that_does_not_stop(void **state)
{
	u8 data[32];

	rng_machine(TRANSPORT(state));
	sim_rng.silent = true;
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	sim_device.slow_reset = SIM_VIRTIO_FOREVER;
	assert_int_equal(source()->read(source(), data, sizeof(data)), -ETIMEDOUT);
	assert_false(is_asked());
	assert_int_not_equal(devices_quiesce(), 0);
	assert_int_not_equal(memory_free(), memory_total());	/* it may still write there */
}

static void one_that_vanishes(void **state)
{
	u8 data[32];

	rng_machine(TRANSPORT(state));
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	sim_device.gone = true;
	assert_int_equal(source()->read(source(), data, sizeof(data)), -ETIMEDOUT);
	assert_reason(sim_found, "it does not answer any more");
	assert_false(is_asked());
	device_remove(transport_device);
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(memory_free(), memory_total());
}

static void one_that_is_pulled(void **state)
{
	rng_machine(TRANSPORT(state));
	assert_int_equal(rng_discover(TRANSPORT(state)), 0);
	assert_true(is_asked());
	sim_device.gone = true;
	device_remove(transport_device);
	assert_int_equal(memory_free(), memory_total());
	assert_false(is_asked());
}

static void one_that_is_refused(void **state, int error)
{
	assert_int_equal(rng_discover(TRANSPORT(state)), error);
	assert_int_equal(dma_counters()->shared, 0);
	assert_int_equal(memory_free(), memory_total());
	assert_false(is_asked());
	assert_int_equal(devices_quiesce(), 0);
}

static void one_without_a_queue(void **state)
{
	rng_machine(TRANSPORT(state));
	sim_device.queue_count = 0;
	one_that_is_refused(state, -ERANGE);
	assert_reason(sim_found, "it has no queue 0");
}

static void one_that_fails_in_the_end(void **state)
{
	rng_machine(TRANSPORT(state));
	sim_device.fails_at = VIRTIO_STATUS_DRIVER_OK;
	one_that_is_refused(state, -EIO);
}

/* ---- The proof ---- */

static void get_on(void)
{
	if (rand() % 3 == 0)
		sim_virtio_rng_step(&sim_rng);
}

static void suite(void **state)
{
	(void)state;
	srand(5);
	rng_machine(MMIO_MODERN);
	sim_rng.lazy = true;
	dma_oracle_device = get_on;
	assert_int_equal(rng_discover(MMIO_MODERN), 0);
	for (unsigned i = 0; i < 40; i++)
		read_some(1 + i * 7 % 64, 1 + (int)i * 7 % 64);
	dma_oracle_device = NULL;
	rng_end();
}

static void every_hand_over_is_missed(void **state)
{
	(void)state;
	mutation_test("drivers/virtio/rng.c", suite);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST_ON_ALL(gives_what_it_got),
		TEST_ON_ALL(on_a_split_ring),
		TEST_ON_ALL(one_that_is_silent),
		TEST_ON_ALL(one_that_lies),
		TEST_ON_ALL(one_that_does_not_stop),
		TEST_ON_ALL(one_that_vanishes),
		TEST_ON_ALL(one_that_is_pulled),
		TEST_ON_ALL(one_without_a_queue),
		TEST_ON_ALL(one_that_fails_in_the_end),
		cmocka_unit_test(every_hand_over_is_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
