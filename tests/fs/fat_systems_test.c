/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Volumes as Windows and macOS leave them. Neither system runs here: what they are known to do is
 * put on what mkfs.fat and mtools make, byte by byte.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "fs/fat/write.h"
#include "lib/errors.h"
#include "tests/fs/image.h"

enum { OEM_NAME = 3 };

static u8 *entry_of(struct filesystem *fs, const char *path)
{
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	return disk.data + f.own[FILE_ENTRY_AT];
}

static struct filesystem *remount(struct filesystem *fs)
{
	assert_int_equal(fs_unmount(fs), 0);
	return mount_whole(&disk);
}

/* "name/ name2 (h)name3 ": in the directory's order; (h): hidden. */
static const char *names(struct filesystem *fs, const char *path)
{
	static char text[1000];
	struct file_info info;
	struct directory d;

	text[0] = 0;
	assert_int_equal(fs_open_directory(fs, path, &d), 0);
	while (!directory_next(&d, &info))
		snprintf(strchr(text, 0), sizeof text - strlen(text), "%s%s%s, ",
			 info.hidden ? "(h)" : "", info.name, info.is_directory ? "/" : "");
	return text;
}

static void has(struct filesystem *fs, const char *path, const char *wanted)
{
	char data[100] = "";
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	assert_true(f.size < sizeof data);
	assert_int_equal(file_read(&f, 0, data, (size_t)f.size), 0);
	assert_string_equal(data, wanted);
}

static unsigned check(struct filesystem *fs, bool repair)
{
	struct fs_check c = { .repair = repair };

	assert_int_equal(fs_check(fs, &c), 0);
	assert_int_equal(c.damage, 0);
	return c.repairs;
}

/* fsck.fat has the last word. */
static void judged(void)
{
	image_save(&disk);
	shell("fsck.fat -n $IMG >$IMG.log || { cat $IMG.log; exit 1; }");
}

/*
 * Its format: data on a boundary of 1 MiB by reserved sectors, OEM name MSDOS5.0. Its names: in
 * lower case by two bits instead of a long name, its hidden folders. It keeps what the four upper
 * bits of a FAT entry are, and so must we.
 */
static void windows(void **state)
{
	struct filesystem *fs;
	struct file f;
	u64 place;
	u32 value;
	u8 *e;

	(void)state;
	shell("truncate -s 300M $IMG && mkfs.fat -F 32 -s 8 -R 3306 -h 2048 -n START $IMG "
	      ">/dev/null");
	shell("cd $DIR && mkdir -p 'System Volume Information' '$RECYCLE.BIN/S-1-5-18' && "
	      "printf settings >'System Volume Information/WPSettings.dat' && "
	      "printf guid >'System Volume Information/IndexerVolumeGuid' && "
	      "printf ini >'$RECYCLE.BIN/S-1-5-18/desktop.ini' && printf one >README.TXT && "
	      "printf two >SETUP.EXE && printf three >\"Ein Brief an Zo\u00eb.docx\" && "
	      "printf four >KANJI.TXT && mcopy -s -i $IMG 'System Volume Information' "
	      "'$RECYCLE.BIN' README.TXT SETUP.EXE KANJI.TXT Ein* ::/ && "
	      "mattrib -i $IMG +s +h '::/System Volume Information' '::/$RECYCLE.BIN'");
	image_attach(&disk, 512);
	memcpy(disk.data + OEM_NAME, "MSDOS5.0", 8);
	fs = mount_whole(&disk);
	entry_of(fs, "/README.TXT")[ENTRY_CASE] = 0x18;		/* both in lower case */
	entry_of(fs, "/SETUP.EXE")[ENTRY_CASE] = 0x10;		/* the extension is */
	e = entry_of(fs, "/KANJI.TXT");
	e[0] = 0x05;						/* stands for 0xe5 */
	assert_int_equal(fs_open(fs, "/SETUP.EXE", &f), 0);
	place = fat_of(fs)->fat_at + f.own[FILE_FIRST] * 4;
	for (unsigned i = 0; i < 2; i++)
		disk.data[place + i * fat_of(fs)->fat_bytes + 3] |= 0xa0;
	fs = remount(fs);

	assert_string_equal(fs->label, "START");
	assert_string_equal(names(fs, "/"), "(h)System Volume Information/, (h)$RECYCLE.BIN/, "
			    "readme.txt, SETUP.exe, \xc3\x95" "ANJI.TXT, "
			    "Ein Brief an Zo\u00eb.docx, ");
	has(fs, "/system volume information/wpsettings.dat", "settings");
	has(fs, "/$Recycle.Bin/S-1-5-18/desktop.ini", "ini");
	has(fs, "/README.txt", "one");
	has(fs, "/setup.exe", "two");
	has(fs, "/Ein Brief an Zo\u00cb.docx", "three");
	has(fs, "/\xc3\x95" "anji.txt", "four");

	assert_int_equal(fs_replace(fs, "/setup.exe", "new", 3), 0);
	assert_int_equal(fs_replace(fs, "/readme.txt", "newer", 5), 0);
	assert_int_equal(fs_rename(fs, "/\xc3\x95" "anji.txt", "/other"), 0);
	assert_int_equal(fs_set_label(fs, "Etwas"), 0);
	has(fs, "/SETUP.EXE", "new");
	has(fs, "/other", "four");
	memcpy(&value, disk.data + place, 4);
	assert_int_equal(value, 0xa0000000);		/* free, with the bits it had */
	fs = remount(fs);
	assert_int_equal(check(fs, false), 0);
	assert_string_equal(names(fs, "/"), "(h)System Volume Information/, (h)$RECYCLE.BIN/, "
			    "readme.txt, SETUP.exe, Ein Brief an Zo\u00eb.docx, other, ");
	disk.data[place + 3] = disk.data[place + fat_of(fs)->fat_bytes + 3] = 0;
	fs_unmount(fs);
	judged();
}

