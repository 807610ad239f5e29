/* SPDX-License-Identifier: BSD-2-Clause */
/* New contents that come piece by piece, and sources that fail: nothing has happened then. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "tests/fs/fat_model.h"
#include "tests/fs/image.h"

enum { BYTES = 200000 };

static struct sim_disk disk;
static struct judge j;
static u64 bytes;
static u8 contents[BYTES];

struct pieces {
	struct fs_source source;
	u64 at;
	unsigned count, fails_at;		/* pieces; UINT_MAX: it does not fail */
};

static int next(struct fs_source *s, const void **data, size_t *size)
{
	static const size_t sizes[] = { 1, 511, 513, 60000, 4096, 7, 100000 };
	struct pieces *p = (struct pieces *)s;

	if (p->count == p->fails_at)
		return -EILSEQ;
	*size = sizes[p->count++ % 7];
	if (*size > s->bytes - p->at)
		*size = s->bytes - p->at;
	*data = contents + p->at;
	p->at += *size;
	return 0;
}

static int replace(struct filesystem *fs, const char *path, u64 size, unsigned fails_at)
{
	struct pieces p = { { .bytes = size, .next = next }, .fails_at = fails_at };
	int error = fs_replace_from(fs, path, &p.source);

	if (!error)
		assert_int_equal(p.at, size);
	return error;
}

static void run(const char *mkfs, unsigned kib)
{
	struct filesystem *fs;
	struct model m = { 0 };
	struct space before, now;
	const char *differs;

	shell("rm -f $IMG && truncate -s %uK $IMG && mkfs.fat %s $IMG >/dev/null", kib, mkfs);
	image_attach(&disk, 512);
	bytes = (u64)kib * 1024;
	for (unsigned i = 0; i < BYTES; i++)
		contents[i] = (u8)rand();
	fs = mount_whole(&disk);
	for (unsigned size = 1; size < BYTES; size = size * 5 + 3) {
		assert_int_equal(replace(fs, "/file", size, UINT32_MAX), 0);
		model_set(&m, "/file", contents, size);
		assert_int_equal(fs_space(fs, &before), 0);
		for (unsigned piece = 0; piece < 8; piece++) {
			assert_int_equal(replace(fs, "/file", BYTES, piece), -EILSEQ);
			assert_int_equal(replace(fs, "/another", BYTES, piece), -EILSEQ);
		}
		assert_int_equal(fs_space(fs, &now), 0);
		assert_int_equal(now.free_bytes, before.free_bytes);
		assert_null(fs->why_read_only);
	}
	assert_int_equal(replace(fs, "/empty", 0, 0), 0);
	model_set(&m, "/empty", contents, 0);
	assert_int_equal(replace(fs, "/large", bytes, UINT32_MAX), -ENOSPC);
	assert_int_equal(fs_unmount(fs), 0);

	assert_true(judge(&j, disk.data, bytes));
	differs = model_differs(&m, &j);
	if (differs)
		fail_msg("%s", differs);
	judge_free(&j);
	model_free(&m);
	image_save(&disk);
	shell("fsck.fat -n $IMG >$IMG.log || { cat $IMG.log; exit 1; }");
	sim_disk_end(&disk);
}

static void fat12(void **state)
{
	(void)state;
	run("-F 12 -s 1", 2000);
}

static void fat16(void **state)
{
	(void)state;
	run("-F 16 -s 2", 8000);
}

static void fat32(void **state)
{
	(void)state;
	run("-F 32 -s 1", 36000);
}

static int begin(void **state)
{
	(void)state;
	sim_reset();
	image_folder_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	image_folder_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(fat12, begin, end),
		cmocka_unit_test_setup_teardown(fat16, begin, end),
		cmocka_unit_test_setup_teardown(fat32, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
