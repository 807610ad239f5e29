/* SPDX-License-Identifier: BSD-2-Clause */
/* SHA-256 (FIPS 180-4). */
#pragma once
#include "arch/types.h"

enum { SHA256_BYTES = 32, SHA256_BLOCK_BYTES = 64 };

struct sha256 {
	u32 state[8];
	u64 bytes;
	u8 block[SHA256_BLOCK_BYTES];	/* what does not fill one so far */
};

void sha256_begin(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t bytes);
void sha256_end(struct sha256 *s, u8 digest[static SHA256_BYTES]);
