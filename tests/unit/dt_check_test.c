/* SPDX-License-Identifier: BSD-2-Clause */
/* Trees that are cut, damaged or made to mislead: refused with a reason, or harmless. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/dt.h"
#include "tests/dt_walk.h"
#include "tests/tree.h"

/* A tree word by word: header, reservations, structure, strings "a\0b\0". */
struct small {
	fdt64_t blob[1 << 12];
	u32 words;			/* of the structure */
};

enum { RESERVATIONS_AT = 40, STRUCTURE_AT = 72 };
static const char strings[] = "a\0b";

static void word(struct small *s, u32 value)
{
	((fdt32_t *)s->blob)[STRUCTURE_AT / 4 + s->words++] = cpu_to_fdt32(value);
}

static void begin(struct small *s, const char *name)
{
	word(s, FDT_BEGIN_NODE);
	strcpy((char *)s->blob + STRUCTURE_AT + s->words * 4, name);
	s->words += (u32)strlen(name) / 4 + 1;
}

static void property(struct small *s, u32 bytes, u32 name)
{
	word(s, FDT_PROP);
	word(s, bytes);
	word(s, name);
	s->words += (bytes + 3) / 4;
}

static struct small *small(void)
{
	return test_calloc(1, sizeof(struct small));
}

/* Header and strings around what was written; the size of it all. */
static u32 finish(struct small *s)
{
	u32 structure = s->words * 4, at = STRUCTURE_AT + structure, total = at + sizeof strings;

	fdt_set_magic(s->blob, FDT_MAGIC);
	fdt_set_totalsize(s->blob, total);
	fdt_set_off_dt_struct(s->blob, STRUCTURE_AT);
	fdt_set_off_dt_strings(s->blob, at);
	fdt_set_off_mem_rsvmap(s->blob, RESERVATIONS_AT);
	fdt_set_version(s->blob, 17);
	fdt_set_last_comp_version(s->blob, 16);
	fdt_set_size_dt_strings(s->blob, sizeof strings);
	fdt_set_size_dt_struct(s->blob, structure);
	memcpy((u8 *)s->blob + at, strings, sizeof strings);
	return total;
}

static void check(struct small *s, u32 total, const char *expected)
{
	const char *reason = NULL;
	void *copy = tree_copy(s->blob, total);
	int err = dt_check(copy, total, &reason);

	if (!expected) {
		if (err)
			fail_msg("refused: %s", reason);
	} else {
		assert_int_equal(err, -EINVAL);
		if (!strstr(reason, expected))
			fail_msg("reason is \"%s\", not \"%s\"", reason, expected);
	}
	free(copy);
	test_free(s);
}

/* ---- The header and the blocks ---- */

static struct small *plain(void)
{
	struct small *s = small();

	begin(s, "");
	word(s, FDT_NOP);
	property(s, 5, 0);
	word(s, FDT_NOP);
	property(s, 0, 2);
	begin(s, "child");
	word(s, FDT_END_NODE);
	word(s, FDT_NOP);
	begin(s, "child@1");
	property(s, 4, 2);
	word(s, FDT_END_NODE);
	word(s, FDT_END_NODE);
	word(s, FDT_END);
	return s;
}

#define DAMAGED(change, reason) do { \
	struct small *s = plain(); \
	u32 total = finish(s); \
	change; \
	check(s, total, reason); \
} while (0)

static void headers_that_lie(void **state)
{
	(void)state;
	DAMAGED((void)0, NULL);
	DAMAGED(fdt_set_magic(s->blob, 0xd00dfeee), "begins with 0xd00dfeee");
	DAMAGED(total = 39, "only 39 bytes");
	DAMAGED(total = 40, "cut off after 0x28");
	DAMAGED((total = 40, fdt_set_totalsize(s->blob, 40)), "memory reservation block");
	DAMAGED(fdt_set_totalsize(s->blob, total + 1), "cut off");
	DAMAGED(fdt_set_totalsize(s->blob, 39), "which no tree is");
	DAMAGED(fdt_set_totalsize(s->blob, 0xffffffff), "which no tree is");
	DAMAGED(fdt_set_totalsize(s->blob, total - 1), "strings block");
	DAMAGED(fdt_set_version(s->blob, 16), "version 16");
	DAMAGED(fdt_set_last_comp_version(s->blob, 18), "compatible with 18");
	DAMAGED((fdt_set_version(s->blob, 18), fdt_set_last_comp_version(s->blob, 17)), NULL);
	DAMAGED(fdt_set_off_mem_rsvmap(s->blob, 36), "memory reservation block");
	DAMAGED(fdt_set_off_mem_rsvmap(s->blob, 44), "multiple of 8");
	DAMAGED(fdt_set_off_mem_rsvmap(s->blob, 0xfffffff8), "memory reservation block");
	DAMAGED(fdt_set_off_mem_rsvmap(s->blob, total / 8 * 8), "has no end");
	DAMAGED(fdt_set_off_dt_struct(s->blob, 70), "multiple of 4");
	DAMAGED(fdt_set_off_dt_struct(s->blob, 0xfffffffc), "structure block");
	DAMAGED(fdt_set_size_dt_struct(s->blob, 0xfffffff0), "structure block");
	DAMAGED(fdt_set_size_dt_struct(s->blob, 0), "has no end");
	DAMAGED(fdt_set_size_dt_struct(s->blob, s->words * 4 - 1), "has no end");
	DAMAGED(fdt_set_off_dt_strings(s->blob, total), "strings block");
	DAMAGED(fdt_set_size_dt_strings(s->blob, sizeof strings + 1), "strings block");
	DAMAGED(fdt_set_size_dt_strings(s->blob, 2), "no proper name");
	DAMAGED(fdt_set_size_dt_strings(s->blob, 3), "no proper name");
	DAMAGED(fdt_set_off_dt_strings(s->blob, 4), "strings block");
}

