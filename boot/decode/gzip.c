/* SPDX-License-Identifier: BSD-2-Clause */
/* gzip (RFC 1952) around deflate (RFC 1951), which zlib of the Linux tree unpacks. */
#include <linux/zlib.h>

#include "boot/decode/types.h"
#include "lib/crc32.h"
#include "lib/endian.h"
#include "lib/errors.h"

/* FLG (2.3.1) */
enum { HEADER_CRC = 1 << 1, EXTRA = 1 << 2, NAME = 1 << 3, COMMENT = 1 << 4, RESERVED = 0xe0 };
enum { AT_A_TIME = 1 << 30 };		/* bytes out: zlib counts them in 32 bits */
enum { HEADER_BYTES = 10, FLAGS_AT = 3, TRAILER_BYTES = 8, SIZE_AT = 4 };

struct gzip {
	enum { IN_HEADER, IN_EXTRA_SIZE, IN_EXTRA, IN_NAME, IN_COMMENT, IN_HEADER_CRC, IN_BODY,
	       IN_TRAILER } part;
	struct decode_collected collected;
	u8 flags;
	u16 extra_left;
	u32 crc;
	z_stream z;
};

static int begin(struct decoder *d)
{
	struct gzip *g = d->state;

	g->z.workspace = decode_take((size_t)zlib_inflate_workspacesize());
	if (!g->z.workspace)
		return -ENOMEM;
	zlib_inflateInit2(&g->z, -MAX_WBITS);
	return 0;
}

static void end(struct decoder *d)
{
	struct gzip *g = d->state;

	decode_give_back(g->z.workspace);
}

static void next_part(struct gzip *g)
{
	static const u8 flag_of[] = { [IN_EXTRA_SIZE] = EXTRA, [IN_EXTRA] = EXTRA,
				      [IN_NAME] = NAME, [IN_COMMENT] = COMMENT,
				      [IN_HEADER_CRC] = HEADER_CRC };

	g->collected.bytes = 0;
	do
		g->part++;
	while (g->part < IN_BODY && !(g->flags & flag_of[g->part]));
}

/* What stands before the body, or a part of that. */
static int header(struct decoder *d, struct gzip *g, const u8 **data, size_t *bytes)
{
	size_t skip;

	switch (g->part) {
	case IN_HEADER:
		if (!decode_collect(&g->collected, HEADER_BYTES, data, bytes))
			return 0;
		g->flags = g->collected.data[FLAGS_AT];
		if (g->flags & RESERVED)
			return decode_fail(d, -ENOTSUP, "a gzip header with unknown flags");
		break;
	case IN_EXTRA_SIZE:
		if (!decode_collect(&g->collected, 2, data, bytes))
			return 0;
		g->extra_left = load_le16(g->collected.data);
		break;
	case IN_EXTRA:
		skip = g->extra_left < *bytes ? g->extra_left : *bytes;
		*data += skip;
		*bytes -= skip;
		g->extra_left = (u16)(g->extra_left - skip);
		if (g->extra_left)
			return 0;
		break;
	case IN_HEADER_CRC:
		if (!decode_collect(&g->collected, 2, data, bytes))
			return 0;
		break;
	default:	/* a text that ends with a zero */
		while (*bytes && **data)
			++*data, --*bytes;
		if (!*bytes)
			return 0;
		++*data, --*bytes;
		break;
	}
	next_part(g);
	return 0;
}

static int body(struct decoder *d, struct gzip *g, const u8 **data, size_t *bytes)
{
	size_t room = d->room - d->written;
	int result;

	if (room > AT_A_TIME)
		room = AT_A_TIME;

	g->z.next_in = *data;
	g->z.avail_in = *bytes;
	g->z.next_out = d->to + d->written;
	g->z.avail_out = room;
	result = zlib_inflate(&g->z, Z_NO_FLUSH);
	*data += *bytes - g->z.avail_in;
	*bytes = g->z.avail_in;
	room -= g->z.avail_out;
	g->crc = crc32_add(g->crc, d->to + d->written, room);
	d->written += room;
	if (result == Z_STREAM_END)
		next_part(g);
	else if (result != Z_OK && result != Z_BUF_ERROR)
		return decode_fail(d, -EILSEQ, "its gzip data is damaged");
	else if (d->written == d->room && *bytes)
		return decode_fail(d, -ENOSPC, "more comes out than there is room for");
	return 0;
}

static int trailer(struct decoder *d, struct gzip *g, const u8 **data, size_t *bytes)
{
	if (!decode_collect(&g->collected, TRAILER_BYTES, data, bytes))
		return 0;
	if (load_le32(g->collected.data) != g->crc ||
	    load_le32(g->collected.data + SIZE_AT) != (u32)d->written)
		return decode_fail(d, -EILSEQ, "its gzip checksum is wrong");
	return 1;
}

static int feed(struct decoder *d, const u8 *data, size_t bytes)
{
	struct gzip *g = d->state;
	int result = 0;

	while (bytes && !result)
		result = g->part < IN_BODY ? header(d, g, &data, &bytes) :
			 g->part == IN_BODY ? body(d, g, &data, &bytes) :
			 trailer(d, g, &data, &bytes);
	return result;
}

const struct decode_type decode_gzip = { "gzip", sizeof(struct gzip), begin, feed, NULL, end };
