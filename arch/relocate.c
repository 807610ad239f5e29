/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/relocate.h"

void relocate(u64 base, const struct relocation *first, const struct relocation *end)
{
	for (const struct relocation *r = first; r < end; r++)
		*(u64 *)(uintptr_t)(base + r->place) = base + r->target;
}