/*
 * Its format: OEM name BSD  4.4. Beside each file that has attributes, one that begins with ._;
 * names are decomposed; what begins with a dot has a long name. While it is mounted the volume is
 * dirty, and stays so when the medium is pulled.
 */
static void macos(void **state)
{
	struct filesystem *fs;

	(void)state;
	shell("truncate -s 80M $IMG && mkfs.fat -F 32 -s 1 -R 32 -n 'NO NAME' $IMG >/dev/null");
	shell("cd $DIR && rm -rf * && mkdir -p .fseventsd .Spotlight-V100/Store-V2 .Trashes && "
	      "printf uuid >.fseventsd/fseventsd-uuid && printf no >.Trashes/no_log && "
	      "head -c 4096 /dev/urandom >._Image && printf kernel >Image && "
	      "printf store >.DS_Store && printf a >\"Bru\u0308cke.txt\" && "
	      "printf b >\"._Bru\u0308cke.txt\" && mcopy -s -i $IMG .fseventsd .Spotlight-V100 "
	      ".Trashes ._Image Image .DS_Store Bru* ._Bru* ::/");
	image_attach(&disk, 512);
	memcpy(disk.data + OEM_NAME, "BSD  4.4", 8);
	fs = mount_whole(&disk);
	for (unsigned i = 0; i < 2; i++)	/* pulled: not shut down in order (3.5, FAT[1]) */
		disk.data[fat_of(fs)->fat_at + i * fat_of(fs)->fat_bytes + 4 + 3] &= ~0x08;
	fs = remount(fs);
	assert_string_equal(names(fs, "/"), ".fseventsd/, .Spotlight-V100/, .Trashes/, ._Image, "
			    "Image, .DS_Store, Bru\u0308cke.txt, ._Bru\u0308cke.txt, ");
	has(fs, "/image", "kernel");
	has(fs, "/bru\u0308CKE.TXT", "a");
	has(fs, "/.ds_store", "store");
	assert_int_equal(fs_remove(fs, "/._Image"), 0);
	assert_int_equal(fs_replace(fs, "/Br\u00fccke.txt", "c", 1), 0);	/* another name */
	has(fs, "/Bru\u0308cke.txt", "a");
	fs = remount(fs);
	assert_int_equal(check(fs, false), 0);
	fs_unmount(fs);
	judged();
}

/* Formatted by a camera or by Windows 95: no long names, no times. */
static void old_ones(void **state)
{
	struct filesystem *fs;
	u8 *e;

	(void)state;
	shell("truncate -s 20M $IMG && mkfs.fat -F 16 -s 4 $IMG >/dev/null");
	shell("cd $DIR && rm -rf * .[!.]* && mkdir -p DCIM/100CANON && "
	      "printf jpeg >DCIM/100CANON/IMG_0001.JPG && mcopy -s -i $IMG DCIM ::/");
	image_attach(&disk, 512);
	fs = mount_whole(&disk);
	e = entry_of(fs, "/DCIM");
	memset(e + ENTRY_CASE, 0, ENTRY_CLUSTER_HIGH - ENTRY_CASE);
	memset(e + ENTRY_WRITTEN_TIME, 0, 4);
	e = entry_of(fs, "/DCIM/100CANON/IMG_0001.JPG");
	memset(e + ENTRY_WRITTEN_TIME, 0, 4);
	fs = remount(fs);
	has(fs, "/dcim/100canon/img_0001.jpg", "jpeg");
	assert_int_equal(fs_replace(fs, "/DCIM/100CANON/IMG_0002.JPG", "jpg", 3), 0);
	fs = remount(fs);
	assert_int_equal(check(fs, false), 0);
	fs_unmount(fs);
	judged();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IMAGE_TEST(windows),
		IMAGE_TEST(macos),
		IMAGE_TEST(old_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
