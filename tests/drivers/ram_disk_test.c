/* SPDX-License-Identifier: BSD-2-Clause */
/* ram0: what in memory is a disk, and reading and writing it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/block.h"
#include "drivers/ram_disk.h"
#include "lib/dt.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/sim/child.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

enum { BYTES = 1 << 20, AT = SIM_RAM_AT + 0x10000 + 0x200, IMAGE_BYTES = 0x8000 };

static u8 *const image = (u8 *)(uintptr_t)AT;

/* Memory, and /chosen with a range in it. */
static void machine(u64 start, u64 end)
{
	void *fdt = tree_begin();
	const char *reason;

	sim_reset();
	sim_ram_map(SIM_RAM_AT, BYTES);
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_begin_node(fdt, "memory");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 2, SIM_RAM_AT, BYTES);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "chosen");
	if (start) {
		tree_cells(fdt, "linux,initrd-start", 1, (u32)start);
		tree_cells(fdt, "linux,initrd-end", 2, 0, (u32)end);
	}
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
	assert_int_equal(memory_init(), 0);
	if (start)
		memset(image, 0, IMAGE_BYTES);
}

static void put(size_t at, const char *bytes, size_t count)
{
	memcpy(image + at, bytes, count);
}

static char last[LOG_LINE_BYTES];

static void look(void *context, enum log_level level, u64 time, const char *text)
{
	(void)context, (void)level, (void)time;
	snprintf(last, sizeof last, "%s", text);
}

static const char *last_line(void)
{
	log_walk(look, NULL);
	return last;
}

static void a_disk_is_read_and_written(void **state)
{
	static u8 buffer[2048];
	const struct block_segment segments[] = {
		{ buffer + 1, 100 }, { NULL, 1000 }, { buffer + 500, 436 },
	};
	struct block_request r = { .op = BLOCK_READ, .lba = 2, .blocks = 3, .segments = segments,
				   .segment_count = 3 };
	struct block_device *b;

	(void)state;
	machine(AT, AT + IMAGE_BYTES + 100);
	put(510, "\x55\xaa", 2);
	for (unsigned i = 1024; i < 4096; i++)
		image[i] = (u8)(i * 5 >> 3);
	assert_int_equal(ram_disk_find(), 0);
	assert_string_equal(last_line(), "ram0: 32 KiB, MBR, in memory at 0x20010200");
	b = block_find("ram0");
	assert_non_null(b);
	assert_int_equal(b->limits.block_count, IMAGE_BYTES / 512);

	assert_int_equal(block_read(b, 3, 2, buffer), 0);
	assert_memory_equal(buffer, image + 1536, 1024);
	memset(buffer, 0, sizeof buffer);
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_memory_equal(buffer + 1, image + 1024, 100);
	assert_memory_equal(buffer + 500, image + 1024 + 1100, 436);
	assert_int_equal(buffer[101] | buffer[936], 0);

	memset(buffer, 0x77, sizeof buffer);
	assert_int_equal(block_write(b, IMAGE_BYTES / 512 - 1, 1, buffer), 0);
	assert_memory_equal(image + IMAGE_BYTES - 512, buffer, 512);
	assert_int_not_equal(image[IMAGE_BYTES], 0x77);
	assert_int_equal(block_flush(b), 0);
	assert_int_equal(block_erase(b, BLOCK_WRITE_ZEROES, 4, 1), 0);
	assert_int_equal(image[2048] | image[2559], 0);
	assert_int_not_equal(image[2560], 0);

	r = (struct block_request){ .op = BLOCK_COMPARE, .lba = IMAGE_BYTES / 512 - 1, .blocks = 1,
				    .segments = &(struct block_segment){ buffer, 512 },
				    .segment_count = 1 };
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	buffer[511] ^= 1;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), -EILSEQ);
	assert_int_equal(block_read(b, IMAGE_BYTES / 512, 1, buffer), -ERANGE);
}

