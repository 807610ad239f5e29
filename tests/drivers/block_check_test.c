/* SPDX-License-Identifier: BSD-2-Clause */
/* What the block engine lets through to a disk, and what not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "tests/drivers/block_disk.h"

/* ---- What is not let through ---- */

static void limits_are_checked(void **state)
{
	static const char length[] = "its segments are not as long as its blocks";

	(void)state;
	segments[0] = (struct block_segment){ buffer, 1024 };
	refused(request(BLOCK_READ, BLOCKS - 1, 2, 1), -ERANGE, "beyond its end");
	refused(request(BLOCK_READ, BLOCKS, 2, 1), -ERANGE, "beyond its end");
	refused(request(BLOCK_READ, UINT64_MAX, 2, 1), -ERANGE, "beyond its end");
	refused(request(BLOCK_READ, UINT64_MAX - 1, 2, 1), -ERANGE, "beyond its end");
	refused(request(BLOCK_READ, 0, 0, 0), -EINVAL, "no blocks");
	refused(request(BLOCK_READ, 0, 1, 1), -EINVAL, length);
	refused(request(BLOCK_READ, 0, 3, 1), -EINVAL, length);
	refused(request(BLOCK_READ, 0, 2, 0), -EINVAL, length);
	refused(request(BLOCK_FLUSH, 0, 0, 1), -EINVAL, "memory that it has no use for");
	refused(request(BLOCK_DISCARD, 0, 2, 1), -EINVAL, "memory that it has no use for");
	refused(request((enum block_op)99, 0, 2, 0), -ENOTSUP, "it cannot do that");
	limits->max_blocks = 1;
	refused(request(BLOCK_READ, 0, 2, 1), -EINVAL, "too many blocks for one request");
	limits->max_blocks = 100;
	limits->max_discard_blocks = 5;
	refused(request(BLOCK_DISCARD, 0, 6, 0), -EINVAL, "too many blocks for one request");
	limits->can_compare = false;
	refused(request(BLOCK_COMPARE, 0, 2, 1), -ENOTSUP, "it cannot do that");
	limits->max_zeroes_blocks = 0;
	refused(request(BLOCK_WRITE_ZEROES, 0, 2, 0), -ENOTSUP, "it cannot do that");
	limits->read_only = true;
	refused(request(BLOCK_WRITE, 0, 2, 1), -EROFS, "it is read-only");
	refused(request(BLOCK_DISCARD, 0, 2, 0), -EROFS, "it is read-only");
	assert_int_equal(block_write(b, 0, 2, buffer), -EROFS);
	assert_int_equal(logged("sim0: writing 2 blocks at lba 0: it is read-only"), 1);
	assert_int_equal(block_read(b, 0, 2, buffer), 0);
}

static void memory_is_checked(void **state)
{
	static const char unaligned[] = "memory that is not aligned as it wants";

	(void)state;
	limits->max_segments = 3;
	limits->max_segment_bytes = 4096;
	limits->max_gap_bytes = 8192;
	limits->segment_align = 512;
	limits->buffer_align = 4;
	for (unsigned i = 0; i < 4; i++)
		segments[i] = (struct block_segment){ buffer + 1024 * i, 512 };
	refused(request(BLOCK_READ, 0, 4, 4), -EINVAL, "too many segments");
	segments[0].bytes = 4608;
	refused(request(BLOCK_READ, 0, 9, 1), -EINVAL, "too large a segment");
	segments[0].bytes = 0;
	refused(request(BLOCK_READ, 0, 1, 2), -EINVAL, "a segment without bytes");
	segments[0] = (struct block_segment){ buffer + 2, 512 };
	refused(request(BLOCK_READ, 0, 1, 1), -EINVAL, unaligned);
	segments[0] = (struct block_segment){ buffer + 4, 512 };
	refused(request(BLOCK_READ, 0, 2, 2), -EINVAL, unaligned);	/* its end */
	segments[0] = (struct block_segment){ buffer + 4, 508 };
	segments[1] = (struct block_segment){ buffer + 1028, 516 };
	refused(request(BLOCK_READ, 0, 2, 2), -EINVAL, unaligned);	/* the next begins */
	segments[0] = (struct block_segment){ (u8 *)(UINTPTR_MAX & -(uintptr_t)512), 1024 };
	refused(request(BLOCK_READ, 0, 2, 1), -EINVAL, unaligned);	/* beyond all memory */

	segments[0] = (struct block_segment){ NULL, 512 };
	segments[1] = (struct block_segment){ buffer + 1024, 512 };
	refused(request(BLOCK_WRITE, 0, 2, 2), -EINVAL, "a gap, and it is no read");
	segments[1] = (struct block_segment){ NULL, 100 };
	segments[2] = (struct block_segment){ buffer + 1024, 412 };
	refused(request(BLOCK_READ, 0, 2, 3), -EINVAL, "a gap that ends inside a unit of memory");
	segments[0] = (struct block_segment){ NULL, 8704 };
	refused(request(BLOCK_READ, 0, 17, 1), -EINVAL, "too large a gap");
	limits->max_gap_bytes = 0;
	refused(request(BLOCK_READ, 0, 17, 1), -EINVAL, "it cannot read into gaps");
}

