/* SPDX-License-Identifier: BSD-2-Clause */
/* Pieces of a volume, to anywhere, from disks with any limits; and what it may cost. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "tests/sim/disk.h"
#include "tests/sim/ram.h"
#include "fs/volume.h"
#include "tests/sim/fail.h"

enum { DISK_BYTES = 4 << 20, MEMORY_BYTES = 1 << 20, FOREIGN = 0x5a };

static struct sim_disk disk;
static struct block_limits *const limits = &disk.block.limits;
static u8 *memory, *wanted;

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, 4 << 20);
	memory = aligned_alloc(4096, MEMORY_BYTES);
	wanted = malloc(MEMORY_BYTES);
	srand(7);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sim_disk_end(&disk);
	free(memory);
	free(wanted);
	return 0;
}

static u32 below(u32 n)
{
	return (u32)rand() % n;
}

static u8 content(u64 at)
{
	return (u8)(at * 31 ^ at >> 8 ^ at >> 16);
}

static void any_disk(void)
{
	static const u32 block_sizes[] = { 512, 512, 512, 4096, 65536 };
	static const u32 aligns[] = { 1, 1, 4, 512, 4096 };
	u32 block = block_sizes[below(5)];

	sim_disk_init(&disk, "sim0", block, DISK_BYTES / block);
	for (u64 i = 0; i < DISK_BYTES; i++)
		disk.data[i] = content(i);
	limits->segment_align = aligns[below(5)];
	limits->buffer_align = below(2) && limits->segment_align > 4 ? 4 : limits->segment_align;
	limits->max_segments = (u16)(below(2) ? 254 : 1 + below(20));
	limits->max_segment_bytes = below(2) ? UINT32_MAX : 4096u << below(5);
	limits->max_gap_bytes = (u32[]){ 0, 600, 4096, 1 << 20 }[below(4)];
	limits->max_blocks = below(2) ? 1 << 20 : 1 + below(64);
	limits->depth = (u16)(1 + below(40));
	while ((u64)limits->max_segments * (limits->max_segment_bytes & -limits->segment_align) <
	       block)
		limits->max_segments++;
	disk.order = below(3);
	disk.delay = below(4);
	disk.at_a_time = below(3);
	if (below(4) == 0)
		disk.room = 1 + below(3);
	if (below(8) == 0)
		disk.again_above = (4096u << below(5)) / block + 1;
	assert_int_equal(block_register(&disk.block), 0);
}

/* Pieces to places in memory that do not overlap; often neighbours, as files have them. */
static size_t any_pieces(struct piece *p, const struct volume *v)
{
	size_t count = below(200), at = below(3) ? below(5000) : 4096 * below(3);
	u32 unit = below(2) ? 4096 : 512 << below(4), gap = below(3) ? 0 : below(9000);
	bool odd = below(3) == 0, forward = below(2);
	u64 place = below(1 << 20);

	for (size_t i = 0; i < count; i++) {
		u32 size = odd ? below(9000) : unit * (1 + below(3));

		if (odd && below(50) == 0)
			size *= 20;

		if (!forward && below(3) == 0)
			place = below((u32)v->size - 65536);
		if (place + size > v->size || at + size > MEMORY_BYTES)
			return i;
		if (!odd)
			place = place / unit * unit;
		p[i] = (struct piece){ place, memory + at, size };
		memcpy(wanted + at, disk.data + v->start + place, size);
		at += size;
		place += size + (below(2) ? 0 : gap);
		if (below(8) == 0)
			at += odd ? below(100) : 4096 * below(2);
	}
	return count;
}

static void any_pieces_from_any_disk(void **state)
{
	static struct piece pieces[200];

	(void)state;
	for (unsigned run = 0; run < 600; run++) {
		struct volume v;
		size_t count;

		any_disk();
		volume_whole(&v, &disk.block);
		v.start = (u64)limits->block_size * below(16);
		v.size -= v.start;
		memset(memory, FOREIGN, MEMORY_BYTES);
		memset(wanted, FOREIGN, MEMORY_BYTES);
		count = any_pieces(pieces, &v);
		assert_int_equal(volume_gather(&v, pieces, count), 0);
		assert_memory_equal(memory, wanted, MEMORY_BYTES);
		sim_disk_end(&disk);
	}
}

static void writes_of_any_size(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 60; run++) {
		struct volume v;
		u8 *model = malloc(DISK_BYTES);

		any_disk();
		memcpy(model, disk.data, DISK_BYTES);
		volume_whole(&v, &disk.block);
		v.start = 2 * limits->block_size;
		v.size -= 3 * limits->block_size;
		for (unsigned i = 0; i < MEMORY_BYTES; i++)
			memory[i] = (u8)(i * 13 + run);
		for (unsigned i = 0; i < 5; i++) {
			u32 size = below(3) ? below(3000) : below(1 << 18), from = below(5000);
			u64 at = below((u32)v.size - size);

			assert_int_equal(volume_write(&v, at, memory + from, size), 0);
			memcpy(model + v.start + at, memory + from, size);
		}
		assert_memory_equal(disk.data, model, DISK_BYTES);
		assert_int_equal(volume_write(&v, v.size - 1, memory, 2), -ERANGE);
		assert_int_equal(volume_write(&v, UINT64_MAX, memory, 2), -ERANGE);
		assert_int_equal(volume_flush(&v), 0);
		sim_disk_end(&disk);
		free(model);
	}
}

static void beyond_the_volume(void **state)
{
	struct piece two[] = { { 0, memory, 512 }, { 4096, memory + 512, 1 } };
	struct volume v;

	(void)state;
	sim_disk_init(&disk, "sim0", 512, 64);
	assert_int_equal(block_register(&disk.block), 0);
	volume_whole(&v, &disk.block);
	v.size = 4096;
	assert_int_equal(volume_gather(&v, two, 2), -ERANGE);
	assert_int_equal(disk.submits, 0);
	assert_int_equal(volume_read(&v, 4096, memory, 0), 0);
	assert_int_equal(volume_read(&v, 4095, memory, 2), -ERANGE);
	assert_int_equal(volume_read(&v, 1, memory, SIZE_MAX), -ERANGE);
}

static void a_bad_block(void **state)
{
	struct volume v;
	struct piece pieces[64];

	(void)state;
	sim_disk_init(&disk, "sim0", 512, DISK_BYTES / 512);
	disk.bad_lba = 1000;
	disk.delay = 2;
	assert_int_equal(block_register(&disk.block), 0);
	volume_whole(&v, &disk.block);
	for (unsigned i = 0; i < 64; i++)
		pieces[i] = (struct piece){ i * 60000, memory + i * 4096, 4096 };
	pieces[5].offset = 999 * 512 + 100;
	assert_int_equal(volume_gather(&v, pieces, 64), -EIO);
	assert_int_equal(disk.in_flight, 0);
	disk.refuse = -ENXIO;
	assert_int_equal(volume_read(&v, 0, memory, 512), -ENXIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(any_pieces_from_any_disk, begin, end),
		cmocka_unit_test_setup_teardown(writes_of_any_size, begin, end),
		cmocka_unit_test_setup_teardown(beyond_the_volume, begin, end),
		cmocka_unit_test_setup_teardown(a_bad_block, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
