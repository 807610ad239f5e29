/* SPDX-License-Identifier: BSD-2-Clause */
/* Who owns which RAM: random trees and random operations against a model that knows each page. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/dt.h"
#include "lib/memory.h"
#include "tests/tree.h"

enum { PAGE = 4096, PAGES = 200, ROUNDS = 400, STEPS = 150 };
static const u64 base = 0x7fff8000;	/* of the pages that the model knows */

/* ---- Trees ---- */

static u64 blob[8192];

static void end_node(void)
{
	assert_int_equal(fdt_end_node(blob), 0);
}

/* Reservations are pairs of start and bytes, the last with no bytes. */
static void tree_begin(const struct range *reservations)
{
	assert_int_equal(fdt_create(blob, sizeof blob), 0);
	for (; reservations && reservations->bytes; reservations++)
		assert_int_equal(fdt_add_reservemap_entry(blob, reservations->start,
							  reservations->bytes), 0);
	assert_int_equal(fdt_finish_reservemap(blob), 0);
	fdt_begin_node(blob, "");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
}

static void tree_reg(const struct range *rows, unsigned count)
{
	fdt64_t cells[64];

	assert_true(count <= 32);
	for (unsigned i = 0; i < count; i++) {
		cells[2 * i] = cpu_to_fdt64(rows[i].start);
		cells[2 * i + 1] = cpu_to_fdt64(rows[i].bytes);
	}
	fdt_property(blob, "reg", cells, (int)(count * 16));
}

static void tree_memory(const char *name, const struct range *rows, unsigned count)
{
	fdt_begin_node(blob, name);
	fdt_property_string(blob, "device_type", "memory");
	tree_reg(rows, count);
	end_node();
}

static void tree_end(void)
{
	const char *reason = "";

	end_node();
	assert_int_equal(fdt_finish(blob), 0);
	if (dt_open(blob, fdt_totalsize(blob), &reason))
		fail_msg("%s", reason);
}

/* ---- The model ---- */

static struct {
	bool ram;
	enum memory_use use;
	const char *owner;
} model[PAGES];

static u64 page_address(unsigned page)
{
	return base + (u64)page * PAGE;
}

static bool touches(struct range r, unsigned page)
{
	return r.bytes && r.start < page_address(page + 1) &&
		r.start + r.bytes > page_address(page);
}

static bool fills(struct range r, unsigned page)
{
	return r.start <= page_address(page) && r.start + r.bytes >= page_address(page + 1);
}

static void compare(void)
{
	const struct memory_range *r, *last = NULL;
	u64 total = 0, free = 0;

	for (unsigned i = 0; i < PAGES; i++) {
		u64 address = page_address(i);

		r = memory_find(address + (u64)rand() % PAGE);
		if (!model[i].ram) {
			assert_null(r);
			continue;
		}
		assert_non_null(r);
		if (r->use != model[i].use || strcmp(r->owner, model[i].owner))
			fail_msg("0x%llx is %s of %s, not %s of %s", (unsigned long long)address,
				 memory_use_name(r->use), r->owner,
				 memory_use_name(model[i].use), model[i].owner);
		total += PAGE;
		free += r->use == MEMORY_FREE ? PAGE : 0;
	}
	assert_int_equal(memory_total(), total);
	assert_int_equal(memory_free(), free);
	for (unsigned i = 0; (r = memory_at(i)); last = r, i++) {
		assert_true(r->range.bytes > 0);
		if (!last)
			continue;
		assert_true(last->range.start + last->range.bytes <= r->range.start);
		if (last->range.start + last->range.bytes == r->range.start)
			assert_true(last->use != r->use || strcmp(last->owner, r->owner));
	}
}

/* ---- Random trees ---- */

static struct range random_range(void)
{
	u64 start = base + (u64)rand() % (PAGES * PAGE);
	u64 room = page_address(PAGES) - start, bytes = (u64)rand() % (40 * PAGE);

	if (rand() % 2)
		start &= -(u64)PAGE;
	if (rand() % 2)
		bytes &= -(u64)PAGE;
	return (struct range){ start, rand() % 20 ? bytes < room ? bytes : room : 0 };
}

