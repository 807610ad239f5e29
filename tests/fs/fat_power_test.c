/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The power fails. Every write and flush of an operation is recorded; then whatever of it could
 * have reached the medium is put on it: all up to any point, and of what lies between two flushes
 * any choice, block by block. On each of these volumes every file shows what it had before or what
 * it has afterwards; and after the repair the volume is in perfect order and as before the
 * operation, or as behind it. The power fails during the repair, too.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "fs/fat/write.h"
#include "tests/fs/fat_model.h"
#include "tests/fs/image.h"

enum {
	BLOCKS_MOST = 4096,
	ALL_CHOICES_OF = 5,		/* up to so many blocks between flushes: every choice */
	PREFIXES = 8, CHOICES = 8,	/* of more: so many, and so many at random */
	FSCK_EVERY = 41,		/* states */
	REPAIR_EVERY = 29, REPAIR_CUTS = 6,
};

static struct sim_disk disk;
static struct model before, after;
static struct judge j;
static u8 *origin;			/* what was on the disk before the operation */
static u64 bytes;
static u32 block_size;
static unsigned states, asked, done;	/* volumes judged; by fsck.fat; operations seen */
static const char *what;

static void fail_test(const char *message)
{
	fail_msg("%s: %s", what, message);
}

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = fail_test;
	image_folder_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	model_free(&before);
	model_free(&after);
	sim_disk_end(&disk);
	free(origin);
	origin = NULL;
	image_folder_end();
	return 0;
}

struct operation {
	const char *what;
	int (*run)(struct filesystem *fs);
	void (*model)(struct model *m);
	const char *from, *to;		/* of a rename: one of them is always there */
};

static const struct operation *operation;

/* ---- What was written ---- */

struct write {
	u64 lba;
	u8 *data;
};

struct writes {
	struct write blocks[BLOCKS_MOST];
	unsigned count;
	unsigned flushed[64];		/* as many of them are before the flush */
	unsigned flushes;
};

static void collect(struct writes *w)
{
	w->count = w->flushes = 0;
	for (size_t i = 0; i < disk.log_count; i++) {
		const struct sim_disk_event *e = &disk.log[i];

		if (e->op == BLOCK_FLUSH) {
			assert_true(w->flushes < 64);
			w->flushed[w->flushes++] = w->count;
			continue;
		}
		assert_int_equal(e->op, BLOCK_WRITE);
		for (u32 k = 0; k < e->blocks; k++) {
			u8 *data = malloc(block_size);

			assert_true(w->count < BLOCKS_MOST);
			memcpy(data, e->data + (size_t)k * block_size, block_size);
			w->blocks[w->count++] = (struct write){ e->lba + k, data };
		}
	}
	sim_disk_forget_log(&disk);
}

static void writes_free(struct writes *w)
{
	for (unsigned i = 0; i < w->count; i++)
		free(w->blocks[i].data);
	w->count = 0;
}

static void put(const struct writes *w, unsigned i)
{
	memcpy(disk.data + w->blocks[i].lba * block_size, w->blocks[i].data, block_size);
}

/* ---- What is there, as it is, for our own reader ---- */

static void check_file(struct filesystem *fs, const struct judged_node *a,
		       const struct judged_node *b)
{
	const char *path = a ? a->path : b->path;
	char text[FS_EXPLAIN_BYTES];
	struct file f;
	int error = fs_open(fs, path, &f);
	u8 *data;
	bool right;

	if (error == -ENOENT && (!a || !b))
		return;
	if (error)
		fail_msg("%s: before the repair: %s", what, fs_explain(fs, path, error, text));
	data = malloc(f.size + 1);
	right = f.is_directory || !file_read(&f, 0, data, f.size);
	right = right && ((a && !a->data == f.is_directory && a->size == f.size &&
			   (!a->data || !memcmp(a->data, data, f.size))) ||
			  (b && !b->data == f.is_directory && b->size == f.size &&
			   (!b->data || !memcmp(b->data, data, f.size))));
	free(data);
	if (!right)
		fail_msg("%s: before the repair, %s has %llu bytes, neither old nor new", what,
			 path, (unsigned long long)f.size);
}

