/* SPDX-License-Identifier: BSD-2-Clause */
/* The copy of the tree that the next stage gets. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libfdt.h>
#include "lib/board.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "tests/tree.h"

BOARD(forgetful) = {
	.name = "forgetful",
	.compatible = (const char *const[]){ "vendor,family", NULL },	/* spec.dts */
	.keep_out = (const struct range[]){ { 0x1000, 0x3000 }, { 0x8000, 0x1000 } },
	.keep_out_count = 2,
};

static u64 copy[1 << 15];

/* End the changes, and open the copy as the next stage would. */
static struct dt_node chosen(void)
{
	size_t bytes = dt_edit_end(copy);
	void *exact = tree_copy(copy, bytes);
	const char *reason = "";

	memset(copy, 0, sizeof copy);
	memcpy(copy, exact, bytes);
	if (dt_open(copy, bytes, &reason))
		fail_msg("%s", reason);
	free(exact);
	return dt_path("/chosen");
}

static void changes_appear_and_the_rest_stays(void **state)
{
	struct range r;
	u32 seed_bytes;

	(void)state;
	TREE(hostile);
	assert_int_equal(dt_edit_begin(copy, dt_edit_bytes(64)), 0);
	assert_int_equal(dt_edit_bootargs(copy, "root=/dev/vda plinth.log=debug quiet"), 0);
	assert_int_equal(dt_edit_initrd(copy, 0x1234567000, 0x89abcdef), 0);
	assert_int_equal(dt_edit_reserve(copy, 0xabc000, 0x1000), 0);
	assert_int_equal(dt_edit_reserve(copy, 0xdef000, 0), 0);
	assert_int_equal(dt_edit_chosen_value(copy, "kaslr-seed", "new seed", 8), 0);
	assert_int_equal(dt_edit_chosen_number(copy, "one-cell", 0xfedcba98), 0);
	assert_int_equal(dt_edit_chosen_number(copy, "two-cells", 0x1fedcba98), 0);
	assert_string_equal(dt_string(chosen(), "bootargs"), "root=/dev/vda quiet");
	assert_memory_equal(dt_property(dt_path("/chosen"), "kaslr-seed", NULL), "new seed", 8);
	assert_int_equal(dt_u32(dt_path("/chosen"), "one-cell", 0), 0xfedcba98);
	assert_int_equal(dt_u64(dt_path("/chosen"), "two-cells", 0), 0x1fedcba98);
	assert_int_equal(dt_u64(dt_path("/chosen"), "linux,initrd-start", 0), 0x1234567000);
	assert_int_equal(dt_u64(dt_path("/chosen"), "linux,initrd-end", 0), 0x12be023def);
	assert_non_null(dt_property(dt_path("/chosen"), "linux,initrd-start", &seed_bytes));
	assert_int_equal(seed_bytes, 8);
	assert_string_equal(dt_string(dt_path("/chosen"), "stdout-path"), "serial0:115200n8");
	assert_true(dt_exists(dt_path("serial0")));
	assert_int_equal(dt_memory_reservation(1, &r), 0);
	assert_int_equal(r.start, 0x82000000);
	assert_int_equal(dt_memory_reservation(2, &r), 0);
	assert_int_equal(r.start, 0xabc000);
	assert_int_equal(r.bytes, 0x1000);
	assert_int_equal(dt_memory_reservation(3, &r), -ENOENT);
}

static void what_firmware_said_is_kept(void **state)
{
	const void *seed;
	u32 bytes;

	(void)state;
	TREE(qemu_aarch64);
	seed = dt_property(dt_path("/chosen"), "kaslr-seed", &bytes);
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(dt_edit_bootargs(copy, "console=ttyAMA0"), 0);
	assert_memory_equal(dt_property(chosen(), "kaslr-seed", &bytes), seed, 8);
	assert_int_equal(bytes, 8);
	assert_non_null(dt_property(dt_path("/chosen"), "rng-seed", NULL));
	assert_string_equal(dt_string(dt_path("/chosen"), "bootargs"), "console=ttyAMA0");
	assert_non_null(dt_string(dt_path("/chosen"), "stdout-path"));
	assert_null(dt_property(dt_path("/chosen"), "linux,initrd-start", NULL));
}

