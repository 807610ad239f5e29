/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The image is linked at one address and runs at another: each pointer that lies in it is set
 * for where the image is. The build lists them (tools/relocations) from the linker's own list, of
 * which it lets only R_<ISA>_RELATIVE entries through, in a third of the linker's space.
 */
#pragma once
#include "arch/types.h"

/* Both count from image_start. */
struct relocation {
	u32 place;			/* a pointer lies here ... */
	u32 target;			/* ... to there */
};

/* The image at @base. Again after a move, with another base: the same call. */
void relocate(u64 base, const struct relocation *first, const struct relocation *end);