/* Not below a directory that moves: until the repair, one of its two names leads nowhere. */
static bool is_lasting(const char *path)
{
	char parent[JUDGE_PATH], *slash;

	strcpy(parent, path);
	slash = strrchr(parent, '/');
	*slash = 0;
	return !parent[0] || (model_find(&before, parent) && model_find(&after, parent));
}

static void check_reader(void)
{
	struct filesystem *fs = mount_whole(&disk);
	struct file f;

	if (operation->from && fs_open(fs, operation->from, &f) && fs_open(fs, operation->to, &f))
		fail_msg("%s: neither the old name is there nor the new one", what);

	for (unsigned i = 0; i < before.count; i++) {
		struct judged_node *a = &before.nodes[i], *b = model_find(&after, a->path);

		if (is_lasting(a->path) && (a->data || b))
			check_file(fs, a, b);
	}
	for (unsigned i = 0; i < after.count; i++) {
		struct judged_node *b = &after.nodes[i];

		if (is_lasting(b->path) && b->data && !model_find(&before, b->path))
			check_file(fs, NULL, b);
	}
	fs_unmount(fs);
}

/* ---- The repair, and what comes of it ---- */

/* As fsck does it, or as the first write does. */
static void repair(bool by_write)
{
	struct filesystem *fs = mount_whole(&disk);
	struct fs_check c = { .repair = true };
	char text[FS_EXPLAIN_BYTES];
	int error;

	if (by_write) {
		error = fs_set_label(fs, fs->label);
		if (error && error != -ENOSPC)
			fail_msg("%s: %s", what, fs_explain(fs, "", error, text));
	} else {
		assert_int_equal(fs_check(fs, &c), 0);
		if (c.damage)
			fail_msg("%s: the check finds damage: %s", what, fs->why);
	}
	fs_unmount(fs);
}

static void judge_repaired(const char *when)
{
	const char *old, *new;

	if (!judge(&j, disk.data, bytes))
		fail_msg("%s: %s: %s", what, when, j.problem);
	old = model_differs(&before, &j);
	new = old ? model_differs(&after, &j) : NULL;
	if (old && new)
		fail_msg("%s: %s: neither before nor behind it: %s", what, when, new);
	judge_free(&j);
}

static void ask_fsck(void)
{
	if (judge_leniently)
		return;
	asked++;
	image_save(&disk);
	shell("fsck.fat -n $IMG >$IMG.log || { cat $IMG.log; exit 1; }");
}

static void restore(const struct writes *w, const u8 *from)
{
	for (unsigned i = 0; i < w->count; i++) {
		u64 at = w->blocks[i].lba * block_size;

		memcpy(disk.data + at, from + at, block_size);
	}
}

/* The same once more: the repair is what is cut short. */
static void cut_repair(void)
{
	static struct writes w;
	u8 *broken = malloc(bytes);

	memcpy(broken, disk.data, bytes);
	disk.keep_log = true;
	repair(false);
	disk.keep_log = false;
	collect(&w);
	for (unsigned cut = 0; cut < REPAIR_CUTS; cut++) {
		unsigned stage = (unsigned)rand() % (w.flushes + 1), i = 0;

		memcpy(disk.data, broken, bytes);
		for (; i < (stage ? w.flushed[stage - 1] : 0); i++)
			put(&w, i);
		for (; i < (stage < w.flushes ? w.flushed[stage] : w.count); i++)
			if (rand() % 2)
				put(&w, i);
		check_reader();
		repair(false);
		judge_repaired("after a repair that was cut short");
		states++;
	}
	writes_free(&w);
	memcpy(disk.data, broken, bytes);
	free(broken);
}