/* The most that is allowed is allowed. */
static void limits_can_be_reached(void **state)
{
	struct block_request r = request(BLOCK_READ, BLOCKS - 254, 254, 254);

	(void)state;
	for (unsigned i = 0; i < 254; i++)
		segments[i] = (struct block_segment){ buffer + 1000 * i, 512 };
	limits->max_blocks = 254;
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_int_equal(b->counters.requests, 1);
	assert_int_equal(b->counters.segments, 254);
	for (unsigned i = 0; i < 254; i++)
		assert_memory_equal(buffer + 1000 * i, disk.data + (BLOCKS - 254 + i) * 512, 512);

	limits->segment_align = limits->buffer_align = 512;
	segments[0] = (struct block_segment){ NULL, 100 };
	segments[1] = (struct block_segment){ buffer, 512 };
	segments[2] = (struct block_segment){ NULL, 412 };
	r = request(BLOCK_READ, 0, 2, 3);
	assert_int_equal(block_submit(b, &r), 0);
	assert_int_equal(block_wait(b, &r), 0);
	assert_memory_equal(buffer, disk.data + 100, 512);
}

static void nonsense_is_not_registered(void **state)
{
	static struct sim_disk other;
	static const struct { size_t at; u64 value; const char *words; } wrong[] = {
#define WRONG(field, value, words)	{ offsetof(struct block_limits, field), value, words }
		WRONG(block_size, 256, "its block size is not a power of two from 512 to 65536"),
		WRONG(block_size, 1000, "its block size is not a power of two from 512 to 65536"),
		WRONG(block_size, 131072, "its block size is not a power of two from 512 to 65536"),
		WRONG(block_count, (u64)1 << 55, "it has more than 2^64 bytes"),
		WRONG(segment_align, 3, "it wants an alignment that cannot be"),
		WRONG(segment_align, 8192, "it wants an alignment that cannot be"),
		WRONG(buffer_align, 2, "it wants an alignment that cannot be"),
		WRONG(buffer_align, 0, "it wants an alignment that cannot be"),
		WRONG(max_blocks, 0, "what it takes at a time is less than a block"),
		WRONG(max_segment_bytes, 511, "what it takes at a time is less than a block"),
	};
	char line[128];

	(void)state;
	for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		sim_disk_init(&other, "other", 512, 100);
		if (wrong[i].at == offsetof(struct block_limits, block_count))
			other.block.limits.block_count = wrong[i].value;
		else
			memcpy((u8 *)&other.block.limits + wrong[i].at, &wrong[i].value, 4);
		assert_int_equal(block_register(&other.block), -EINVAL);
		snprintf(line, sizeof line, "other: not used: %s", wrong[i].words);
		assert_true(logged(line) > 0);
		other.block.limits.block_size = 512;
		other.block.limits.block_count = 100;
		sim_disk_end(&other);
	}
	sim_disk_init(&other, "sim0", 512, 100);
	assert_int_equal(block_register(&other.block), -EINVAL);
	assert_int_equal(logged("sim0: not used: there is one of that name"), 1);
	strcpy(other.block.name, "sim1");
	assert_int_equal(block_register(&other.block), 0);
	assert_ptr_equal(block_first(), b);
	assert_ptr_equal(b->next, &other.block);
	assert_ptr_equal(block_find("sim1"), &other.block);
	assert_null(block_find("sim"));
	sim_disk_end(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(limits_are_checked),
		TEST(memory_is_checked),
		TEST(limits_can_be_reached),
		TEST(nonsense_is_not_registered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
