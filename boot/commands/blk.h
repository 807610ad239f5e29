/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the blk and nvme commands. */
#pragma once
#include "drivers/block.h"

/* The last word is taken away if it is -f; without, somebody has to say y. */
bool blk_may_write(const char *name, int *argc, char **argv, const char *what);

/*
 * Does it read the same in every way: at once, in many pieces, at odd addresses? @write: do its
 * last blocks keep what is written? (They have their own content again at the end.) The result is
 * on the console.
 */
int blk_test(struct block_device *b, bool write);
