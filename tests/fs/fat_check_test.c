/* SPDX-License-Identifier: BSD-2-Clause */
/* fsck: what it finds, what it repairs and what it leaves alone; fsck.fat has the last word. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/fat/write.h"
#include "tests/fs/fat_model.h"
#include "tests/fs/image.h"

static struct filesystem *fs;
static struct judge j;
static u8 *right;			/* the volume in order */
static u64 bytes;
static char said[4096];

static int end(void **state)
{
	free(right);
	right = NULL;
	return image_end(state);
}

static void make(const char *mkfs, unsigned kib)
{
	shell("rm -f $IMG && truncate -s %uK $IMG && mkfs.fat %s $IMG >/dev/null", kib, mkfs);
	shell("cd $DIR && mkdir -p sub/inner && head -c 9000 /dev/urandom >file && "
	      "head -c 3000 /dev/urandom >'sub/A file with a long name' && echo x >sub/inner/x && "
	      ": >empty && mcopy -s -i $IMG file sub empty ::/");
	image_attach(&disk, 512);
	bytes = (u64)kib * 1024;
	right = memcpy(malloc(bytes), disk.data, bytes);
	fs = mount_whole(&disk);
}

static u8 *at(u64 place)
{
	return disk.data + place;
}

static u64 entry_of(const char *path)
{
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	return f.own[FILE_ENTRY_AT];
}

static u32 first_of(const char *path)
{
	struct file f;

	assert_int_equal(fs_open(fs, path, &f), 0);
	return (u32)f.own[FILE_FIRST];
}

/* On the disk, past every cache; in all copies, or only in the first. */
static void fat_poke(u32 cluster, u32 value, bool all)
{
	for (unsigned i = 0; i < (all ? fat_of(fs)->fats : 1); i++)
		store_le16(at(fat_of(fs)->fats_at + i * fat_of(fs)->fat_bytes + cluster * 2),
			   (u16)value);
}

static void say(void *context, const char *line)
{
	(void)context;
	strcat(strcat(said, line), "\n");
}

static struct fs_check check(bool repair)
{
	struct fs_check c = { .repair = repair, .say = say };

	said[0] = 0;
	fs_unmount(fs);
	fs = mount_whole(&disk);
	assert_int_equal(fs_check(fs, &c), 0);
	return c;
}

static void expect_repair(const char *words)
{
	u8 *before = memcpy(malloc(bytes), disk.data, bytes);
	struct fs_check c = check(false);

	assert_int_equal(c.damage, 0);
	assert_true(c.repairs > 0);
	if (!strstr(said, words))
		fail_msg("'%s' is not in '%s'", words, said);
	assert_memory_equal(disk.data, before, bytes);		/* looking changes nothing */
	free(before);
	check(true);
	assert_int_equal(check(false).repairs, 0);
	assert_string_equal(said, "");
	if (!judge(&j, disk.data, bytes))
		fail_msg("%s: %s", words, j.problem);
	judge_free(&j);
	image_save(&disk);
	shell("fsck.fat -n $IMG >$IMG.log || { cat $IMG.log; exit 1; }");
	memcpy(disk.data, right, bytes);
}

/* Neither fsck nor anything else touches the volume. */
static void expect_damage(const char *words)
{
	u8 *before = memcpy(malloc(bytes), disk.data, bytes);
	struct fs_check c = check(true);

	assert_true(c.damage > 0);
	if (!strstr(said, words))
		fail_msg("'%s' is not in '%s'", words, said);
	fs_unmount(fs);
	fs = mount_whole(&disk);
	fat_of(fs)->dirty = true;		/* as if the power had failed */
	assert_int_equal(fs_replace(fs, "/new", "", 0), -EIO);
	assert_int_equal(fs_replace(fs, "/new", "", 0), -EROFS);
	assert_non_null(strstr(fs->why, "fsck"));
	assert_memory_equal(disk.data, before, bytes);
	memcpy(disk.data, right, bytes);
	free(before);
	fs_unmount(fs);
	fs = mount_whole(&disk);
}

