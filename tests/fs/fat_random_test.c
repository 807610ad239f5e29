/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Thousands of operations in any order: after each one the volume is in perfect order and has on it
 * what a model has; every now and then fsck.fat and mtools say so, too.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fs/fat/write.h"
#include "tests/fs/fat_model.h"
#include "tests/fs/image.h"

enum { STEPS = 400, OTHERS_EVERY = 80 };

static struct model model;
static struct judge j;
static struct filesystem *fs;
static unsigned done, full;		/* operations that were done; refused for lack of room */

static int end(void **state)
{
	model_free(&model);
	return image_end(state);
}

/* ---- What to do ---- */

static unsigned any(unsigned below)
{
	return (unsigned)rand() % below;
}

static const char *any_name(void)
{
	static const char *const names[] = {
		"A", "b", "Image", "initrd.gz", "FILE.TXT", "file2.txt", "lower.EXT", "MiXeD.tXt",
		"a name with spaces", "a name with spaces 2", "longer.extension", ".hidden",
		"two.dots.c", "Ünïcödé.txt", "日本語のファイル", "a+b,c;d=e[f].x", "x~1", "IMAGE2",
		"a name of which the slots do not fit into one sector of a directory since it is "
		"so long that there are a great many of them, up to the most that FAT has, and a "
		"little more, and some more, and that's it: no more than two hundred and fifty",
		"thirteen.char",
	};
	static char text[300];
	const char *name = names[any(sizeof names / sizeof names[0])];

	if (any(3))
		snprintf(text, sizeof text, "%s", name);
	else
		snprintf(text, sizeof text, "%.200s%u", name, any(30));
	for (char *c = text; *c; c++)
		if (*c == ':')
			*c = '-';
	return text;
}

static const struct judged_node *any_node(bool directory)
{
	for (unsigned tries = 0; tries < 20 && model.count; tries++) {
		const struct judged_node *n = &model.nodes[any(model.count)];

		if (!n->data == directory)
			return n;
	}
	return NULL;
}

static void any_path(char *path)
{
	const struct judged_node *parent = any(3) ? any_node(true) : NULL;

	snprintf(path, JUDGE_PATH, "%s/%s",
		 parent && strlen(parent->path) < 500 ? parent->path : "", any_name());
}

static u32 any_size(void)
{
	u32 cluster = fat_of(fs)->cluster_bytes;

	switch (any(5)) {
	case 0: return any(3);
	case 1: return any(cluster);
	case 2: return cluster * any(5);
	case 3: return cluster * any(4) + any(3);
	default: return any(cluster * 9);
	}
}

static u8 *any_data(u32 size)
{
	u8 *data = malloc(size + 1);

	for (u32 i = 0; i < size; i++)
		data[i] = (u8)rand();
	return data;
}

/* Whether it was done; else there was no room, and nothing may have changed. */
static bool went_well(const char *what, const char *path, int error)
{
	char text[FS_EXPLAIN_BYTES];

	done += !error;
	full += error == -ENOSPC;
	if (error && error != -ENOSPC)
		fail_msg("%s: %s", what, fs_explain(fs, path, error, text));
	return !error;
}

/* ---- Operations ---- */

static void op_replace(void)
{
	const struct judged_node *old = any(3) ? NULL : any_node(false);
	u32 size = any_size();
	u8 *data = any_data(size);
	char path[JUDGE_PATH];

	if (old)
		strcpy(path, old->path);
	else
		any_path(path);
	old = model_find(&model, path);
	if (old && !old->data)
		assert_int_equal(fs_replace(fs, path, data, size), -EISDIR);
	else if (went_well("replace", path, fs_replace(fs, path, data, size)))
		model_set(&model, path, data, size);
	free(data);
}

static void op_write(void)
{
	const struct judged_node *n = any_node(false);
	u32 offset, size = any_size(), end;
	u8 *data, *whole;
	struct file f;

	if (!n)
		return;
	offset = any(3) ? any(n->size + 1) : any(3) ? n->size : n->size + any_size();
	data = any_data(size);
	end = size && offset + size > n->size ? offset + size : n->size;
	whole = calloc(1, end + 1);
	memcpy(whole, n->data, n->size);
	memcpy(whole + offset * !!size, data, size);
	assert_int_equal(fs_open(fs, n->path, &f), 0);
	if (went_well("write", n->path, file_write(&f, offset, data, size))) {
		assert_int_equal(f.size, end);
		model_set(&model, n->path, whole, end);
		memset(whole, 0x55, end);		/* and through the open file */
		assert_int_equal(file_read(&f, 0, whole, end), 0);
		assert_memory_equal(whole, model_find(&model, n->path)->data, end);
	}
	free(whole);
	free(data);
}

static void op_truncate(void)
{
	const struct judged_node *n = any_node(false);
	u32 size = any_size();
	struct file f;
	u8 *whole;

	if (!n)
		return;
	if (any(2))
		size = any(n->size + 1);
	whole = calloc(1, size + 1);
	memcpy(whole, n->data, size < n->size ? size : n->size);
	assert_int_equal(fs_open(fs, n->path, &f), 0);
	if (went_well("truncate", n->path, file_truncate(&f, size)))
		model_set(&model, n->path, whole, size);
	free(whole);
}

static void op_rename(void)
{
	const struct judged_node *n = any_node(!any(4)), *onto;
	char from[JUDGE_PATH], to[JUDGE_PATH];
	size_t length;
	int error;

	if (!n)
		return;
	strcpy(from, n->path);
	length = strlen(from);
	any_path(to);
	onto = any(4) ? NULL : any_node(false);
	if (onto)
		strcpy(to, onto->path);
	onto = model_find(&model, to);
	error = fs_rename(fs, from, to);
	if (onto && onto != n && (!n->data || !onto->data))
		assert_int_equal(error, n->data ? -EISDIR : onto->data ? -ENOTDIR : -EEXIST);
	else if (!n->data && !strncasecmp(to, from, length) && to[length] == '/')
		assert_int_equal(error, -EINVAL);
	else if (went_well("rename", from, error))
		model_rename(&model, from, to);
}

