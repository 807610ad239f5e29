/* SPDX-License-Identifier: BSD-2-Clause */
/* Volumes that are damaged: what is wrong is said, with its cluster; nothing hangs. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/fat/fat.h"
#include "lib/errors.h"
#include "tests/fs/image.h"

static struct filesystem *fs;

static int begin(void **state, const char *mkfs)
{
	image_begin(state);
	shell("truncate -s 70M $IMG && mkfs.fat %s $IMG >/dev/null && cd $DIR && "
	      "head -c 20000 /dev/urandom >f && mkdir d d/e && cp f d/e/g && "
	      "mcopy -s -i $IMG f d ::/", mkfs);
	image_attach(&disk, 512);
	fs = mount_whole(&disk);
	return 0;
}

static int begin16(void **state)
{
	return begin(state, "-F 16 -s 4");
}

static int begin32(void **state)
{
	return begin(state, "-F 32 -s 1");
}

static int end(void **state)
{
	if (fs)
		fs_unmount(fs);
	fs = NULL;
	return image_end(state);
}

/* ---- Chains ---- */

static void set(u32 cluster, u32 value)
{
	struct fat *f = fat_of(fs);

	if (f->bits == 32)
		store_le32(disk.data + f->fat_at + 4 * cluster, value);
	else
		store_le16(disk.data + f->fat_at + 2 * cluster, (u16)value);
}

static void remount(void)
{
	fs_unmount(fs);
	fs = mount_whole(&disk);
}

/* Reading all of @path, by itself and as a stream: @error, in these words. */
static void reads(const char *path, int error, const char *format, u32 number)
{
	static u8 data[20000];
	char why[FS_WHY_BYTES], text[FS_EXPLAIN_BYTES];
	struct file_stream *s;
	const void *window;
	struct file f;
	size_t bytes = 1;
	int result;

	remount();
	assert_int_equal(fs_open(fs, path, &f), 0);
	assert_int_equal(file_read(&f, 0, data, sizeof(data)), error);
	snprintf(why, sizeof(why), format, number);
	if (!strstr(fs->why, why) || (!error && fs->why[0]))
		fail_msg("'%s': not '%s'", fs->why, why);
	assert_non_null(strstr(fs_explain(fs, path, error, text), why));
	assert_non_null(strstr(text, path));
	if (error == -EIO)
		assert_int_equal(fs_remove(fs, path), -EROFS);
	assert_int_equal(file_stream_open(&s, &f, 0, f.size), 0);
	while (!(result = file_stream_next(s, &window, &bytes)) && bytes)
		;
	assert_int_equal(result, error);
	file_stream_close(s);
}

static u32 first_of(const char *path)
{
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	return (u32)f.own[FILE_FIRST];
}

static void chains(void **state)
{
	u32 c = first_of("/f"), last = fat_last(fat_of(fs)), all = fat_of(fs)->clusters;

	(void)state;
	reads("/f", 0, "", 0);
	set(c + 1, c);
	reads("/f", -EIO, "the chain loops at cluster %u", c);
	set(c + 1, c + 1);
	reads("/f", -EIO, "the chain loops at cluster %u", c + 1);
	set(c + 1, last);
	reads("/f", -EIO, fat_of(fs)->bits == 16 ?
	      "the chain ends with cluster %u, after 4096 of 20000 bytes" :
	      "the chain ends with cluster %u, after 1024 of 20000 bytes", c + 1);
	set(c + 1, 0);
	reads("/f", -EIO, "cluster %u is in use, but free in the FAT", c + 1);
	set(c + 1, last - 1);
	reads("/f", -EIO, "cluster %u is marked as bad", c + 1);
	set(c + 1, 1);
	reads("/f", -EIO, "after cluster %u comes 1, which the volume does not have", c + 1);
	set(c + 1, all + 2);
	assert_int_equal(fat_is_cluster(fat_of(fs), all + 2), false);
	reads("/f", -EIO, "after cluster %u comes", c + 1);
	set(c + 1, all + 1);			/* the last one, and on as if there were more */
	set(all + 1, all + 2);
	set(all + 2, all + 3);
	reads("/f", -EIO, "after cluster %u comes", all + 1);
}

