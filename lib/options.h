/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plinth's own options: words `name=value` or `name` in /chosen/bootargs (QEMU -append, U-Boot's
 * bootargs), among the words that are the next stage's. Ours begin with "plinth.": plinth.log=debug.
 */
#pragma once
#include "arch/types.h"

/* The value of plinth.<name>, "" where it has none, NULL where it is not given. The last one counts. Valid until the tree changes... copies into @to. */
const char *option(const char *name, char *to, size_t bytes);
