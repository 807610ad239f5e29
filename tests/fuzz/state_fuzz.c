/* SPDX-License-Identifier: BSD-2-Clause */
/* Any 512 bytes as what is remembered: refused, or read, changed and written, and read again. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "boot/state/state.h"
#include "lib/crc32.h"
#include "lib/errors.h"

enum { SUMMED_AT = 23 };

static void same_again(const struct boot_state *s)
{
	struct boot_state back;
	char bytes[STATE_BYTES];

	state_render(s, bytes);
	assert(state_parse(&back, bytes));
	assert(back.sequence == s->sequence && !strcmp(back.lines, s->lines));
}

static void change(struct boot_state *s, const char *key, const char *value)
{
	char got[STATE_BYTES], before[sizeof(s->lines)];
	int error;

	strcpy(before, s->lines);
	error = state_set(s, key, value);
	assert(!error || !strcmp(before, s->lines));
	assert(!error || error == -ENOSPC || error == -EINVAL);
	if (!error && value && !strchr(value, '\t'))
		assert(state_get(s, key, got) && !strcmp(got, value));
	same_again(s);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	struct boot_state s = { .sequence = 0 };
	char sector[STATE_BYTES], crc[9], key[STATE_BYTES + 8], value[STATE_BYTES];

	if (!bytes)
		return 0;
	memset(sector, '\n', sizeof(sector));
	memcpy(sector, data + 1, bytes - 1 < sizeof(sector) ? bytes - 1 : sizeof(sector));
	if (data[0] & 1) {		/* past the sum */
		memcpy(sector, "plinth-state-1 ", 15);
		snprintf(crc, sizeof(crc), "%08x",
			 (unsigned)crc32_add(0, sector + SUMMED_AT, STATE_BYTES - SUMMED_AT));
		memcpy(sector + 15, crc, 8);
	}
	if (!state_parse(&s, sector))
		return 0;
	same_again(&s);
	snprintf(key, sizeof(key), "%.*s", (int)strcspn(s.lines, "\t\n"), s.lines);
	state_get(&s, key, value);
	change(&s, key, "some value");
	change(&s, "default", key);
	change(&s, "tries it", "3");
	change(&s, key, NULL);
	return 0;
}
