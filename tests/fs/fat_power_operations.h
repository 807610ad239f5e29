/* SPDX-License-Identifier: BSD-2-Clause */
/* What fat_power_test.c cuts short: operations, what they make of a model, what they work on. */
#pragma once
#include "fs/fat/write.h"
#include "tests/fs/fat_model.h"

struct operation {
	const char *what;
	int (*run)(struct filesystem *fs);
	void (*model)(struct model *m);
	const char *from, *to;		/* of a rename: one of them is always there */
};

static u8 contents[40000];		/* of all new files, from different places */

#define OPERATION(name, result, change) \
	static int name(struct filesystem *fs) { return result; } \
	static void name##_model(struct model *m) { change; }

static int write_file(struct filesystem *fs, const char *path, u64 offset, const void *from,
		      u32 size)
{
	struct file f;
	int error = fs_open(fs, path, &f);

	return error ? error : file_write(&f, offset, from, size);
}

static int truncate_file(struct filesystem *fs, const char *path, u32 size)
{
	struct file f;
	int error = fs_open(fs, path, &f);

	return error ? error : file_truncate(&f, size);
}

static void model_write(struct model *m, const char *path, u32 offset, const u8 *from, u32 size)
{
	struct judged_node *n = model_find(m, path);
	u32 whole = offset + size > n->size ? offset + size : n->size;
	u8 *data = calloc(1, whole + 1);

	memcpy(data, n->data, n->size);
	memcpy(data + offset, from, size);
	model_set(m, path, data, whole);
	free(data);
}

static void model_truncate(struct model *m, const char *path, u32 size)
{
	struct judged_node *n = model_find(m, path);
	u8 *data = calloc(1, size + 1);

	memcpy(data, n->data, size < n->size ? size : n->size);
	model_set(m, path, data, size);
	free(data);
}

#define LONG "/a name that is so long that its slots lie in two sectors or even in three, " \
	"because it goes on and on, and does not end before it has reached, or at least nearly, " \
	"the most that is allowed, which is two hundred and fifty-five characters or so"

#define CREATE(name, path, at, size) OPERATION(name, \
	fs_replace(fs, path, contents + (at), size), model_set(m, path, contents + (at), size))
#define WRITE(name, path, offset, at, size) OPERATION(name, \
	write_file(fs, path, offset, contents + (at), size), \
	model_write(m, path, offset, contents + (at), size))
#define TRUNCATE(name, path, size) OPERATION(name, \
	truncate_file(fs, path, size), model_truncate(m, path, size))
#define RENAME(name, from, to) OPERATION(name, \
	fs_rename(fs, from, to), model_rename(m, from, to))
#define REMOVE(name, path) OPERATION(name, fs_remove(fs, path), model_remove(m, path))

CREATE(create_short, "/NEW.TXT", 0, 700)
CREATE(create_long, LONG, 100, 3000)
CREATE(create_empty, "/sub/a new empty one", 0, 0)
CREATE(create_large, "/large", 10, 20000)
CREATE(replace_larger, "/sub/five.bin", 5000, 9000)
CREATE(replace_smaller, "/old.bin", 77, 10)
CREATE(replace_by_nothing, "/old.bin", 0, 0)
CREATE(replace_nothing, "/empty", 12, 1500)
CREATE(create_in_full, "/full/One more name, for which the directory needs another cluster", 3, 99)
WRITE(append_inside, "/old.bin", 10001, 9, 100)
WRITE(append_more, "/old.bin", 10001, 9, 6000)
WRITE(append_to_nothing, "/empty", 0, 9, 6000)
WRITE(write_middle, "/old.bin", 4000, 20, 3000)
WRITE(write_start, "/old.bin", 0, 20, 5)
WRITE(write_end, "/old.bin", 9000, 20, 1001)
WRITE(write_over_end, "/old.bin", 9000, 20, 5000)
WRITE(write_all, "/sub/five.bin", 0, 20, 5000)
TRUNCATE(shorten, "/old.bin", 5001)
TRUNCATE(shorten_to_split, "/old.bin", 4600)
TRUNCATE(shorten_more, "/old.bin", 3000)
TRUNCATE(shorten_in_cluster, "/old.bin", 9990)
TRUNCATE(shorten_to_nothing, "/old.bin", 0)
TRUNCATE(lengthen, "/sub/five.bin", 9000)
CREATE(create_in_gap, "/gaps" LONG " again", 3, 99)
CREATE(create_in_dirt, "/dirt" LONG, 3, 99)
RENAME(rename_here, "/old.bin", "/Another name for it")
RENAME(rename_case, "/old.bin", "/OLD.bin")
RENAME(rename_away, "/old.bin", "/sub/away.bin")
RENAME(rename_onto, "/old.bin", "/sub/five.bin")
RENAME(rename_onto_here, "/old.bin", "/empty")
RENAME(rename_empty, "/empty", "/sub/a new name for the empty one")
RENAME(rename_empty_onto, "/empty", "/old.bin")
RENAME(rename_long, "/sub" LONG, LONG " 2")
RENAME(rename_into_full, "/old.bin", "/full/here, where there is no room without a new cluster")
RENAME(rename_directory, "/sub/inner", "/inner, outside")
RENAME(rename_directory_here, "/sub", "/sub with a longer name")
REMOVE(remove_short, "/old.bin")
REMOVE(remove_long, "/sub" LONG)
REMOVE(remove_empty, "/empty")
REMOVE(remove_directory, "/sub/nothing")
OPERATION(directory_new, fs_make_directory(fs, "/sub/a new directory"),
	  model_set(m, "/sub/a new directory", NULL, 0))
