/* SPDX-License-Identifier: BSD-2-Clause */
/* Names as they lie in directories, good ones and broken ones. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/fat/fat.h"
#include "fs/text.h"
#include "lib/errors.h"
#include "tests/fs/image.h"

static struct filesystem *fs;
static u8 *slots;			/* the next free slot of the root directory */

static int begin(void **state)
{
	image_begin(state);
	shell("truncate -s 20M $IMG && mkfs.fat -F 16 -r 512 $IMG >/dev/null");
	image_attach(&disk, 512);
	fs = mount_whole(&disk);
	slots = disk.data + fat_of(fs)->root_at;
	return 0;
}

static int end(void **state)
{
	fs_unmount(fs);
	return image_end(state);
}

static void remount(void)
{
	fs_unmount(fs);
	fs = mount_whole(&disk);
}

static u8 *put_short(const char name[static 11], u8 attributes, u8 case_bits)
{
	u8 *slot = slots;

	memset(slot, 0, 32);
	memcpy(slot, name, 11);
	slot[ENTRY_ATTRIBUTES] = attributes;
	slot[ENTRY_CASE] = case_bits;
	slots += 32;
	return slot;
}

static u8 *put_part(const u16 *units, unsigned count, unsigned order, u8 checksum)
{
	static const u8 at[] = { 1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30 };
	u8 *slot = slots;

	memset(slot, 0, 32);
	slot[0] = (u8)order;
	slot[ENTRY_ATTRIBUTES] = FAT_LONG_NAME;
	slot[LONG_CHECKSUM] = checksum;
	for (unsigned i = 0; i < 13; i++)
		store_le16(slot + at[i], i < count ? units[i] : i == count ? 0 : 0xffff);
	slots += 32;
	return slot;
}

static void put_long(const u16 *units, unsigned count, const char alias[static 11])
{
	unsigned parts = (count + 12) / 13;

	for (unsigned i = parts; i; i--)
		put_part(units + 13 * (i - 1), count - 13 * (i - 1), i | (i == parts ? 0x40 : 0),
			 fat_checksum((const u8 *)alias));
	put_short(alias, FAT_ARCHIVE, 0);
}

static void expect(const char *const *names)
{
	struct file_info info;
	struct directory d;
	int error;

	remount();
	assert_int_equal(fs_open_directory(fs, "/", &d), 0);
	while (!(error = directory_next(&d, &info))) {
		assert_non_null(*names);
		assert_string_equal(info.name, *names);
		names++;
	}
	assert_int_equal(error, -ENOENT);
	assert_null(*names);
}

static void short_names(void **state)
{
	(void)state;
	put_short("README  TXT", 0, 0);
	put_short("LOWER   TXT", 0, CASE_LOWER_BASE | CASE_LOWER_EXTENSION);
	put_short("BASE    EXT", 0, CASE_LOWER_BASE);
	put_short("BASE2   EXT", 0, CASE_LOWER_EXTENSION);
	put_short("A LABEL    ", FAT_VOLUME_LABEL, 0);
	put_short("\xe5" "ELETED TXT", 0, 0);
	put_short("NOEXT      ", FAT_HIDDEN, 0);
	put_short("\x05" "X      C  ", 0, 0);
	put_short("\x8e\x99\x9a     TXT", 0, 0);
	put_short("SP ACE  T T", 0, 0);
	expect((const char *const[]){
		"README.TXT", "lower.txt", "base.EXT", "BASE2.ext", "NOEXT", "ÕX.C", "ÄÖÜ.TXT",
		"SP ACE.T T", NULL });
	assert_string_equal(fs->label, "A LABEL");
}

static void long_names(void **state)
{
	static const u16 emoji[] = { 'a', 0xd83d, 0xde00, 'b' }, lone[] = { 0xde00, 'x', 0xd83d };
	static const u16 control[] = { 'x', 27, '[', 'J', 0x9b, 'J', 0x7f, 0xa0 };
	u16 longest[255];
	char text[255 * 3 + 1] = "";

	(void)state;
	for (unsigned i = 0; i < 255; i++) {
		longest[i] = 0x4e00 + i;
		*utf8_put(text + strlen(text), longest[i]) = 0;
	}
	put_long(emoji, 4, "EMOJI~1    ");
	put_long(lone, 3, "LONE~1     ");
	put_long(control, 8, "CONTROL    ");
	put_long(longest, 255, "LONGEST    ");
	put_long(longest, 13, "THIRTEEN   ");
	expect((const char *const[]){
		"a😀b", "\ufffdx\ufffd", "x\ufffd[J\ufffdJ\ufffd\u00a0", text,
		"一丁丂七丄丅丆万丈三上下丌", NULL });
}