/* @rows of address and size at the very end of a blob. */
static void reservations(const u64 *rows, size_t count, const char *expected)
{
	struct small *s = plain();
	u32 at = (finish(s) + 7) / 8 * 8;

	for (size_t i = 0; i < 2 * count; i++)
		s->blob[at / 8 + i] = cpu_to_fdt64(rows[i]);
	fdt_set_off_mem_rsvmap(s->blob, at);
	fdt_set_totalsize(s->blob, at + (u32)count * 16);
	check(s, at + (u32)count * 16, expected);
}

static void reservations_end_with_a_row_of_no_bytes(void **state)
{
	static const u64 rows[] = { 0, 1, 0, 1ull << 32, ~0ull, ~0ull, 0, 0 };

	(void)state;
	reservations(rows, 4, NULL);
	for (size_t count = 0; count < 4; count++)
		reservations(rows, count, "has no end");
}

static void a_blob_off_its_alignment_is_refused(void **state)
{
	struct small *s = plain();
	u32 total = finish(s);
	u8 *copy = test_calloc(1, total + 8);
	const char *reason;

	(void)state;
	memcpy(copy + 4, s->blob, total);
	assert_int_equal(dt_check(copy + 4, total, &reason), -EINVAL);
	assert_non_null(strstr(reason, "multiple of 8"));
	test_free(copy);
	test_free(s);
}

/* ---- The structure ---- */

static void nodes_and_properties_out_of_place(void **state)
{
	struct small *s;

	(void)state;
	s = small();
	word(s, FDT_END);
	check(s, finish(s), "can stand there");

	s = small();				/* libfdt looks for the root at 0 */
	word(s, FDT_NOP);
	begin(s, "");
	word(s, FDT_END_NODE);
	word(s, FDT_END);
	check(s, finish(s), "can stand there");

	s = small();
	property(s, 0, 0);
	check(s, finish(s), "can stand there");

	s = small();
	begin(s, "");
	word(s, FDT_END);
	check(s, finish(s), "can stand there");

	s = small();
	begin(s, "");
	word(s, FDT_END_NODE);
	word(s, FDT_END_NODE);
	word(s, FDT_END);
	check(s, finish(s), "can stand there");

	s = small();				/* a second root */
	begin(s, "");
	word(s, FDT_END_NODE);
	begin(s, "");
	word(s, FDT_END_NODE);
	word(s, FDT_END);
	check(s, finish(s), "can stand there");

	s = small();				/* a property behind a child */
	begin(s, "");
	begin(s, "child");
	word(s, FDT_END_NODE);
	property(s, 0, 0);
	word(s, FDT_END_NODE);
	word(s, FDT_END);
	check(s, finish(s), "0x3 at 0x18");

	s = small();				/* behind the root */
	begin(s, "");
	word(s, FDT_END_NODE);
	property(s, 0, 0);
	check(s, finish(s), "can stand there");

	s = small();
	begin(s, "");
	word(s, FDT_END_NODE);
	check(s, finish(s), "has no end");

	s = small();
	begin(s, "");
	word(s, 5);
	check(s, finish(s), "0x5 at 0x8");
}

