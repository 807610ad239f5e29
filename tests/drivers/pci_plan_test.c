/* SPDX-License-Identifier: BSD-2-Clause */
/* The planner, on hierarchies made by hand: each of its rules. */
#include "tests/drivers/pci_plan.h"

static void high_where_it_can_be_low_where_it_must(void **state)
{
	int port, f;

	(void)state;
	begin();
	usual_windows();
	f = function(PLAN_ROOT);
	bar(f, 0, PLAN_MEMORY, false, 4 * KiB);
	bar(f, 1, PLAN_IO, true, 32);
	bar(f, 2, PLAN_MEMORY, true, 16 * KiB);
	port = bridge(PLAN_ROOT, true, true, true);
	f = function(port);
	bar(f, 0, PLAN_MEMORY, true, 16 * KiB);		/* not prefetchable: low, behind a bridge */
	bar(f, 2, PLAN_PREFETCH, true, 256 * MiB);
	bar(f, 4, PLAN_PREFETCH, false, 64 * KiB);
	make();
	assert_int_equal(placed_count(), bar_count());
	assert_in_range(functions[0].bars[0].start, 0x40000000, 0x7fffffff);
	assert_in_range(functions[0].bars[1].start, 0x1000, 0xffff);
	assert_true(functions[0].bars[2].start >= 0x400000000);
	assert_in_range(functions[2].bars[0].start, 0x40000000, 0x7fffffff);
	assert_true(functions[2].bars[2].start >= 0x400000000);
	assert_in_range(functions[2].bars[4].start, 0x40000000, 0x7fffffff);
	assert_int_equal(functions[port].windows[PLAN_MEMORY].bytes, MiB);
	assert_int_equal(functions[port].windows[PLAN_PREFETCH].bytes, 256 * MiB);
	assert_int_equal(functions[port].windows[PLAN_IO].bytes, 0);
}

static void what_does_not_fit_is_left_out_alone(void **state)
{
	char text[160];
	int big, f;

	(void)state;
	begin();
	window(PLAN_MEMORY, 0x40000000, GiB);
	window(PLAN_MEMORY, 0x400000000, 4 * GiB);
	big = function(PLAN_ROOT);
	bar(big, 0, PLAN_MEMORY, true, 16 * KiB);
	bar(big, 2, PLAN_PREFETCH, true, 8 * GiB);
	for (unsigned i = 0; i < 3; i++) {
		f = function(PLAN_ROOT);
		bar(f, 0, PLAN_PREFETCH, true, GiB);
	}
	f = function(bridge(PLAN_ROOT, false, true, true));
	bar(f, 0, PLAN_MEMORY, true, 16 * KiB);
	make();
	assert_int_equal(placed_count(), bar_count() - 2);
	assert_false(functions[big].admitted[0]);
	pci_plan_explain(&plan, big, false, text, sizeof(text));
	assert_string_equal(text, "BAR 2 wants 8 GiB of 64-bit prefetchable memory; "
			    "the host's windows for it have 5 GiB, 1.9 GiB of it free");
}

static void small_ones_before_a_large_one(void **state)
{
	char text[160];

	(void)state;
	begin();
	window(PLAN_MEMORY, 0x40000000, 64 * MiB);
	bar(function(PLAN_ROOT), 0, PLAN_MEMORY, false, 64 * MiB);
	for (unsigned i = 0; i < 20; i++)
		bar(function(PLAN_ROOT), 0, PLAN_MEMORY, false, 16 * KiB);
	make();
	assert_int_equal(placed_count(), 20);
	assert_int_equal(functions[0].bars[0].start, 0);
	pci_plan_explain(&plan, 0, false, text, sizeof(text));
	assert_string_equal(text, "BAR 0 wants 64 MiB of 32-bit memory; "
			    "the host's window for it has 64 MiB, 63.6 MiB of it free");
}

static void no_window_at_all(void **state)
{
	char text[160];
	int f, port;

	(void)state;
	begin();
	window(PLAN_MEMORY, 0x40000000, 64 * MiB);
	f = function(PLAN_ROOT);
	bar(f, 0, PLAN_IO, true, 64);
	bar(f, 1, PLAN_MEMORY, false, 4 * KiB);
	port = bridge(PLAN_ROOT, false, false, false);
	bar(function(port), 0, PLAN_IO, true, 64);
	make();
	assert_int_equal(functions[f].bars[0].start, 0);
	assert_int_not_equal(functions[f].bars[1].start, 0);
	pci_plan_explain(&plan, f, true, text, sizeof(text));
	assert_string_equal(text,
			    "BAR 0 wants 64 bytes of I/O space; the host has no window for it");
	pci_plan_explain(&plan, 2, true, text, sizeof(text));
	assert_string_equal(text, "BAR 0 wants 64 bytes of I/O space; bridge f1 forwards none");
}

