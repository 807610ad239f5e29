/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is remembered from boot to boot: /plinth/state.0 and state.1, of 512 bytes each. The newer
 * one counts; the older one is written over where it lies, one block, so that whenever the power
 * fails one of them is whole. Volumes without them are left alone. docs/boot.md has the format.
 */
#pragma once
#include "fs/fs.h"

enum { STATE_BYTES = 512, STATE_HEAD_BYTES = 35 };

struct boot_state {
	struct volume volume;		/* whose state; no bytes: no volume has one */
	u32 sequence;			/* of the newer file; 0: none is whole */
	unsigned newer;			/* which it is */
	char lines[STATE_BYTES - STATE_HEAD_BYTES + 1];	/* "key\tvalue\n" */
};

/* ---- The text ---- */

/* Whether @bytes are whole; then lines and sequence of @s are theirs. */
bool state_parse(struct boot_state *s, const char bytes[static STATE_BYTES]);
void state_render(const struct boot_state *s, char bytes[static STATE_BYTES]);

/* NULL: no such line. */
const char *state_get(const struct boot_state *s, const char *key, char to[static STATE_BYTES]);
/* @value NULL: no such line any more. -ENOSPC: and nothing has changed; -EINVAL: for no line. */
int state_set(struct boot_state *s, const char *key, const char *value);

/* ---- The files ---- */

/* Of this volume, if it has one. NULL, or what is wrong with it. */
const char *state_read(struct boot_state *s, struct filesystem *fs);

/*
 * To s->volume; what is not there is created. 0, or an error, after a log line; then what was there
 * still is.
 */
int state_write(struct boot_state *s);
