/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lz4: frames (lz4's "LZ4 Frame Format" 1.6), and the legacy frames of `lz4 -l`, which Linux builds
 * its Image.lz4 with. Both are sequences of blocks; a block is unpacked once all of it is there.
 */
#include <string.h>
#include <linux/lz4.h>
#include <linux/xxhash.h>

#include "boot/decode/types.h"
#include "lib/endian.h"
#include "lib/errors.h"

/* Frame descriptor: FLG, BD, then what FLG says, and a checksum of all that */
enum {
	FLG_DICTIONARY = 1 << 0, FLG_CONTENT_CHECKSUM = 1 << 2, FLG_CONTENT_SIZE = 1 << 3,
	FLG_BLOCK_CHECKSUM = 1 << 4, FLG_INDEPENDENT = 1 << 5, FLG_VERSION = 3 << 6,
	FLG_VERSION_1 = 1 << 6, BD_SIZE_SHIFT = 4, BD_SIZE_MASK = 7, BD_SIZE_MIN = 4,
};
enum { MAGIC_BYTES = 4, FLAGS_BYTES = 2, CONTENT_SIZE_BYTES = 8, CHECKSUM_BYTES = 4 };
enum { BLOCK_SIZE_BYTES = 4, PREFIX_BYTES = 64 * 1024 };
#define BLOCK_PLAIN		0x80000000u
#define LEGACY_MAGIC		0x184c2102u
#define LEGACY_BLOCK_BYTES	(8u << 20)

struct lz4 {
	enum {
		IN_MAGIC, IN_FLAGS, IN_DESCRIPTOR, IN_BLOCK_SIZE, IN_BLOCK, IN_CHECKSUM,
	} part;
	struct decode_collected collected;
	u8 flags;
	u32 block_max;			/* unpacked */
	u32 block_bytes;		/* of this one, packed, with its checksum and BLOCK_PLAIN */
	u8 *pending;			/* what is there of it, where it came in pieces */
	size_t pending_bytes;
	struct xxh32_state checksum;
};

static int room_for_blocks(struct decoder *d, struct lz4 *l, u32 block_max)
{
	l->block_max = block_max;
	l->pending = decode_take(LZ4_COMPRESSBOUND(block_max) + CHECKSUM_BYTES);
	return l->pending ? 0 : decode_fail(d, -ENOMEM, "there is no memory to unpack with");
}

static void end(struct decoder *d)
{
	struct lz4 *l = d->state;

	decode_give_back(l->pending);
}

static void next_part(struct lz4 *l, int part)
{
	l->part = part;
	l->collected.bytes = 0;
	l->pending_bytes = 0;
}

static size_t descriptor_bytes(u8 flags)
{
	return FLAGS_BYTES + (flags & FLG_CONTENT_SIZE ? CONTENT_SIZE_BYTES : 0) + 1;
}

static int descriptor(struct decoder *d, struct lz4 *l)
{
	const u8 *at = l->collected.data;
	size_t last = descriptor_bytes(l->flags) - 1;
	unsigned size = at[1] >> BD_SIZE_SHIFT & BD_SIZE_MASK;

	if (at[last] != (u8)(xxh32(at, last, 0) >> 8))
		return decode_fail(d, -EILSEQ, "its lz4 header is damaged");
	if ((l->flags & FLG_VERSION) != FLG_VERSION_1 || l->flags & FLG_DICTIONARY ||
	    size < BD_SIZE_MIN)
		return decode_fail(d, -ENOTSUP, "an lz4 frame of a kind not known here");
	xxh32_reset(&l->checksum, 0);
	next_part(l, IN_BLOCK_SIZE);
	return room_for_blocks(d, l, 1u << (8 + 2 * size));
}

static int block(struct decoder *d, struct lz4 *l, const u8 *data)
{
	size_t bytes = l->block_bytes & ~BLOCK_PLAIN, room = d->room - d->written;
	u8 *to = d->to + d->written;
	int out;

	if (l->flags & FLG_BLOCK_CHECKSUM) {
		bytes -= CHECKSUM_BYTES;
		if (xxh32(data, bytes, 0) != load_le32(data + bytes))
			return decode_fail(d, -EILSEQ, "an lz4 checksum is wrong");
	}
	if (room > l->block_max)
		room = l->block_max;
	if (l->block_bytes & BLOCK_PLAIN) {
		if (bytes > room)
			return decode_fail(d, -ENOSPC, "more comes out than there is room for");
		memcpy(to, data, bytes);
		out = (int)bytes;
	} else {
		size_t prefix = d->written < PREFIX_BYTES ? d->written : PREFIX_BYTES;

		if (l->flags & FLG_INDEPENDENT)
			prefix = 0;
		out = LZ4_decompress_safe_usingDict((const char *)data, (char *)to, (int)bytes,
						    (int)room, (const char *)to - prefix,
						    (int)prefix);
		if (out < 0 && room < l->block_max)
			return decode_fail(d, -ENOSPC, "more comes out than there is room for");
		if (out < 0)
			return decode_fail(d, -EILSEQ, "its lz4 data is damaged");
	}
	if (l->flags & FLG_CONTENT_CHECKSUM)
		xxh32_update(&l->checksum, to, (size_t)out);
	d->written += (size_t)out;
	next_part(l, IN_BLOCK_SIZE);
	return 0;
}

static int feed_block(struct decoder *d, struct lz4 *l, const u8 **data, size_t *bytes)
{
	size_t whole = l->block_bytes & ~BLOCK_PLAIN, take = whole - l->pending_bytes;
	const u8 *from = *data;

	if (take > *bytes)
		take = *bytes;
	if (take < whole) {
		memcpy(l->pending + l->pending_bytes, from, take);
		l->pending_bytes += take;
		from = l->pending;
	}
	*data += take;
	*bytes -= take;
	return l->pending_bytes && l->pending_bytes < whole ? 0 : block(d, l, from);
}

static int block_size(struct decoder *d, struct lz4 *l)
{
	u32 size = load_le32(l->collected.data), plain = size & BLOCK_PLAIN;
	u32 checksum = l->flags & FLG_BLOCK_CHECKSUM ? CHECKSUM_BYTES : 0;

	size &= ~BLOCK_PLAIN;
	if (!size && !plain) {
		if (!(l->flags & FLG_CONTENT_CHECKSUM))
			return 1;
		next_part(l, IN_CHECKSUM);
		return 0;
	}
	if (!size || size > (plain ? l->block_max : LZ4_COMPRESSBOUND(l->block_max)))
		return decode_fail(d, -EILSEQ, "an lz4 block has a size that cannot be");
	next_part(l, IN_BLOCK);
	l->block_bytes = (size + checksum) | plain;
	return 0;
}

static int feed(struct decoder *d, const u8 *data, size_t bytes)
{
	struct lz4 *l = d->state;
	int result = 0;

	while (bytes && !result)
		switch (l->part) {
		case IN_MAGIC:
			if (decode_collect(&l->collected, MAGIC_BYTES, &data, &bytes))
				next_part(l, IN_FLAGS);
			break;
		case IN_FLAGS:
			if (decode_collect(&l->collected, FLAGS_BYTES, &data, &bytes)) {
				l->flags = l->collected.data[0];
				l->part = IN_DESCRIPTOR;
			}
			break;
		case IN_DESCRIPTOR:
			if (decode_collect(&l->collected, descriptor_bytes(l->flags), &data,
					   &bytes))
				result = descriptor(d, l);
			break;
		case IN_BLOCK_SIZE:
			if (decode_collect(&l->collected, BLOCK_SIZE_BYTES, &data, &bytes))
				result = block_size(d, l);
			break;
		case IN_BLOCK:
			result = feed_block(d, l, &data, &bytes);
			break;
		case IN_CHECKSUM:
			if (!decode_collect(&l->collected, CHECKSUM_BYTES, &data, &bytes))
				break;
			if (xxh32_digest(&l->checksum) != load_le32(l->collected.data))
				return decode_fail(d, -EILSEQ, "its lz4 checksum is wrong");
			result = 1;
			break;
		}
	return result;
}

/* ---- Legacy: no header but the magic, no end but that of the file ---- */

/* Frames may follow each other, each with its magic; and Linux may have put the size behind all. */
static int legacy_size(struct decoder *d, struct lz4 *l)
{
	u32 size = load_le32(l->collected.data);

	if (size == LEGACY_MAGIC) {
		next_part(l, IN_BLOCK_SIZE);
		return 0;
	}
	if (d->written && size == (u32)d->written)
		return 1;
	if (!size || size > LZ4_COMPRESSBOUND(LEGACY_BLOCK_BYTES))
		return decode_fail(d, -EILSEQ, "an lz4 block has a size that cannot be");
	next_part(l, IN_BLOCK);
	l->block_bytes = size;
	return 0;
}

static int legacy_begin(struct decoder *d)
{
	struct lz4 *l = d->state;

	l->part = IN_BLOCK_SIZE;	/* the magic is like a size */
	l->flags = FLG_INDEPENDENT;
	return room_for_blocks(d, l, LEGACY_BLOCK_BYTES);
}

static int legacy_feed(struct decoder *d, const u8 *data, size_t bytes)
{
	struct lz4 *l = d->state;
	int result = 0;

	while (bytes && !result)
		if (l->part == IN_BLOCK)
			result = feed_block(d, l, &data, &bytes);
		else if (decode_collect(&l->collected, BLOCK_SIZE_BYTES, &data, &bytes))
			result = legacy_size(d, l);
	return result;
}

static int legacy_finish(struct decoder *d)
{
	struct lz4 *l = d->state;

	return d->written && l->part == IN_BLOCK_SIZE && !l->collected.bytes ? 0 : -EILSEQ;
}

const struct decode_type decode_lz4 = { "lz4", sizeof(struct lz4), NULL, feed, NULL, end };
const struct decode_type decode_lz4_legacy = {
	"lz4", sizeof(struct lz4), legacy_begin, legacy_feed, legacy_finish, end,
};
