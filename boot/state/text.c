/* SPDX-License-Identifier: BSD-2-Clause */
/* "plinth-state-1 CRC32... SEQUENCE..\n", lines, and empty lines to the end: those are no lines. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/state/state.h"
#include "lib/crc32.h"
#include "lib/errors.h"

static const char magic[] = "plinth-state-1 ";
/* The CRC, of 8 digits, is that of all behind it. */
enum { CRC_AT = sizeof(magic) - 1, SUMMED_AT = CRC_AT + 8, SEQUENCE_AT = SUMMED_AT + 1 };
_Static_assert(SEQUENCE_AT + 10 + 1 == STATE_HEAD_BYTES, "that is the head");

static u32 sum(const char *bytes)
{
	return crc32_add(0, bytes + SUMMED_AT, STATE_BYTES - SUMMED_AT);
}

bool state_parse(struct boot_state *s, const char bytes[static STATE_BYTES])
{
	char crc[8 + 1], *end, *to = s->lines;
	unsigned long long sequence;

	snprintf(crc, sizeof(crc), "%08" PRIx32, sum(bytes));
	if (memcmp(bytes, magic, CRC_AT) || memcmp(bytes + CRC_AT, crc, 8) ||
	    memchr(bytes, 0, STATE_BYTES) || bytes[STATE_BYTES - 1] != '\n')
		return false;
	sequence = strtoull(bytes + SEQUENCE_AT, &end, 10);
	if (end != bytes + STATE_HEAD_BYTES - 1 || *end != '\n' || sequence > UINT32_MAX)
		return false;
	s->sequence = (u32)sequence;
	for (const char *c = bytes + STATE_HEAD_BYTES; c < bytes + STATE_BYTES; c++)
		if (*c != '\n' || (to > s->lines && to[-1] != '\n'))
			*to++ = *c;
	*to = 0;
	return true;
}

void state_render(const struct boot_state *s, char bytes[static STATE_BYTES])
{
	char crc[8 + 1];

	memset(bytes, '\n', STATE_BYTES);
	snprintf(bytes, STATE_HEAD_BYTES, "%s00000000 %010" PRIu32, magic, s->sequence);
	bytes[STATE_HEAD_BYTES - 1] = '\n';
	memcpy(bytes + STATE_HEAD_BYTES, s->lines, strlen(s->lines));
	snprintf(crc, sizeof(crc), "%08" PRIx32, sum(bytes));
	memcpy(bytes + CRC_AT, crc, 8);
}

/* Its line, or NULL. */
static const char *find(const struct boot_state *s, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = s->lines; *line; line = strchr(line, '\n') + 1)
		if (!strncmp(line, key, length) && line[length] == '\t')
			return line;
	return NULL;
}

const char *state_get(const struct boot_state *s, const char *key, char to[static STATE_BYTES])
{
	const char *line = find(s, key);

	if (!line)
		return NULL;
	line += strlen(key) + 1;
	sprintf(to, "%.*s", (int)strcspn(line, "\n"), line);
	return to;
}

int state_set(struct boot_state *s, const char *key, const char *value)
{
	struct boot_state next = *s;
	size_t more = value ? strlen(key) + strlen(value) + 2 : 0;
	const char *line, *rest;

	if (strpbrk(key, "\t\n") || (value && strchr(value, '\n')))
		return -EINVAL;
	while ((line = find(&next, key))) {
		rest = strchr(line, '\n') + 1;
		memmove(next.lines + (line - next.lines), rest, strlen(rest) + 1);
	}
	if (strlen(next.lines) + more >= sizeof(next.lines))
		return -ENOSPC;
	if (value)
		sprintf(next.lines + strlen(next.lines), "%s\t%s\n", key, value);
	*s = next;
	return 0;
}