OPERATION(directory_in_full, fs_make_directory(fs, "/full/a new directory"),
	  model_set(m, "/full/a new directory", NULL, 0))
OPERATION(label_new, fs_set_label(fs, "LABEL"), (void)m)
OPERATION(label_none, fs_set_label(fs, ""), (void)m)

#define OP(name) { #name, name, name##_model, NULL, NULL }
#define OP_RENAME(name, from, to) { #name, name, name##_model, from, to }
static const struct operation operations[] = {
	OP(create_short), OP(create_long), OP(create_empty), OP(create_large), OP(create_in_full),
	OP(create_in_gap), OP(create_in_dirt),
	OP(replace_larger), OP(replace_smaller), OP(replace_by_nothing), OP(replace_nothing),
	OP(append_inside), OP(append_more), OP(append_to_nothing),
	OP(write_middle), OP(write_start), OP(write_end), OP(write_over_end), OP(write_all),
	OP(shorten), OP(shorten_more), OP(shorten_to_split), OP(shorten_in_cluster),
	OP(shorten_to_nothing), OP(lengthen),
	OP(rename_here), OP(rename_case), OP_RENAME(rename_away, "/old.bin", "/sub/away.bin"),
	OP_RENAME(rename_onto, "/old.bin", "/sub/five.bin"), OP(rename_onto_here),
	OP(rename_empty), OP(rename_empty_onto), OP(rename_long), OP(rename_into_full),
	OP_RENAME(rename_directory, "/sub/inner", "/inner, outside"),
	OP_RENAME(rename_directory_here, "/sub", "/sub with a longer name"),
	OP(remove_short), OP(remove_long), OP(remove_empty), OP(remove_directory),
	OP(directory_new), OP(directory_in_full), OP(label_new), OP(label_none),
};

/* ---- Volumes ---- */

/* What the operations expect, with holes among the clusters and the slots of directories. */
static void fill(struct filesystem *fs, u32 full_at)
{
	u32 slots = fat_of(fs)->cluster_bytes / FAT_SLOT_BYTES;
	char path[JUDGE_PATH];

	for (unsigned i = 0; i < sizeof contents; i++)
		contents[i] = (u8)rand();
	assert_int_equal(fs_make_directory(fs, "/sub"), 0);
	assert_int_equal(fs_make_directory(fs, "/sub/inner"), 0);
	assert_int_equal(fs_make_directory(fs, "/sub/nothing"), 0);
	fat_of(fs)->search = full_at ? full_at : fat_of(fs)->search;
	assert_int_equal(fs_make_directory(fs, "/full"), 0);
	assert_true(!full_at || fat_is_split(fat_of(fs), full_at));
	fat_of(fs)->search = 2;
	for (unsigned i = 0; i < 12; i++) {
		snprintf(path, sizeof path, "/HOLE%u", i);
		assert_int_equal(fs_replace(fs, path, contents, 700 * (i + 1)), 0);
	}
	for (unsigned i = 0; i < 12; i += 2) {
		snprintf(path, sizeof path, "/HOLE%u", i);
		assert_int_equal(fs_remove(fs, path), 0);
	}
	assert_int_equal(fs_make_directory(fs, "/dirt"), 0);
	assert_int_equal(fs_make_directory(fs, "/gaps"), 0);
	assert_int_equal(fs_replace(fs, "/gaps" LONG " once", contents, 9), 0);
	assert_int_equal(fs_replace(fs, "/gaps/behind it", contents, 9), 0);
	assert_int_equal(fs_remove(fs, "/gaps" LONG " once"), 0);
	/*
	 * Its chain lies in two sectors of the FAT; on FAT12, what the FAT says of one cluster
	 * does.
	 */
	fat_of(fs)->search = full_at == 341 ? 682 - 8 : FAT_UNIT_BYTES * 8 / fat_of(fs)->bits - 8;
	assert_int_equal(fs_replace(fs, "/old.bin", contents + 1000, 10001), 0);
	fat_of(fs)->search = 2;
	assert_int_equal(fs_replace(fs, "/sub/five.bin", contents + 2000, 5000), 0);
	assert_int_equal(fs_replace(fs, "/sub/inner/deep", contents + 3000, 1234), 0);
	assert_int_equal(fs_replace(fs, "/empty", contents, 0), 0);
	assert_int_equal(fs_replace(fs, "/sub" LONG, contents + 4000, 4000), 0);
	for (u32 i = 2; i < slots && slots <= 128; i++) {	/* to the last slot */
		snprintf(path, sizeof path, "/full/F%u", (unsigned)i);
		assert_int_equal(fs_replace(fs, path, contents + i, i == 2), 0);
	}
}
