/* SPDX-License-Identifier: BSD-2-Clause */
/* AArch64's translation table entries (Arm ARM, D8.3; 4 KiB granule). Pure: builds anywhere. */
#pragma once
#include "arch/pagetable.h"

/*
 * EL1&0 and EL2 differ: a single-range regime has one execute-never bit and wants AP[1] set.
 * A function, not two constants: it is needed before the addresses in constants are relocated.
 */
void aarch64_format(struct pagetable_format *format, bool el2_plain);

/* MAIR: what the entries' attribute indices mean. */
/* 0: write-back, allocating; 1: device nGnRnE; 2: not cacheable */
#define AARCH64_MAIR	0x4400ffull