static void model_ram(struct range r)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (fills(r, i)) {
			model[i].ram = true;
			model[i].use = MEMORY_FREE;
			model[i].owner = "RAM";
		}
}

static void model_reserve(struct range r, enum memory_use use, const char *owner)
{
	for (unsigned i = 0; i < PAGES; i++)
		if (touches(r, i) && (model[i].use == MEMORY_FREE ||
				      (use == MEMORY_NO_MAP && model[i].use != MEMORY_NO_MAP))) {
			model[i].use = use;
			model[i].owner = owner;
		}
}

static void random_reserved(const char *name)
{
	struct range rows[2] = { random_range(), random_range() };
	unsigned count = (unsigned)rand() % 3;
	bool no_map = rand() % 2, disabled = rand() % 5 == 0;

	fdt_begin_node(blob, name);
	if (no_map)
		fdt_property(blob, "no-map", NULL, 0);
	if (disabled)
		fdt_property_string(blob, "status", "disabled");
	if (count)
		tree_reg(rows, count);
	else
		fdt_property_u64(blob, "size", 0x400000);
	end_node();
	for (unsigned i = 0; i < count && !disabled; i++)
		model_reserve(rows[i], no_map ? MEMORY_NO_MAP : MEMORY_RESERVED, name);
}

static void random_initrd(void)
{
	struct range r = random_range();
	bool narrow = rand() % 2;

	fdt_begin_node(blob, "chosen");
	if (narrow) {
		fdt_property_u32(blob, "linux,initrd-start", (u32)r.start);
		fdt_property_u32(blob, "linux,initrd-end", (u32)(r.start + r.bytes));
	} else {
		fdt_property_u64(blob, "linux,initrd-start", r.start);
		fdt_property_u64(blob, "linux,initrd-end", r.start + r.bytes);
	}
	end_node();
	model_reserve(r, MEMORY_LOADED, "initrd");
}

