/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "lib/dma_domain.h"
#include "lib/errors.h"
#include "lib/sort.h"

static struct range within;		/* no bytes: no limit */

void dma_domains_within(struct range r)
{
	within = r;
}

/* ---- Reach ---- */

static const struct dma_window everything = { 0, 0, UINT64_MAX };

static const struct dma_window *window(const struct dma_domain *domain, unsigned index)
{
	if (!domain->window_count)
		return index ? NULL : &everything;
	return index < domain->window_count ? &domain->windows[index] : NULL;
}

/* What is left of @w inside of @r. */
static struct dma_window clip(const struct dma_window *w, struct range r)
{
	u64 low = w->cpu > r.start ? w->cpu : r.start;
	u64 end = w->cpu + w->bytes, r_end = r.start + r.bytes;

	if (r_end < end)
		end = r_end;
	return (struct dma_window){ low, w->bus + (low - w->cpu), end > low ? end - low : 0 };
}

bool dma_window_at(const struct dma_domain *domain, unsigned index, struct dma_window *w)
{
	const struct dma_window *whole = window(domain, index);

	if (whole)
		*w = within.bytes ? clip(whole, within) : *whole;
	return whole;
}

static bool find(const struct dma_window *w, u64 cpu, u64 bytes, dma_addr_t *addr)
{
	u64 into = cpu - w->cpu;

	if (into >= w->bytes || bytes > w->bytes - into)
		return false;
	addr->bus = w->bus + into;
	return true;
}

static __attribute__((noinline)) bool
reach_windows(const struct dma_domain *domain, u64 cpu, u64 bytes, dma_addr_t *addr)
{
	struct dma_window w;

	for (unsigned i = 0; dma_window_at(domain, i, &w); i++)
		if (find(&w, cpu, bytes, addr))
			return true;
	return false;
}

bool dma_reach(const struct dma_domain *domain, u64 cpu, u64 bytes, dma_addr_t *addr)
{
	if (!domain->window_count && !within.bytes)
		return find(&everything, cpu, bytes, addr);
	return reach_windows(domain, cpu, bytes, addr);
}

bool dma_translate(const struct dma_domain *domain, u64 cpu, u64 bytes, dma_addr_t *addr)
{
	const struct dma_window *w;

	for (unsigned i = 0; (w = window(domain, i)); i++)
		if (find(w, cpu, bytes, addr))
			return true;
	return false;
}

/* ---- From the device tree ---- */

struct known {
	struct known *next;
	struct dma_domain domain;
	struct dma_window windows[];
};
static struct known *known;

static int by_cpu_address(const void *a, const void *b)
{
	const struct dma_window *x = a, *y = b;

	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* What lies together on both sides is one window: a buffer may lie across. How many are left. */
static unsigned join(struct dma_window *windows, unsigned count)
{
	unsigned kept = 0;

	for (unsigned i = 1; i < count; i++) {
		struct dma_window *last = &windows[kept], *w = &windows[i];

		if (last->cpu + last->bytes == w->cpu && last->bus + last->bytes == w->bus)
			last->bytes += w->bytes;
		else
			windows[++kept] = *w;
	}
	return count ? kept + 1 : 0;
}

static bool same(const struct dma_domain *d, bool coherent, const struct dma_window *windows,
		 unsigned count)
{
	return d->coherent == coherent && d->window_count == count &&
		(!count || !memcmp(d->windows, windows, count * sizeof *windows));
}

int dma_domain_of(struct dt_node bus, bool coherent, const struct dma_domain **domain)
{
	struct dt_range ranges[DT_DMA_RANGES_MAX];
	struct dma_window windows[DT_DMA_RANGES_MAX];
	int count = dt_dma_ranges(bus, ranges);
	struct known *k;

	if (count < 0)
		return count;
	for (int i = 0; i < count; i++) {
		u64 room = UINT64_MAX - ranges[i].cpu;	/* so that every end is a number */

		windows[i] = (struct dma_window){ ranges[i].cpu, ranges[i].bus,
						  ranges[i].bytes < room ? ranges[i].bytes : room };
	}
	sort_items(windows, (size_t)count, sizeof *windows, by_cpu_address);
	count = (int)join(windows, (unsigned)count);

	for (k = known; k; k = k->next)
		if (same(&k->domain, coherent, windows, (unsigned)count))
			break;
	if (!k) {
		k = malloc(sizeof *k + (size_t)count * sizeof *windows);
		if (!k)
			return -ENOMEM;
		memcpy(k->windows, windows, (size_t)count * sizeof *windows);
		k->domain = (struct dma_domain){ coherent, k->windows, (unsigned)count };
		k->next = known;
		known = k;
	}
	*domain = &k->domain;
	return 0;
}
