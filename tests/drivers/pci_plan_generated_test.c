/* SPDX-License-Identifier: BSD-2-Clause */
/* The planner, on generated hierarchies: with room, without, and beside what firmware left. */
#include "tests/drivers/pci_plan.h"

enum { TOPOLOGIES = 400 };

static u64 random_state;

static unsigned rnd(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 20) % below;
}

static void generate_bars(int f, unsigned memory_shift)
{
	unsigned io = rnd(4) == 0;

	for (unsigned i = 0; i < 1 + rnd(4); i++) {
		bool wide = rnd(2);
		enum plan_kind kind = rnd(2) ? PLAN_PREFETCH : PLAN_MEMORY;

		if (io && i == 0)
			bar(f, 0, PLAN_IO, true, 1ull << (2 + rnd(7)));
		else
			bar(f, i, kind, wide, 1ull << (7 + rnd(memory_shift - 7)));
	}
}

static void generate(bool roomy)
{
	int bridges[FUNCTIONS_MAX], bridge_count = 0, wanted = 10 + (int)rnd(50);

	begin();
	random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
	if (rnd(8))
		window(PLAN_IO, rnd(2) ? 0 : 0x10000, 64 * KiB);
	window(PLAN_MEMORY, rnd(4) ? (2ull + rnd(4)) << 28 : 0,
	       roomy ? 2 * GiB : (16 + rnd(256)) * MiB);
	if (rnd(4))
		window(rnd(2) ? PLAN_MEMORY : PLAN_PREFETCH, (1ull + rnd(8)) << 34,
		       roomy ? 64 * GiB : (64 + rnd(4096)) * MiB);
	while (plan.function_count < wanted) {
		int above =
			bridge_count && rnd(8) ? bridges[rnd((unsigned)bridge_count)] : PLAN_ROOT;

		if (rnd(3) == 0) {
			bool prefetch = rnd(8), wide = rnd(4);
			int b = bridge(above, rnd(4), prefetch, wide);

			bridges[bridge_count++] = b;
			if (rnd(3) == 0)
				bar(b, 0, PLAN_MEMORY, rnd(2), 4 * KiB);
		} else {
			generate_bars(function(above), roomy ? 22 : 29);
		}
	}
}

static void check_again(void)
{
	unsigned placed = placed_count();

	carry_out();
	make();
	check(placed_count() == placed);
	check_unchanged();
}

/* Firmware that set some things, some of them wrong: what is right stays where it was. */
static void check_damaged(void)
{
	u64 before[FUNCTIONS_MAX];
	unsigned damaged = rnd((unsigned)plan.function_count), placed = placed_count();
	struct plan_function *f = &functions[damaged];
	bool is_bridge = f->windows[PLAN_MEMORY].present;

	carry_out();
	for (int i = 0; i < plan.function_count; i++)
		before[i] = functions[i].bars[0].start;
	for (unsigned j = 0; j < 9; j++) {
		struct plan_range *r = (struct plan_range *)range_of(f, j);

		if (rnd(2))
			r->given = (struct range){ 0, 0 };
		else
			r->given.start ^= 1ull << rnd(36);
	}
	make();
	check(placed_count() >= placed);
	if (is_bridge || placed != bar_count())
		return;
	for (int i = 0; i < plan.function_count; i++)
		if (i != (int)damaged && functions[i].bridge != (int)damaged)
			check(functions[i].bars[0].start == before[i] ||
			      f->bridge == functions[i].bridge);
}

static void generated_with_room_for_all(void **state)
{
	(void)state;
	for (seed = 0; seed < TOPOLOGIES; seed++) {
		generate(true);
		make();
		for (int i = 0; i < plan.function_count; i++)
			for (unsigned j = 0; j < PLAN_BARS; j++)
				if (functions[i].bars[j].present &&
				    functions[i].bars[j].kind != PLAN_IO)
					check(functions[i].bars[j].start);
		check_again();
		check_damaged();
	}
}

static void generated_with_too_little_room(void **state)
{
	unsigned left_out = 0;

	(void)state;
	for (seed = 0; seed < TOPOLOGIES; seed++) {
		generate(false);
		make();
		check_nothing_forgotten();
		left_out += bar_count() - placed_count();
		check_again();
		check_nothing_forgotten();
		check_damaged();
		check_again();
	}
	assert_true(left_out > TOPOLOGIES);
}

/* One power of two a function and one window aligned to its size: then the best is known. */
static void generated_and_compared_with_the_best(void **state)
{
	(void)state;
	for (seed = 0; seed < TOPOLOGIES; seed++) {
		u64 sizes[40], sum = 0;
		unsigned best = 0, count;

		begin();
		random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
		window(PLAN_MEMORY, 0x40000000, 64 * MiB);
		count = 5 + rnd(35);
		for (unsigned i = 0; i < count; i++) {
			sizes[i] = 1ull << (12 + rnd(14));
			bar(function(PLAN_ROOT), 0, PLAN_MEMORY, rnd(2), sizes[i]);
		}
		for (u64 size = 1; size <= 64 * MiB; size *= 2)
			for (unsigned i = 0; i < count; i++)
				if (sizes[i] == size && sum + size <= 64 * MiB) {
					sum += size;
					best++;
				}
		make();
		check(placed_count() == best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_with_room_for_all),
		cmocka_unit_test(generated_with_too_little_room),
		cmocka_unit_test(generated_and_compared_with_the_best),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
