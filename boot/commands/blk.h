/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the files of the blk command. */
#pragma once
#include "drivers/block.h"

/*
 * Does it read the same in every way: at once, in many pieces, at odd addresses? @write: do its
 * last blocks keep what is written? (They have their own content again at the end.) The result is
 * on the console.
 */
int blk_test(struct block_device *b, bool write);
