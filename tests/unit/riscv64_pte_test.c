/* SPDX-License-Identifier: BSD-2-Clause */
/* RISC-V page tables, read the way a hart reads them (Priv 4.3.2), written here a second time. */
#include <setjmp.h>
#include <stdarg.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/riscv64/pte.h"

enum access { LOAD = 1 << 1, STORE = 1 << 2, FETCH = 1 << 3 };	/* as the bits R, W, X */
enum { MAX_PAGES = 256, USER = 1 << 4, GLOBAL = 1 << 5, ACCESSED = 1 << 6, DIRTY = 1 << 7 };

static void *pages[MAX_PAGES];
static unsigned page_count;

static void *page(void)
{
	assert_true(page_count < MAX_PAGES);
	pages[page_count] = aligned_alloc(4096, 4096);
	return memset(pages[page_count++], 0, 4096);
}

static struct pagetable fresh(unsigned levels)
{
	while (page_count)
		free(pages[--page_count]);
	return (struct pagetable){ &riscv64_format, page(), levels, 3, page, NULL };
}

/* Priv 4.3.2. false: a page fault. Priv 4.4.1: @svpbmt tells what bits 61 and 62 mean. */
static bool walk(const u64 *table, int levels, u64 virt, enum access access, bool svpbmt,
		 u64 *physical, unsigned *type)
{
	for (int i = levels - 1; i >= 0; i--) {
		u64 entry = table[virt >> (12 + 9 * i) & 511];
		u64 offset_mask = (1ull << (12 + 9 * i)) - 1;
		u64 base = (entry >> 10 & 0xfffffffffff) << 12;

		if (!(entry & 1) || (entry & 6) == 4 || entry >> 63 || entry >> 54 & 0x7f)
			return false;
		*type = entry >> 61 & 3;
		if (*type && !svpbmt)
			return false;
		if (!(entry & 0xe)) {
			/* D, A, U and the memory type are reserved in a pointer. */
			if (entry & (DIRTY | ACCESSED | USER) || *type)
				return false;
			table = (const u64 *)(uintptr_t)base;
			continue;
		}
		if (!(entry & access) || entry & USER || base & offset_mask || *type == 3)
			return false;
		/* Svade: software sets A and D. */
		if (!(entry & ACCESSED) || (access == STORE && !(entry & DIRTY)))
			return false;
		*physical = base | (virt & offset_mask);
		return true;
	}
	return false;
}

static const struct {
	enum arch_map_kind kind;
	unsigned allowed, type_of_svpbmt;
} kinds[] = {
	{ ARCH_MAP_DATA, LOAD | STORE, 0 },
	{ ARCH_MAP_RODATA, LOAD, 0 },
	{ ARCH_MAP_TEXT, LOAD | FETCH, 0 },
	{ ARCH_MAP_UNCACHED, LOAD | STORE, 1 },
	{ ARCH_MAP_DEVICE, LOAD | STORE, 2 },
};

static void check_mapped(const struct pagetable *t, u64 virt, u64 physical, unsigned k, bool svpbmt)
{
	static const enum access accesses[] = { LOAD, STORE, FETCH };

	for (unsigned i = 0; i < 3; i++) {
		u64 found = 0;
		unsigned type = 0;
		bool ok = walk(t->root, t->levels, virt, accesses[i], svpbmt, &found, &type);

		assert_int_equal(ok, (kinds[k].allowed & accesses[i]) != 0);
		if (ok) {
			assert_int_equal(found, physical);
			assert_int_equal(type, svpbmt ? kinds[k].type_of_svpbmt : 0);
		}
	}
}