static void in_order(void **state)
{
	struct fs_check c;

	(void)state;
	make("-F 16 -s 1", 2200);
	c = check(true);
	assert_int_equal(c.damage, 0);
	assert_int_equal(c.repairs, 0);
	assert_int_equal(c.files, 4);
	assert_int_equal(c.directories, 2);
	assert_string_equal(said, "");
	assert_memory_equal(disk.data, right, bytes);
	fs_unmount(fs);
}

static void repaired(void **state)
{
	u64 entry;
	u32 file;

	(void)state;
	make("-F 16 -s 1", 2200);
	file = first_of("/file");

	fat_poke(3000, 3001, true);
	fat_poke(3001, 0xffff, true);
	expect_repair("2 clusters are in use, but belong to nothing");
	fat_poke(3000, file + 1, true);				/* ... and lead somewhere */
	expect_repair("1 clusters are in use");
	fat_poke(3000, 0x1234, false);
	expect_repair("copy 2 of the FAT is not like the first");
	*at(37) |= 1;
	expect_repair("the power failed");
	fat_poke(1, 0x7fff, true);
	expect_repair("the power failed");
	fat_poke(file + 17, 3000, true);		/* 18 clusters, and then free ones */
	expect_repair("'file': its chain is longer than the file");
	store_le16(at(entry_of("/empty") + ENTRY_CLUSTER_LOW), 3000);
	expect_repair("'empty': a cluster, but no bytes");
	store_le16(at(fat_cluster_at(fat_of(fs), first_of("/sub/inner")) + 32 + ENTRY_CLUSTER_LOW),
		   77);
	expect_repair("its '..' leads to 77");
	store_le16(at(fat_cluster_at(fat_of(fs), first_of("/sub")) + ENTRY_CLUSTER_LOW), 77);
	expect_repair("its '.' leads to 77");
	entry = entry_of("/sub/A file with a long name");
	*at(entry - 32 + LONG_CHECKSUM) ^= 1;
	expect_repair("a part of a name that belongs to nobody");
	*at(entry + 96) = 'X';
	expect_repair("a part of a name that belongs to nobody");
	memcpy(at(43), "OTHER LABEL", 11);
	expect_repair("the boot sector has another label");
	fs_unmount(fs);
}

static void info_repaired(void **state)
{
	(void)state;
	make("-F 32 -s 1", 35000);
	store_le32(at(fat_of(fs)->info_at + 488), 17);
	expect_repair("FSInfo says that 17 clusters are free");
	store_le32(at(fat_of(fs)->info_at + 488), UINT32_MAX);
	assert_int_equal(check(false).repairs, 0);		/* it may be unknown */
	memcpy(disk.data, right, bytes);
	*at(65) |= 1;
	expect_repair("the power failed");
	*at(fat_of(fs)->fats_at + 7) &= ~8;
	expect_repair("the power failed");
	fs_unmount(fs);
}

static void damaged(void **state)
{
	u32 file, other;
	u8 *slots;

	(void)state;
	make("-F 16 -s 1", 2200);
	file = first_of("/file");
	other = first_of("/sub/A file with a long name");

	fat_poke(file + 3, 0xffff, true);
	expect_damage("'file': its chain ends after 4 of 18 clusters");
	fat_poke(file + 3, 0, true);
	expect_damage("is in use, but free in the FAT");
	fat_poke(file + 3, 0xfff7, true);
	expect_damage("marked as bad");
	fat_poke(file + 3, 0xfff0, true);
	expect_damage("which the volume does not have");
	fat_poke(file + 3, file, true);
	expect_damage("belongs to something else, too");
	fat_poke(other + 1, file + 5, true);
	expect_damage("belongs to something else, too");
	store_le16(at(entry_of("/file") + ENTRY_CLUSTER_LOW), 0xfff0);
	expect_damage("'file': there is no cluster 65520");
	store_le16(at(entry_of("/file") + ENTRY_CLUSTER_LOW), 0);
	expect_damage("'file': there is no cluster 0");
	store_le16(at(entry_of("/sub/inner") + ENTRY_CLUSTER_LOW), (u16)first_of("/sub"));
	expect_damage("'inner': cluster");
	*at(fat_cluster_at(fat_of(fs), first_of("/sub/inner"))) = 'X';
	expect_damage("has no '.' and '..'");
	slots = at(fat_cluster_at(fat_of(fs), first_of("/sub/inner")));
	memmove(slots + 32, slots, 96);				/* where nobody looks for them */
	slots[0] = NAME_FREE;
	expect_damage("has no '.' and '..'");
	fat_poke(first_of("/sub/inner"), 1, true);
	expect_damage("which the volume does not have");
	fs_unmount(fs);
}

