/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/relocate.h"

void relocate(u64 base, u64 link_base, const struct rela *first, const struct rela *end)
{
	u64 shift = base - link_base;

	/* volatile: no vector copy, no libc call, whatever the compiler thinks of the loop */
	for (const struct rela *r = first; r < end; r++)
		*(volatile u64 *)(uintptr_t)(r->offset + shift) = (u64)r->addend + shift;
}
