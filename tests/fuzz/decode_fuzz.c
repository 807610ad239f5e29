/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a packed file, in pieces: unpacked within the room given, or refused in words. */
#include <assert.h>
#include <stdlib.h>
#include "boot/decode/decode.h"
#include "tests/sim/ram.h"

enum { ROOM = 1 << 20 };

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static bool ready;
	const struct decode_type *type;
	struct decoder d;
	size_t piece, room;
	int result = 0;
	u8 *to;

	if (!ready)
		sim_ram(SIM_RAM_AT, 256 << 20);
	ready = true;
	if (bytes < 2)
		return 0;
	piece = 1 + data[0] * 16u;
	room = data[1] % 2 ? ROOM : data[1] * 64u;
	data += 2;
	bytes -= 2;
	type = decode_recognise(data, bytes);
	if (!type)
		return 0;
	to = malloc(room);
	if (!decode_begin(&d, type, to, room)) {
		for (size_t at = 0; at < bytes && !result; at += piece)
			result = decode_feed(&d, data + at,
					     piece < bytes - at ? piece : bytes - at);
		if (!result)
			result = decode_finish(&d);
		assert(d.written <= room);
		assert(result >= 0 || d.reason);
	}
	decode_end(&d);
	free(to);
	return 0;
}
