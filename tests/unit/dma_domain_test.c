/* SPDX-License-Identifier: BSD-2-Clause */
/* What is in reach of a device, byte by byte; and domains from trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/dma_domain.h"
#include "lib/errors.h"
#include "tests/tree.h"

enum { SPACE = 256, ROUNDS = 300, NOWHERE = -1 };

/*
 * The bus address of each byte of a small address space, as the window says that a range is taken
 * from.
 */
static int bus_of(const struct dma_window *w, struct range limit, u64 at, u64 bytes)
{
	if (at < w->cpu || at + bytes > w->cpu + w->bytes)
		return NOWHERE;
	if (limit.bytes && (at < limit.start || at + bytes > limit.start + limit.bytes))
		return NOWHERE;
	return (int)(w->bus + at - w->cpu);
}

static void check(const struct dma_domain *d, struct range limit, u64 at, u64 bytes)
{
	int expected = NOWHERE;
	dma_addr_t addr = { UINT64_MAX };
	bool found = dma_reach(d, at, bytes, &addr);

	for (unsigned i = 0; expected == NOWHERE && i < d->window_count; i++)
		expected = bus_of(&d->windows[i], limit, at, bytes);
	assert_int_equal(found, expected != NOWHERE);
	if (found)
		assert_int_equal(addr.bus, expected);
}

static void every_range(void **state)
{
	(void)state;
	srand(2);
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct dma_window w[3];
		struct dma_domain d = { false, w, 1 + (unsigned)rand() % 3 };
		struct range limit = { 0 };

		for (unsigned i = 0; i < d.window_count; i++) {
			w[i].cpu = (u64)rand() % SPACE;
			w[i].bytes = (u64)rand() % (SPACE - w[i].cpu);
			w[i].bus = (u64)rand() % 100000;
		}
		if (rand() % 2)
			limit = (struct range){ (u64)rand() % SPACE, 1 + (u64)rand() % SPACE };
		dma_domains_within(limit);
		for (unsigned at = 0; at < SPACE; at += 3)
			for (unsigned bytes = 1; bytes < 40; bytes++)
				check(&d, limit, at, bytes);
		dma_domains_within((struct range){ 0 });
	}
}

static void no_windows_no_limit(void **state)
{
	static const struct dma_domain d;
	dma_addr_t addr;

	(void)state;
	assert_true(dma_reach(&d, 0x123456789abcdef, 0x1000, &addr));
	assert_true(addr.bus == 0x123456789abcdef);
	dma_domains_within((struct range){ 0x1000, 0x1000 });
	assert_false(dma_reach(&d, 0xfff, 2, &addr));
	assert_true(dma_reach(&d, 0x1000, 0x1000, &addr));
	assert_false(dma_reach(&d, 0x1000, 0x1001, &addr));
	assert_true(dma_translate(&d, 0, 0x10000, &addr));
	dma_domains_within((struct range){ 0 });
}

static const struct dma_domain *domain_of(const char *path, bool coherent)
{
	const struct dma_domain *d = NULL;

	assert_int_equal(dma_domain_of(dt_path(path), coherent, &d), 0);
	assert_int_equal(d->coherent, coherent);
	return d;
}

static void from_a_tree(void **state)
{
	const struct dma_domain *d;
	dma_addr_t addr;

	(void)state;
	TREE(dma);
	d = domain_of("/plain", true);
	assert_int_equal(d->window_count, 0);
	assert_ptr_equal(d, domain_of("/plain/empty", true));
	assert_ptr_not_equal(d, domain_of("/plain", false));

	d = domain_of("/outer", false);		/* sorted by where the CPU sees them */
	assert_int_equal(d->window_count, 2);
	assert_true(dma_reach(d, 0x800000000, 0x40000000, &addr));
	assert_true(addr.bus == 0);
	assert_true(dma_reach(d, 0xffffffff, 1, &addr));
	assert_true(addr.bus == 0xffffffff);
	assert_false(dma_reach(d, 0xbfffffff, 2, &addr));
	assert_false(dma_reach(d, 0x83fffffff, 2, &addr));
	assert_ptr_equal(d, domain_of("/outer", false));

	assert_int_equal(dma_domain_of(dt_path("/outer/nowhere"), false, &d), -ENXIO);
	assert_int_equal(dma_domain_of(dt_path("/ragged"), false, &d), -EINVAL);
	assert_int_equal(dma_domain_of(dt_path("/too-many"), false, &d), -ENOSPC);
}

static void neighbours_are_one(void **state)
{
	const struct dma_domain *d;
	dma_addr_t addr;

	(void)state;
	TREE(dma);
	d = domain_of("/neighbours", true);
	assert_int_equal(d->window_count, 2);
	assert_true(dma_reach(d, 0x1ff0, 0x20, &addr));
	assert_true(addr.bus == 0x9ff0);
	assert_false(dma_reach(d, 0x2ff0, 0x20, &addr));	/* the bus goes on somewhere else */
}

/* 2^64 is no number: of a window that ends there, the last byte is given up. */
static void the_last_byte_there_is(void **state)
{
	const struct dma_domain *d;
	dma_addr_t addr;

	(void)state;
	TREE(dma);
	d = domain_of("/beyond", true);
	assert_true(dma_reach(d, 0xfffffffffffff000, 0xfff, &addr));
	assert_true(addr.bus == 0x1000);
	assert_false(dma_reach(d, 0xfffffffffffff000, 0x1000, &addr));
	dma_domains_within((struct range){ 0x1000, 0x1000 });
	assert_false(dma_reach(d, 0xfffffffffffff000, 1, &addr));
	dma_domains_within((struct range){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_range),
		cmocka_unit_test(no_windows_no_limit),
		cmocka_unit_test(from_a_tree),
		cmocka_unit_test(neighbours_are_one),
		cmocka_unit_test(the_last_byte_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
