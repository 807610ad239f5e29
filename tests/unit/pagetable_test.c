/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random mappings against a model that knows one thing for each page. The model covers windows
 * of pages around places where something happens (block borders, the ends of the reach).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/aarch64/early_pte.h"
#include "arch/pagetable.h"
#include "arch/riscv64/pte.h"

/* An entry that could be nobody's: bit 0 valid, 1 leaf, 4..6 kind, 8..9 level, address above. */
static u64 test_leaf(u64 physical, enum arch_map_kind kind, unsigned level)
{
	if (kind == ARCH_MAP_NONE || kind == ARCH_MAP_UNCACHED)
		return 0;
	return (physical & 0x00fffffffffff000) | (u64)level << 8 | (u64)kind << 4 | 3;
}

static u64 test_table(u64 physical)
{
	return physical | 1;
}

static bool test_is_leaf(u64 entry, unsigned level)
{
	assert_true((entry & 2) == 0 || (entry >> 8 & 3) == level);
	return entry & 2;
}

static bool test_is_valid(u64 entry)
{
	return entry & 1;
}

static u64 test_address(u64 entry)
{
	return entry & 0x00fffffffffff000;
}

static const struct pagetable_format test_format = {
	test_leaf, test_table, test_is_leaf, test_is_valid, test_address,
};

/* ---- Pages, and a shadow of each entry to watch how it changes ---- */

enum { MAX_PAGES = 4096, ENTRIES = 512 };
static u64 *pages[MAX_PAGES], *shadows[MAX_PAGES];
static unsigned page_count, page_limit;
static u64 breaks;

static void *page(void)
{
	if (page_count >= page_limit)
		return NULL;
	pages[page_count] = aligned_alloc(ARCH_PAGE_BYTES, ARCH_PAGE_BYTES);
	shadows[page_count] = calloc(1, ARCH_PAGE_BYTES);
	memset(pages[page_count], 0, ARCH_PAGE_BYTES);
	return pages[page_count++];
}

/*
 * Since the last look, no entry may have gone from one valid value to another. A page that is
 * not linked yet (shadow all zero) may be filled.
 */
static void watch_entries(const struct pagetable_format *f)
{
	for (unsigned p = 0; p < page_count; p++) {
		for (unsigned i = 0; i < ENTRIES; i++) {
			u64 was = shadows[p][i], is = pages[p][i];

			if (was != is && f->is_valid(was))
				assert_false(f->is_valid(is));
			shadows[p][i] = is;
		}
	}
}

static const struct pagetable_format *watched;

static void replace(u64 *slot, u64 entry)
{
	assert_true(watched->is_valid(*slot));
	breaks++;
	*slot = 0;
	watch_entries(watched);
	*slot = entry;
}

static void table_begin(struct pagetable *t, const struct pagetable_format *f, unsigned levels,
			unsigned limit)
{
	page_limit = limit;
	watched = f;
	breaks = 0;
	*t = (struct pagetable){ f, NULL, levels, 3, page, replace };
	t->root = page();
}

static void table_end(void)
{
	while (page_count) {
		free(pages[--page_count]);
		free(shadows[page_count]);
	}
}

/* ---- What one address is mapped to, kind and all ---- */

static void expect_page(const struct pagetable *t, u64 virt, u64 physical, enum arch_map_kind kind)
{
	const struct pagetable_format *f = t->format;
	unsigned level = 99;
	u64 entry = pagetable_lookup(t, virt, &level);
	u64 inside;

	if (kind == ARCH_MAP_NONE) {
		assert_int_equal(entry, 0);
		return;
	}
	assert_true(entry != 0 && level <= 2);
	inside = virt & ((4096ull << 9 * level) - 1);
	assert_int_equal(f->address(entry) + inside, physical);
	assert_int_equal(entry, f->leaf(physical - inside, kind, level));
}

/* ---- The model ---- */

enum { WINDOW_PAGES = 2 * 512 + 64, WINDOWS = 3 };
struct model_page { u64 physical; enum arch_map_kind kind; };
static struct model_page model[WINDOWS][WINDOW_PAGES];

static u64 random_below(u64 limit)
{
	return ((u64)rand() << 31 ^ (u64)rand()) % limit;
}

static void expect_model(const struct pagetable *t, const u64 *base)
{
	for (unsigned w = 0; w < WINDOWS; w++)
		for (unsigned i = 0; i < WINDOW_PAGES; i++)
			expect_page(t, base[w] + i * 4096ull, model[w][i].physical,
				    model[w][i].kind);
}

