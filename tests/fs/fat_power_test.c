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
#include "tests/fs/fat_power_operations.h"
#include "tests/fs/image.h"

enum {
	BLOCKS_MOST = 4096,
	ALL_CHOICES_OF = 5,		/* up to so many blocks between flushes: every choice */
	PREFIXES = 8, CHOICES = 8,	/* of more: so many, and so many at random */
	FSCK_EVERY = 41,		/* states */
	REPAIR_EVERY = 29, REPAIR_EVERY_RENAME = 3, REPAIR_CUTS = 6,
};

static struct model before, after;
static struct judge j;
static u8 *origin;			/* what was on the disk before the operation */
static u64 bytes;
static u32 block_size;
static unsigned states, asked, done;	/* volumes judged; by fsck.fat; operations seen */
static const char *what;

static void fail_operation(const char *message)
{
	fail_msg("%s: %s", what, message);
}

static int begin(void **state)
{
	image_begin(state);
	sim.failed = fail_operation;
	return 0;
}

static int end(void **state)
{
	model_free(&before);
	model_free(&after);
	free(origin);
	origin = NULL;
	return image_end(state);
}

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
		repair(rand() % 2);
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
	if (states++ % (operation->from ? REPAIR_EVERY_RENAME : REPAIR_EVERY) == 0)
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

/* ---- Volumes ---- */

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
POWER(fat12_large_even, "-F 12 -s 1 -r 512", 2060, 512, 682, false)
POWER(fat12_large_odd, "-F 12 -s 1 -r 512", 2060, 512, 341, false)
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
		cmocka_unit_test_setup_teardown(fat12_large_even, begin, end),
		cmocka_unit_test_setup_teardown(fat12_large_odd, begin, end),
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
