/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/arch.h"
#include "arch/cache_lines.h"
#include "lib/assert.h"
#include "lib/cache.h"
#include "lib/errors.h"

static const struct cache_ops *outer;

int cache_register(const struct cache_ops *ops)
{
	assert(ops->line_bytes && !(ops->line_bytes & (ops->line_bytes - 1)) &&
	       ops->line_bytes <= ARCH_PAGE_BYTES);
	if (outer)
		return -EBUSY;
	outer = ops;
	return 0;
}

const char *cache_backend(void)
{
	return outer ? outer->name : arch_cache_backend();
}

size_t cache_line_bytes(void)
{
	size_t inner = arch_cache_line_bytes();

	return outer && outer->line_bytes > inner ? outer->line_bytes : inner;
}

static void whole_lines(const void *start, size_t bytes, u64 *first, u64 *count)
{
	struct cache_lines lines = cache_lines((uintptr_t)start, bytes, outer->line_bytes);

	*first = lines.at;
	*count = (u64)lines.left * outer->line_bytes;
}

/* From the inside out: what the inner caches write back ends in the outer one. */
void cache_clean(const void *start, size_t bytes)
{
	u64 first, count;

	if (arch_cache_backend())
		arch_cache_clean(start, bytes);
	if (outer) {
		whole_lines(start, bytes, &first, &count);
		outer->clean(first, count);
		arch_dma_mb();
	}
}

/* From the outside in: what the inner caches fetch again must not come from an outer old copy. */
void cache_invalidate(void *start, size_t bytes)
{
	assert(((uintptr_t)start | bytes) % cache_line_bytes() == 0);
	if (outer) {
		outer->invalidate((uintptr_t)start, bytes);
		arch_dma_mb();
	}
	if (arch_cache_backend())
		arch_cache_invalidate(start, bytes);
}
