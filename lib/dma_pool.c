/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Large pieces of RAM (arenas), cut into small ones: the first that is large enough, joined with
 * its neighbours when it comes back. An arena of which nothing is used any more is RAM again.
 */
#include <stdlib.h>
#include "arch/arch.h"
#include "lib/assert.h"
#include "lib/dma_pool.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum { ARENA_BYTES = 64 * 1024 };	/* at least, where there is so much */

struct piece {
	struct piece *next;		/* the one behind it, at the end of this */
	u64 start, bytes;
	bool used;
};

struct arena {
	struct arena *next;
	struct piece *pieces;
	struct range range;
	bool lent;			/* by dma_pool_add */
};
static struct arena *arenas;

/* ---- Arenas ---- */

static struct arena *arena_add(struct range r, bool lent)
{
	struct arena *a = malloc(sizeof *a);
	struct piece *p = malloc(sizeof *p);

	if (!a || !p) {
		free(a);
		free(p);
		return NULL;
	}
	*p = (struct piece){ .start = r.start, .bytes = r.bytes };
	*a = (struct arena){ arenas, p, r, lent };
	return arenas = a;
}

static void arena_remove(struct arena *a)
{
	struct arena **link = &arenas;

	assert(!a->pieces->used && !a->pieces->next);
	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	free(a->pieces);
	free(a);
}

static bool window_at(const struct dma_domain *domain, unsigned index, struct dma_window *w)
{
	if (domain)
		return dma_window_at(domain, index, w);
	*w = (struct dma_window){ 0, 0, UINT64_MAX };
	return index == 0;
}

/* RAM from the first window that has some. */
static struct arena *arena_take(const struct dma_domain *domain, u64 bytes, u64 align)
{
	struct arena *a;
	struct dma_window w;
	u64 start;

	for (unsigned i = 0; window_at(domain, i, &w); i++) {
		if (memory_take(bytes, align, w.cpu, w.cpu + w.bytes, MEMORY_PLINTH, "DMA", &start))
			continue;
		a = arena_add((struct range){ start, bytes }, false);
		if (!a)
			memory_release(start, bytes);
		return a;
	}
	return NULL;
}

int dma_pool_add(struct range r)
{
	return arena_add(r, true) ? 0 : -ENOMEM;
}

void dma_pool_withdraw(struct range r)
{
	for (struct arena *a = arenas; a; a = a->next)
		if (a->lent && a->range.start == r.start) {
			arena_remove(a);
			return;
		}
}

/* ---- Pieces ---- */

/* Where in @p, and in some window of @domain, is room? */
static bool fits(const struct piece *p, const struct dma_domain *domain, size_t bytes, size_t align,
		 size_t place, u64 *at)
{
	struct dma_window w;

	for (unsigned i = 0; window_at(domain, i, &w); i++) {
		u64 low = p->start > w.cpu ? p->start : w.cpu;
		u64 end = p->start + p->bytes, w_end = w.cpu + w.bytes;

		if (w_end < end)
			end = w_end;
		*at = low + ((place - low) & (align - 1));
		if (*at >= low && *at < end && end - *at >= bytes)
			return true;
	}
	return false;
}

/* @p ends at @at, and what was behind is a piece of its own. */
static bool cut(struct piece *p, u64 at)
{
	struct piece *rest;

	if (at == p->start + p->bytes)
		return true;
	rest = malloc(sizeof *rest);
	if (!rest)
		return false;
	*rest = (struct piece){ p->next, at, p->start + p->bytes - at, false };
	p->bytes = at - p->start;
	p->next = rest;
	return true;
}

static void join_next(struct piece *p)
{
	struct piece *next = p->next;

	if (!next || p->used || next->used)
		return;
	p->bytes += next->bytes;
	p->next = next->next;
	free(next);
}

static void *take_from(struct arena *a, const struct dma_domain *domain, size_t bytes, size_t align,
		       size_t place)
{
	for (struct piece *p = a->pieces; p; p = p->next) {
		struct piece *taken = p;
		u64 at;

		if (p->used || !fits(p, domain, bytes, align, place, &at))
			continue;
		if (!cut(p, at + bytes))
			return NULL;
		if (at > p->start) {
			if (!cut(p, at)) {
				join_next(p);
				return NULL;
			}
			taken = p->next;
		}
		taken->used = true;
		return (void *)(uintptr_t)at;
	}
	return NULL;
}

void *dma_pool_take(const struct dma_domain *domain, size_t bytes, size_t align, size_t place)
{
	u64 wanted = ((u64)place + bytes + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
	struct arena *a;
	void *taken;

	assert(bytes && align && !(align & (align - 1)) && place < align);
	if (wanted < bytes)
		return NULL;
	for (a = arenas; a; a = a->next) {
		taken = domain || !a->lent ? take_from(a, domain, bytes, align, place) : NULL;
		if (taken)
			return taken;
	}
	a = wanted < ARENA_BYTES ? arena_take(domain, ARENA_BYTES, align) : NULL;
	if (!a)
		a = arena_take(domain, wanted, align);
	if (!a)
		return NULL;
	taken = take_from(a, domain, bytes, align, place);
	if (!taken) {
		memory_release(a->range.start, a->range.bytes);
		arena_remove(a);
	}
	return taken;
}

static struct arena *arena_of(u64 address)
{
	struct arena *a = arenas;

	while (a && address - a->range.start >= a->range.bytes)
		a = a->next;
	return a;
}

void dma_pool_give_back(void *start)
{
	struct arena *a = arena_of((uintptr_t)start);
	struct piece *p = a ? a->pieces : NULL, *before = NULL;

	while (p && p->start != (uintptr_t)start) {
		before = p;
		p = p->next;
	}
	assert(p && p->used);
	p->used = false;
	join_next(p);
	if (before)
		join_next(before);
	if (!a->lent && !a->pieces->used && !a->pieces->next) {
		memory_release(a->range.start, a->range.bytes);
		arena_remove(a);
	}
}
