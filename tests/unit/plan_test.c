/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the next stage goes: whatever is asked, nothing overlaps, and what exists is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "boot/plan.h"
#include "lib/errors.h"

enum { MIB = 1 << 20, PAGE = 4096 };

static const struct range box[] = { { 0x80200000, 126 * MIB } };

static struct plan_request request(u64 kernel, u64 bytes)
{
	return (struct plan_request){
		.kernel = kernel, .kernel_bytes = bytes, .align = 2 * MIB, .offset = 2 * MIB,
		.tree_bytes = 10000, .free = box, .free_count = 1,
	};
}

static void test_stays_where_it_lies(void **state)
{
	struct plan_request r = request(0x84000000, 30 * MIB + 1);
	const char *reason;
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_false(p.copy);
	assert_int_equal(p.kernel.start, 0x84000000);
	assert_int_equal(p.kernel.bytes, 30 * MIB + PAGE);
	assert_int_equal(p.tree.bytes, 3 * PAGE);
	assert_int_equal(p.tree.start, 0x80200000 + 126 * MIB - 3 * PAGE);
}

static void test_moves_to_the_lowest_place(void **state)
{
	struct plan_request r = request(0x84001000, 30 * MIB);
	const char *reason;
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_true(p.copy);
	assert_int_equal(p.kernel.start, 0x80200000);

	r.offset = 0x80000;				/* as of old arm64 kernels */
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_int_equal(p.kernel.start, 0x80280000);

	r.initrd = (struct range){ 0x80300123, MIB };	/* in the way */
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_int_equal(p.kernel.start, 0x80480000);
}

static void test_initrd_in_what_the_kernel_will_clear(void **state)
{
	struct plan_request r = request(0x84000000, 30 * MIB);
	const char *reason;
	struct plan p;

	(void)state;
	r.initrd = (struct range){ 0x84000000 + 29 * MIB, 4 * MIB };
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_true(p.copy);
	assert_int_equal(p.kernel.start, 0x80200000);
}

static void test_tree_prefers_below_4_gib(void **state)
{
	static const struct range two[] = { { 0x80200000, 64 * MIB }, { 0x100000000, 64 * MIB } };
	struct plan_request r = request(0x80200000, 30 * MIB);
	const char *reason;
	struct plan p;

	(void)state;
	r.free = two;
	r.free_count = 2;
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_int_equal(p.tree.start, 0x84200000 - 3 * PAGE);
	r.kernel_bytes = 64 * MIB;
	assert_int_equal(plan_make(&r, &p, &reason), 0);
	assert_int_equal(p.tree.start, 0x104000000 - 3 * PAGE);
}

static void test_refuses_in_words(void **state)
{
	struct plan_request r = request(0x80200000, 127 * MIB);
	const char *reason = NULL;
	struct plan p;

	(void)state;
	assert_int_equal(plan_make(&r, &p, &reason), -ENOMEM);
	assert_string_equal(reason, "no piece of free memory is large enough for the kernel");
	r.kernel_bytes = 126 * MIB;
	assert_int_equal(plan_make(&r, &p, &reason), -ENOMEM);
	assert_string_equal(reason, "no memory is left for the device tree");
}

/* ---- Against a map of pages, small enough to try every place ---- */

enum { WORLD_PAGES = 96 };

static u64 random_below(u64 limit)
{
	return (u64)rand() % limit;
}

/* Page by page: is [start, start + bytes) free, and not the initrd's, and not in @other? */
static bool usable(const struct plan_request *r, u64 start, u64 bytes, struct range other)
{
	for (u64 at = start; at < start + bytes; at += PAGE) {
		bool found = false;

		for (size_t i = 0; i < r->free_count; i++)
			found |= at - r->free[i].start < r->free[i].bytes;
		if (!found || at - other.start < other.bytes)
			return false;
		if (r->initrd.bytes && at + PAGE > r->initrd.start &&
		    at < r->initrd.start + r->initrd.bytes)
			return false;
	}
	return true;
}

static bool aligned(const struct plan_request *r, u64 at)
{
	return ((at - r->offset) & (r->align - 1)) == 0;
}

static u64 pages_up(u64 bytes)
{
	return (bytes + PAGE - 1) & -(u64)PAGE;
}

static void check_plan(const struct plan_request *r, const struct plan *p, int error)
{
	const struct range nothing = { 0 };
	u64 kernel_bytes = pages_up(r->kernel_bytes), tree_bytes = pages_up(r->tree_bytes);
	u64 lowest = UINT64_MAX, highest = UINT64_MAX;

	for (u64 at = 0; at < WORLD_PAGES * PAGE && lowest == UINT64_MAX; at += PAGE)
		if (aligned(r, at) && usable(r, at, kernel_bytes, nothing))
			lowest = at;
	if (error && lowest == UINT64_MAX)
		return;
	if (usable(r, r->kernel, kernel_bytes, nothing) && aligned(r, r->kernel))
		lowest = r->kernel;		/* is fine where it is */
	for (u64 at = 0; at < WORLD_PAGES * PAGE; at += PAGE)
		if (usable(r, at, tree_bytes, (struct range){ lowest, kernel_bytes }))
			highest = at;
	assert_int_equal(error, highest == UINT64_MAX ? -ENOMEM : 0);
	if (error)
		return;
	assert_int_equal(p->kernel.start, lowest);
	assert_int_equal(p->kernel.bytes, kernel_bytes);
	assert_int_equal(p->tree.start, highest);
	assert_int_equal(p->tree.bytes, tree_bytes);
	assert_int_equal(p->copy, p->kernel.start != r->kernel);
}

static void test_finds_what_a_search_of_all_places_finds(void **state)
{
	unsigned made = 0;

	(void)state;
	srand(2);
	for (int i = 0; i < 20000; i++) {
		struct range free[4];
		struct plan_request r = { .free = free };
		const char *reason = NULL;
		struct plan p;
		u64 at = random_below(8), pages;
		int error;

		while (r.free_count < 4 && at < WORLD_PAGES - 1) {
			pages = 1 + random_below(WORLD_PAGES - at - 1);
			if (random_below(2))
				pages = 1 + pages / 4;
			free[r.free_count++] = (struct range){ at * PAGE, pages * PAGE };
			at += pages + 1 + random_below(4);
		}
		r.align = (u64)PAGE << random_below(5);
		r.offset = random_below(8) * PAGE;
		r.kernel = random_below(WORLD_PAGES) * PAGE;
		if (random_below(4) == 0)
			r.kernel += random_below(PAGE);
		r.kernel_bytes = 1 + random_below((random_below(2) ? 8 : WORLD_PAGES / 2) * PAGE);
		r.tree_bytes = 1 + random_below(4 * PAGE);
		if (random_below(3))
			r.initrd = (struct range){ random_below(WORLD_PAGES * PAGE),
						   1 + random_below(16 * PAGE) };
		error = plan_make(&r, &p, &reason);
		assert_true(!error || reason);
		check_plan(&r, &p, error);
		made += !error;
	}
	assert_in_range(made, 5000, 19000);		/* both ends are seen often */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stays_where_it_lies),
		cmocka_unit_test(test_moves_to_the_lowest_place),
		cmocka_unit_test(test_initrd_in_what_the_kernel_will_clear),
		cmocka_unit_test(test_tree_prefers_below_4_gib),
		cmocka_unit_test(test_refuses_in_words),
		cmocka_unit_test(test_finds_what_a_search_of_all_places_finds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
