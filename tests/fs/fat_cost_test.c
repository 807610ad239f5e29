/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What reading 64 MiB in clusters of 4 KiB costs, in requests: in one piece, with a foreign cluster
 * after each one, and in random order; to addresses of any alignment.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "tests/fs/image.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"

enum { BYTES = 64 << 20 };

static struct sim_disk disk;
static u8 *memory;

static u32 word(u32 i)
{
	return i * 2654435761u;
}

/* Two files of that size, and what tests/fs/fragment.py makes of them. */
static void make_image(const char *how)
{
	FILE *file;
	char path[128];

	snprintf(path, sizeof(path), "%s/a", getenv("DIR"));
	file = fopen(path, "wb");
	for (u32 i = 0; i < BYTES / 4; i++) {
		u32 value = word(i);

		fwrite(&value, 4, 1, file);
	}
	fclose(file);
	shell("truncate -s 300M $IMG && mkfs.fat -F 32 -s 8 $IMG >/dev/null && "
	      "truncate -s 64M $DIR/b && mcopy -i $IMG $DIR/a $DIR/b ::/");
	if (how)
		shell("/usr/bin/python3 tests/fs/fragment.py %s $IMG a b >/dev/null", how);
	image_attach(&disk, 512);
}

static int begin(void **state)
{
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, 16 << 20);
	image_folder_begin();
	memory = aligned_alloc(4096, BYTES + 8192);
	make_image(*state);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_disk_end(&disk);
	image_folder_end();
	free(memory);
	return 0;
}

static void check(const u8 *data)
{
	for (u32 i = 0; i < BYTES / 4; i++) {
		u32 value;

		memcpy(&value, data + 4 * (size_t)i, 4);
		if (value != word(i))
			fail_msg("word %u is wrong", i);
	}
}

/* Requests of one read, to @offset in a page; what the names and the FAT cost is apart. */
static void costs(u32 offset, u64 data_most)
{
	struct filesystem *fs = mount_whole(&disk);
	u64 before = disk.block.counters.requests, meta, requests, bytes;
	struct piece *pieces = malloc(20000 * sizeof(*pieces));
	u64 all = BYTES, unused = memory_free();
	size_t count = 20000;
	struct file f;

	memset(memory, 0xcc, BYTES + 8192);
	assert_int_equal(fs_open(fs, "/a", &f), 0);
	assert_int_equal(fs->type->pieces(&f, 0, memory, &all, pieces, &count), 0);
	assert_int_equal(all, BYTES);
	meta = disk.block.counters.requests - before;
	f.own[3] = 0;
	before = disk.block.counters.requests;
	bytes = disk.block.counters.bytes;
	assert_int_equal(file_read(&f, 0, memory + offset, BYTES), 0);
	requests = disk.block.counters.requests - before;
	bytes = disk.block.counters.bytes - bytes;
	print_message("at +%u: %u pieces, %u data requests, %u for FAT and directory, "
		      "%u %% of the bytes\n", offset, (unsigned)count, (unsigned)requests,
		      (unsigned)meta, (unsigned)(bytes * 100 / BYTES));
	assert_true(requests <= data_most);
	assert_true(meta <= 4);
	assert_true(bytes <= 2 * (u64)BYTES + 65536);
	check(memory + offset);
	assert_int_equal(memory_free(), unused);
	free(pieces);
	fs_unmount(fs);
}

/* NVMe: commands of 1 MiB; SGLs of any bytes, of words, or PRPs, which are pages. */
static void as_nvme(u32 segment_align, u32 buffer_align)
{
	disk.block.limits.segment_align = segment_align;
	disk.block.limits.buffer_align = buffer_align;
	disk.block.limits.max_segments = 256;
	disk.block.limits.max_blocks = 2048;
	disk.block.limits.max_segment_bytes = disk.block.limits.max_gap_bytes = 1 << 20;
}

