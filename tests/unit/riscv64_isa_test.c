/* SPDX-License-Identifier: BSD-2-Clause */
/* Which extensions a device tree gives a hart, in both spellings, and in broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/riscv64/isa.h"

/* The bytes of the property alone, on the heap: what reads past them is seen. */
static bool has(bool (*reader)(const char *, u32, const char *), const char *text, u32 bytes,
		const char *name)
{
	char *copy = malloc(bytes);
	bool found;

	memcpy(copy, text, bytes);
	found = reader(copy, bytes, name);
	free(copy);
	return found;
}

static bool isa_has(const char *isa, const char *name)
{
	return has(riscv64_isa_string_has, isa, strlen(isa) + 1, name);
}

static void isa_strings(void **state)
{
	static const char qemu10[] =
		"rv64imafdch_zic64b_zicbom_zicbop_zicboz_ziccamoa_svadu_svpbmt";

	(void)state;
	assert_true(isa_has(qemu10, "zicbom"));
	assert_true(isa_has(qemu10, "svpbmt"));
	assert_true(isa_has(qemu10, "c"));
	assert_true(isa_has(qemu10, "h"));
	assert_false(isa_has(qemu10, "zicbo"));
	assert_false(isa_has(qemu10, "icbom"));
	assert_false(isa_has(qemu10, "svpbm"));
	assert_false(isa_has(qemu10, "b"));
	assert_false(isa_has(qemu10, "v"));

	assert_true(isa_has("rv64gc_svpbmt1p0_zicbom1p0_zba", "zicbom"));
	assert_true(isa_has("rv64gc_svpbmt1p0_zicbom2", "zicbom"));
	assert_true(isa_has("rv64imaczicbom_zba", "zicbom"));
	assert_false(isa_has("rv64imac_zicbomx", "zicbom"));
	assert_false(isa_has("rv64imac_zicbomp0", "zicbom"));
	assert_false(isa_has("rv64imac", "zicbom"));
	assert_false(isa_has("rv32imac_zicbom", "zicbom"));
	assert_false(isa_has("rv6", "zicbom"));
	assert_false(isa_has("", "zicbom"));
	assert_false(isa_has("rv64_", "zicbom"));
	assert_false(isa_has("rv64__", "zicbom"));
	assert_true(isa_has("rv64__zicbom_", "zicbom"));
	assert_true(isa_has("rv64imafdcsu_xtheadcmo", "xtheadcmo"));
}

static void isa_strings_that_do_not_end(void **state)
{
	(void)state;
	assert_true(has(riscv64_isa_string_has, "rv64imac_zicbom", 15, "zicbom"));
	assert_false(has(riscv64_isa_string_has, "rv64imac_zicbom", 14, "zicbom"));
	assert_false(has(riscv64_isa_string_has, "rv64imac_", 9, "zicbom"));
	assert_false(has(riscv64_isa_string_has, "rv64imac\0_zicbom", 16, "zicbom"));
}

static void string_lists(void **state)
{
	static const char list[] = "i\0m\0a\0c\0zicbom\0svpbmt";

	(void)state;
	assert_true(has(riscv64_string_list_has, list, sizeof list, "zicbom"));
	assert_true(has(riscv64_string_list_has, list, sizeof list, "svpbmt"));
	assert_true(has(riscv64_string_list_has, list, sizeof list, "i"));
	assert_false(has(riscv64_string_list_has, list, sizeof list, "zic"));
	assert_false(has(riscv64_string_list_has, list, sizeof list - 1, "svpbmt"));
	assert_true(has(riscv64_string_list_has, list, sizeof list - 1, "zicbom"));
	assert_false(has(riscv64_string_list_has, "", 0, "i"));
}

/* ---- A hart in a tree ---- */

static struct hart_property {
	const char *name, *value;
	u32 bytes;
} hart[4];

static const void *hart_property(const char *name, u32 *bytes)
{
	for (unsigned i = 0; i < 4 && hart[i].name; i++)
		if (!strcmp(hart[i].name, name)) {
			*bytes = hart[i].bytes;
			return hart[i].value;
		}
	return NULL;
}

static const struct arch_tree tree = { hart_property, NULL };

#define STRING(name, text)	{ name, text, sizeof(text) }

static void describe(struct hart_property a, struct hart_property b, struct hart_property c)
{
	hart[0] = a;
	hart[1] = b;
	hart[2] = c;
}

static void assert_cache(u32 zicbom_bytes, bool thead)
{
	struct riscv64_cache_facts facts = riscv64_cache_facts(&tree);

	assert_int_equal(facts.zicbom_bytes, zicbom_bytes);
	assert_int_equal(facts.thead, thead);
}

static const struct hart_property none, zicbom = STRING("riscv,isa", "rv64imac_zicbom");

static struct hart_property block(const char *cells, u32 bytes)
{
	return (struct hart_property){ "riscv,cbom-block-size", cells, bytes };
}

static void promised_cache_operations(void **state)
{
	(void)state;
	describe(zicbom, block("\0\0\0\x40", 4), none);
	assert_cache(64, false);
	describe(zicbom, block("\0\0\0\0\0\0\0\x80", 8), none);
	assert_cache(128, false);
	describe(zicbom, block("\0\0\x10\0", 4), none);
	assert_cache(4096, false);

	/* no size, or one that no cache has */
	describe(zicbom, none, none);
	assert_cache(0, false);
	describe(zicbom, block("\0\0\0\x41", 4), none);
	assert_cache(0, false);
	describe(zicbom, block("\0\0\x20\0", 4), none);
	assert_cache(0, false);
	describe(zicbom, block("\0\0\0\1\0\0\0\x40", 8), none);
	assert_cache(0, false);
	describe(zicbom, block("\0\x40", 2), none);
	assert_cache(0, false);

	/* a size without the operations, which the newer property denies */
	describe(block("\0\0\0\x40", 4), zicbom,
		 (struct hart_property)STRING("riscv,isa-extensions", "i\0m"));
	assert_cache(0, false);
}

static void promised_thead_operations(void **state)
{
	(void)state;
	describe((struct hart_property)STRING("compatible", "thead,c910\0riscv"), none, none);
	assert_cache(0, true);
	describe((struct hart_property)STRING("riscv,isa-extensions", "i\0xtheadcmo"), none, none);
	assert_cache(0, true);
	describe((struct hart_property)STRING("compatible", "sifive,u74\0riscv"), none, none);
	assert_cache(0, false);
	describe((struct hart_property){ "compatible", "thead,c", 7 }, none, none);
	assert_cache(0, false);
	describe(zicbom, block("\0\0\0\x40", 4),
		 (struct hart_property)STRING("compatible", "thead,c908"));
	assert_cache(64, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(isa_strings),
		cmocka_unit_test(isa_strings_that_do_not_end),
		cmocka_unit_test(string_lists),
		cmocka_unit_test(promised_cache_operations),
		cmocka_unit_test(promised_thead_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