/* Each kind, at each size of block, in each mode, at the end of what a physical address can be. */
static void check_walks(bool svpbmt)
{
	static const u64 sizes[] = { 1ull << 12, 1ull << 21, 1ull << 30 };
	static const u64 physicals[] = {
		0, 0x80000000, 1ull << 38, 1ull << 55, (1ull << 56) - (1ull << 30),
	};

	for (unsigned levels = 3; levels <= 5; levels++)
		for (unsigned k = 0; k < 5; k++)
			for (unsigned s = 0; s < 3; s++)
				for (unsigned p = 0; p < 5; p++) {
					struct pagetable t = fresh(levels);
					u64 virt = (1ull << (12 + 9 * levels)) - (2ull << 30);
					unsigned type;
					u64 none;

					if (kinds[k].kind == ARCH_MAP_UNCACHED && !svpbmt)
						continue;
					assert_int_equal(pagetable_map(&t, virt, physicals[p],
								       sizes[s], kinds[k].kind), 0);
					check_mapped(&t, virt, physicals[p], k, svpbmt);
					check_mapped(&t, virt + sizes[s] - 8,
						     physicals[p] + sizes[s] - 8, k, svpbmt);
					assert_false(walk(t.root, levels, virt + sizes[s], LOAD,
							  svpbmt, &none, &type));
					assert_false(walk(t.root, levels, virt - 8, LOAD, svpbmt,
							  &none, &type));
				}
}

static void walks_by_physical_address(void **state)
{
	struct pagetable t;

	(void)state;
	riscv64_memory_types_use(MEMORY_TYPES_PMA);
	check_walks(false);
	t = fresh(3);
	assert_int_equal(pagetable_map(&t, 0, 0, 4096, ARCH_MAP_UNCACHED), -ENOTSUP);
}

static void walks_with_svpbmt(void **state)
{
	(void)state;
	riscv64_memory_types_use(MEMORY_TYPES_SVPBMT);
	check_walks(true);
}

/* What a block becomes when a page of it changes, entry for entry: the kind of all others stays. */
static void splits_keep_the_kind(void **state)
{
	(void)state;
	for (int types = MEMORY_TYPES_PMA; types <= MEMORY_TYPES_THEAD; types++) {
		riscv64_memory_types_use(types);
		for (unsigned k = 0; k < 5; k++) {
			struct pagetable t = fresh(3);
			u64 address = 0x40000000;
			unsigned level;

			if (!riscv64_format.leaf(0, kinds[k].kind, 0))
				continue;
			assert_int_equal(pagetable_map(&t, address, address, 1 << 30,
						       kinds[k].kind), 0);
			assert_int_equal(pagetable_map(&t, address, address, 4096,
						       ARCH_MAP_NONE), 0);
			for (u64 at = 4096; at < 1 << 30; at += at < 2 << 20 ? 4096 : 2 << 20)
				assert_int_equal(pagetable_lookup(&t, address + at, &level),
						 riscv64_format.leaf(address + at,
								     kinds[k].kind, 0));
		}
	}
}

static void kinds_differ(void **state)
{
	(void)state;
	for (int types = MEMORY_TYPES_PMA; types <= MEMORY_TYPES_THEAD; types++) {
		riscv64_memory_types_use(types);
		for (unsigned a = 0; a < 5; a++)
			for (unsigned b = 0; b < a; b++)
				assert_int_not_equal(riscv64_format.leaf(4096, kinds[a].kind, 0),
						     riscv64_format.leaf(4096, kinds[b].kind, 0));
		assert_int_equal(riscv64_format.leaf(4096, ARCH_MAP_NONE, 0), 0);
	}
}

/* C9xx user manual, "page attributes": SO 63, C 62, B 61, SH 60. */
static void thead_attributes(void **state)
{
	(void)state;
	riscv64_memory_types_use(MEMORY_TYPES_THEAD);
	assert_int_equal(riscv64_format.leaf(0, ARCH_MAP_DATA, 0) >> 59, 0xe);
	assert_int_equal(riscv64_format.leaf(0, ARCH_MAP_TEXT, 0) >> 59, 0xe);
	assert_int_equal(riscv64_format.leaf(0, ARCH_MAP_UNCACHED, 0) >> 59, 0x6);
	assert_int_equal(riscv64_format.leaf(0, ARCH_MAP_DEVICE, 0) >> 59, 0x12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_by_physical_address),
		cmocka_unit_test(walks_with_svpbmt),
		cmocka_unit_test(splits_keep_the_kind),
		cmocka_unit_test(kinds_differ),
		cmocka_unit_test(thead_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