/* The tree lists memory first, the model needs it first: so nodes come in this order. */
static void random_tree(void)
{
	static const char *const names[] = { "fw@1", "fw@2", "fw@3", "fw@4" };
	struct range rows[3] = { random_range(), random_range(), { 0, 0 } };
	struct range ram[3] = { random_range(), random_range(), random_range() };

	memset(model, 0, sizeof model);
	tree_begin(rows);
	tree_memory("memory@1", ram, 2);
	tree_memory("memory@2", ram + 2, 1);
	fdt_begin_node(blob, "memory@3");
	fdt_property_string(blob, "device_type", "memory");
	fdt_property_string(blob, "status", "disabled");
	tree_reg(&(struct range){ base, PAGES * PAGE }, 1);
	end_node();
	fdt_begin_node(blob, "other@4");
	fdt_property_string(blob, "device_type", "memories");
	tree_reg(&(struct range){ base, PAGES * PAGE }, 1);
	end_node();
	for (unsigned i = 0; i < 3; i++)
		model_ram(ram[i]);
	fdt_begin_node(blob, "reserved-memory");
	fdt_property_u32(blob, "#address-cells", 2);
	fdt_property_u32(blob, "#size-cells", 2);
	if (rand() % 4)
		fdt_property(blob, "ranges", NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		random_reserved(names[i]);
	end_node();
	for (unsigned i = 0; i < 2 && rows[i].bytes; i++)
		model_reserve(rows[i], MEMORY_RESERVED, "/memreserve/");
	random_initrd();
	tree_end();
}

/* ---- Random operations ---- */

static int model_change(struct range r, bool release, enum memory_use use, const char *owner)
{
	if (!r.bytes)
		return -EINVAL;
	for (unsigned i = 0; i < PAGES; i++) {
		bool given = model[i].use == MEMORY_PLINTH || model[i].use == MEMORY_LOADED;

		if (touches(r, i) && !model[i].ram)
			return -ENXIO;
		if (touches(r, i) && !(release ? given : model[i].use == MEMORY_FREE))
			return -EBUSY;
	}
	for (unsigned i = 0; i < PAGES; i++)
		if (touches(r, i)) {
			model[i].use = use;
			model[i].owner = owner;
		}
	return 0;
}

static int model_take(u64 bytes, u64 align, u64 low, u64 high, u64 *start)
{
	unsigned count = (unsigned)((bytes + PAGE - 1) / PAGE);

	for (unsigned first = PAGES - count + 1; count <= PAGES && first--;) {
		u64 place = page_address(first);
		bool fits = place % align == 0 && place >= low &&
			place + (u64)count * PAGE <= high;

		for (unsigned i = first; i < first + count; i++)
			fits &= model[i].ram && model[i].use == MEMORY_FREE;
		if (fits) {
			*start = place;
			return 0;
		}
	}
	return -ENOMEM;
}

static void random_take(enum memory_use use, const char *owner)
{
	u64 bytes = 1 + (u64)rand() % (12 * PAGE), align = (u64)PAGE << rand() % 5;
	u64 low = rand() % 2 ? 0 : base + (u64)rand() % (PAGES * PAGE);
	u64 high = rand() % 2 ? UINT64_MAX : base + (u64)rand() % (PAGES * PAGE);
	u64 expected = 0, start = 0;
	int err = model_take(bytes, align, low, high, &expected);

	assert_int_equal(memory_take(bytes, align, low, high, use, owner, &start), err);
	assert_int_equal(start, expected);
	if (!err)
		model_change((struct range){ start, bytes }, false, use, owner);
}

static void random_operation(void)
{
	static const char *const owners[] = { "image", "heap", "kernel" };
	enum memory_use use = rand() % 2 ? MEMORY_PLINTH : MEMORY_LOADED;
	const char *owner = owners[rand() % 3];
	struct range r = random_range();
	int what = rand() % 3;

	r.bytes = r.bytes / 4;
	if (what == 0)
		assert_int_equal(memory_claim(r.start, r.bytes, use, owner),
				 model_change(r, false, use, owner));
	else if (what == 1)
		assert_int_equal(memory_release(r.start, r.bytes),
				 model_change(r, true, MEMORY_FREE, "RAM"));
	else
		random_take(use, owner);
}

static void random_trees_and_operations(void **state)
{
	unsigned good = 0;

	(void)state;
	for (unsigned seed = 0; seed < ROUNDS; seed++) {
		bool any = false;

		srand(seed);
		random_tree();
		for (unsigned i = 0; i < PAGES; i++)
			any |= model[i].ram;
		assert_int_equal(memory_init(), any ? 0 : -EINVAL);
		if (!any)
			continue;
		good++;
		compare();
		for (unsigned step = 0; step < STEPS; step++) {
			random_operation();
			if (step % 10 == 0)
				compare();
		}
		compare();
	}
	assert_true(good > ROUNDS / 2);
}

/* ---- Cases ---- */

static void expect(unsigned index, u64 start, u64 bytes, enum memory_use use, const char *owner)
{
	const struct memory_range *r = memory_at(index);

	assert_non_null(r);
	assert_int_equal(r->range.start, start);
	assert_int_equal(r->range.bytes, bytes);
	assert_int_equal(r->use, use);
	assert_string_equal(r->owner, owner);
}

static void a_machine_of_qemu(void **state)
{
	(void)state;
	TREE(qemu_riscv64);
	assert_int_equal(memory_init(), 0);
	expect(0, 0x80000000, 0x10000000, MEMORY_FREE, "RAM");
	assert_null(memory_at(1));
	assert_null(memory_find(0x7fffffff));
	assert_null(memory_find(0x90000000));
}

static void what_a_tree_reserves(void **state)
{
	(void)state;
	TREE(hostile);
	assert_int_equal(memory_init(), 0);
	expect(0, 0x80000000, 0x200000, MEMORY_RESERVED, "/memreserve/");
	expect(1, 0x80200000, 0x1e00000, MEMORY_FREE, "RAM");
	expect(2, 0x82000000, 0x1000, MEMORY_RESERVED, "/memreserve/");
	expect(3, 0x82001000, 0x1fff000, MEMORY_FREE, "RAM");
	expect(4, 0x84000000, 0x800000, MEMORY_LOADED, "initrd");
	expect(5, 0x84800000, 0xa800000, MEMORY_FREE, "RAM");
	expect(6, 0x8f000000, 0x20000, MEMORY_NO_MAP, "firmware@8f000000");
	expect(7, 0x8f020000, 0xfe0000, MEMORY_FREE, "RAM");
	expect(8, 0x100000000, 0x100000000, MEMORY_FREE, "RAM");
	assert_null(memory_at(9));
}

static void ram_at_both_ends_of_the_address_space(void **state)
{
	static const struct range rows[] = {
		{ 0, 0x4000 }, { 0xffffffffffff0000, 0x10000 },
	};
	static const struct range reserved[] = { { ~0ull - 0x1800, 0x1801 }, { 0, 0 } };
	u64 start;

	(void)state;
	tree_begin(reserved);
	tree_memory("memory", rows, 2);
	tree_end();
	assert_int_equal(memory_init(), 0);
	expect(0, 0, 0x1000, MEMORY_NO_MAP, "page 0, kept to catch null pointers");
	expect(1, 0x1000, 0x3000, MEMORY_FREE, "RAM");
	expect(2, 0xffffffffffff0000, 0xe000, MEMORY_FREE, "RAM");
	expect(3, 0xffffffffffffe000, 0x1000, MEMORY_RESERVED, "/memreserve/");
	assert_null(memory_at(4));
	assert_int_equal(memory_claim(~0ull, 1, MEMORY_PLINTH, "x"), -EINVAL);
	assert_int_equal(memory_claim(0x1000, ~0ull, MEMORY_PLINTH, "x"), -EINVAL);
	assert_int_equal(memory_claim(0xffffffffffff0000, 0x10000, MEMORY_PLINTH, "x"), -EINVAL);
	assert_int_equal(memory_take(0, 0, 0, ~0ull, MEMORY_PLINTH, "x", &start), -EINVAL);
	assert_int_equal(memory_take(1, 0x3000, 0, ~0ull, MEMORY_PLINTH, "x", &start), -EINVAL);
	assert_int_equal(memory_take(~0ull, 1, 0, ~0ull, MEMORY_PLINTH, "x", &start), -EINVAL);
	assert_int_equal(memory_take(0x4000, 1, 0, 0x10000, MEMORY_PLINTH, "x", &start), -ENOMEM);
	assert_int_equal(memory_take(1, 1ull << 63, 0, ~0ull, MEMORY_PLINTH, "x", &start),
			 -ENOMEM);
	assert_int_equal(memory_take(1, 1, 0, ~0ull, MEMORY_PLINTH, "x", &start), 0);
	assert_int_equal(start, 0xffffffffffffd000);
}

static void trees_without_memory(void **state)
{
	(void)state;
	tree_begin(NULL);
	tree_end();
	assert_int_equal(memory_init(), -EINVAL);
	tree_begin(NULL);
	tree_memory("memory", (struct range[]){ { 0x80000000, 0 }, { 0x90000800, 0x1000 } }, 2);
	tree_end();
	assert_int_equal(memory_init(), -EINVAL);
	assert_null(memory_at(0));
	assert_null(memory_find(0x80000000));
}

/* What is right before a malformed row is used; an initrd that ends before it starts is none. */
static void nonsense_is_left_out(void **state)
{
	static const char odd[24] = { 0, 0, 0, 0, 0x40 };

	(void)state;
	tree_begin(NULL);
	tree_memory("memory@1", (struct range[]){ { 0x80000000, 0x10000 } }, 1);
	fdt_begin_node(blob, "memory@2");
	fdt_property_string(blob, "device_type", "memory");
	fdt_property(blob, "reg", odd, sizeof odd);
	end_node();
	fdt_begin_node(blob, "reserved-memory");	/* without cells, without ranges */
	fdt_begin_node(blob, "odd");
	fdt_property(blob, "reg", odd, 23);
	end_node();
	fdt_begin_node(blob, "fine");
	fdt_property(blob, "reg", "\0\0\0\0\x80\0\x1f\xff\0\0\0\x02", 12);
	end_node();
	end_node();
	fdt_begin_node(blob, "chosen");
	fdt_property_u64(blob, "linux,initrd-start", 0x80008000);
	fdt_property_u64(blob, "linux,initrd-end", 0x80007000);
	end_node();
	tree_end();
	assert_int_equal(memory_init(), 0);
	expect(0, 0x80000000, 0x1000, MEMORY_FREE, "RAM");
	expect(1, 0x80001000, 0x2000, MEMORY_RESERVED, "fine");
	expect(2, 0x80003000, 0xd000, MEMORY_FREE, "RAM");
	assert_null(memory_at(3));
}

static void a_full_table_changes_nothing(void **state)
{
	unsigned claimed = 0;
	int err = 0;

	(void)state;
	TREE(qemu_riscv64);
	assert_int_equal(memory_init(), 0);
	for (; !err; claimed += !err)
		err = memory_claim(0x80001000 + claimed * 0x2000, 0x1000, MEMORY_PLINTH, "x");
	assert_int_equal(err, -ENOSPC);
	assert_true(claimed > 60);
	assert_int_equal(memory_free(), 0x10000000 - claimed * 0x1000);
	assert_int_equal(memory_find(0x80001000 + claimed * 0x2000)->use, MEMORY_FREE);
	while (claimed--)
		assert_int_equal(memory_release(0x80001000 + claimed * 0x2000, 0x1000), 0);
	expect(0, 0x80000000, 0x10000000, MEMORY_FREE, "RAM");
}

static void too_much_to_keep_track_of(void **state)
{
	static struct range rows[1001];

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		rows[i] = (struct range){ 0x80000000 + i * 0x2000, 0x1000 };
	tree_begin(rows);
	tree_memory("memory", (struct range[]){ { 0x80000000, 0x10000000 } }, 1);
	tree_end();
	assert_int_equal(memory_init(), -ENOSPC);

	tree_begin(NULL);
	for (unsigned i = 0; i < 10; i++)
		tree_memory("memory", rows + 32 * i, 32);
	tree_end();
	assert_int_equal(memory_init(), -ENOSPC);
}

static void pages_are_zeroed_and_come_from_the_window(void **state)
{
	enum { COUNT = 16 };
	u8 *ram = aligned_alloc(PAGE, COUNT * PAGE), *low, *high, *both;

	(void)state;
	memset(ram, 0xaa, COUNT * PAGE);
	tree_begin(NULL);
	tree_memory("memory", &(struct range){ (uintptr_t)ram, COUNT * PAGE }, 1);
	tree_end();
	assert_int_equal(memory_init(), 0);
	memory_pages_within((struct range){ (uintptr_t)ram + PAGE, 2 * PAGE });
	low = memory_pages(1, "low");
	assert_ptr_equal(low, ram + 2 * PAGE);
	assert_null(memory_pages(2, "low"));
	memory_pages_within((struct range){ 0, 0 });
	high = memory_pages(2, "high");
	assert_ptr_equal(high, ram + (COUNT - 2) * PAGE);
	assert_int_equal(memory_find((uintptr_t)high)->use, MEMORY_PLINTH);
	for (unsigned i = 0; i < COUNT * PAGE; i++)
		assert_int_equal(ram[i], (i >= 2 * PAGE && i < 3 * PAGE) ||
				 i >= (COUNT - 2) * PAGE ? 0 : 0xaa);
	memset(high, 0x55, 2 * PAGE);
	memory_free_pages(high, 2);
	both = memory_pages(3, "again");
	assert_ptr_equal(both, high - PAGE);
	assert_int_equal(both[PAGE], 0);
	assert_null(memory_pages(COUNT, "all"));
	assert_null(memory_pages(SIZE_MAX / 2, "more"));
	free(ram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees_and_operations),
		cmocka_unit_test(a_machine_of_qemu),
		cmocka_unit_test(what_a_tree_reserves),
		cmocka_unit_test(ram_at_both_ends_of_the_address_space),
		cmocka_unit_test(trees_without_memory),
		cmocka_unit_test(nonsense_is_left_out),
		cmocka_unit_test(a_full_table_changes_nothing),
		cmocka_unit_test(too_much_to_keep_track_of),
		cmocka_unit_test(pages_are_zeroed_and_come_from_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
