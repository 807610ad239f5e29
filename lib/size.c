/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/size.h"

#include <inttypes.h>
#include <stdio.h>

const char *size_text(u64 bytes, char to[static SIZE_TEXT_BYTES])
{
	static const char units[][4] = { "KiB", "MiB", "GiB", "TiB" };
	unsigned shift = 10, tenths;
	const char *unit;

	if (bytes < 1024) {
		snprintf(to, SIZE_TEXT_BYTES, "%u bytes", (unsigned)bytes);
		return to;
	}
	while (shift < 40 && bytes >> shift >= 1024)
		shift += 10;
	tenths = (unsigned)((bytes >> (shift - 10)) % 1024 * 10 / 1024);
	unit = units[shift / 10 - 1];
	if (tenths)
		snprintf(to, SIZE_TEXT_BYTES, "%" PRIu64 ".%u %s", bytes >> shift, tenths, unit);
	else
		snprintf(to, SIZE_TEXT_BYTES, "%" PRIu64 " %s", bytes >> shift, unit);
	return to;
}