/* The disk has on it what is to be judged; @base is what it gets back. */
static void judge_state(const u8 *base, const struct writes *w)
{
	static struct writes own;

	check_reader();
	if (states++ % REPAIR_EVERY == 0)
		cut_repair();
	disk.keep_log = true;
	repair(rand() % 2);
	disk.keep_log = false;
	collect(&own);
	judge_repaired("after the repair");
	if (states % FSCK_EVERY == 0)
		ask_fsck();
	restore(&own, base);
	restore(w, base);
	writes_free(&own);
}

/* ---- Every choice of what lies between two flushes ---- */

static void choose(const struct writes *w, const u8 *base, unsigned from, unsigned to, u64 choice)
{
	for (unsigned i = from; i < to; i++)
		if (choice >> (i - from) & 1)
			put(w, i);
	judge_state(base, w);
}

static void choices(const struct writes *w, const u8 *base, unsigned from, unsigned to)
{
	unsigned count = to - from;

	if (count <= ALL_CHOICES_OF) {
		for (u64 choice = 0; choice < 1u << count; choice++)
			choose(w, base, from, to, choice);
		return;
	}
	for (unsigned i = 0; i < PREFIXES; i++) {
		for (unsigned k = from; k < from + count * i / PREFIXES; k++)
			put(w, k);
		judge_state(base, w);
	}
	for (unsigned i = 0; i < CHOICES; i++) {	/* one alone, all but one, any */
		unsigned one = from + (unsigned)rand() % count;

		for (unsigned k = from; k < to; k++)
			if (i % 4 == 0 ? k == one : i % 4 == 1 ? k != one : rand() % 2)
				put(w, k);
		judge_state(base, w);
	}
}

static void judge_all(struct writes *w)
{
	u8 *base = malloc(bytes);
	unsigned from = 0;

	memcpy(base, origin, bytes);
	memcpy(disk.data, origin, bytes);
	for (unsigned flush = 0; flush <= w->flushes; flush++) {
		unsigned to = flush < w->flushes ? w->flushed[flush] : w->count;

		choices(w, base, from, to);
		for (; from < to; from++) {
			put(w, from);
			memcpy(base + w->blocks[from].lba * block_size, w->blocks[from].data,
			       block_size);
		}
	}
	judge_state(base, w);
	free(base);
}

/* ---- Operations ---- */

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
	OP(shorten), OP(shorten_in_cluster), OP(shorten_to_nothing), OP(lengthen),
	OP(rename_here), OP(rename_case), OP_RENAME(rename_away, "/old.bin", "/sub/away.bin"),
	OP(rename_onto), OP(rename_onto_here),
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
	fat_of(fs)->search = 2;
	assert_int_equal(fs_replace(fs, "/old.bin", contents + 1000, 10001), 0);
	assert_int_equal(fs_replace(fs, "/sub/five.bin", contents + 2000, 5000), 0);
	assert_int_equal(fs_replace(fs, "/sub/inner/deep", contents + 3000, 1234), 0);
	assert_int_equal(fs_replace(fs, "/empty", contents, 0), 0);
	assert_int_equal(fs_replace(fs, "/sub" LONG, contents + 4000, 4000), 0);
	for (u32 i = 2; i < slots && slots <= 128; i++) {	/* to the last slot */
		snprintf(path, sizeof path, "/full/F%u", (unsigned)i);
		assert_int_equal(fs_replace(fs, path, contents + i, i == 2), 0);
	}
}

/* Entries behind the end of a directory, which once were good ones. */
static void spoil(struct filesystem *fs)
{
	struct file f;
	u8 *slots;

	assert_int_equal(fs_open(fs, "/dirt", &f), 0);
	slots = disk.data + fat_cluster_at(fat_of(fs), (u32)f.own[FILE_FIRST]);
	for (unsigned i = 3; i < fat_of(fs)->cluster_bytes / FAT_SLOT_BYTES; i++) {
		memcpy(slots + i * FAT_SLOT_BYTES, "DIRT    BIN", 11);
		slots[i * FAT_SLOT_BYTES + 4] = (u8)('0' + i);
		slots[i * FAT_SLOT_BYTES + ENTRY_ATTRIBUTES] = FAT_ARCHIVE;
		slots[i * FAT_SLOT_BYTES + ENTRY_CLUSTER_LOW] = 3;
		slots[i * FAT_SLOT_BYTES + ENTRY_SIZE] = 99;
	}
	judge_leniently = true;
}