/* What does not fit its entry is as if it were not there: the short name holds. */
static void broken_long_names(void **state)
{
	static const u16 name[] = { 'l', 'o', 'n', 'g', 'e', 'r', ' ', 't', 'h', 'a', 'n', ' ', '1',
				    '3' };
	u8 sum = fat_checksum((const u8 *)"LONGER~1   ");

	(void)state;
	put_part(name + 13, 1, 0x42, sum);		/* wrong checksum in both */
	put_part(name, 13, 1, sum);
	put_short("ANOTHER    ", 0, 0);
	put_part(name + 13, 1, 0x42, sum);		/* a part is missing */
	put_short("LONGER~1   ", 0, 0);
	put_part(name, 13, 1, sum);			/* the first one is */
	put_short("LONGER~1   ", 0, 0);
	put_part(name + 13, 1, 0x42, sum);		/* one was removed */
	put_short("\xe5         ", 0, 0);
	put_part(name, 13, 1, sum);
	put_short("LONGER~1   ", 0, 0);
	put_part(name + 13, 1, 0x42, sum);		/* the parts are of two */
	put_part(name, 13, 1, sum + 1);
	put_short("LONGER~1   ", 0, 0);
	put_part(name, 13, 0x40 | 63, sum);		/* more parts than there can be */
	put_part(name, 13, 0x40, sum);
	put_short("LONGER~1   ", 0, 0);
	put_part(name, 0, 0x41, sum);			/* an empty one */
	put_short("LONGER~1   ", 0, 0);
	put_part(name + 13, 1, 0x42, sum);		/* a good one, after all that */
	put_part(name, 13, 1, sum);
	put_short("LONGER~1   ", 0, 0);
	expect((const char *const[]){ "ANOTHER", "LONGER~1", "LONGER~1", "LONGER~1", "LONGER~1",
				      "LONGER~1", "LONGER~1", "longer than 13", NULL });
}

static int found(const char *path)
{
	struct file f;

	return fs_open(fs, path, &f);
}

static void case_does_not_matter(void **state)
{
	static const u16 name[] = { 0xc4, 'r', 0x3a3, 0x3af, 0x44f, 0x561, 0x1e01, 0xff41, 0xff };

	(void)state;
	put_long(name, 9, "ALIAS~1 TXT");
	remount();
	assert_int_equal(found("/ÄrΣίяաḁａÿ"), 0);
	assert_int_equal(found("ärσΊЯԱḀＡŸ"), 0);
	assert_int_equal(found("//ärςίЯԱḀＡŸ/"), 0);
	assert_int_equal(found("/./alias~1.txt"), 0);
	assert_int_equal(found("/../ALIAS~1.TXT"), 0);
	assert_int_equal(found("/arΣίяաḁａÿ"), -ENOENT);
	assert_int_equal(found("/ÄrΣίяաḁａ"), -ENOENT);
	assert_int_equal(found("/ÄrΣίяաḁａÿÿ"), -ENOENT);
	assert_int_equal(found("/alias~1.txt/x"), -ENOTDIR);
	assert_int_equal(found("/\xff\xfe"), -ENOENT);
	assert_int_equal(found("/"), 0);
	assert_int_equal(found(""), 0);
}

/* Names like our tails, but with numbers that ours never have, are in nobody's way. */
static void tails(void **state)
{
	(void)state;
	put_short("~9999999TMP", 0, 0);
	put_short("A~999999TMP", 0, 0);
	put_short("ALONGE~3TMP", 0, 0);
	remount();
	assert_int_equal(fs_replace(fs, "/a longer name.tmp", "", 0), 0);
	assert_int_equal(fs_replace(fs, "/a longer name, too.tmp", "", 0), 0);
	assert_int_equal(found("/alonge~4.tmp"), 0);
	assert_int_equal(found("/alonge~5.tmp"), 0);
}

/* Each letter's capital: never of ASCII, stable, and as C has it where it has one. */
static void capitals(void **state)
{
	(void)state;
	for (u32 code = 0; code < 0x20000; code++) {
		u32 upper = text_upper(code);

		assert_int_equal(text_upper(upper), upper);
		assert_true(code < 0x80 ? upper < 0x80 : upper >= 0x80);
	}
	assert_int_equal(text_upper(0xf7), 0xf7);		/* division is no letter */
	assert_int_equal(text_upper(0x101), 0x100);
	assert_int_equal(text_upper(0x100), 0x100);
}

static void utf8(void **state)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
					   "\xf8", "\xf4\x90\x80\x80", "\xc3", "\xe2\x82", "\xff" };

	(void)state;
	for (u32 code = 1; code < 0x110000; code++) {
		char text[5] = "";
		const char *at = text, *end;

		if (code >= 0xd800 && code < 0xe000)
			continue;
		end = utf8_put(text, code);
		assert_int_equal(utf8_next(&at, end), code);
		assert_ptr_equal(at, end);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *at = bad[i];

		assert_int_equal(utf8_next(&at, at + strlen(at)), TEXT_BAD);
		assert_ptr_equal(at, bad[i] + 1);
	}
}

static void times(void **state)
{
	struct file f;
	u8 *slot;

	(void)state;
	slot = put_short("T          ", FAT_READ_ONLY, 0);
	store_le16(slot + ENTRY_WRITTEN_DATE, 46 << 9 | 11 << 5 | 20);
	store_le16(slot + ENTRY_WRITTEN_TIME, 13 << 11 | 37 << 5 | 21);
	remount();
	assert_int_equal(fs_open(fs, "/t", &f), 0);
	assert_int_equal(f.modified, 1795181862);
	assert_true(f.read_only);
	assert_int_equal(fat_time(0, 0), 0);
	assert_int_equal(fat_time(1 << 5 | 1, 0), 315532800);
	assert_int_equal(fat_time(20 << 9 | 2 << 5 | 29, 0), 951782400);
	assert_int_equal(fat_time(120 << 9 | 3 << 5 | 1, 0), 4107542400);
	assert_int_equal(fat_time(127 << 9 | 12 << 5 | 31, 0), 4354732800);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(short_names, begin, end),
		cmocka_unit_test_setup_teardown(long_names, begin, end),
		cmocka_unit_test_setup_teardown(broken_long_names, begin, end),
		cmocka_unit_test_setup_teardown(case_does_not_matter, begin, end),
		cmocka_unit_test_setup_teardown(tails, begin, end),
		cmocka_unit_test(capitals),
		cmocka_unit_test(utf8),
		cmocka_unit_test_setup_teardown(times, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
