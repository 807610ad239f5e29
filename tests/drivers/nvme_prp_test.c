/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data at any place in memory, in any pieces: PRPs and SGLs as the controller checks them
 * (tests/sim/nvme_data.c), the right bytes in the right places, and none beside them.
 */
#include "tests/drivers/nvme_machine.h"

enum { PAGE = 4096, MARGIN = 2 * PAGE, GUARD = 0xe7, PIECES_MAX = 64, ROUNDS = 200 };
enum { ARENA = 12 << 20 };

static u8 *arena;

static u8 *page_aligned(void)
{
	if (!arena)
		arena = memory(ARENA + PAGE);
	return arena + (-(uintptr_t)arena & (PAGE - 1)) + MARGIN;
}

static void assert_untouched(const u8 *from, const u8 *to)
{
	static u8 guard[PAGE];

	memset(guard, GUARD, sizeof guard);
	for (size_t n; from < to; from += n) {
		n = (size_t)(to - from) < sizeof guard ? (size_t)(to - from) : sizeof guard;
		if (memcmp(from, guard, n))
			fail_msg("something from %p on was written", (const void *)from);
	}
}

static int transfer(struct block_device *b, enum block_op op, u64 lba, u32 blocks,
		    const struct block_segment *segments, u16 count)
{
	struct block_request r = {
		.op = op, .lba = lba, .blocks = blocks, .segments = segments,
		.segment_count = count,
	};

	assert_int_equal(block_submit(b, &r), 0);
	return block_wait(b, &r);
}

/* There and back, from @offset into a page on. */
static void check_place(struct block_device *b, size_t offset, u32 blocks, u64 lba)
{
	u32 size = b->limits.block_size;
	size_t bytes = (size_t)blocks * size;
	u8 *buffer = page_aligned() + offset;
	struct block_segment segment = { buffer, (u32)bytes };

	memset(buffer - PAGE, GUARD, bytes + 2 * PAGE);
	assert_int_equal(transfer(b, BLOCK_READ, lba, blocks, &segment, 1), 0);
	assert_pattern(buffer, 1, lba * size, bytes);
	assert_untouched(buffer - PAGE, buffer);
	assert_untouched(buffer + bytes, buffer + bytes + PAGE);
	assert_int_equal(transfer(b, BLOCK_WRITE, lba, blocks, &segment, 1), 0);
}

static void every_offset_and_length(struct block_device *b)
{
	static const size_t near[] = { 0, 4, 8, 60, 64, 512, 1024, 2048, 3584, 4032, 4088, 4092 };
	u32 most = b->limits.max_blocks, align = b->limits.buffer_align;

	for (unsigned i = 0; i < sizeof near / sizeof *near; i++) {
		if (near[i] % align)
			continue;
		for (u32 blocks = 1; blocks < 40 && blocks <= most; blocks++)
			check_place(b, near[i], blocks, blocks + i);
	}
	/* where a list is full, or nearly: 512 entries a page */
	for (unsigned i = 0; i < sizeof near / sizeof *near; i++)
		for (u32 pages = 508; pages < 516; pages++)
			if (near[i] % align == 0 && pages * 8 <= most)
				check_place(b, near[i], pages * 8 - (pages & 1), pages);
	check_place(b, PAGE - align, most, 5);
	check_place(b, 0, most, 6);
}

/* ---- Many pieces ---- */

static struct block_segment segments[PIECES_MAX];

static size_t rounded(size_t bytes, size_t to)
{
	return bytes / to * to;
}

/*
 * Pieces as the limits allow: inner borders at multiples of segment_align in memory, gaps among
 * them. Returns the bytes that they are; they begin where at[] says.
 */
