/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plinth's own options: words `name=value` or `name` in /chosen/bootargs (QEMU -append, U-Boot's
 * bootargs), among the words that are the next stage's. Ours begin with "plinth.":
 * plinth.log=debug.
 */
#pragma once
#include "arch/types.h"

/*
 * The value of plinth.<name>, copied into @to; "" where it has none. NULL: not given, or (with a
 * warning) too long for @to. The last one counts. A value with spaces stands in double quotes,
 * name="a b" or "name=a b", as Linux has it.
 */
const char *option(const char *name, char *to, size_t bytes);

/* How many words of ours are none of these @count options: misspelt, perhaps. Each is warned of. */
size_t options_check(const char *const *names, size_t count);

/* The words of @bootargs that are not ours, each as it was; @to may be @bootargs. 0, or -ENOSPC. */
int options_strip(const char *bootargs, char *to, size_t bytes);