static void judge_start(void)
{
	if (!judge(&j, disk.data, bytes))
		fail_msg("at the start: %s", j.problem);
	model_free(&before);
	model_from(&before, &j);
	judge_free(&j);
	memcpy(origin, disk.data, bytes);
}

static void run_operation(const struct operation *o)
{
	static struct writes w;
	struct filesystem *fs;
	char text[FS_EXPLAIN_BYTES];
	const char *differs;
	int error;

	operation = o;
	what = o->what;
	memcpy(disk.data, origin, bytes);
	model_copy(&after, &before);
	fs = mount_whole(&disk);
	fat_of(fs)->search = 2;			/* into the holes */
	disk.keep_log = true;
	error = o->run(fs);
	if (error)
		fail_msg("%s: %s", what, fs_explain(fs, "", error, text));
	fs_unmount(fs);
	disk.keep_log = false;
	collect(&w);
	o->model(&after);
	if (!judge(&j, disk.data, bytes))
		fail_msg("%s: %s", what, j.problem);
	differs = model_differs(&after, &j);
	if (differs)
		fail_msg("%s: %s", what, differs);
	judge_free(&j);
	ask_fsck();
	judge_all(&w);
	writes_free(&w);
	model_free(&after);
	done++;
}

static void run(const char *mkfs, unsigned kib, u32 block, u32 full_at, bool dirt)
{
	struct filesystem *fs;

	shell("rm -f $IMG && truncate -s %uK $IMG && mkfs.fat %s -n START $IMG >/dev/null", kib,
	      mkfs);
	image_attach(&disk, block_size = block);
	bytes = (u64)kib * 1024;
	origin = malloc(bytes);
	srand(1);
	fs = mount_whole(&disk);
	fill(fs, full_at);
	judge_leniently = false;
	if (dirt)
		spoil(fs);
	fs_unmount(fs);
	judge_start();
	states = asked = done = 0;
	for (unsigned i = 0; i < sizeof operations / sizeof operations[0]; i++)
		run_operation(&operations[i]);
	print_message("%u operations, %u volumes, %u of them seen by fsck.fat\n", done, states,
		      asked);
}

#define POWER(name, ...) \
	static void name(void **state) \
	{ \
		(void)state; \
		run(__VA_ARGS__); \
	}
/*
 * Size, block size; where the directory begins that grows (its entry in the FAT lies in two
 * sectors); whether there is something behind the end of a directory.
 */
POWER(fat12, "-F 12 -s 1 -r 64", 360, 512, 341, false)
POWER(fat12_even, "-F 12 -s 1 -r 112", 720, 512, 682, false)
POWER(fat12_large, "-F 12 -s 1 -r 512", 2060, 512, 0, false)
POWER(fat12_sectors, "-F 12 -s 1 -S 4096 -r 128", 1024, 512, 0, false)
POWER(fat16, "-F 16 -s 1 -f 1 -r 128", 2200, 512, 0, false)
POWER(fat16_dirt, "-F 16 -s 2 -r 128", 4300, 512, 0, true)
POWER(fat32, "-F 32 -s 1", 400, 512, 0, false)
POWER(fat32_blocks, "-F 32 -s 4", 1024, 4096, 0, false)

int main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fat12, begin, end),
		cmocka_unit_test_setup_teardown(fat12_even, begin, end),
		cmocka_unit_test_setup_teardown(fat12_large, begin, end),
		cmocka_unit_test_setup_teardown(fat12_sectors, begin, end),
		cmocka_unit_test_setup_teardown(fat16, begin, end),
		cmocka_unit_test_setup_teardown(fat16_dirt, begin, end),
		cmocka_unit_test_setup_teardown(fat32, begin, end),
		cmocka_unit_test_setup_teardown(fat32_blocks, begin, end),
	};

	if (count > 1)
		cmocka_set_test_filter(arguments[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