/* More clusters than the size needs are no reason to refuse the file; a circle behind it is. */
static void long_chains(void **state)
{
	u32 c = first_of("/f"), end = c + 19999 / fat_of(fs)->cluster_bytes;

	(void)state;
	set(end, end + 500);
	set(end + 500, 0x0fffffff);
	reads("/f", 0, "", 0);
	set(end + 500, end + 501);
	set(end + 501, end + 502);
	set(end + 502, end + 500);
	remount();
	reads("/f", -EIO, "the chain loops at cluster", 0);
}

/* ---- Directories ---- */

static u8 *entry_of(const char *path)
{
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	return disk.data + f.own[FILE_ENTRY_AT];
}

static void opens(const char *path, int error, const char *words)
{
	struct file f;
	char text[FS_EXPLAIN_BYTES];

	remount();
	assert_int_equal(fs_open(fs, path, &f), error);
	fs_explain(fs, path, error, text);
	if (!strstr(text, words))
		fail_msg("%s: not '%s'", text, words);
}

static void set_first(u8 *entry, u32 cluster)
{
	store_le16(entry + ENTRY_CLUSTER_LOW, (u16)cluster);
	store_le16(entry + ENTRY_CLUSTER_HIGH, (u16)(cluster >> 16));
}

static void directories(void **state)
{
	u32 d = first_of("/d");
	u8 *e = entry_of("/d/e"), *f = entry_of("/f"), *g = entry_of("/d/e/g");
	struct directory walk;
	struct file_info info;
	int error;

	(void)state;
	/* Some write the root's number where 0 belongs. */
	set_first(disk.data + fat_cluster_at(fat_of(fs), d) + 32, fat_of(fs)->root_cluster);
	remount();
	assert_int_equal(fs_open(fs, "/d/e/g", &(struct file){ 0 }), 0);
	set_first(e, d);			/* it is its own parent */
	opens("/d/e/g", -EIO, "the '..' of directory 'e'");
	set_first(e, 0);
	opens("/d/e/g", -EIO, "directory 'e' begins in cluster 0, which");
	set_first(e, 0xfff0);
	opens("/d/e", -EIO, fat_of(fs)->bits == 16 ? "begins in cluster 65520, which" :
	      "does not lead back");
	set_first(f, 0);
	remount();
	assert_int_equal(fs_open(fs, "/f", &(struct file){ 0 }), 0);
	reads("/f", -EIO, "it begins in cluster %u, which the volume does not have", 0);
	store_le32(f + ENTRY_SIZE, UINT32_MAX);
	opens("/f", -EIO, "its 4294967295 bytes are more than the volume has");
	(void)g;

	/* A directory whose chain goes round in a circle, without an end. */
	for (u32 i = 2; i < fat_of(fs)->cluster_bytes / 32; i++) {
		u8 *slot = disk.data + fat_cluster_at(fat_of(fs), d) + 32 * i;

		memcpy(slot, "A          ", 11);
		slot[11] = 0;
	}
	set(d, d);
	remount();
	assert_int_equal(fs_open_directory(fs, "/d", &walk), 0);
	while (!(error = directory_next(&walk, &info)))
		;
	assert_int_equal(error, -EIO);
	assert_non_null(strstr(fs->why, "chain loops at cluster"));
	opens("/d/nothing", -EIO, "chain loops at cluster");
}

/* ---- Boot sectors ---- */

static void refused(unsigned at, unsigned bytes, u32 value, const char *words)
{
	u8 saved[512];
	char why[FS_WHY_BYTES];
	struct filesystem *other;
	struct volume v;

	memcpy(saved, disk.data, sizeof(saved));
	memcpy(disk.data + at, &value, bytes);
	volume_whole(&v, &disk.block);
	if (!fs_mount(&v, &other, why))
		fail_msg("mounted with %u at %u", value, at);
	if (!strstr(why, words))
		fail_msg("'%s': not '%s'", why, words);
	memcpy(disk.data, saved, sizeof(saved));
}