static size_t cut(const struct block_limits *l, size_t wanted, u16 *count, bool gaps)
{
	size_t total = 0, align = l->segment_align;
	u8 *next = page_aligned() + rounded((size_t)rand() % PAGE, l->buffer_align);
	u16 n = 0;

	while (total < wanted) {
		bool last = n + 1 == PIECES_MAX || n + 1 == l->max_segments;
		bool gap = gaps && n && !last && rand() % 4 == 0;
		size_t bytes = rounded(1 + (size_t)rand() % (3 * PAGE), align);

		if (!bytes)
			bytes = align;
		if (!gap)
			bytes -= n ? 0 : (uintptr_t)next % align;
		if (gap && bytes > l->max_gap_bytes)
			bytes = rounded(l->max_gap_bytes, align);
		if (last || bytes > wanted - total)
			bytes = wanted - total;
		segments[n++] = (struct block_segment){ gap ? NULL : next, (u32)bytes };
		total += bytes;
		if (!gap)
			next += rounded(bytes + (uintptr_t)next % align + align - 1, align) -
				(uintptr_t)next % align + align * (1 + (size_t)rand() % 3);
		if (align > 1 && (uintptr_t)next % align)
			next += align - (uintptr_t)next % align;
	}
	*count = n;
	return total;
}

static void assert_segments(u16 count, u64 at)
{
	for (u16 i = 0; i < count; i++) {
		if (segments[i].buffer) {
			assert_pattern(segments[i].buffer, 1, at, segments[i].bytes);
			memset(segments[i].buffer, GUARD, segments[i].bytes);
		}
		at += segments[i].bytes;
	}
}

static void fill_segments(u16 count, u64 at)
{
	for (u16 i = 0; i < count; i++) {
		sim_nvme_patterns(segments[i].buffer, 1, at, segments[i].bytes);
		at += segments[i].bytes;
	}
}

static void any_pieces(struct block_device *b)
{
	u32 size = b->limits.block_size, most = b->limits.max_blocks;
	u8 *base = page_aligned() - MARGIN;

	srand(11);
	memset(base, GUARD, ARENA);
	for (unsigned round = 0; round < ROUNDS; round++) {
		u32 blocks = 1 + (u32)rand() % (most < 200 ? most : 200);
		u64 lba = (u64)rand() % 10000;
		bool gaps = round % 3 == 0 && b->limits.max_gap_bytes;
		u16 count;

		cut(&b->limits, (size_t)blocks * size, &count, gaps);
		assert_int_equal(transfer(b, BLOCK_READ, lba, blocks, segments, count), 0);
		assert_segments(count, lba * size);
		if (!gaps) {
			fill_segments(count, lba * size);
			assert_int_equal(transfer(b, BLOCK_WRITE, lba, blocks, segments, count), 0);
			for (u16 i = 0; i < count; i++)
				memset(segments[i].buffer, GUARD, segments[i].bytes);
		}
	}
	assert_untouched(base, base + ARENA);
}

struct kind { u8 mdts, format; u32 sgls; u8 pages; };

static void as(void **state)
{
	const struct kind *kind = *state;
	struct block_device *b;

	machine();
	nvme.mdts = kind->mdts;
	nvme.sgls = kind->sgls;
	nvme.ns[0].format = kind->format;
	nvme.cap |= (u64)kind->pages << 48;
	b = start_disk();
	print_message("  at most %u blocks of %u, %u segments at multiples of %u, from %u on\n",
		      b->limits.max_blocks, b->limits.block_size, b->limits.max_segments,
		      b->limits.segment_align, b->limits.buffer_align);
	every_offset_and_length(b);
	assert_int_equal(nvme.sgl_commands != 0, kind->sgls && b->limits.segment_align < PAGE);
	any_pieces(b);
	stop();
}

static void of_any_kind(void **state)
{
	static const struct kind kinds[] = {
		{ 0, SIM_NVME_512, 0, 0 }, { 1, SIM_NVME_512, 0, 0 }, { 7, SIM_NVME_512, 0, 0 },
		{ 13, SIM_NVME_512, 0, 0 }, { 9, SIM_NVME_4096, 0, 0 }, { 9, SIM_NVME_512, 0, 2 },
		{ 0, SIM_NVME_512, 1, 0 }, { 7, SIM_NVME_512, 2, 0 },
		{ 13, SIM_NVME_4096, 0x10001, 0 }, { 9, SIM_NVME_512, 0x10002, 0 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		print_message("MDTS %u, blocks of %u, SGLS 0x%x, pages of 4096 << %u\n",
			      kinds[i].mdts, 1 << sim_nvme_formats[kinds[i].format].shift,
			      kinds[i].sgls, kinds[i].pages);
		in_child(as, (void *)&kinds[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(of_any_kind) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
