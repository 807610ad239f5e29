/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the image moves to before anything else: a place that nobody who is loaded later wants. */
#pragma once
#include "arch/types.h"

/*
 * Take memory for the image, the tree (bytes) and the first page tables: as high as devices with
 * 32-bit addresses still reach, because low memory is what kernels want; else anywhere. 0;
 * -ENOMEM with only nest->bytes set: how much it would have taken; -ENOSPC: the table of memory is
 * full.
 */
int nest_take(u64 image_bytes, u64 tree_bytes, struct range *nest);
