/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes into random numbers, what is said of them, and what is left of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dt.h"
#include "lib/random.h"
#include "tests/sim/child.h"
#include "unit/tree.h"

enum { BYTES = 100 };

struct result {
	u8 bytes[BYTES];
	char from[RANDOM_FROM_BYTES];
	bool good;
};

static void open_tree(const char *rng_seed, const char *kaslr_seed)
{
	void *fdt = tree_begin();
	const char *reason;

	fdt_begin_node(fdt, "chosen");
	if (rng_seed)
		fdt_property(fdt, "rng-seed", rng_seed, (int)strlen(rng_seed));
	if (kaslr_seed)
		fdt_property(fdt, "kaslr-seed", kaslr_seed, (int)strlen(kaslr_seed));
	fdt_end_node(fdt);
	tree_end(fdt);
	assert_int_equal(dt_open(fdt, TREE_BYTES, &reason), 0);
}

static struct result draw(void)
{
	struct result r = { .good = false };

	r.good = random_bytes(r.bytes, sizeof(r.bytes), r.from);
	return r;
}

/* ---- Each test is a start of its own ---- */

struct start {
	const char *rng_seed, *kaslr_seed;
	u64 cpu;
	bool device, mute;
	const char *from;
	bool good;
	struct result *result;
};

static int give(struct random_source *s, void *to, size_t bytes)
{
	(void)s;
	memcpy(to, "a device's 32 bytes of pure noise", bytes);
	return (int)bytes;
}

static int give_zeroes(struct random_source *s, void *to, size_t bytes)
{
	(void)s;
	memset(to, 0, bytes);
	return (int)bytes;
}

static int fail_and_leave(struct random_source *s, void *to, size_t bytes)
{
	(void)to;
	(void)bytes;
	random_remove(s);
	return -EIO;
}

static void a_start(void **state)
{
	static struct random_source device = { .name = "virtio-rng" };
	static struct random_source broken = { .name = "broken", .read = fail_and_leave };
	const struct start *s = *state;

	sim_reset();
	sim.random = s->cpu;
	open_tree(s->rng_seed, s->kaslr_seed);
	random_begin();
	device.read = s->mute ? give_zeroes : give;
	if (s->device)
		random_add(&device);
	random_add(&broken);
	*s->result = draw();
}

/* The clock is a simulated one: two starts alike give the same numbers. */
static void every_source_counts(void **state)
{
	static const char seed[] = "firmware knows how to roll dice!";
	static struct start starts[] = {
		{ .from = "" },
		{ .rng_seed = seed, .from = "the firmware's seed", .good = true },
		{ .rng_seed = "Firmware knows how to roll dice!", .from = "the firmware's seed",
		  .good = true },
		{ .kaslr_seed = "8 bytes.", .from = "the firmware's seed" },
		{ .kaslr_seed = "8 bytes?", .from = "the firmware's seed" },
		{ .rng_seed = "................................", .from = "" },
		{ .cpu = 0x123456789, .from = "the CPU", .good = true },
		{ .cpu = 0x12345678a, .from = "the CPU", .good = true },
		{ .device = true, .from = "virtio-rng", .good = true },
		{ .device = true, .mute = true, .from = "" },
		{ .rng_seed = seed, .kaslr_seed = "8 bytes.", .cpu = 1, .device = true,
		  .from = "the firmware's seed, virtio-rng, the CPU", .good = true },
		{ .from = "" },
	};
	enum { STARTS = sizeof(starts) / sizeof(*starts) };
	struct result *results = child_memory(STARTS * sizeof(*results));

	(void)state;
	for (unsigned i = 0; i < STARTS; i++) {
		starts[i].result = &results[i];
		in_child(a_start, &starts[i]);
		assert_string_equal(results[i].from, starts[i].from);
		assert_int_equal(results[i].good, starts[i].good);
		for (unsigned k = 0; k < i; k++)
			assert_int_equal(!memcmp(results[i].bytes, results[k].bytes, BYTES),
					 k == 0 && i == STARTS - 1);
	}
}

/* A simulated clock that goes on as before is as bad as no clock at all. */
static void never_twice_the_same(void **state)
{
	struct result a, b;

	(void)state;
	sim_reset();
	a = draw();
	sim_reset();
	b = draw();
	for (unsigned i = 0; i + 8 <= BYTES; i++)
		for (unsigned k = 0; k + 8 <= BYTES; k++) {
			assert_memory_not_equal(a.bytes + i, b.bytes + k, 8);
			if (i != k)
				assert_memory_not_equal(a.bytes + i, a.bytes + k, 8);
		}
}

static void the_seeds_are_erased(void **state)
{
	static const u8 zeroes[16];
	u32 bytes;

	(void)state;
	open_tree("sixteen letters.", "eight...");
	random_begin();
	assert_memory_equal(dt_property(dt_path("/chosen"), "rng-seed", &bytes), zeroes, 16);
	assert_int_equal(bytes, 16);
	assert_memory_equal(dt_property(dt_path("/chosen"), "kaslr-seed", &bytes), zeroes, 8);
	assert_int_equal(bytes, 8);
	assert_true(random_is_seed("rng-seed"));
	assert_true(random_is_seed("kaslr-seed"));
	assert_false(random_is_seed("rng-seeds"));
}

/* A clock that stands still ends nothing but the jitter. */
static void a_clock_that_stands(void **state)
{
	(void)state;
	sim_reset();
	sim.ticks_step = 0;
	open_tree(NULL, NULL);
	random_begin();
	assert_false(draw().good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_source_counts),
		cmocka_unit_test(never_twice_the_same),
		cmocka_unit_test(the_seeds_are_erased),
		cmocka_unit_test(a_clock_that_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
