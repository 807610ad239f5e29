/* SPDX-License-Identifier: BSD-2-Clause */
/* Between decode.c and the formats. Private. */
#pragma once
#include "boot/decode/decode.h"

extern const struct decode_type decode_gzip, decode_zstd, decode_lz4, decode_lz4_legacy, decode_xz;

/* Notes the reason and gives back the error. */
int decode_fail(struct decoder *d, int error, const char *reason);

/* A small structure of a format, whose bytes may come in several pieces. */
struct decode_collected {
	u8 bytes, data[24];
};

/* Take until there are @wanted (at most what fits): whether that is so now. */
bool decode_collect(struct decode_collected *c, size_t wanted, const u8 **data, size_t *bytes);