static void an_initrd_comes_and_goes(void **state)
{
	(void)state;
	TREE(qemu_aarch64);
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(dt_edit_initrd(copy, 0, 0), 0);
	assert_int_equal(dt_edit_initrd(copy, 0x48000000, 0x100), 0);
	assert_int_equal(dt_u64(chosen(), "linux,initrd-start", 0), 0x48000000);
	assert_int_equal(dt_u64(dt_path("/chosen"), "linux,initrd-end", 0), 0x48000100);
	assert_int_equal(dt_edit_begin(copy + 0x4000, sizeof copy / 2), 0);
	assert_int_equal(dt_edit_initrd(copy + 0x4000, 0, 0), 0);
	assert_null(fdt_getprop(copy + 0x4000, fdt_path_offset(copy + 0x4000, "/chosen"),
				"linux,initrd-start", NULL));
}

/* Not a string: not ours to cut, and nothing to read beyond. */
static void a_command_line_without_its_end_is_left(void **state)
{
	(void)state;
	TREE(hostile);
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(fdt_setprop(copy, fdt_path_offset(copy, "/chosen"), "bootargs",
				     "plinth.x", 8), 0);
	assert_int_equal(dt_edit_bootargs(copy, NULL), 0);
	assert_memory_equal(dt_property(chosen(), "bootargs", NULL), "plinth.x", 8);
}

static void what_firmware_forgot_to_reserve_is_added(void **state)
{
	struct range r;

	(void)state;
	TREE(spec);
	assert_int_equal(dt_memory_reservation(0, &r), -ENOENT);
	assert_int_equal(dt_edit_begin(copy, dt_edit_bytes(0)), 0);
	chosen();
	assert_int_equal(dt_memory_reservation(0, &r), 0);
	assert_int_equal(r.start, 0x1000);
	assert_int_equal(r.bytes, 0x3000);
	assert_int_equal(dt_memory_reservation(1, &r), 0);
	assert_int_equal(r.start, 0x8000);
	assert_int_equal(dt_memory_reservation(2, &r), -ENOENT);
}

static void our_words_leave_the_firmwares_command_line(void **state)
{
	(void)state;
	TREE(hostile);
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(dt_edit_bootargs(copy, NULL), 0);
	assert_string_equal(dt_string(chosen(), "bootargs"), "console=ttyS0");
	/* again, now that there is nothing of ours; the open tree is the copy */
	assert_int_equal(dt_edit_begin(copy + 0x4000, sizeof copy / 2), 0);
	assert_int_equal(dt_edit_bootargs(copy + 0x4000, NULL), 0);
	assert_int_equal(fdt_check_header(copy + 0x4000), 0);
	assert_string_equal(fdt_getprop(copy + 0x4000, fdt_path_offset(copy + 0x4000, "/chosen"),
					"bootargs", NULL), "console=ttyS0");
}

static void nothing_left_is_no_property(void **state)
{
	(void)state;
	TREE(hostile);
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(dt_edit_bootargs(copy, "plinth.log=debug"), 0);
	assert_int_equal(dt_edit_initrd(copy, 0, 0), 0);
	assert_null(dt_property(chosen(), "bootargs", NULL));
	assert_null(dt_property(dt_path("/chosen"), "linux,initrd-start", NULL));
	assert_null(dt_property(dt_path("/chosen"), "linux,initrd-end", NULL));
}

static void a_tree_without_chosen_gets_one(void **state)
{
	(void)state;
	TREE(translate);
	assert_false(dt_exists(dt_path("/chosen")));
	assert_int_equal(dt_edit_begin(copy, sizeof copy), 0);
	assert_int_equal(dt_edit_bootargs(copy, NULL), 0);
	assert_int_equal(dt_edit_bootargs(copy, "quiet"), 0);
	assert_string_equal(dt_string(chosen(), "bootargs"), "quiet");
}

