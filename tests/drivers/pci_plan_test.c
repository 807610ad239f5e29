/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner: hierarchies made by hand for each rule, and a few hundred made by a generator,
 * each judged by invariants that know nothing of how the planner works.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/plan.h"

#define KiB 1024ull
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

enum { FUNCTIONS_MAX = 96, TOPOLOGIES = 400 };

static struct plan_function functions[FUNCTIONS_MAX];
static char names[FUNCTIONS_MAX][16];
static struct plan_window windows[4];
static struct pci_plan plan;
static unsigned seed;

static void begin(void)
{
	memset(functions, 0, sizeof(functions));
	plan = (struct pci_plan){ .windows = windows, .functions = functions };
}

static void window(enum plan_kind kind, u64 start, u64 bytes)
{
	windows[plan.window_count++] = (struct plan_window){ kind, { start, bytes } };
}

/* What QEMU's virt machine for riscv64 has. */
static void usual_windows(void)
{
	window(PLAN_IO, 0, 64 * KiB);
	window(PLAN_MEMORY, 0x40000000, GiB);
	window(PLAN_MEMORY, 0x400000000, 16 * GiB);
}

static int function(int bridge)
{
	int i = plan.function_count++;

	snprintf(names[i], sizeof(names[i]), "f%d", i);
	functions[i].name = names[i];
	functions[i].bridge = bridge;
	return i;
}

static void bar(int f, unsigned index, enum plan_kind kind, bool wide, u64 bytes)
{
	functions[f].bars[index] = (struct plan_range){
		.kind = kind, .wide = wide, .present = true, .bytes = bytes,
	};
}

static int bridge(int above, bool io, bool prefetch, bool wide)
{
	int f = function(above);

	functions[f].windows[PLAN_MEMORY].present = true;
	functions[f].windows[PLAN_IO].present = io;
	functions[f].windows[PLAN_PREFETCH].present = prefetch;
	functions[f].windows[PLAN_PREFETCH].wide = wide;
	return f;
}

/* ---- Invariants ---- */

#define check(condition) do { \
	if (!(condition)) \
		fail_msg("topology %u: %s", seed, #condition); \
} while (0)

static bool contains(u64 start, u64 bytes, u64 inner, u64 inner_bytes)
{
	return inner >= start && inner + (inner_bytes - 1) <= start + (bytes - 1);
}

static bool kind_suits(enum plan_kind window, enum plan_kind contents)
{
	return window == contents || (contents == PLAN_PREFETCH && window == PLAN_MEMORY);
}

static bool inside_above(const struct plan_function *f, const struct plan_range *r)
{
	const struct plan_range *w;

	if (f->bridge == PLAN_ROOT) {
		for (unsigned i = 0; i < plan.window_count; i++)
			if (kind_suits(windows[i].kind, r->kind) &&
			    contains(windows[i].range.start, windows[i].range.bytes, r->start,
				     r->bytes))
				return true;
		return false;
	}
	for (unsigned k = 0; k < PLAN_KINDS; k++) {
		w = &functions[f->bridge].windows[k];
		if (w->start && kind_suits(k, r->kind) &&
		    contains(w->start, w->bytes, r->start, r->bytes))
			return true;
	}
	return false;
}

static void check_range(const struct plan_function *f, const struct plan_range *r, u64 align)
{
	u64 last = r->start + (r->bytes - 1);

	check(r->present);
	check(r->start % align == 0);
	check(r->bytes % align == 0);
	check(last >= r->start);
	check(r->wide || last <= (r->kind == PLAN_IO ? UINT16_MAX : UINT32_MAX));
	check(inside_above(f, r));
}

static const struct plan_range *range_of(const struct plan_function *f, unsigned i)
{
	return i < PLAN_BARS ? &f->bars[i] : &f->windows[i - PLAN_BARS];
}

static void check_apart(const struct plan_range *a, const struct plan_range *b)
{
	if (a == b || !a->start || !b->start || (a->kind == PLAN_IO) != (b->kind == PLAN_IO))
		return;
	check(a->start + (a->bytes - 1) < b->start || b->start + (b->bytes - 1) < a->start);
}

static void check_function(const struct plan_function *f)
{
	static const u64 granules[PLAN_KINDS] = { 4 * KiB, MiB, MiB };

	for (unsigned i = 0; i < PLAN_BARS; i++) {
		const struct plan_range *r = &f->bars[i];

		check(!r->start || f->admitted[r->kind == PLAN_IO]);
		check(r->start || !r->present || !f->admitted[r->kind == PLAN_IO]);
		if (r->start)
			check_range(f, r, r->bytes);
	}
	for (unsigned k = 0; k < PLAN_KINDS; k++)
		if (f->windows[k].start)
			check_range(f, &f->windows[k], granules[k]);
}