static void room_in_pieces(void **state)
{
	char text[160];

	(void)state;
	begin();
	window(PLAN_MEMORY, 0x40800000, 24 * MiB);	/* no 16 MiB of it are aligned twice */
	bar(function(PLAN_ROOT), 0, PLAN_MEMORY, false, 16 * MiB);
	bar(function(PLAN_ROOT), 0, PLAN_MEMORY, false, MiB);
	functions[1].bars[0].given = (struct range){ 0x41000000, MiB };
	functions[1].live = true;
	make();
	assert_int_equal(functions[1].bars[0].start, 0x41000000);
	pci_plan_explain(&plan, 0, false, text, sizeof(text));
	assert_string_equal(text,
			    "BAR 0 wants 16 MiB of 32-bit memory; the host's window for it has "
			    "24 MiB, 23 MiB of it free, at most 15 MiB in one piece");
}

static void nothing_at_address_zero(void **state)
{
	(void)state;
	begin();
	window(PLAN_IO, 0, 64 * KiB);
	window(PLAN_MEMORY, 0, 16 * MiB);
	for (unsigned i = 0; i < 3; i++) {
		int f = function(i == 2 ? bridge(PLAN_ROOT, true, false, false) : PLAN_ROOT);

		bar(f, 0, PLAN_IO, true, 256);
		bar(f, 1, PLAN_MEMORY, false, MiB);
	}
	make();
	assert_int_equal(placed_count(), bar_count());
}

static void firmware_is_kept(void **state)
{
	int upstream, down, f, g;

	(void)state;
	begin();
	usual_windows();
	upstream = bridge(PLAN_ROOT, true, true, true);
	down = bridge(upstream, true, true, true);
	f = function(down);
	bar(f, 0, PLAN_MEMORY, true, 16 * KiB);
	g = function(PLAN_ROOT);
	bar(g, 0, PLAN_MEMORY, false, 4 * KiB);
	bar(g, 1, PLAN_MEMORY, true, 16 * KiB);
	functions[upstream].windows[PLAN_MEMORY].given = (struct range){ 0x50000000, 0x300000 };
	functions[down].windows[PLAN_MEMORY].given = (struct range){ 0x50100000, 0x100000 };
	functions[f].bars[0].given = (struct range){ 0x50108000, 16 * KiB };
	functions[g].bars[1].given = (struct range){ 0x40004000, 16 * KiB };
	make();
	assert_int_equal(functions[upstream].windows[PLAN_MEMORY].start, 0x50000000);
	assert_int_equal(functions[upstream].windows[PLAN_MEMORY].bytes, 0x300000);
	assert_int_equal(functions[down].windows[PLAN_MEMORY].start, 0x50100000);
	assert_int_equal(functions[f].bars[0].start, 0x50108000);
	assert_int_equal(functions[g].bars[1].start, 0x40004000);
	assert_int_not_equal(functions[g].bars[0].start, 0);
}

/* Each of these would be at home at 0x50000000, but for one thing. */
static void firmware_is_not_kept_where_it_is_wrong(void **state)
{
	int port, f[6];

	(void)state;
	begin();
	usual_windows();
	port = bridge(PLAN_ROOT, false, false, false);
	functions[port].windows[PLAN_MEMORY].given = (struct range){ 0x50000000, MiB };
	for (unsigned i = 0; i < 6; i++) {
		f[i] = function(i < 3 ? port : PLAN_ROOT);
		bar(f[i], 0, PLAN_MEMORY, false, 16 * KiB);
	}
	functions[f[0]].bars[0].given = (struct range){ 0x50000000, 16 * KiB };	/* right */
	functions[f[1]].bars[0].given = (struct range){ 0x50000000, 16 * KiB };	/* taken */
	functions[f[2]].bars[0].given = (struct range){ 0x50100000, 16 * KiB };	/* not forwarded */
	functions[f[3]].bars[0].given = (struct range){ 0x50200001, 16 * KiB };	/* crooked */
	functions[f[4]].bars[0].given = (struct range){ 0x50080000, 16 * KiB };	/* a bridge's */
	functions[f[5]].bars[0].given = (struct range){ 0x3ffffff0, 16 * KiB };	/* outside */
	make();
	assert_int_equal(placed_count(), 6);
	assert_int_equal(functions[f[0]].bars[0].start, 0x50000000);
	for (unsigned i = 1; i < 6; i++)
		assert_int_not_equal(functions[f[i]].bars[0].start,
				     functions[f[i]].bars[0].given.start);
}

static void firmware_is_moved_if_more_devices_work_then(void **state)
{
	int port, f;

	(void)state;
	begin();
	usual_windows();
	port = bridge(PLAN_ROOT, false, false, false);
	functions[port].windows[PLAN_MEMORY].given = (struct range){ 0x50000000, MiB };
	f = function(port);
	bar(f, 0, PLAN_MEMORY, false, 16 * KiB);
	functions[f].bars[0].given = (struct range){ 0x50000000, 16 * KiB };
	bar(function(port), 0, PLAN_MEMORY, false, 2 * MiB);
	make();
	assert_int_equal(placed_count(), 2);
	assert_int_equal(functions[port].windows[PLAN_MEMORY].bytes, 3 * MiB);
}