static void op_remove(void)
{
	const struct judged_node *n = any_node(!any(3));
	size_t length;

	if (!n)
		return;
	length = strlen(n->path);
	for (unsigned i = 0; i < model.count; i++)
		if (!strncmp(model.nodes[i].path, n->path, length) &&
		    model.nodes[i].path[length] == '/') {
			assert_int_equal(fs_remove(fs, n->path), -ENOTEMPTY);
			return;
		}
	if (went_well("remove", n->path, fs_remove(fs, n->path)))
		model_remove(&model, n->path);
}

static void op_directory(void)
{
	char path[JUDGE_PATH];

	any_path(path);
	if (model_find(&model, path))
		assert_int_equal(fs_make_directory(fs, path), -EEXIST);
	else if (strlen(path) < 300 && went_well("mkdir", path, fs_make_directory(fs, path)))
		model_set(&model, path, NULL, 0);
}

static void op_label(void)
{
	static const char *const labels[] = { "", "A", "SOME LABEL", "11_LETTERS_" };
	const char *label = labels[any(4)];

	if (went_well("label", label, fs_set_label(fs, label)))
		assert_string_equal(fs->label, label);
}

static void (*const operations[])(void) = {
	op_replace, op_replace, op_replace, op_replace, op_write, op_write, op_write, op_truncate,
	op_rename, op_rename, op_remove, op_remove, op_directory, op_label,
};

/* ---- Judgement ---- */

static u64 disk_bytes(void)
{
	return disk.block.limits.block_count * disk.block.limits.block_size;
}

static void check_all(unsigned step)
{
	const char *differs;

	if (!judge(&j, disk.data, disk_bytes()))
		fail_msg("step %u: %s", step, j.problem);
	differs = model_differs(&model, &j);
	if (differs)
		fail_msg("step %u: %s", step, differs);
	judge_free(&j);
}

static void ask_others(void)
{
	shell("rm -rf $DIR $OUT && mkdir $DIR $OUT");
	for (unsigned i = 0; i < model.count; i++) {
		const struct judged_node *n = &model.nodes[i];
		char path[2048];
		FILE *file;

		snprintf(path, sizeof path, "%s%s", getenv("DIR"), n->path);
		if (!n->data) {
			assert_int_equal(mkdir(path, 0777), 0);
			continue;
		}
		file = fopen(path, "wb");
		assert_non_null(file);
		assert_int_equal(fwrite(n->data, 1, n->size, file), n->size);
		fclose(file);
	}
	image_save(&disk);
	shell("fsck.fat -n $IMG >$IMG.log || { cat $IMG.log; exit 1; }");
	if (fat_of(fs)->bits == 32 && fat_of(fs)->clusters < 65525)
		return;			/* mtools takes it for something else */
	shell("mcopy -s -n -Q -i $IMG ::/ $OUT && diff -r $DIR $OUT");
}

static void run(const char *mkfs, unsigned kib, u32 block_size, unsigned seed)
{
	shell("rm -f $IMG && truncate -s %uK $IMG && mkfs.fat %s $IMG >/dev/null", kib, mkfs);
	image_attach(&disk, block_size);
	srand(seed);
	fs = mount_whole(&disk);
	for (unsigned step = 1; step <= STEPS; step++) {
		if (model.count > 100)
			op_remove();
		else
			operations[any(sizeof operations / sizeof operations[0])]();
		check_all(step);
		if (step % OTHERS_EVERY == 0) {
			ask_others();
			fs_unmount(fs);
			fs = mount_whole(&disk);
		}
	}
	fs_unmount(fs);
	model_free(&model);
	sim_disk_end(&disk);
}

#define RANDOM(name, ...) \
	static void name(void **state) \
	{ \
		(void)state; \
		run(__VA_ARGS__); \
		print_message("%u done, %u did not fit\n", done, full); \
	}
RANDOM(fat12, "-F 12 -s 1 -r 512", 700, 512, 1)
RANDOM(fat12_small, "-F 12 -s 1 -r 64", 64, 512, 2)
RANDOM(fat12_large, "-F 12 -s 1 -r 512", 2050, 512, 3)
RANDOM(fat16, "-F 16 -s 1 -f 1", 2200, 512, 4)
RANDOM(fat16_sectors, "-F 16 -s 1 -S 4096", 17000, 512, 5)
RANDOM(fat32, "-F 32 -s 1", 600, 512, 6)
RANDOM(fat32_real, "-F 32 -s 1", 34000, 512, 9)
RANDOM(fat32_small, "-F 32 -s 2", 100, 512, 7)
RANDOM(fat32_blocks, "-F 32 -s 4", 2000, 4096, 8)

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fat12, image_begin, end),
		cmocka_unit_test_setup_teardown(fat12_small, image_begin, end),
		cmocka_unit_test_setup_teardown(fat12_large, image_begin, end),
		cmocka_unit_test_setup_teardown(fat16, image_begin, end),
		cmocka_unit_test_setup_teardown(fat16_sectors, image_begin, end),
		cmocka_unit_test_setup_teardown(fat32, image_begin, end),
		cmocka_unit_test_setup_teardown(fat32_real, image_begin, end),
		cmocka_unit_test_setup_teardown(fat32_small, image_begin, end),
		cmocka_unit_test_setup_teardown(fat32_blocks, image_begin, end),
	};

	if (count > 1)
		cmocka_set_test_filter(arguments[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
