/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "arch/types.h"

/* Find the back-end that works here. @block_bytes: what the tree says of Zicbom; 0: nothing. */
void cache_choose(bool zicbom, u32 block_bytes, bool thead);