static void firmware_is_not_moved_in_vain(void **state)
{
	int port, f;

	(void)state;
	begin();
	window(PLAN_MEMORY, 0x40000000, 16 * MiB);
	port = bridge(PLAN_ROOT, false, false, false);
	functions[port].windows[PLAN_MEMORY].given = (struct range){ 0x40300000, MiB };
	f = function(port);
	bar(f, 0, PLAN_MEMORY, false, 16 * KiB);
	functions[f].bars[0].given = (struct range){ 0x40308000, 16 * KiB };
	bar(function(port), 0, PLAN_MEMORY, false, 16 * MiB);
	make();
	assert_int_equal(functions[f].bars[0].start, 0x40308000);
}

static void io_and_memory_do_not_meet(void **state)
{
	(void)state;
	begin();
	window(PLAN_IO, 0x200000, 64 * KiB);
	window(PLAN_MEMORY, 0, 16 * MiB);
	bar(function(PLAN_ROOT), 0, PLAN_IO, true, 4 * KiB);
	bar(function(PLAN_ROOT), 0, PLAN_MEMORY, false, 4 * KiB);
	functions[0].bars[0].given = functions[1].bars[0].given =
		(struct range){ 0x200000, 4 * KiB };
	make();
	check_unchanged();
}

static void a_window_around_the_end_of_the_world(void **state)
{
	int port;

	(void)state;
	begin();
	window(PLAN_MEMORY, 0xffffffff00000000, 0x100000000);
	port = bridge(PLAN_ROOT, false, true, true);
	functions[port].windows[PLAN_PREFETCH].given =
		(struct range){ 0xfffffffffff00000, 2 * MiB };
	make();
	assert_int_equal(functions[port].windows[PLAN_PREFETCH].start, 0);
}

static void what_is_in_use_stays(void **state)
{
	char text[160];
	int port, f;

	(void)state;
	begin();
	usual_windows();
	port = bridge(PLAN_ROOT, false, false, false);
	functions[port].windows[PLAN_MEMORY].given = (struct range){ 0x50000000, MiB };
	f = function(port);
	bar(f, 0, PLAN_MEMORY, false, 16 * KiB);
	functions[f].bars[0].given = (struct range){ 0x50000000, 16 * KiB };
	functions[f].live = functions[port].live = true;
	bar(function(port), 0, PLAN_MEMORY, false, 2 * MiB);
	make();
	assert_int_equal(placed_count(), 1);
	assert_int_equal(functions[f].bars[0].start, 0x50000000);
	pci_plan_explain(&plan, 2, false, text, sizeof(text));
	assert_string_equal(text, "BAR 0 wants 2 MiB of 32-bit memory; "
			    "bridge f0's window for it has 1 MiB, 1008 KiB of it free");
}

static void absurd_sizes(void **state)
{
	int port;

	(void)state;
	begin();
	usual_windows();
	window(PLAN_PREFETCH, 0x8000000000000000, 0x8000000000000000);
	port = bridge(bridge(PLAN_ROOT, true, true, true), true, true, true);
	for (unsigned i = 0; i < 6; i++) {
		int f = function(i % 2 ? port : PLAN_ROOT);

		bar(f, 0, PLAN_PREFETCH, true, 1ull << 63);
		bar(f, 2, PLAN_PREFETCH, true, 1ull << (58 + i));
		bar(f, 4, PLAN_IO, true, 1ull << 31);
		bar(function(i % 2 ? port : PLAN_ROOT), 0, PLAN_MEMORY, true, 16 * KiB);
		bar(function(i % 2 ? PLAN_ROOT : port), 0, PLAN_PREFETCH, true, 1ull << 61);
	}
	make();
	for (int i = 2; i < plan.function_count; i++)
		if (functions[i].bars[0].bytes == 16 * KiB)
			assert_true(functions[i].admitted[0]);
	carry_out();
	make();
	check_unchanged();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(high_where_it_can_be_low_where_it_must),
		cmocka_unit_test(what_does_not_fit_is_left_out_alone),
		cmocka_unit_test(small_ones_before_a_large_one),
		cmocka_unit_test(no_window_at_all),
		cmocka_unit_test(room_in_pieces),
		cmocka_unit_test(nothing_at_address_zero),
		cmocka_unit_test(firmware_is_kept),
		cmocka_unit_test(firmware_is_not_kept_where_it_is_wrong),
		cmocka_unit_test(firmware_is_moved_if_more_devices_work_then),
		cmocka_unit_test(firmware_is_not_moved_in_vain),
		cmocka_unit_test(io_and_memory_do_not_meet),
		cmocka_unit_test(a_window_around_the_end_of_the_world),
		cmocka_unit_test(what_is_in_use_stays),
		cmocka_unit_test(absurd_sizes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
