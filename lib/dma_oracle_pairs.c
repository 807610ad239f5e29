/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory for an oracle with an offset: a piece of ours, and exactly so far from it one for the
 * device.
 */
#include "lib/dma_oracle.h"
#include "lib/dma_pool.h"
#include "lib/errors.h"
#include "lib/memory.h"

static struct range ours, theirs;

/* The highest pair of free pieces, the second @offset bytes above the first (modulo 2^64). */
static bool find_pair(u64 offset, u64 bytes, u64 *at)
{
	const struct memory_range *a, *b;
	bool found = false;

	for (unsigned i = 0; (a = memory_at(i)); i++) {
		s64 first = (s64)a->range.start, last = first + (s64)(a->range.bytes - bytes);

		if (a->use != MEMORY_FREE || a->range.bytes < bytes)
			continue;
		for (unsigned k = 0; (b = memory_at(k)); k++) {
			s64 low = (s64)(b->range.start - offset);
			s64 high = low + (s64)(b->range.bytes - bytes);

			if (b->use != MEMORY_FREE || b->range.bytes < bytes)
				continue;
			if (high > last)
				high = last;
			if (high < first || high < low || (found && (u64)high <= *at))
				continue;
			*at = (u64)high;
			found = true;
		}
	}
	return found;
}

/* At most a share of all memory, and no more than the limit. */
int dma_oracle_pairs_take(const struct dma_oracle_settings *s)
{
	enum { SHARE = 8, LEAST = 256 * 1024, MOST = 64 * 1024 * 1024 };
	u64 apart = s->offset < -s->offset ? s->offset : -s->offset;
	u64 bytes = LEAST, most = memory_total() / SHARE, at;
	int error;

	if (s->limit && s->limit < most)
		most = s->limit;
	while (2 * bytes <= most && bytes < MOST)
		bytes *= 2;
	for (;; bytes /= 2) {
		if (bytes < LEAST)
			return -ENOMEM;
		if (apart >= bytes && find_pair(s->offset, bytes, &at))
			break;
	}
	ours = (struct range){ at, bytes };
	theirs = (struct range){ at + s->offset, bytes };
	error = memory_claim(ours.start, ours.bytes, MEMORY_PLINTH, "DMA, oracle");
	if (error)
		return error;
	error = memory_claim(theirs.start, theirs.bytes, MEMORY_PLINTH, "DMA, oracle");
	if (error)
		goto release_ours;
	error = dma_pool_add(ours);
	if (error)
		goto release_theirs;
	dma_domains_within(ours);
	return 0;

release_theirs:
	memory_release(theirs.start, theirs.bytes);
release_ours:
	memory_release(ours.start, ours.bytes);
	return error;
}

void dma_oracle_pairs_release(void)
{
	dma_pool_withdraw(ours);
	memory_release(ours.start, ours.bytes);
	memory_release(theirs.start, theirs.bytes);
}
