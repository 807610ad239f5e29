/* SPDX-License-Identifier: BSD-2-Clause */
/* Apply the image's own dynamic relocations. The build lets only R_<ISA>_RELATIVE ones through. */
#pragma once
#include "arch/types.h"

/*
 * The image runs at @base instead of the address it was linked at (@link_base). Idempotent: the
 * addends lie in the table, so relocating again after a move is the same call.
 */
struct rela {
	u64 offset, info;
	s64 addend;
};
void relocate(u64 base, u64 link_base, const struct rela *first, const struct rela *end);