static void boot_sectors(void **state)
{
	static const struct {
		unsigned at, bytes;
		u32 value;
		const char *words;
	} common[] = {
		{ 11, 2, 0, "no filesystem" }, { 11, 2, 513, "no filesystem" },
		{ 11, 2, 8192, "no filesystem" }, { 11, 2, 256, "no filesystem" },
		{ 13, 1, 0, "no filesystem" }, { 13, 1, 3, "no filesystem" },
		{ 14, 2, 0, "no filesystem" }, { 16, 1, 0, "no filesystem" },
		{ 21, 1, 0, "no filesystem" },
		{ 32, 4, 143361, "bytes, but there are" }, { 32, 4, 0, "no room for clusters" },
		{ 32, 4, UINT32_MAX, "bytes, but there are" },
	}, only16[] = {
		{ 17, 2, 0, "root directory has no entries" },
		{ 22, 2, 1, "too small for" }, { 22, 2, 0, "no room for clusters" },
		{ 13, 1, 1, "clusters are too many for FAT16" },
	}, only32[] = {
		{ 36, 4, 0, "its FAT has no sectors" }, { 36, 4, 5, "too small for" },
		{ 16, 1, 255, "no room for clusters" },
		{ 36, 4, UINT32_MAX, "no room for clusters" },
		{ 42, 2, 0x102, "FAT32 of version 1.2" },
		{ 44, 4, 0, "root directory begins in cluster 0" },
		{ 44, 4, UINT32_MAX, "root directory begins in cluster" },
		{ 40, 2, 0x82, "copy 2 of its FAT counts, of 2" },
	};
	bool is_32 = fat_of(fs)->bits == 32;
	struct volume v;

	(void)state;
	for (unsigned i = 0; i < sizeof(common) / sizeof(common[0]); i++)
		refused(common[i].at, common[i].bytes, common[i].value, common[i].words);
	for (unsigned i = 0; i < sizeof(only16) / sizeof(only16[0]) && !is_32; i++)
		refused(only16[i].at, only16[i].bytes, only16[i].value, only16[i].words);
	for (unsigned i = 0; i < sizeof(only32) / sizeof(only32[0]) && is_32; i++)
		refused(only32[i].at, only32[i].bytes, only32[i].value, only32[i].words);
	/* An image that was cut. */
	volume_whole(&v, &disk.block);
	v.size -= 512;
	{
		char why[FS_WHY_BYTES];
		struct filesystem *other;

		assert_int_equal(fs_mount(&v, &other, why), -EINVAL);
		assert_non_null(strstr(why, "bytes, but there are"));
	}
}

/* 25600 entries are enough for 25598 clusters, and not for one more. */
static void smallest_fat(void **state)
{
	u32 sectors = load_le16(disk.data + 14) + 2 * 100 + load_le16(disk.data + 17) / 16;

	(void)state;
	store_le16(disk.data + 22, 100);
	refused(32, 4, sectors + 25599 * 4, "its FAT is too small for 25599 clusters");
	store_le32(disk.data + 32, sectors + 25598 * 4);
	remount();
	assert_int_equal(fat_of(fs)->clusters, 25598);
}

/* With mirroring off the other copy counts, and only that one. */
static void one_fat_counts(void **state)
{
	struct fat *f = fat_of(fs);
	u32 c = first_of("/f");

	(void)state;
	memcpy(disk.data + f->fats_at + f->fat_bytes, disk.data + f->fats_at, f->fat_bytes);
	set(c, 0);
	reads("/f", -EIO, "cluster %u is in use, but free in the FAT", c);
	disk.data[40] = 0x81;
	reads("/f", 0, "", 0);
}

static void dirty_bits(void **state)
{
	struct fat *f = fat_of(fs);
	bool is_32 = f->bits == 32;
	u8 *bit = disk.data + f->fat_at + (is_32 ? 7 : 3);

	(void)state;
	assert_false(f->dirty);
	*bit &= is_32 ? ~0x08 : ~0x80;
	remount();
	assert_true(fat_of(fs)->dirty);
	*bit |= is_32 ? 0x08 : 0x80;
	remount();
	assert_false(fat_of(fs)->dirty);
	disk.data[is_32 ? 65 : 37] |= 1;
	remount();
	assert_true(fat_of(fs)->dirty);
}

#define BOTH(test) \
	{ #test " (16)", test, begin16, end, NULL }, { #test " (32)", test, begin32, end, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(chains), BOTH(long_chains), BOTH(directories), BOTH(boot_sectors),
		BOTH(dirty_bits), { "smallest_fat", smallest_fat, begin16, end, NULL },
		{ "one_fat_counts", one_fat_counts, begin32, end, NULL },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
