/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the next stage goes: whatever is asked, nothing overlaps, all is where it may be, and what
 * a search of all places finds is found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/sim.h"
#include "boot/plan.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"

enum { MIB = 1 << 20, PAGE = 4096 };
static const u64 GIB = 1ull << 30;

static const struct range box[] = { { 0x80200000, 126 * MIB } };

static struct want kernel(u64 bytes)
{
	return (struct want){ .what = "kernel", .bytes = bytes, .align = 2 * MIB };
}

static struct want initrd(u64 bytes, const struct want *near)
{
	return (struct want){
		.what = "initrd", .bytes = bytes, .align = PAGE, .near = near, .up = true,
	};
}

/* ---- By example ---- */

static void as_usual(void **state)
{
	struct want w[] = { kernel(30 * MIB), initrd(40 * MIB + 1, &w[0]), want_tree(70000) };

	(void)state;
	assert_null(plan_make(w, 3, box, 1));
	assert_int_equal(w[0].at, 0x80200000);
	assert_int_equal(w[1].at, 0x88000000 - 40 * MIB - PAGE);
	assert_int_equal(w[2].at, 0x88000000 - 44 * MIB);	/* a block of its own */
	assert_int_equal(w[2].bytes, 2 * MIB);

	w[0].offset = 0x80000;				/* as of old arm64 kernels */
	assert_null(plan_make(w, 3, box, 1));
	assert_int_equal(w[0].at, 0x80280000);
}

/* Not each to its best place: the kernel has to leave room for the initrd. */
static void together(void **state)
{
	static const struct range two[] = { { 0x80000000, 64 * MIB }, { 0x90000000, 32 * MIB } };
	struct want w[] = { kernel(30 * MIB), initrd(50 * MIB, &w[0]) };

	(void)state;
	assert_null(plan_make(w, 2, two, 2));
	assert_int_equal(w[0].at, 0x90000000);
	assert_int_equal(w[1].at, 0x80000000 + 14 * MIB);
}

/* The initrd can only be at the bottom: the kernel, though it comes first, is above it. */
static void in_another_order(void **state)
{
	struct want w[] = { kernel(60 * MIB), initrd(60 * MIB, &w[0]) };

	(void)state;
	w[1].high = 0x80200000 + 62 * MIB;
	assert_null(plan_make(w, 2, box, 1));
	assert_int_equal(w[1].at, 0x80400000);
	assert_int_equal(w[0].at, 0x88000000 - 60 * MIB);
}

static void tree_rather_below_4_gib(void **state)
{
	static const struct range two[] = { { 0x80200000, 64 * MIB }, { 0x100000000, 64 * MIB } };
	struct want w[] = { kernel(30 * MIB), want_tree(2 * MIB + 1) };

	(void)state;
	assert_null(plan_make(w, 2, two, 2));
	assert_int_equal(w[1].at, 0x84200000 - 4 * MIB);
	w[0].bytes = 64 * MIB;
	assert_null(plan_make(w, 2, two, 2));
	assert_int_equal(w[1].at, 0x104000000 - 4 * MIB);
}

/* "a 1 GB aligned physical memory window of up to 32 GB": below the kernel, too. */
static void initrd_in_the_kernels_window(void **state)
{
	const struct range high[] = { { GIB, GIB }, { 20 * GIB, 100 * GIB } };
	const struct range low[] = { { GIB, GIB }, { 32 * GIB, MIB }, { 33 * GIB, MIB } };
	struct want w[] = { kernel(2 * GIB), initrd(MIB, &w[0]) };

	(void)state;
	assert_null(plan_make(w, 2, high, 2));
	assert_int_equal(w[0].at, 20 * GIB);
	assert_int_equal(w[1].at, 52 * GIB - MIB);
	w[0].bytes = GIB;
	assert_null(plan_make(w, 2, low, 3));
	assert_int_equal(w[0].at, GIB);
	assert_int_equal(w[1].at, 32 * GIB);		/* 33 GiB is not in it */
	w[0].low = w[1].high = 32 * GIB;
	w[0].bytes = MIB;
	assert_null(plan_make(w, 2, low, 3));
	assert_int_equal(w[0].at, 32 * GIB);
	assert_int_equal(w[1].at, 2 * GIB - MIB);
	w[0].low = 33 * GIB;
	assert_ptr_equal(plan_make(w, 2, low, 3), &w[1]);
	w[1].near = NULL;				/* what is not near it, may be anywhere */
	assert_null(plan_make(w, 2, low, 3));
}

