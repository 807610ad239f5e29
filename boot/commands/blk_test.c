/* SPDX-License-Identifier: BSD-2-Clause */
/* A test of a disk, for `blk test`: whatever way its blocks are read, they are the same. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/commands/blk.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum { SPAN_BYTES = 256 << 10, SPAN_BYTES_MAX = 4 << 20, PIECE_BYTES = 512 };

struct test {
	struct block_device *b;
	u32 blocks;		/* that are looked at in one go */
	size_t bytes, pages;
	u8 *first, *second;	/* of so many bytes, and some behind */
};

static int differ(const struct test *t, const char *how, u64 lba)
{
	console_print("%s: block %" PRIu64 " and the next %" PRIu32 " %s\n", t->b->name, lba,
		      t->blocks, how);
	return -EILSEQ;
}

/* Pieces that lie in memory backwards, as many in one request as it takes. */
static int read_pieces(const struct test *t, u64 lba, u16 *count)
{
	const struct block_limits *l = &t->b->limits;
	u32 piece = l->segment_align > PIECE_BYTES ? l->segment_align : PIECE_BYTES;
	struct block_segment *segments;
	struct block_request r = { .op = BLOCK_READ, .lba = lba };
	int error;

	if (piece < l->block_size)
		piece = l->block_size;
	r.blocks = l->max_segments < t->bytes / piece ? l->max_segments * (piece / l->block_size)
						      : (u32)(t->bytes / l->block_size);
	if (r.blocks > l->max_blocks)
		r.blocks = l->max_blocks;
	*count = (u16)(r.blocks * l->block_size / piece);
	segments = calloc(*count, sizeof(*segments));
	if (!segments)
		return -ENOMEM;
	for (u16 i = 0; i < *count; i++)
		segments[i] = (struct block_segment){ t->second + (*count - 1 - i) * (size_t)piece,
						      piece };
	r.segments = segments;
	r.segment_count = *count;
	error = block_submit(t->b, &r);
	if (!error)
		error = block_wait(t->b, &r);
	for (u16 i = 0; i < *count && !error; i++)
		if (memcmp(segments[i].buffer, t->first + i * (size_t)piece, piece))
			error = differ(t, "differ when they are read in pieces", lba);
	free(segments);
	return error;
}

static int read_at(const struct test *t, u64 lba, u16 *pieces)
{
	int error = block_read(t->b, lba, t->blocks, t->first);

	if (!error)
		error = block_read(t->b, lba, t->blocks, t->second + 1);
	if (!error && memcmp(t->first, t->second + 1, t->bytes))
		error = differ(t, "differ when they are read again", lba);
	return error ? error : read_pieces(t, lba, pieces);
}

static int test_reading(const struct test *t)
{
	u64 last = t->b->limits.block_count - t->blocks, places[] = { 0, last / 2, last };
	u16 pieces = 0;
	int error = 0;

	for (unsigned i = 0; i < 3 && !error; i++)
		error = read_at(t, places[i], &pieces);
	if (!error)
		console_print("%s: reads right: 3 x %" PRIu32 " blocks, at once, at an odd address "
			      "and in %u pieces\n", t->b->name, t->blocks, pieces);
	return error;
}

static int write_and_compare(const struct test *t, u64 lba)
{
	int error;

	for (size_t i = 0; i < t->bytes; i++)
		t->second[i] = (u8)(~t->first[i] + (i >> 9));
	error = block_write(t->b, lba, t->blocks, t->second);
	if (!error)
		error = block_flush(t->b);
	if (!error)
		error = block_read(t->b, lba, t->blocks, t->second);
	for (size_t i = 0; i < t->bytes && !error; i++)
		if (t->second[i] != (u8)(~t->first[i] + (i >> 9)))
			error = differ(t, "do not keep what is written", lba);
	return error;
}

static int test_writing(const struct test *t)
{
	u64 lba = t->b->limits.block_count - t->blocks;
	int error = block_read(t->b, lba, t->blocks, t->first), back;

	if (error)
		return error;
	error = write_and_compare(t, lba);
	back = block_write(t->b, lba, t->blocks, t->first);
	if (!back)
		back = block_flush(t->b);
	if (!error && !back)
		console_print("%s: writes right: the last %" PRIu32 " blocks, which are as they "
			      "were again\n", t->b->name, t->blocks);
	return error ? error : back;
}

int blk_test(struct block_device *b, bool write)
{
	struct test t = { .b = b };
	const struct block_limits *l = &b->limits;
	size_t bytes = (size_t)l->max_segments * (l->block_size > l->segment_align ?
						  l->block_size : l->segment_align);
	int error;

	bytes = bytes < SPAN_BYTES ? SPAN_BYTES : bytes < SPAN_BYTES_MAX ? bytes : SPAN_BYTES_MAX;
	t.blocks = (u32)(bytes / l->block_size);
	if (t.blocks > l->block_count)
		t.blocks = (u32)l->block_count;
	if (!t.blocks)
		return -ENXIO;
	t.bytes = (size_t)t.blocks * l->block_size;
	t.pages = t.bytes / ARCH_PAGE_BYTES + 1;
	t.first = memory_pages(t.pages, "blk test");
	t.second = memory_pages(t.pages, "blk test");
	error = t.first && t.second ? test_reading(&t) : -ENOMEM;
	if (!error && write)
		error = test_writing(&t);
	if (t.first)
		memory_free_pages(t.first, t.pages);
	if (t.second)
		memory_free_pages(t.second, t.pages);
	return error;
}
