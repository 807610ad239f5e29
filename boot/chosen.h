/* SPDX-License-Identifier: BSD-2-Clause */
/* What the next stage's tree says in /chosen (DT 3.6, and Linux's own properties). */
#pragma once
#include "arch/types.h"

/*
 * Into the copy of dt_edit_begin: the command line (NULL: the one that is there), the initrd (no
 * bytes: none), seeds for kaslr-seed and rng-seed in place of the firmware's, which CPU boots where
 * somebody asks, who we are and how long things took. 0, or -errno after a log line.
 */
int chosen_write(void *copy, const char *arguments, const struct range *initrd);
