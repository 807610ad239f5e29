/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/arch.h"
#include "lib/memory.h"
#include "lib/nest.h"

enum { SPARE_BYTES = 512 * 1024 };	/* page tables, before all RAM is mapped */
static const u64 BELOW_4_GIB = 1ull << 32;

static u64 page_up(u64 n)
{
	return (n + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
}

int nest_take(u64 image_bytes, u64 tree_bytes, struct range *nest)
{
	nest->bytes = page_up(image_bytes) + page_up(tree_bytes) + SPARE_BYTES;
	if (!memory_take(nest->bytes, ARCH_PAGE_BYTES, 0, BELOW_4_GIB, MEMORY_PLINTH, "nest",
			 &nest->start))
		return 0;
	return memory_take(nest->bytes, ARCH_PAGE_BYTES, 0, UINT64_MAX, MEMORY_PLINTH, "nest",
			   &nest->start);
}