/* Every size of buffer, on the heap: too small is said, and nothing beyond is touched. */
static void small_buffers_are_told(void **state)
{
	size_t enough, refused = 0;

	(void)state;
	TREE(hostile);
	enough = dt_edit_bytes(0);
	for (size_t bytes = 0; bytes <= enough; bytes++) {
		void *small = malloc(bytes + 1);
		int err = dt_edit_begin(small, bytes);

		if (!err)
			err = dt_edit_bootargs(small, "root=/dev/disk/by-partlabel/a-longer-one");
		if (!err)
			err = dt_edit_initrd(small, 1, 2);
		if (!err)
			err = dt_edit_reserve(small, 0x1000, 0x1000);
		if (!err)
			assert_true(dt_edit_end(small) <= bytes);
		else
			assert_int_equal(err, -ENOSPC);
		refused += err != 0;
		free(small);
	}
	assert_true(refused > 1000 && refused < enough - 2000);
}

/* QEMU's trees are 1 MiB of which a hundredth is used. */
static void empty_space_is_not_copied(void **state)
{
	size_t bytes = TREE_BYTES(qemu_riscv64);
	u8 *big = calloc(1, 1 << 20);
	const char *reason = "";

	(void)state;
	memcpy(big, TREE_BLOB(qemu_riscv64), bytes);
	fdt_set_totalsize(big, 1 << 20);
	assert_int_equal(dt_open(big, 1 << 20, &reason), 0);
	assert_true(dt_edit_bytes(0) < 3 * bytes + 8192);
	assert_int_equal(dt_edit_begin(copy, dt_edit_bytes(0)), 0);
	assert_true(dt_edit_end(copy) <= bytes);
	free(big);
}

/* Blocks in an order that libfdt does not edit in: strings first. */
static void blocks_are_put_in_order(void **state)
{
	const u8 *plain = TREE_BLOB(hostile);
	size_t bytes = TREE_BYTES(hostile), strings = fdt_size_dt_strings(plain);
	size_t structure = fdt_size_dt_struct(plain), at = 40 + (strings + 7) / 8 * 8;
	u8 *odd = calloc(1, bytes + 64);
	const char *reason = "";

	(void)state;
	memcpy(odd, plain, 40);
	memcpy(odd + 40, plain + fdt_off_dt_strings(plain), strings);
	memcpy(odd + at, plain + fdt_off_dt_struct(plain), structure);
	memcpy(odd + at + structure + structure % 8, plain + fdt_off_mem_rsvmap(plain), 48);
	fdt_set_off_dt_strings(odd, 40);
	fdt_set_off_dt_struct(odd, (u32)at);
	fdt_set_off_mem_rsvmap(odd, (u32)(at + structure + structure % 8));
	fdt_set_totalsize(odd, (u32)bytes + 64);
	if (dt_open(odd, bytes + 64, &reason))
		fail_msg("%s", reason);
	assert_int_equal(dt_edit_begin(copy, dt_edit_bytes(0)), 0);
	assert_int_equal(dt_edit_bootargs(copy, "quiet"), 0);
	assert_int_equal(dt_edit_reserve(copy, 0x1000, 0x1000), 0);
	assert_string_equal(dt_string(chosen(), "bootargs"), "quiet");
	assert_true(dt_exists(dt_path("/soc/pcie/device")));
	free(odd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_appear_and_the_rest_stays),
		cmocka_unit_test(what_firmware_said_is_kept),
		cmocka_unit_test(an_initrd_comes_and_goes),
		cmocka_unit_test(a_command_line_without_its_end_is_left),
		cmocka_unit_test(what_firmware_forgot_to_reserve_is_added),
		cmocka_unit_test(our_words_leave_the_firmwares_command_line),
		cmocka_unit_test(nothing_left_is_no_property),
		cmocka_unit_test(a_tree_without_chosen_gets_one),
		cmocka_unit_test(small_buffers_are_told),
		cmocka_unit_test(empty_space_is_not_copied),
		cmocka_unit_test(blocks_are_put_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