static void as_much_as_there_is(void **state)
{
	struct want w[] = { kernel(GIB), initrd(50 * MIB, &w[0]), want_tree(1) };

	(void)state;
	w[0].less = true;
	assert_null(plan_make(w, 3, box, 1));
	assert_in_range(w[0].bytes, 60 * MIB, 76 * MIB);
	assert_int_equal(w[0].at, 0x80200000);
	w[1].bytes = GIB;
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[1]);
}

static void names_what_has_no_place(void **state)
{
	struct want w[] = { kernel(127 * MIB), initrd(50 * MIB, &w[0]), want_tree(1) };

	(void)state;
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[0]);
	w[0].bytes = 100 * MIB;
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[1]);
	w[0].bytes = 76 * MIB;
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[2]);
	w[0].bytes = UINT64_MAX;
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[0]);
	w[0] = want_fixed("kernel", UINT64_MAX - 5, 5);
	assert_ptr_equal(plan_make(w, 3, box, 1), &w[0]);
	assert_ptr_equal(plan_make(w, 3, NULL, 0), &w[0]);
}

/* ---- Against a search of all places ---- */

enum { UNITS_MAX = 80, WANTS_MAX = 4, FREE_MAX = 6 };

struct world {
	u64 unit;
	unsigned units;
	struct range free[FREE_MAX];
	size_t free_count;
	struct want w[WANTS_MAX];
	size_t count;
};

static u64 random_below(u64 limit)
{
	return (u64)rand() % limit;
}

static u64 up_to_page(u64 n)
{
	return (n + PAGE - 1) & -(u64)PAGE;
}

static bool disjoint(const struct want *a, const struct want *b)
{
	u64 from_a = a->at & -(u64)PAGE, from_b = b->at & -(u64)PAGE;

	return up_to_page(a->at + a->bytes) <= from_b || up_to_page(b->at + b->bytes) <= from_a;
}

static bool in_a_window(const struct want *a, const struct want *b)
{
	u64 low = a->at < b->at ? a->at : b->at, end_a = a->at + a->bytes, end_b = b->at + b->bytes;

	return (end_a > end_b ? end_a : end_b) <= low / GIB * GIB + 32 * GIB;
}

/* May w[n] be where it is, beside those before it? */
static bool is_right(const struct world *x, size_t n)
{
	const struct want *w = &x->w[n];
	bool is_free = false;

	for (size_t i = 0; i < x->free_count; i++)
		is_free |= w->at >= x->free[i].start &&
			   w->at + w->bytes <= x->free[i].start + x->free[i].bytes;
	if (!is_free || (w->at - w->offset) % w->align || w->at < w->low ||
	    (w->high && w->at + w->bytes > w->high))
		return false;
	for (size_t i = 0; i < n; i++)
		if (x->w[i].bytes && (!disjoint(w, &x->w[i]) ||
				      (w->near == &x->w[i] && !in_a_window(w, &x->w[i]))))
			return false;
	return true;
}

static bool search(struct world *x, size_t n, size_t count)
{
	struct want *w = &x->w[n];

	if (n == count)
		return true;
	if (!w->bytes)
		return search(x, n + 1, count);
	for (unsigned u = 0; u < x->units; u++) {
		w->at = u * x->unit + (w->offset + w->low * (w->align == 1)) % PAGE;
		if (is_right(x, n) && search(x, n + 1, count))
			return true;
	}
	return false;
}

static void make_free(struct world *x)
{
	u64 at = random_below(4), units;

	x->free_count = 0;
	while (x->free_count < FREE_MAX && at < x->units - 1) {
		units = 1 + random_below(x->units - at - 1);
		if (random_below(2))
			units = 1 + units / 4;
		x->free[x->free_count++] = (struct range){ at * x->unit, units * x->unit };
		at += units + 1 + random_below(6);
	}
}

static void make_want(struct world *x, struct want *w, u64 bytes_max)
{
	u64 start = random_below(x->units) * x->unit;

	*w = (struct want){
		.what = "thing", .bytes = 1 + random_below(bytes_max), .align = x->unit,
		.offset = random_below(8) * x->unit, .up = random_below(2),
	};
	w->align <<= random_below(4);
	switch (random_below(8)) {
	case 0:
		w->bytes = 0;
		break;
	case 1:
		*w = want_fixed("fixed", start + random_below(3), w->bytes);
		break;
	case 2:
		w->low = start;
		w->high = start + 2 * bytes_max;
		break;
	case 3:
		w->rather_below = start;
		break;
	case 4:
		w->offset += 123;
	}
}

