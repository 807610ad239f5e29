/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A copy of the device tree, changed for the next stage. The tree that is open stays as it is;
 * the copy keeps everything that firmware wrote into it (seeds, stdout-path, boot-hartid).
 *
 * Functions return 0; -ENOSPC: the buffer is too small; -EINVAL: the tree is not laid out as it
 * should be. Errors have been logged; after one the copy is not for use.
 */
#pragma once
#include "arch/types.h"

/* Bytes of a buffer for the copy, with room for all changes below and @extra bytes of text. */
size_t dt_edit_bytes(size_t extra);

/*
 * Copy the open tree to @copy, 8-byte aligned, whose @bytes are all for the copy to grow into. What
 * our board knows that firmware forgot to reserve (lib/board.h) is reserved there.
 */
int dt_edit_begin(void *copy, size_t bytes);

/*
 * The same with another tree, which dt_check has passed, in place of the open one: it takes over
 * from that what only firmware knows: memory, reservations, and of /chosen what it has not itself.
 */
int dt_edit_begin_other(void *copy, size_t bytes, const void *blob);

/* The command line (DT 3.6), without words that are ours. NULL: the one that is there. */
int dt_edit_bootargs(void *copy, const char *bootargs);

/* Where the initrd lies, [start, start + bytes). No bytes: there is none. */
int dt_edit_initrd(void *copy, u64 start, u64 bytes);

/* Any other property of /chosen. */
int dt_edit_chosen_value(void *copy, const char *name, const void *value, size_t bytes);
int dt_edit_chosen_number(void *copy, const char *name, u64 value);	/* one cell, or two */

int dt_edit_reserve(void *copy, u64 start, u64 bytes);		/* one more row of /memreserve/ */

/*
 * Merge an overlay (compiled with dtc -@) into the copy. @name, its file, is for messages, which
 * say which label, node or fragment does not fit. dt_edit_bytes(@extra): twice its bytes, for each.
 */
int dt_edit_overlay(void *copy, const void *overlay, size_t bytes, const char *name);

/* No more changes: drop the room that is left. The bytes that the copy takes now. */
size_t dt_edit_end(void *copy);
