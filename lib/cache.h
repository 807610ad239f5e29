/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caches between the CPU and devices that do not see them: those that the CPU's own instructions
 * reach, and an outer one whose driver registers itself here. Only lib/dma.c uses the operations.
 */
#pragma once
#include "arch/types.h"

/* CPU physical addresses, whole lines. clean may invalidate, too. What must follow waits for it. */
struct cache_ops {
	const char *name;
	size_t line_bytes;			/* a power of two, a page at most */
	void (*clean)(u64 start, u64 bytes);
	void (*invalidate)(u64 start, u64 bytes);
};

int cache_register(const struct cache_ops *outer);	/* 0; -EBUSY: there is one */

/* "Zicbom", "ccache flush64", ...; NULL: nothing maintains caches. */
const char *cache_backend(void);
size_t cache_line_bytes(void);		/* the largest on the way */

/*
 * Every line that holds a byte of the range. invalidate: what is in them is lost, so they are
 * whole.
 */
void cache_clean(const void *start, size_t bytes);
void cache_invalidate(void *start, size_t bytes);