static void random_map(struct pagetable *t, const u64 *base)
{
	static const enum arch_map_kind kinds[] = { ARCH_MAP_NONE, ARCH_MAP_DATA, ARCH_MAP_RODATA,
						    ARCH_MAP_TEXT, ARCH_MAP_DEVICE };
	unsigned w = random_below(WINDOWS), first = random_below(WINDOW_PAGES), count;
	enum arch_map_kind kind = kinds[random_below(5)];
	u64 virt, physical;

	if (random_below(2))
		first &= ~511u;
	count = 1 + random_below(random_below(2) ? 16 : WINDOW_PAGES);
	if (count > WINDOW_PAGES - first)
		count = WINDOW_PAGES - first;
	virt = base[w] + first * 4096ull;
	physical = virt & ((1ull << 48) - 1);
	if (random_below(2))
		physical = (physical ^ 1ull << 40) + (random_below(2) << 12);
	assert_int_equal(pagetable_map(t, virt, physical, count * 4096ull, kind), 0);
	watch_entries(t->format);
	for (unsigned i = 0; i < count; i++)
		model[w][first + i] = (struct model_page){ physical + i * 4096ull, kind };
}

static void random_maps(const struct pagetable_format *format, unsigned levels)
{
	u64 reach = 4096ull << 9 * levels;
	const u64 base[WINDOWS] = { 0, (1ull << 30) - 512 * 4096, reach - WINDOW_PAGES * 4096ull };
	struct pagetable t;

	srand(levels);
	memset(model, 0, sizeof model);
	table_begin(&t, format, levels, MAX_PAGES);
	for (unsigned round = 0; round < 150; round++) {
		random_map(&t, base);
		if (round % 10 == 9)
			expect_model(&t, base);
	}
	assert_true(breaks > 100);
	table_end();
}

static void random_maps_match_the_model(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++)
		random_maps(&test_format, levels);
	random_maps(&riscv64_format, 3);
	random_maps(&riscv64_format, 5);
	for (unsigned el2 = 0; el2 < 2; el2++) {
		struct pagetable_format format;

		aarch64_format(&format, el2);
		random_maps(&format, 3 + el2);
	}
}

/* ---- Single cases ---- */

static void the_biggest_blocks_are_used(void **state)
{
	struct pagetable t;
	unsigned level;

	(void)state;
	table_begin(&t, &test_format, 4, 8);
	/* 2 MiB + 3 GiB + 4 KiB, beginning 2 MiB before a GiB. */
	assert_int_equal(pagetable_map(&t, 0x7fe00000, 0x7fe00000, 0xc0201000, ARCH_MAP_DATA), 0);
	assert_true(pagetable_lookup(&t, 0x7fffffff, &level) && level == 1);
	assert_true(pagetable_lookup(&t, 0x80000000, &level) && level == 2);
	assert_true(pagetable_lookup(&t, 0x13fffffff, &level) && level == 2);
	assert_true(pagetable_lookup(&t, 0x140000fff, &level) && level == 0);
	assert_int_equal(pagetable_lookup(&t, 0x140001000, &level), 0);
	assert_int_equal(pagetable_lookup(&t, 0x7fdfffff, &level), 0);
	assert_int_equal(page_count, 1 + 1 + 1 + 2);
	table_end();

	/* The same with no GiB blocks, and where physical does not line up with virtual. */
	table_begin(&t, &test_format, 4, 9999);
	t.block_levels = 2;
	assert_int_equal(pagetable_map(&t, 0x40000000, 0x40000000, 0x40000000, ARCH_MAP_DATA), 0);
	assert_true(pagetable_lookup(&t, 0x40000000, &level) && level == 1);
	assert_int_equal(pagetable_map(&t, 0x80000000, 0x90001000, 0x200000, ARCH_MAP_DATA), 0);
	assert_true(pagetable_lookup(&t, 0x80000000, &level) && level == 0);
	table_end();
}

