/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtqueues where caches hide what is not handed over: they are right, and the absence of each
 * hand-over is seen. A packed ring does not exist there: what it hands over is an order of
 * accesses, which takes a device that gets on in between to be seen.
 */
#include "tests/drivers/virtqueue_exchange.h"
#include "tests/sim/child.h"
#include "tests/sim/mutation.h"

/* Of several lines each, however long they are; also the available ring without its index. */
enum { SIZE = 256, REQUESTS = 600, SMALL = 4 };

static void get_on(void)
{
	if (rand() % 4 == 0)
		device_step();
}

static void through(unsigned mix, u32 size)
{
	machine(mix_of(mix), size);
	srand(mix + size);
	queue_begin(&incoherent, size < 8 ? (u16)size : 8);
	dma_oracle_device = get_on;
	exchange(REQUESTS, size < 8 ? size : 8);
	dma_oracle_device = NULL;
	queue_end();
}

static void suite(void **state)
{
	(void)state;
	for (unsigned mix = 0; mix < 8; mix++) {
		through(mix, SIZE);
		through(mix, SMALL);
	}
}

static void every_hand_over_is_missed(void **state)
{
	(void)state;
	mutation_test("drivers/virtio/virtqueue_split.c", suite);
}

static void every_fence_is_missed(void **state)
{
	(void)state;
	mutation_test_fences("drivers/virtio/virtqueue_split.c", suite);
}

/* What the device writes shares no line with anything of ours. */
static void areas_have_lines_of_their_own(void **state)
{
	const char *reason;

	(void)state;
	for (size_t line = DMA_ORACLE_LINE_MIN; line <= DMA_ORACLE_LINE_MAX; line *= 2) {
		struct dma_oracle_settings s = { .seed = 1, .line_bytes = line };

		for (u32 size = 1; size <= 1024; size *= 2) {
			machine(VIRTIO_F_INDIRECT_DESC, size);
			assert_int_equal(dma_oracle_begin(&s, &reason), 0);
			queue_begin(&incoherent, 4);
			assert_int_equal(m.queue.device.bus % line, 0);
			assert_true(m.queue.device.bus >= m.queue.driver.bus + 6 + 2 * size);
			queue_end();
			dma_oracle_end();
		}
	}
}

static void no_packed_ring(void **state)
{
	struct dma_oracle_settings s = dma_oracle_defaults;
	const char *reason;

	(void)state;
	machine(0, 4);
	assert_int_equal(dma_oracle_begin(&s, &reason), 0);
	assert_false(virtqueue_features(&coherent, &reason) & VIRTIO_F_RING_PACKED);
	assert_non_null(reason);
	m.v.features = VIRTIO_F_RING_PACKED;
	assert_int_equal(virtqueue_create(&m.vq, &m.v, &coherent, 0, 0, 4), -ENOTSUP);
	dma_oracle_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(areas_have_lines_of_their_own, NULL),
		CHILD_TEST(no_packed_ring, NULL),
		cmocka_unit_test(every_hand_over_is_missed),
		cmocka_unit_test(every_fence_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