static void check_plan(void)
{
	for (int i = 0; i < plan.function_count; i++) {
		check_function(&functions[i]);
		for (int j = i; j < plan.function_count; j++)
			for (unsigned a = 0; functions[i].bridge == functions[j].bridge && a < 9;
			     a++)
				for (unsigned b = 0; b < 9; b++)
					check_apart(range_of(&functions[i], a),
						    range_of(&functions[j], b));
	}
}

/* Is there a place left for this BAR on the root bus? Tried at each aligned address, stupidly. */
static bool root_has_room(const struct plan_range *want)
{
	for (unsigned w = 0; w < plan.window_count; w++) {
		const struct range *r = &windows[w].range;
		u64 at = (r->start + want->bytes - 1) & ~(want->bytes - 1);

		if (!kind_suits(windows[w].kind, want->kind) || at < r->start)
			continue;
		if (!at)
			at = want->bytes;
		for (unsigned tries = 0;
		     tries < 4096 && contains(r->start, r->bytes, at, want->bytes);
		     at += want->bytes, tries++) {
			bool free = want->wide || at + want->bytes - 1 <=
				(want->kind == PLAN_IO ? UINT16_MAX : UINT32_MAX);

			if (r->start == 0 && at < (want->kind == PLAN_IO ? 4 * KiB : MiB))
				continue;
			for (int i = 0; i < plan.function_count; i++)
				for (unsigned j = 0; functions[i].bridge == PLAN_ROOT && j < 9;
				     j++) {
					const struct plan_range *o = range_of(&functions[i], j);

					if (o->start &&
					    (o->kind == PLAN_IO) == (want->kind == PLAN_IO) &&
					    at <= o->start + (o->bytes - 1) &&
					    o->start <= at + (want->bytes - 1))
						free = false;
				}
			if (free)
				return true;
		}
	}
	return false;
}

/* A function of the root bus with one BAR is not left out while there is a hole it fits in. */
static void check_nothing_forgotten(void)
{
	for (int i = 0; i < plan.function_count; i++) {
		const struct plan_range *r = &functions[i].bars[0];

		if (functions[i].bridge == PLAN_ROOT && r->present && !r->start &&
		    !functions[i].bars[1].present && !functions[i].bars[2].present &&
		    r->bytes >= MiB)
			check(!root_has_room(r));
	}
}

/* What the plan says becomes what is set, as after writing it to the hardware. */
static void carry_out(void)
{
	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < 9; j++) {
			struct plan_range *r = (struct plan_range *)range_of(&functions[i], j);

			r->given = (struct range){ r->start, r->start ? r->bytes : 0 };
		}
}

static unsigned placed_count(void)
{
	unsigned count = 0;

	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < PLAN_BARS; j++)
			count += functions[i].bars[j].start != 0;
	return count;
}

static unsigned bar_count(void)
{
	unsigned count = 0;

	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < PLAN_BARS; j++)
			count += functions[i].bars[j].present;
	return count;
}

static void make(void)
{
	assert_int_equal(pci_plan_make(&plan), 0);
	check_plan();
}

static void check_unchanged(void)
{
	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < 9; j++) {
			const struct plan_range *r = range_of(&functions[i], j);

			check(r->start == r->given.start);
			check(!r->start || r->bytes == r->given.bytes);
		}
}

/* ---- By hand ---- */

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
	/* 64 bits, but not prefetchable: low behind a bridge */
	bar(f, 0, PLAN_MEMORY, true, 16 * KiB);
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
	functions[f[0]].bars[0].given = (struct range){ 0x50000000, 16 * KiB };		/* right */
	functions[f[1]].bars[0].given = (struct range){ 0x50000000, 16 * KiB };		/* taken */
	functions[f[2]].bars[0].given = (struct range){ 0x50100000, 16 * KiB };	/* not forwarded */
	functions[f[3]].bars[0].given = (struct range){ 0x50200001, 16 * KiB };	/* crooked */
	functions[f[4]].bars[0].given = (struct range){ 0x50080000, 16 * KiB };	/* in a window */
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

/* ---- Generated ---- */

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
		int above = bridge_count && rnd(8) ? bridges[rnd((unsigned)bridge_count)]
						   : PLAN_ROOT;

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
		cmocka_unit_test(generated_with_room_for_all),
		cmocka_unit_test(generated_with_too_little_room),
		cmocka_unit_test(generated_and_compared_with_the_best),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
