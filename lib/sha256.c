/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/sha256.h"

#include <string.h>

/* Fractions of the cube roots of the first 64 primes (4.2.2). */
static const u32 constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static u32 turn(u32 x, unsigned by)
{
	return x >> by | x << (32 - by);
}

/*
 * 6.2.2. The schedule is kept in a ring of 16 words; instead of moving a .. h along by one in each
 * round, where they are counted from moves.
 */
static void add_block(u32 state[8], const u8 *block)
{
	u32 w[16], v[8];

	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 64; i++) {
		u32 *word = &w[i % 16], t1;
		u32 a = v[-i & 7], b = v[(1 - i) & 7], c = v[(2 - i) & 7];
		u32 e = v[(4 - i) & 7], f = v[(5 - i) & 7], g = v[(6 - i) & 7];
		u32 *d = &v[(3 - i) & 7], *h = &v[(7 - i) & 7];

		if (i < 16) {
			memcpy(word, block + 4 * i, 4);
			*word = __builtin_bswap32(*word);
		} else {
			u32 x = w[(i + 1) % 16], y = w[(i + 14) % 16];

			*word += (turn(x, 7) ^ turn(x, 18) ^ x >> 3) + w[(i + 9) % 16] +
				 (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
		}
		t1 = *h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) +
		     constants[i] + *word;
		*d += t1;
		*h = t1 + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) +
		     ((a & b) ^ (a & c) ^ (b & c));
	}
	for (unsigned i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha256_begin(struct sha256 *s)
{
	/* Fractions of the square roots of the first 8 primes (5.3.3). */
	static const u32 start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	memcpy(s->state, start, sizeof(start));
	s->bytes = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t bytes)
{
	const u8 *from = data;

	while (bytes) {
		size_t have = s->bytes % SHA256_BLOCK_BYTES, part = SHA256_BLOCK_BYTES - have;

		if (part > bytes)
			part = bytes;
		if (part == SHA256_BLOCK_BYTES) {
			add_block(s->state, from);
		} else {
			memcpy(s->block + have, from, part);
			if (have + part == SHA256_BLOCK_BYTES)
				add_block(s->state, s->block);
		}
		s->bytes += part;
		from += part;
		bytes -= part;
	}
}

void sha256_end(struct sha256 *s, u8 digest[static SHA256_BYTES])
{
	static const u8 one = 0x80, zero;
	u64 bits = __builtin_bswap64(s->bytes * 8);

	sha256_add(s, &one, 1);
	while (s->bytes % SHA256_BLOCK_BYTES != SHA256_BLOCK_BYTES - sizeof(bits))
		sha256_add(s, &zero, 1);
	sha256_add(s, &bits, sizeof(bits));
	for (unsigned i = 0; i < 8; i++) {
		u32 word = __builtin_bswap32(s->state[i]);

		memcpy(digest + 4 * i, &word, 4);
	}
}
