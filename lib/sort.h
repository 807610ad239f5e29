/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sorting in place. Not qsort: what is sorted here is often somebody else's (pieces of a file, the
 * windows of a tree), and picolibc's takes quadratic time and deep recursion on some inputs, and
 * 6 KiB of the image.
 */
#pragma once
#include "arch/types.h"

/* n log n in the worst case, no stack, no memory; equal items end up in any order. */
void sort_items(void *items, size_t count, size_t bytes,
		int (*compare)(const void *, const void *));