/* One alone is where it would like to be. */
static void check_first(struct world *x)
{
	struct want found = x->w[0], *w = &x->w[0];

	if (x->count > 1 || !w->bytes || w->rather_below)
		return;
	for (unsigned n = 0; n < x->units; n++) {
		u64 u = w->up ? x->units - 1 - n : n;

		w->at = u * x->unit + (w->offset + w->low * (w->align == 1)) % PAGE;
		if (is_right(x, 0)) {
			assert_int_equal(found.at, w->at);
			return;
		}
	}
}

static unsigned check_world(struct world *x)
{
	struct world other = *x;
	const struct want *refused;

	for (size_t i = 0; i < x->count; i++)
		if (x->w[i].near)
			other.w[i].near = &other.w[x->w[i].near - x->w];
	refused = plan_make(x->w, x->count, x->free, x->free_count);
	for (size_t i = 0; !refused && i < x->count; i++)
		assert_true(!x->w[i].bytes || is_right(x, i));
	if (refused) {
		size_t n = (size_t)(refused - x->w);

		assert_true(search(&other, 0, n));
		assert_false(search(&other, 0, n + 1));
	} else {
		memcpy(other.w, x->w, sizeof(x->w[0]));
		check_first(&other);
	}
	return !refused;
}

static void finds_what_a_search_of_all_places_finds(void **state)
{
	static struct world x;
	unsigned made = 0;

	(void)state;
	srand(2);
	for (int i = 0; i < 40000; i++) {
		x = (struct world){ .unit = PAGE, .units = 28, .count = 1 + random_below(4) };
		make_free(&x);
		for (size_t n = 0; n < x.count; n++)
			make_want(&x, &x.w[n], (random_below(3) ? 4 : 9) * PAGE);
		made += check_world(&x);
	}
	assert_in_range(made, 10000, 35000);		/* both ends are seen often */
}

static void and_in_windows(void **state)
{
	static struct world x;
	unsigned made = 0;

	(void)state;
	srand(3);
	for (int i = 0; i < 12000; i++) {
		x = (struct world){ .unit = GIB / 2, .units = 80, .count = 2 + random_below(2) };
		make_free(&x);
		for (size_t n = 0; n < x.count; n++) {
			make_want(&x, &x.w[n], (random_below(3) ? 4 : 30) * x.unit);
			x.w[n].bytes = (x.w[n].bytes + x.unit - 1) / x.unit * x.unit;
		}
		x.w[1].near = &x.w[0];
		made += check_world(&x);
	}
	assert_in_range(made, 3000, 11000);
}

/* ---- In the memory of a machine ---- */

static void takes_all_or_nothing(void **state)
{
	char why[PLAN_WHY_BYTES];
	struct want w[] = { kernel(30 * MIB), initrd(8 * MIB, &w[0]), want_tree(70000) };
	u64 before;

	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, 64 * MIB);
	before = memory_free();
	assert_int_equal(plan_take(w, 3, why), 0);
	assert_string_equal(memory_find(w[1].at)->owner, "initrd");
	assert_int_equal(memory_find(w[2].at)->use, MEMORY_LOADED);
	assert_int_equal(memory_free(), before - 40 * MIB);
	plan_give_back(w, 3);
	plan_give_back(w, 3);
	assert_int_equal(memory_free(), before);

	w[1].bytes = 40 * MIB;
	assert_int_equal(plan_take(w, 3, why), -ENOMEM);
	assert_string_equal(why, "there is no place for the initrd (40 MiB) in free memory, whose "
			    "largest piece has 64 MiB");
	assert_int_equal(memory_claim(SIM_RAM_AT + MIB, MIB, MEMORY_PLINTH, "the heap"), 0);
	w[0] = want_fixed("program", SIM_RAM_AT, 2 * MIB);
	assert_int_equal(plan_take(w, 3, why), -ENOMEM);
	assert_string_equal(why, "the program wants to be at 0x20000000 - 0x201fffff, where the "
			    "heap is");
	w[0] = want_fixed("program", SIM_RAM_AT + 60 * MIB, 8 * MIB);
	assert_int_equal(plan_take(w, 3, why), -ENOMEM);
	assert_string_equal(why, "the program wants to be at 0x23c00000, and there is no RAM at "
			    "0x24000000");
	assert_int_equal(memory_free(), before - MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_usual),
		cmocka_unit_test(together),
		cmocka_unit_test(in_another_order),
		cmocka_unit_test(tree_rather_below_4_gib),
		cmocka_unit_test(initrd_in_the_kernels_window),
		cmocka_unit_test(as_much_as_there_is),
		cmocka_unit_test(names_what_has_no_place),
		cmocka_unit_test(finds_what_a_search_of_all_places_finds),
		cmocka_unit_test(and_in_windows),
		cmocka_unit_test(takes_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