struct steps {
	unsigned count, most;
	u64 done, total;
};

static bool step(void *context, u64 done, u64 total)
{
	struct steps *s = context;

	assert_true(done >= s->done && done <= total && (!s->count || total == s->total));
	s->done = done;
	s->total = total;
	return ++s->count < s->most;
}

static void progress(void **state)
{
	struct steps all = { .most = UINT32_MAX };
	struct fs_check c = { .progress = step, .context = &all };
	u8 *before;

	(void)state;
	make("-F 16 -s 1", 30000);
	fat_poke(3000, 0xffff, false);
	before = memcpy(malloc(bytes), disk.data, bytes);
	assert_int_equal(fs_check(fs, &c), 0);
	assert_true(all.count > 8);
	for (unsigned most = 1; most <= all.count; most++) {
		struct steps some = { .most = most };

		c = (struct fs_check){ .progress = step, .context = &some, .repair = true };
		assert_int_equal(fs_check(fs, &c), -ECANCELED);
		assert_int_equal(some.count, most);
	}
	assert_memory_equal(disk.data, before, bytes);
	free(before);
	fs_unmount(fs);
}

static bool is_mark(u64 place)
{
	u64 in_fat = (place - fat_of(fs)->fats_at) % fat_of(fs)->fat_bytes;

	return place == 37 || (place >= fat_of(fs)->fats_at && place < fat_of(fs)->root_at &&
			       (in_fat == 2 || in_fat == 3));
}

/* A volume that was left in order is dirty on the medium before anything else of it changes. */
static void marked_before_repaired(void **state)
{
	unsigned flushes = 0, others = 0;
	u8 *medium;

	(void)state;
	make("-F 16 -s 1", 2200);
	fat_poke(3000, 3001, true);
	fat_poke(3001, 0xffff, true);
	fat_poke(3002, 0xffff, false);
	assert_int_equal(*at(37) & 1, 0);
	medium = memcpy(malloc(bytes), disk.data, bytes);
	disk.keep_log = true;
	assert_true(check(true).repairs > 0);
	disk.keep_log = false;
	for (size_t i = 0; i < disk.log_count; i++) {
		const struct sim_disk_event *e = &disk.log[i];
		u64 start = e->lba * 512;

		if (e->op == BLOCK_FLUSH) {
			flushes += medium[37] & 1;
			continue;
		}
		for (u64 k = 0; k < e->blocks * 512ull; k++) {
			if (medium[start + k] == e->data[k])
				continue;
			if (!is_mark(start + k) && (others++, !flushes || !(medium[37] & 1)))
				fail_msg("byte %llu changes on a volume that is not marked dirty",
					 (unsigned long long)(start + k));
			medium[start + k] = e->data[k];
		}
	}
	assert_true(flushes >= 2 && others > 0);
	assert_int_equal(medium[37] & 1, 0);
	assert_memory_equal(medium, disk.data, bytes);
	sim_disk_forget_log(&disk);
	free(medium);
	fs_unmount(fs);
}

/* Clusters that nobody seems to know are not freed while something cannot be read. */
static void damage_first(void **state)
{
	(void)state;
	make("-F 16 -s 1", 2200);
	fat_poke(first_of("/sub"), 0, true);			/* its chain is cut off */
	fat_poke(3000, 0xffff, true);
	*at(37) |= 1;
	expect_damage("is in use, but free in the FAT");
	fs_unmount(fs);
}

