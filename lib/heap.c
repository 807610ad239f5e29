/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the C library's malloc gets its memory: one piece, taken when the first byte is wanted. */
#include <stddef.h>
#include "arch/arch.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum { HEAP_BYTES = 4 * 1024 * 1024, HEAP_SHARE = 16 };	/* at most, and at most a part of all RAM */

void *sbrk(ptrdiff_t change);

static char *heap;
static size_t heap_bytes, used;

void *sbrk(ptrdiff_t change)
{
	void *before;

	if (!heap) {
		u64 bytes = memory_total() / HEAP_SHARE, start;

		if (bytes > HEAP_BYTES)
			bytes = HEAP_BYTES;
		/* malloc clears what it gives away, a little at a time */
		if (!memory_take(bytes, ARCH_PAGE_BYTES, 0, UINT64_MAX, MEMORY_PLINTH, "heap",
				 &start)) {
			heap = (char *)(uintptr_t)start;
			heap_bytes = bytes;
		}
	}
	if (change < 0 ? used < -(size_t)change : heap_bytes - used < (size_t)change) {
		errno = ENOMEM;
		return (void *)-1;
	}
	before = heap + used;
	used += change;
	return before;
}
