/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64 tables, read as a CPU reads them (Arm ARM, D8.3 and D8.4), written a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/aarch64/early_pte.h"

enum { LOAD = 1, STORE = 2, FETCH = 4, MAX_PAGES = 64 };

static void *pages[MAX_PAGES];
static unsigned page_count;
static struct pagetable_format format;

static void *page(void)
{
	assert_true(page_count < MAX_PAGES);
	pages[page_count] = aligned_alloc(4096, 4096);
	return memset(pages[page_count++], 0, 4096);
}

static struct pagetable fresh(bool el2)
{
	while (page_count)
		free(pages[--page_count]);
	aarch64_format(&format, el2);
	return (struct pagetable){ &format, page(), 4, 3, page, NULL };
}

static u64 bits(u64 value, unsigned high, unsigned low)
{
	return value >> low & ((2ull << (high - low)) - 1);
}

/* The MAIR byte that the memory at @virt has; -1: a fault. *allowed: accesses, at EL1 or EL2. */
static int walk(const u64 *table, u64 virt, bool el2, u64 *physical, unsigned *allowed)
{
	for (unsigned level = 0; level < 4; level++) {
		unsigned low = 39 - 9 * level;
		u64 entry = table[bits(virt, low + 8, low)];
		bool xn;

		if (!(entry & 1) || (level == 3 && !(entry & 2)) || (level == 0 && !(entry & 2)))
			return -1;
		if (level < 3 && entry & 2) {
			/* no hierarchical restrictions */
			assert_int_equal(bits(entry, 63, 48), 0);
			table = (const u64 *)(uintptr_t)(entry & 0x0000fffffffff000);
			continue;
		}
		assert_true(entry & 1 << 10);				/* access flag */
		assert_int_equal(bits(entry, 63, 55), 0);
		assert_int_equal(bits(entry, 52, 48), 0);	/* no contiguous hint, no guard */
		assert_int_equal(entry & ((1ull << low) - 4096), 0);
		assert_int_equal(bits(entry, 11, 11), 0);		/* global */
		assert_int_equal(bits(entry, 5, 5), 0);
		if (el2) {
			assert_int_equal(bits(entry, 6, 6), 1);		/* AP[1] is res1 */
			assert_int_equal(bits(entry, 53, 53), 0);
			xn = bits(entry, 54, 54);
		} else {
			assert_int_equal(bits(entry, 6, 6), 0);		/* nothing for EL0 */
			assert_int_equal(bits(entry, 54, 54), 1);
			xn = bits(entry, 53, 53);
		}
		*allowed = LOAD | (bits(entry, 7, 7) ? 0 : STORE) | (xn ? 0 : FETCH);
		*physical = bits(entry, 47, low) << low | bits(virt, low - 1, 0);
		if (bits(entry, 4, 2) != 1)	/* devices are outer shareable */
			assert_int_equal(bits(entry, 9, 8), 3);
		return (int)bits(AARCH64_MAIR, 8 * bits(entry, 4, 2) + 7, 8 * bits(entry, 4, 2));
	}
	return -1;
}

enum { WRITE_BACK = 0xff, NON_CACHEABLE = 0x44, DEVICE_NGNRNE = 0 };

static const struct {
	enum arch_map_kind kind;
	unsigned allowed;
	int memory;
} kinds[] = {
	{ ARCH_MAP_DATA, LOAD | STORE, WRITE_BACK },
	{ ARCH_MAP_RODATA, LOAD, WRITE_BACK },
	{ ARCH_MAP_TEXT, LOAD | FETCH, WRITE_BACK },
	{ ARCH_MAP_UNCACHED, LOAD | STORE, NON_CACHEABLE },
	{ ARCH_MAP_DEVICE, LOAD | STORE, DEVICE_NGNRNE },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static void check_at(const struct pagetable *t, bool el2, u64 virt, u64 wanted, unsigned k)
{
	unsigned allowed = 0;
	u64 physical = 0;

	assert_int_equal(walk(t->root, virt, el2, &physical, &allowed), kinds[k].memory);
	assert_int_equal(physical, wanted);
	assert_int_equal(allowed, kinds[k].allowed);
}

static void check_walks(bool el2)
{
	static const u64 sizes[] = { 1ull << 12, 1ull << 21, 1ull << 30 };
	static const u64 places[] = { 0, 0x40000000, 1ull << 39, (1ull << 48) - (2ull << 30) };

	for (unsigned k = 0; k < KINDS; k++)
		for (unsigned s = 0; s < 3; s++)
			for (unsigned p = 0; p < 4; p++) {
				struct pagetable t = fresh(el2);
				u64 end = places[p] + sizes[s], physical;
				unsigned allowed;

				assert_int_equal(pagetable_map(&t, places[p], places[p], sizes[s],
							       kinds[k].kind), 0);
				check_at(&t, el2, places[p], places[p], k);
				check_at(&t, el2, end - 1, end - 1, k);
				assert_int_equal(walk(t.root, end, el2, &physical, &allowed), -1);
			}
}

static void walks_at_el1(void **state)
{
	(void)state;
	check_walks(false);
}

static void walks_at_el2(void **state)
{
	(void)state;
	check_walks(true);
}

/* A page of a 1 GiB block changes: all others stay what they were. */
static void splits_keep_the_rest(void **state)
{
	(void)state;
	for (int el2 = 0; el2 < 2; el2++)
		for (unsigned k = 0; k < KINDS; k++) {
			struct pagetable t = fresh(el2);
			u64 start = 1ull << 30, hole = start + 0x345000, physical;
			unsigned allowed;

			assert_int_equal(pagetable_map(&t, start, start, 1 << 30,
						       kinds[k].kind), 0);
			assert_int_equal(pagetable_map(&t, hole, 0, 4096, ARCH_MAP_NONE), 0);
			assert_int_equal(walk(t.root, hole, el2, &physical, &allowed), -1);
			check_at(&t, el2, hole - 1, hole - 1, k);
			check_at(&t, el2, hole + 4096, hole + 4096, k);
			check_at(&t, el2, start, start, k);
			check_at(&t, el2, start + (1 << 30) - 1, start + (1 << 30) - 1, k);
		}
}

static void beyond_what_an_entry_holds(void **state)
{
	struct pagetable t = fresh(false);

	(void)state;
	assert_int_equal(pagetable_map(&t, 0, 1ull << 48, 4096, ARCH_MAP_DEVICE), -ERANGE);
	assert_int_equal(pagetable_map(&t, 1ull << 48, 0, 4096, ARCH_MAP_DEVICE), -ERANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_at_el1),
		cmocka_unit_test(walks_at_el2),
		cmocka_unit_test(splits_keep_the_rest),
		cmocka_unit_test(beyond_what_an_entry_holds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
