/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/crc32.h"

/* The remainder of each byte, bits mirrored. Made when first wanted: the image stays smaller. */
static const u32 *remainders(void)
{
	static u32 table[256];

	if (!table[1])
		for (u32 i = 0; i < 256; i++) {
			u32 r = i;

			for (unsigned bit = 0; bit < 8; bit++)
				r = r >> 1 ^ (r & 1 ? 0xedb88320 : 0);
			table[i] = r;
		}
	return table;
}

u32 crc32_add(u32 crc, const void *data, size_t bytes)
{
	const u32 *table = remainders();

	crc = ~crc;
	for (const u8 *p = data, *end = p + bytes; p < end; p++)
		crc = crc >> 8 ^ table[(u8)crc ^ *p];
	return ~crc;
}
