/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * zstd (RFC 8878). What comes out is its own window, since it lies in one piece: so no window is
 * allocated or copied, however large the frame says it is.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <linux/zstd.h>

#include "boot/decode/types.h"
#include "lib/errors.h"

struct zstd {
	void *workspace;
	ZSTD_DCtx *context;
	ZSTD_outBuffer out;
};

static int begin(struct decoder *d)
{
	struct zstd *z = d->state;
	/* the context, and an input block */
	size_t bytes = ZSTD_estimateDCtxSize() + ZSTD_BLOCKSIZE_MAX + ZSTD_FRAMEHEADERSIZE_MAX;

	z->workspace = decode_take(bytes);
	if (!z->workspace)
		return -ENOMEM;
	z->context = ZSTD_initStaticDStream(z->workspace, bytes);
	ZSTD_DCtx_setParameter(z->context, ZSTD_d_stableOutBuffer, 1);
	ZSTD_DCtx_setParameter(z->context, ZSTD_d_windowLogMax, ZSTD_WINDOWLOG_MAX);
	z->out = (ZSTD_outBuffer){ d->to, d->room, 0 };
	return 0;
}

static void end(struct decoder *d)
{
	struct zstd *z = d->state;

	decode_give_back(z->workspace);
}

static int feed(struct decoder *d, const u8 *data, size_t bytes)
{
	struct zstd *z = d->state;
	ZSTD_inBuffer in = { data, bytes, 0 };

	while (in.pos < in.size) {
		size_t before = in.pos, result = ZSTD_decompressStream(z->context, &z->out, &in);

		d->written = z->out.pos;
		if (!result)
			return 1;
		if (!ZSTD_isError(result) && (in.pos > before))
			continue;
		switch (ZSTD_isError(result) ? ZSTD_getErrorCode(result) :
			ZSTD_error_dstSize_tooSmall) {
		case ZSTD_error_dstSize_tooSmall:
			return decode_fail(d, -ENOSPC, "more comes out than there is room for");
		case ZSTD_error_checksum_wrong:
			return decode_fail(d, -EILSEQ, "its zstd checksum is wrong");
		case ZSTD_error_dictionary_wrong:
			return decode_fail(d, -ENOTSUP, "it was packed with a zstd dictionary");
		default:
			return decode_fail(d, -EILSEQ, "its zstd data is damaged");
		}
	}
	return 0;
}

const struct decode_type decode_zstd = { "zstd", sizeof(struct zstd), begin, feed, NULL, end };
