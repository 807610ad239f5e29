/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xz. Its CRC32 is checked; CRC64 and SHA-256, which Linux does not know either, are not. Filters
 * for machine code are not known.
 */
#include <linux/xz.h>

#include "boot/decode/types.h"
#include "lib/errors.h"

enum { DICTIONARY_MAX = 64 << 20 };	/* bytes: that of xz -9 */

struct xz {
	struct xz_dec *decoder;
};

static int begin(struct decoder *d)
{
	struct xz *x = d->state;

	xz_crc32_init();
	x->decoder = xz_dec_init(XZ_DYNALLOC, DICTIONARY_MAX);
	return x->decoder ? 0 : -ENOMEM;
}

static void end(struct decoder *d)
{
	struct xz *x = d->state;

	xz_dec_end(x->decoder);
}

static int feed(struct decoder *d, const u8 *data, size_t bytes)
{
	struct xz *x = d->state;
	struct xz_buf b = { data, 0, bytes, d->to, d->written, d->room };
	enum xz_ret result;

	do
		result = xz_dec_run(x->decoder, &b);
	while (result == XZ_UNSUPPORTED_CHECK || (result == XZ_OK && b.in_pos < b.in_size &&
						  b.out_pos < b.out_size));
	d->written = b.out_pos;
	switch (result) {
	case XZ_STREAM_END:
		return 1;
	case XZ_OK:
		if (b.in_pos == b.in_size)
			return 0;
		return decode_fail(d, -ENOSPC, "more comes out than there is room for");
	case XZ_BUF_ERROR:
		if (b.out_pos < b.out_size)
			break;
		return decode_fail(d, -ENOSPC, "more comes out than there is room for");
	case XZ_MEM_ERROR:
	case XZ_MEMLIMIT_ERROR:
		return decode_fail(d, -ENOMEM, "its xz dictionary is too large for the memory");
	case XZ_OPTIONS_ERROR:
		return decode_fail(d, -ENOTSUP, "it uses an xz filter that is not known here");
	default:
		break;
	}
	return decode_fail(d, -EILSEQ, "its xz data is damaged");
}

const struct decode_type decode_xz = { "xz", sizeof(struct xz), begin, feed, NULL, end };