static void names_that_are_none(void **state)
{
	static const char *const bad[] = {
		"", "a/b", "/", "a b", "tab\t", "\x1b[2J", "\x7f", "\xc3\xa4",
	};
	struct small *s;
	char name[300];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		s = small();
		begin(s, "");
		begin(s, bad[i]);
		word(s, FDT_END_NODE);
		word(s, FDT_END_NODE);
		word(s, FDT_END);
		check(s, finish(s), i ? "no proper name" : "an empty name");
	}
	s = small();
	begin(s, "root");
	check(s, finish(s), "is the root, but has a name");

	memset(name, 'n', sizeof name);
	strcpy(name + 200, "~!@");		/* at the borders of what prints */
	name[203] = 'n';
	for (size_t bytes = 255; bytes < 257; bytes++) {
		name[bytes] = 0;
		s = small();
		begin(s, "");
		begin(s, name);
		name[bytes] = 'n';
		word(s, FDT_END_NODE);
		word(s, FDT_END_NODE);
		word(s, FDT_END);
		check(s, finish(s), bytes == 255 ? NULL : "no proper name");
	}

	s = small();				/* a name that the end of the structure cuts */
	begin(s, "");
	word(s, FDT_BEGIN_NODE);
	word(s, 0x61616161);
	check(s, finish(s), "no proper name");

	s = small();				/* properties: behind the strings, empty */
	begin(s, "");
	property(s, 0, sizeof strings);
	check(s, finish(s), "0x4 in the strings");
	s = small();
	begin(s, "");
	property(s, 0, 1);
	check(s, finish(s), "no proper name");
}

static void properties_that_leave_the_structure(void **state)
{
	static const u32 lengths[] = { 5, 8, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff };
	struct small *s;
	u32 total;

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		s = small();
		begin(s, "");
		word(s, FDT_PROP);
		word(s, lengths[i]);
		word(s, 0);
		word(s, FDT_END_NODE);
		check(s, finish(s), "4 are left");
	}
	s = small();
	begin(s, "");
	word(s, FDT_PROP);
	word(s, 0);
	check(s, finish(s), "is cut off");

	s = small();				/* its padding would */
	begin(s, "");
	property(s, 5, 0);
	total = finish(s);
	fdt_set_size_dt_struct(s->blob, s->words * 4 - 3);
	check(s, total, "has no end");
}

static void nesting_has_a_limit(void **state)
{
	(void)state;
	for (int depth = DT_DEPTH_MAX; depth <= DT_DEPTH_MAX + 1; depth++) {
		struct small *s = small();

		for (int i = 0; i < depth; i++)
			begin(s, i ? "n" : "");
		for (int i = 0; i < depth; i++)
			word(s, FDT_END_NODE);
		word(s, FDT_END);
		if (depth == DT_DEPTH_MAX) {
			const char *reason;
			char path[256];
			struct dt_node node;

			assert_int_equal(dt_open(s->blob, finish(s), &reason), 0);
			for (node = dt_root(); dt_exists(dt_first_child(node));)
				node = dt_first_child(node);
			assert_int_equal(dt_full_path(node, path, sizeof path), 0);
			assert_int_equal(strlen(path), 2 * (DT_DEPTH_MAX - 1));
		}
		check(s, finish(s), depth > DT_DEPTH_MAX ? "nested" : NULL);
	}
}

/* ---- Damage everywhere ---- */

/* dt_check looks at @bytes of memory and no further; what it lets pass can be walked. */
static bool look(const void *blob, size_t bytes)
{
	const char *reason = NULL;
	int err = dt_open(blob, bytes, &reason);

	if (err) {
		assert_int_equal(err, -EINVAL);
		assert_true(reason && strlen(reason) > 10);
		return false;
	}
	dt_walk_everything();
	return true;
}

static void cut_at(const void *blob, size_t total)
{
	for (size_t bytes = 0; bytes < total; bytes++) {
		void *copy = tree_copy(blob, bytes);

		assert_false(look(copy, bytes));
		if (bytes >= 8) {		/* and the header says so, too */
			fdt_set_totalsize(copy, (u32)bytes);
			assert_false(look(copy, bytes));
		}
		free(copy);
	}
}

static void cut_at_every_length(void **state)
{
	(void)state;
	cut_at(TREE_BLOB(spec), TREE_BYTES(spec));
	cut_at(TREE_BLOB(qemu_riscv64), TREE_BYTES(qemu_riscv64));
}

static void every_word_damaged(void **state)
{
	const void *blob = TREE_BLOB(hostile);
	size_t total = TREE_BYTES(hostile);
	unsigned accepted = 0, refused = 0;

	(void)state;
	for (size_t at = 0; at < total / 4; at++) {
		u32 was = fdt32_ld((const fdt32_t *)blob + at);
		const u32 values[] = {
			0, 1, 2, 3, 4, 9, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffc,
			was + 1, was - 1, was + 4, was - 4, was << 8, was ^ 0x80, (u32)total,
		};

		for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
			fdt32_t *copy = tree_copy(blob, total);

			copy[at] = cpu_to_fdt32(values[i]);
			look(copy, total) ? accepted++ : refused++;
			free(copy);
		}
	}
	assert_true(accepted > 100 && refused > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_that_lie),
		cmocka_unit_test(reservations_end_with_a_row_of_no_bytes),
		cmocka_unit_test(a_blob_off_its_alignment_is_refused),
		cmocka_unit_test(nodes_and_properties_out_of_place),
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(properties_that_leave_the_structure),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(cut_at_every_length),
		cmocka_unit_test(every_word_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