static void write_protected(void **state)
{
	struct fs_check c = { .repair = true };

	(void)state;
	make("-F 16 -s 1", 2200);
	fs_unmount(fs);
	*at(37) |= 1;
	disk.block.limits.read_only = true;
	fs = mount_whole(&disk);
	assert_int_equal(fs_check(fs, &c), -EROFS);
	assert_int_equal(fs_replace(fs, "/new", "", 0), -EROFS);
	fs_unmount(fs);
}

/* What the disk cannot read may be in order: the cause is the disk's, and is no damage. */
static void read_failed(void **state)
{
	struct fs_check c = { .repair = true, .say = say };

	(void)state;
	make("-F 16 -s 4 -r 2048", 9000);	/* the root is not read together with the others */
	disk.bad_lba = fat_cluster_at(fat_of(fs), first_of("/sub")) / 512;
	fs_unmount(fs);
	*at(37) |= 1;
	said[0] = 0;
	fs = mount_whole(&disk);
	assert_int_equal(fs_check(fs, &c), -EIO);
	assert_int_equal(c.damage, 0);
	assert_null(strstr(said, "cluster"));
	assert_int_equal(fs_replace(fs, "/new", "", 0), -EIO);
	assert_null(fs->why_read_only);
	disk.bad_lba = UINT64_MAX;
	assert_int_equal(fs_replace(fs, "/new", "", 0), 0);
	fs_unmount(fs);
}

/* Boot sectors of DOS 3 have code where later ones say that the volume is dirty. */
static void without_a_state(void **state)
{
	(void)state;
	make("-F 16 -s 1", 2200);
	*at(37) = 0xff;
	*at(38) = 0;
	assert_int_equal(check(true).repairs, 0);
	assert_int_equal(fs_replace(fs, "/new", "", 0), 0);
	assert_int_equal(check(false).repairs, 0);
	assert_int_equal(*at(37), 0xff);
	fs_unmount(fs);
}

/*
 * After a write that failed nothing more is written; the next mount repairs. Whatever the disk
 * calls it: that it is full, or has stopped, is not that the operation was undone.
 */
static void write_failed(void **state)
{
	static const int says[] = { -EIO, -ENOSPC, -ECANCELED };
	static u8 data[5000];

	(void)state;
	make("-F 16 -s 1", 2200);
	for (unsigned i = 0; i < 9; i++) {
		const u64 places[] = { fat_of(fs)->fats_at, entry_of("/file"),
				       fat_cluster_at(fat_of(fs), 4000) };

		fat_of(fs)->search = 4000;
		disk.bad_lba = places[i % 3] / 512;
		disk.bad_status = says[i / 3];
		assert_true(fs_replace(fs, "/file", data, sizeof data) < 0);
		disk.bad_lba = UINT64_MAX;
		assert_int_equal(fs_replace(fs, "/other", data, 1), -EROFS);
		fs_unmount(fs);
		fs = mount_whole(&disk);
		assert_int_equal(fs_replace(fs, "/other", data, 1), 0);
		if (!judge(&j, disk.data, bytes))
			fail_msg("%s", j.problem);
		judge_free(&j);
	}
	fs_unmount(fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, image_begin, end),
		cmocka_unit_test_setup_teardown(repaired, image_begin, end),
		cmocka_unit_test_setup_teardown(info_repaired, image_begin, end),
		cmocka_unit_test_setup_teardown(progress, image_begin, end),
		cmocka_unit_test_setup_teardown(marked_before_repaired, image_begin, end),
		cmocka_unit_test_setup_teardown(damaged, image_begin, end),
		cmocka_unit_test_setup_teardown(damage_first, image_begin, end),
		cmocka_unit_test_setup_teardown(write_protected, image_begin, end),
		cmocka_unit_test_setup_teardown(write_failed, image_begin, end),
		cmocka_unit_test_setup_teardown(read_failed, image_begin, end),
		cmocka_unit_test_setup_teardown(without_a_state, image_begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