static void a_full_queue_says_so(void **state)
{
	static struct block_request r[40];
	static u8 buffer[40][512];
	struct block_segment segments[40];
	struct block_device *b;
	unsigned n = 0;

	(void)state;
	machine(AT, AT + IMAGE_BYTES);
	put(510, "\x55\xaa", 2);
	assert_int_equal(ram_disk_find(), 0);
	b = block_find("ram0");
	for (; n < 40; n++) {
		segments[n] = (struct block_segment){ buffer[n], 512 };
		r[n] = (struct block_request){ .lba = n, .blocks = 1, .segments = &segments[n],
					       .segment_count = 1 };
		image[n * 512] = (u8)(n + 1);
		if (block_submit(b, &r[n]))
			break;
	}
	assert_int_equal(n, b->limits.depth);
	assert_int_equal(block_reset(b, -ECANCELED, "a test"), 0);
	block_poll(b);
	for (unsigned i = 0; i < n; i++) {
		assert_int_equal(r[i].status, -ECANCELED);
		assert_int_equal(buffer[i][0], 0);
	}
	assert_int_equal(block_submit(b, &r[n]), 0);
	assert_int_equal(block_wait(b, &r[n]), 0);
	assert_int_equal(buffer[n][0], n + 1);
}

static void other_kinds_of_disk(void **state)
{
	(void)state;
	machine(AT, AT + IMAGE_BYTES);
	put(0, "\xeb\x3c\x90mkfs.fat\0\x02\x01\x01\0\x02", 17);
	assert_int_equal(ram_disk_find(), 0);
	assert_string_equal(last_line(), "ram0: 32 KiB, FAT, in memory at 0x20010200");
}

static void gpt(void **state)
{
	(void)state;
	machine(AT, AT + IMAGE_BYTES);
	put(510, "\x55\xaa", 2);
	image[450] = 0xee;
	assert_int_equal(ram_disk_find(), 0);
	assert_string_equal(last_line(), "ram0: 32 KiB, GPT, in memory at 0x20010200");
}

static void what_is_no_disk(void **state)
{
	static const struct { const char *magic; unsigned count; const char *name; } no[] = {
		{ "070701", 6, "cpio" }, { "\x1f\x8b\x08", 3, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" }, { "\xfd" "7zXZ", 6, "xz" },
		{ "\x02\x21\x4c\x18", 4, "lz4" }, { "BZh9", 4, "bzip2" },
		{ "", 1, "neither a partition table nor FAT is in it" },
		{ "\xeb\x3c\x90mkfs.fat\0\x03\x01\x01\0\x02", 17,
		  "neither a partition table nor FAT is in it" },
	};
	char line[128];

	(void)state;
	for (unsigned i = 0; i < sizeof no / sizeof *no; i++) {
		machine(AT, AT + IMAGE_BYTES);
		put(0, no[i].magic, no[i].count);
		assert_int_equal(ram_disk_find(), -ENODEV);
		snprintf(line, sizeof line, "initrd at 0x20010200: no disk image: %s", no[i].name);
		assert_string_equal(last_line(), line);
	}
	machine(AT, AT + 511);
	assert_int_equal(ram_disk_find(), -ENODEV);
	assert_string_equal(last_line(), "initrd at 0x20010200: no disk image: too small");
	assert_null(block_first());
}

static void where_no_image_can_be(void **state)
{
	(void)state;
	machine(0, 0);
	assert_int_equal(ram_disk_find(), -ENOENT);
	machine(AT, SIM_RAM_AT + BYTES + 4096);
	assert_int_equal(ram_disk_find(), -EFAULT);
	machine(0x1000, 0x2000);
	assert_int_equal(ram_disk_find(), -EFAULT);
	assert_string_equal(last_line(),
			    "initrd at 0x1000: not all of it is in memory that can be used");
	assert_null(block_first());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(a_disk_is_read_and_written, NULL),
		CHILD_TEST(a_full_queue_says_so, NULL),
		CHILD_TEST(other_kinds_of_disk, NULL),
		CHILD_TEST(gpt, NULL),
		CHILD_TEST(what_is_no_disk, NULL),
		CHILD_TEST(where_no_image_can_be, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