static void what_is_mapped_so_already_is_left_alone(void **state)
{
	struct pagetable t;
	unsigned pages_before;

	(void)state;
	table_begin(&t, &test_format, 3, 99);
	assert_int_equal(pagetable_map(&t, 0x80000000, 0x80000000, 0x40000000, ARCH_MAP_DATA), 0);
	pages_before = page_count;
	assert_int_equal(pagetable_map(&t, 0x80003000, 0x80003000, 0x5000, ARCH_MAP_DATA), 0);
	assert_int_equal(pagetable_map(&t, 0x80000000, 0x80000000, 0x40000000, ARCH_MAP_DATA), 0);
	assert_int_equal(breaks, 0);
	assert_int_equal(page_count, pages_before);
	/* Unmapping what is not there takes no page either. */
	assert_int_equal(pagetable_map(&t, 0x1000, 0, 0x3000, ARCH_MAP_NONE), 0);
	assert_int_equal(page_count, pages_before);
	/* Another place is not the same. */
	assert_int_equal(pagetable_map(&t, 0x80003000, 0x80004000, 0x1000, ARCH_MAP_DATA), 0);
	assert_true(breaks > 0);
	expect_page(&t, 0x80003000, 0x80004000, ARCH_MAP_DATA);
	expect_page(&t, 0x80002000, 0x80002000, ARCH_MAP_DATA);
	expect_page(&t, 0x80004000, 0x80004000, ARCH_MAP_DATA);
	table_end();
}

static void nonsense_is_refused(void **state)
{
	struct pagetable t;
	unsigned level;

	(void)state;
	table_begin(&t, &test_format, 3, 99);
	assert_int_equal(pagetable_map(&t, 0x1001, 0x1000, 0x1000, ARCH_MAP_DATA), -EINVAL);
	assert_int_equal(pagetable_map(&t, 0x1000, 0x1001, 0x1000, ARCH_MAP_DATA), -EINVAL);
	assert_int_equal(pagetable_map(&t, 0x1000, 0x1000, 0x1001, ARCH_MAP_DATA), -EINVAL);
	assert_int_equal(pagetable_map(&t, 1ull << 39, 0, 0x1000, ARCH_MAP_DATA), -ERANGE);
	assert_int_equal(pagetable_map(&t, (1ull << 39) - 0x1000, 0, 0x2000, ARCH_MAP_DATA),
			 -ERANGE);
	assert_int_equal(pagetable_map(&t, 0x1000, 0, -0x1000ull, ARCH_MAP_DATA), -ERANGE);
	assert_int_equal(pagetable_map(&t, 0x1000, -0x1000ull, 0x2000, ARCH_MAP_DATA), -ERANGE);
	assert_int_equal(pagetable_map(&t, 0x1000, 1ull << 56, 0x1000, ARCH_MAP_DATA), -ERANGE);
	assert_int_equal(pagetable_map(&t, 0x1000, 0x1000, 0x1000, ARCH_MAP_UNCACHED), -ENOTSUP);
	assert_int_equal(pagetable_map(&t, 0x1000, 0x1000, 0, ARCH_MAP_DATA), 0);
	assert_int_equal(pagetable_lookup(&t, 1ull << 39, &level), 0);
	assert_int_equal(pagetable_lookup(&t, 0x1000, &level), 0);
	assert_int_equal(page_count, 1);
	/* The last page there is. */
	assert_int_equal(pagetable_map(&t, (1ull << 39) - 0x1000, 0x5000, 0x1000, ARCH_MAP_DATA),
			 0);
	expect_page(&t, (1ull << 39) - 0x1000, 0x5000, ARCH_MAP_DATA);
	table_end();
}

static void running_out_of_pages_keeps_what_there_is(void **state)
{
	(void)state;
	for (unsigned limit = 1; limit < 8; limit++) {
		struct pagetable t;
		int error;

		table_begin(&t, &test_format, 4, limit);
		error = pagetable_map(&t, 0, 0, 0x100000000, ARCH_MAP_DATA);
		assert_int_equal(error, limit < 2 ? -ENOMEM : 0);
		/* Needs a table for the GiB, and one for each end. */
		error = pagetable_map(&t, 0x40001000, 0x40001000, 0x3fffe000, ARCH_MAP_NONE);
		assert_int_equal(error, limit < 2 || limit >= 5 ? 0 : -ENOMEM);
		watch_entries(&test_format);
		if (limit >= 2) {
			expect_page(&t, 0x40000000, 0x40000000, ARCH_MAP_DATA);
			expect_page(&t, 0x7ffff000, 0x7ffff000, ARCH_MAP_DATA);
			expect_page(&t, 0x3ffff000, 0x3ffff000, ARCH_MAP_DATA);
			expect_page(&t, 0x80000000, 0x80000000, ARCH_MAP_DATA);
		}
		table_end();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_maps_match_the_model),
		cmocka_unit_test(the_biggest_blocks_are_used),
		cmocka_unit_test(what_is_mapped_so_already_is_left_alone),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(running_out_of_pages_keeps_what_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
