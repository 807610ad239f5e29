/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/relocate.h"

void relocate(u64 base, u64 link_base, const struct rela *first, const struct rela *end)
{
	u64 shift = base - link_base;

	/* Linkers leave entries of type NONE (0) where they discarded something. */
	for (const struct rela *r = first; r < end; r++)
		if (r->info)
			*(u64 *)(uintptr_t)(r->offset + shift) = (u64)r->addend + shift;
}
