/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
#include "arch/riscv64/isa.h"

/* Find the back-end that works here, of those that the tree promises. */
void cache_choose(struct riscv64_cache_facts promised);