/* Of each destination's alignment, what NVMe with SGLs and with PRPs may take. */
static void costs_on_nvme(u64 data_most)
{
	as_nvme(1, 1);
	costs(0, data_most);
	costs(1, data_most);
	as_nvme(4, 4);
	costs(4, data_most);
	costs(3, data_most);
	as_nvme(4096, 4);
	costs(0, data_most);
	costs(4, 2 * data_most);
	costs(3, 2 * data_most);
}

/* With too little memory for copies of that size, it takes more requests. */
static void contiguous_with_little_memory(void **state)
{
	u64 kept;

	(void)state;
	as_nvme(4096, 4);
	assert_int_equal(memory_take(memory_free() - (1 << 20), 4096, 0, UINT64_MAX, MEMORY_PLINTH,
				     "test", &kept), 0);
	costs(3, 512);
}

static void contiguous(void **state)
{
	(void)state;
	costs(0, 64);
	costs(1, 64);
	costs(2052, 64);
	costs_on_nvme(64);
}

static void interleaved(void **state)
{
	(void)state;
	costs(0, 260);
	costs(1, 260);
	costs_on_nvme(260);
}

static void shuffled(void **state)
{
	(void)state;
	costs(0, 300);
	costs(1, 300);
	costs_on_nvme(300);
}

/* A stream: the same bytes, always something in flight ahead, and few requests. */
static void stream(void **state)
{
	struct filesystem *fs = mount_whole(&disk);
	struct file_stream *s;
	const void *data;
	size_t bytes, total = 0;
	unsigned windows = 0, alone = 0;
	struct file f;

	(void)state;
	disk.at_a_time = 1;
	assert_int_equal(fs_open(fs, "/a", &f), 0);
	assert_int_equal(file_stream_open(&s, &f, 4, BYTES - 4), 0);
	for (;; windows++) {
		assert_int_equal(file_stream_next(s, &data, &bytes), 0);
		if (!bytes)
			break;
		if (total + 4 * bytes < BYTES && disk.in_flight < 2)
			alone++;		/* the FAT was read meanwhile */
		memcpy(memory + 4 + total, data, bytes);
		total += bytes;
	}
	assert_int_equal(total, BYTES - 4);
	assert_true(windows <= 300 && alone <= 2);
	memset(memory, 0, 4);
	check(memory);
	file_stream_close(s);
	/* One that is given up early, and one of nothing. */
	assert_int_equal(file_stream_open(&s, &f, 4097, 5000000), 0);
	assert_int_equal(file_stream_next(s, &data, &bytes), 0);
	assert_memory_equal(data, memory + 4097, bytes);
	file_stream_close(s);
	assert_int_equal(disk.in_flight, 0);
	assert_int_equal(file_stream_open(&s, &f, BYTES, 0), 0);
	assert_int_equal(file_stream_next(s, &data, &bytes), 0);
	assert_int_equal(bytes, 0);
	file_stream_close(s);
	assert_int_equal(file_stream_open(&s, &f, BYTES, 1), -ERANGE);
	/* One that meets a bad block says so, and then nothing else. */
	disk.bad_lba = disk.block.limits.block_count / 4;
	disk.at_a_time = 0;
	assert_int_equal(file_stream_open(&s, &f, 0, BYTES), 0);
	total = 0;
	while (!(windows = (unsigned)-file_stream_next(s, &data, &bytes)) && bytes) {
		assert_memory_equal(data, memory + total, bytes);
		total += bytes;
	}
	assert_int_equal(windows, EIO);
	file_stream_close(s);
	fs_unmount(fs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		{ "contiguous", contiguous, begin, end, NULL },
		{ "contiguous with little memory", contiguous_with_little_memory, begin, end,
		  NULL },
		{ "interleaved", interleaved, begin, end, "interleave" },
		{ "shuffled", shuffled, begin, end, "shuffle" },
		{ "stream", stream, begin, end, "interleave" },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
