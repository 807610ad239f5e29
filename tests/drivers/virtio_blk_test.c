/* SPDX-License-Identifier: BSD-2-Clause */
/* virtio-blk moves data: over every transport, on rings of every kind, within every limit. */
#include "tests/drivers/virtio_blk_machine.h"
#include "tests/sim/mutation.h"

enum { REQUESTS = 80 };

/* ---- A device that gets on by itself ---- */

static void get_on(void)
{
	if (rand() % 4 == 0)
		sim_virtio_blk_step(&sim_disk);
}

static void begin_oracle(void)
{
	static const struct dma_oracle_settings settings = { .seed = 7, .line_bytes = 64,
							     .rate = 4 };
	const char *reason;

	if (dma_oracle_begin(&settings, &reason))
		fail_msg("%s", reason);
}

/* ---- Every kind of ring ---- */

enum { INDIRECT = 1, EVENT = 2, PACKED = 4, IN_ORDER = 8, BIG_BLOCKS = 16, ORACLE = 32,
       ALL_CHOICES = 64 };

static u64 left_out(unsigned choices)
{
	return (choices & INDIRECT ? 0 : VIRTIO_F_INDIRECT_DESC) |
		(choices & EVENT ? 0 : VIRTIO_F_EVENT_IDX) |
		(choices & PACKED ? 0 : VIRTIO_F_RING_PACKED) |
		(choices & IN_ORDER ? 0 : VIRTIO_F_IN_ORDER);
}

/* As the driver says it, for people; and what it was. */
static void check_ring(struct block_device *b, enum transport transport, unsigned choices)
{
	bool packed = choices & PACKED && !(choices & ORACLE) && transport != MMIO_LEGACY;
	char line[320], ring[80];

	snprintf(ring, sizeof(ring), "ring: %s%s%s%s, 256 entries, one of several",
		 packed ? "packed" : "split", choices & INDIRECT ? ", indirect" : "",
		 choices & EVENT ? ", event index" : "",
		 choices & IN_ORDER && transport != MMIO_LEGACY ? ", in order" : "");
	assert_true(b->ops->describe(b, 2, line, sizeof(line)));
	assert_int_equal(strncmp(line, ring, strlen(ring)), 0);
	assert_int_equal(!!strstr(line, "; not packed: "),
			 choices & PACKED && choices & ORACLE && transport != MMIO_LEGACY);
	assert_int_equal(sim_disk.queue.packed, packed);
}

struct choice { enum transport transport; unsigned choices; };

static void a_ring(void **state)
{
	const struct choice *c = *state;
	struct block_device *b;
	u8 odd[5 * 4096 + 1];

	srand(c->choices + 1);
	blk_machine(c->transport, c->choices & BIG_BLOCKS ? 4096 : 512);
	sim_device.offers &= ~left_out(c->choices);
	sim_disk.lazy = __builtin_parity(c->choices);
	sim_disk.backwards = sim_disk.lazy && c->choices & EVENT;
	sim_disk.all_at_once = sim_disk.lazy && c->choices & INDIRECT;
	if (c->choices & ORACLE)
		begin_oracle();
	if (c->choices & ORACLE && sim_disk.lazy)
		dma_oracle_device = get_on;
	else if (sim_disk.lazy)
		arch_turn_hook = get_on;
	b = blk_discover(c->transport);
	if (!b)
		fail_msg("%s", sim_found->device.reason);
	sim_disk.bad_sector = 777;
	work(b, REQUESTS);
	assert_int_equal(block_read(b, 3, 20480 / b->limits.block_size, odd + 1), 0);
	assert_memory_equal(odd + 1, image + 3 * b->limits.block_size, 20480);
	assert_int_equal(sim_device.resets, 1);
	assert_int_equal(block_read(b, 777 * 512 / b->limits.block_size, 1, odd), -EIO);
	check_ring(b, c->transport, c->choices);
	dma_oracle_device = NULL;
	if (!(c->choices & ORACLE))
		arch_turn_hook = NULL;
	blk_end();
}

static void every_ring(void **state)
{
	(void)state;
	for (unsigned transport = 0; transport < PCI_TRANSITIONAL; transport++)
		for (unsigned choices = 0; choices < ALL_CHOICES; choices++) {
			struct choice c = { transport, choices };

			if (transport != MMIO_MODERN && choices % 11 != transport)
				continue;
			in_child(a_ring, &c);
		}
}

/* ---- The proof ---- */

static void suite(void **state)
{
	struct block_device *b;
	char line[320];
	u8 data[512];

	(void)state;
	srand(11);
	blk_machine(MMIO_MODERN, 512);
	sim_disk.lazy = true;
	dma_oracle_device = get_on;
	b = blk_discover(MMIO_MODERN);
	assert_non_null(b);
	assert_true(b->ops->describe(b, 0, line, sizeof(line)));
	assert_string_equal(line, "identity: the simulated disk");
	sim_disk.bad_sector = 333;
	work(b, REQUESTS);
	assert_int_equal(block_read(b, 333, 1, data), -EIO);
	assert_int_equal(block_read(b, 334, 1, data), 0);
	dma_oracle_device = NULL;
	blk_end();
}

static void every_hand_over_is_missed(void **state)
{
	(void)state;
	mutation_test("drivers/virtio/blk.c", suite);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_ring),
		cmocka_unit_test(every_hand_over_is_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
