/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "arch/arch.h"
#include "lib/assert.h"
#include "lib/cache.h"
#include "lib/dma_oracle.h"
#include "lib/dma_pool.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/size.h"

static struct dma_counters counters;

const struct dma_counters *dma_counters(void)
{
	return &counters;
}

/* ---- The way ---- */

size_t dma_line_bytes(void)
{
	return dma_oracle_on ? dma_oracle()->line_bytes : cache_line_bytes();
}

const char *dma_refusal(const struct dma_domain *domain)
{
	if (domain->coherent || dma_oracle_on || cache_backend())
		return NULL;
	return "its DMA does not see the caches, and neither the CPU nor a cache controller here "
	       "can write them back";
}

static int way_for(const struct dma_domain *domain, enum dma_lines lines, enum dma_way *way)
{
	if (dma_oracle_on)
		*way = DMA_ORACLE;
	else if (domain->coherent)
		*way = DMA_COHERENT;
	else
		*way = lines == DMA_MIXED ? DMA_UNCACHED : DMA_MAINTAINED;
	return dma_refusal(domain) || (*way == DMA_ORACLE && lines == DMA_MIXED) ? -ENOTSUP : 0;
}

const char *dma_describe(const struct dma_domain *domain, char *to, size_t bytes)
{
	const char *refusal = dma_refusal(domain);

	if (refusal)
		snprintf(to, bytes, "not usable: %s", refusal);
	else if (dma_oracle_on)
		snprintf(to, bytes, "not coherent (oracle), %zu-byte lines", dma_line_bytes());
	else if (domain->coherent)
		snprintf(to, bytes, "coherent");
	else
		snprintf(to, bytes, "not coherent, maintained by %s, %zu-byte lines",
			 cache_backend(), dma_line_bytes());
	return to;
}

/* Does this place do something? While the oracle is at work, a test may have switched it off. */
static bool effective(const struct dma_site *site)
{
	if (!dma_oracle_on)
		return true;
	site->state->uses++;
	return !site->state->off;
}

static size_t round_up(size_t n, size_t to)
{
	return (n + to - 1) & -to;
}

/* ---- Areas ---- */

static size_t area_bytes(const struct dma_memory *m)
{
	return round_up(m->bytes, m->way == DMA_UNCACHED ? ARCH_PAGE_BYTES : dma_line_bytes());
}

/* Cached again: the pool's next customer may want it so. */
static void area_give_back(struct dma_memory *m)
{
	if (m->way == DMA_UNCACHED)
		arch_map((uintptr_t)m->cpu, area_bytes(m), ARCH_MAP_DATA);
	dma_pool_give_back(m->cpu);
	m->cpu = NULL;
}

static int area_prepare(const struct dma_site *site, struct dma_memory *m, size_t align)
{
	struct dma_loan like = {
		.site = site, .owner = m, .shared = true, .buffer = m->cpu, .ours = m->cpu,
		.addr = m->addr, .bytes = m->bytes,
	};
	int error = 0;

	memset(m->cpu, 0, area_bytes(m));
	if (m->way == DMA_MAINTAINED || m->way == DMA_UNCACHED)
		cache_clean(m->cpu, area_bytes(m));
	if (m->way == DMA_UNCACHED)
		error = arch_map((uintptr_t)m->cpu, area_bytes(m), ARCH_MAP_UNCACHED);
	if (!error && m->way == DMA_ORACLE) {
		error = dma_oracle_lend(&like, m->domain, align, true);
		m->addr = like.addr;
	}
	if (error || !dma_loans_kept())
		return error;
	m->loan = dma_loan_add(&like);
	if (!m->loan && m->way == DMA_ORACLE)
		dma_oracle_end_loan(&like);
	return m->loan ? 0 : -ENOMEM;
}

int dma_alloc_at(const struct dma_site *site, struct dma_memory *m, const struct dma_domain *domain,
		 size_t bytes, size_t align, enum dma_lines lines)
{
	enum dma_way way;
	size_t unit;
	int error = way_for(domain, lines, &way);

	*m = (struct dma_memory){ .domain = domain };
	if (!bytes || bytes > SIZE_MAX / 2)
		return -EINVAL;
	if (error)
		return error;
	unit = way == DMA_UNCACHED ? ARCH_PAGE_BYTES : dma_line_bytes();
	if (align < unit)
		align = unit;
	*m = (struct dma_memory){ .domain = domain, .bytes = bytes, .way = way };
	m->cpu = dma_pool_take(domain, area_bytes(m), align, 0);
	if (!m->cpu)
		return -ENOMEM;
	dma_reach(domain, (uintptr_t)m->cpu, bytes, &m->addr);
	error = area_prepare(site, m, align);
	if (error) {
		area_give_back(m);
		return error;
	}
	counters.shared++;
	return 0;
}

void dma_free(struct dma_memory *m)
{
	if (!m->cpu)
		return;
	if (m->way == DMA_ORACLE)
		dma_oracle_end_loan(m->loan);
	if (m->loan)
		dma_loan_remove(m->loan);
	area_give_back(m);
	counters.shared--;
	*m = (struct dma_memory){ .domain = m->domain };
}

/* Ten times for each request of a disk: on coherent memory, a few instructions and no call. */
static inline __attribute__((always_inline)) void check(const struct dma_memory *m, size_t offset,
							size_t bytes)
{
	assert(m->cpu && bytes && offset < m->bytes && bytes <= m->bytes - offset);
}

static __attribute__((noinline)) void
give(const struct dma_site *site, const struct dma_memory *m, size_t offset, size_t bytes)
{
	switch (m->way) {
	case DMA_COHERENT:
	case DMA_UNCACHED:
		arch_dma_wmb();
		break;
	case DMA_MAINTAINED:
		cache_clean((char *)m->cpu + offset, bytes);
		break;
	case DMA_ORACLE:
		dma_oracle_hook();
		if (effective(site))
			dma_oracle_give(m->loan, offset, bytes);
		break;
	}
}

void dma_give_at(const struct dma_site *site, const struct dma_memory *m, size_t offset,
		 size_t bytes)
{
	check(m, offset, bytes);
	counters.gives++;
	if (m->way == DMA_COHERENT)
		arch_dma_wmb();
	else
		give(site, m, offset, bytes);
}

static __attribute__((noinline)) void
take(const struct dma_site *site, const struct dma_memory *m, size_t offset, size_t bytes)
{
	size_t line = dma_line_bytes(), first = offset & -line;

	switch (m->way) {
	case DMA_COHERENT:
	case DMA_UNCACHED:
		arch_dma_rmb();
		break;
	case DMA_MAINTAINED:
		cache_invalidate((char *)m->cpu + first, round_up(offset + bytes, line) - first);
		break;
	case DMA_ORACLE:
		dma_oracle_hook();
		if (effective(site))
			dma_oracle_take(m->loan, site, offset, bytes);
		break;
	}
}

void dma_take_at(const struct dma_site *site, const struct dma_memory *m, size_t offset,
		 size_t bytes)
{
	check(m, offset, bytes);
	counters.takes++;
	if (m->way == DMA_COHERENT)
		arch_dma_rmb();
	else
		take(site, m, offset, bytes);
}

void dma_fence_at(const struct dma_site *site)
{
	if (dma_oracle_on) {
		dma_oracle_hook();
		if (!effective(site))
			return;
		dma_oracle_flush();
	}
	arch_dma_mb();
}

/* ---- Buffers ---- */

/* The first line of a buffer begins here. */
static uintptr_t first_line(const void *buffer)
{
	return (uintptr_t)buffer & -dma_line_bytes();
}

static size_t lines_bytes(const struct dma_mapping *map)
{
	return round_up((uintptr_t)map->buffer + map->bytes - first_line(map->buffer),
			dma_line_bytes());
}

static bool shares_a_line(const struct dma_mapping *map)
{
	return map->way != DMA_COHERENT && map->direction == DMA_FROM_DEVICE &&
		((uintptr_t)map->buffer | map->bytes) % dma_line_bytes();
}

/* With the caller's bytes: what goes out, and what stays if less comes in. Around them, zeroes. */
static int bounce(struct dma_mapping *map)
{
	uintptr_t first = first_line(map->buffer);
	size_t whole = lines_bytes(map), lead = (uintptr_t)map->buffer - first;
	char *block = dma_pool_take(map->domain, whole, ARCH_PAGE_BYTES, first % ARCH_PAGE_BYTES);

	if (!block)
		return -ENOMEM;
	memset(block, 0, lead);
	memset(block + lead + map->bytes, 0, whole - lead - map->bytes);
	map->bounce = memcpy(block + lead, map->buffer, map->bytes);
	dma_reach(map->domain, (uintptr_t)map->bounce, map->bytes, &map->addr);
	counters.bounces++;
	counters.bounced_bytes += map->bytes;
	return 0;
}

static void bounce_give_back(struct dma_mapping *map)
{
	if (map->bounce)
		dma_pool_give_back((void *)first_line(map->bounce));
	map->bounce = NULL;
}

static void *handed_over(const struct dma_mapping *map)
{
	return map->bounce ? map->bounce : map->buffer;
}

static int hand_over_noted(const struct dma_site *site, struct dma_mapping *map)
{
	struct dma_loan like = {
		.site = site, .owner = map, .direction = map->direction, .buffer = map->buffer,
		.ours = handed_over(map), .addr = map->addr, .bytes = map->bytes,
	};
	int error = 0;

	if (map->way == DMA_ORACLE) {
		error = dma_oracle_lend(&like, map->domain, 0, effective(site));
		map->addr = like.addr;
	}
	if (error)
		return error;
	map->loan = dma_loan_add(&like);
	if (!map->loan && map->way == DMA_ORACLE)
		dma_oracle_end_loan(&like);
	return map->loan ? 0 : -ENOMEM;
}

/*
 * Clean in both directions: also a line that the device will write must not be dirty, or it may
 * fall over what came in. Invalidated it is when that has come, since it may have been fetched
 * meanwhile.
 */
static int hand_over(const struct dma_site *site, struct dma_mapping *map)
{
	if (map->way == DMA_COHERENT) {
		arch_dma_wmb();
		arch_dma_rmb();
	} else if (map->way == DMA_MAINTAINED) {
		cache_clean(handed_over(map), map->bytes);
	}
	return dma_loans_kept() ? hand_over_noted(site, map) : 0;
}

static __attribute__((noinline)) int
lend(const struct dma_site *site, struct dma_mapping *map, const struct dma_domain *domain,
     const void *buffer, size_t bytes, enum dma_direction direction)
{
	enum dma_way way;
	int error = way_for(domain, DMA_OWNED, &way);

	if (dma_oracle_on)
		dma_oracle_hook();
	if (!bytes || bytes > SIZE_MAX / 2)
		return -EINVAL;
	if (error)
		return error;
	if (dma_loans_kept())
		dma_loan_check_new(site, map, buffer, bytes, direction);
	*map = (struct dma_mapping){
		.domain = domain, .buffer = (void *)buffer, .bytes = bytes, .direction = direction,
		.way = way,
	};
	if (shares_a_line(map) || !dma_reach(domain, (uintptr_t)buffer, bytes, &map->addr))
		error = bounce(map);
	if (!error)
		error = hand_over(site, map);
	if (error) {
		bounce_give_back(map);
		return error;
	}
	counters.maps++;
	counters.lent++;
	return 0;
}

/*
 * Once for each 4 KiB of a file in disorder: on coherent memory in reach, a few instructions. The
 * fields are set one by one, since all at once is a call of memset.
 */
int dma_map_at(const struct dma_site *site, struct dma_mapping *map,
	       const struct dma_domain *domain, const void *buffer, size_t bytes,
	       enum dma_direction direction)
{
	if (!domain->coherent || dma_loans_kept() || bytes - 1 > SIZE_MAX / 2 - 1 ||
	    !dma_reach(domain, (uintptr_t)buffer, bytes, &map->addr))
		return lend(site, map, domain, buffer, bytes, direction);
	map->domain = domain;
	map->buffer = (void *)buffer;
	map->bounce = NULL;
	map->bytes = bytes;
	map->direction = direction;
	map->way = DMA_COHERENT;
	map->loan = NULL;
	arch_dma_wmb();
	arch_dma_rmb();
	counters.maps++;
	counters.lent++;
	return 0;
}

static void take_back(const struct dma_site *site, struct dma_mapping *map)
{
	if (map->way == DMA_COHERENT)
		arch_dma_rmb();
	else if (map->way == DMA_MAINTAINED)
		cache_invalidate((void *)first_line(handed_over(map)), lines_bytes(map));
	else
		dma_oracle_take(map->loan, site, 0, lines_bytes(map));
}

static __attribute__((noinline)) void end_loan(const struct dma_site *site, struct dma_mapping *map)
{
	if (dma_loans_kept())
		dma_loan_check_end(site, map);
	assert(map->bytes);
	if (dma_oracle_on)
		dma_oracle_hook();
	if (!effective(site))
		return;
	if (map->direction == DMA_FROM_DEVICE) {
		take_back(site, map);
		if (map->bounce)
			memcpy(map->buffer, map->bounce, map->bytes);
	}
	if (map->way == DMA_ORACLE)
		dma_oracle_end_loan(map->loan);
	if (map->loan)
		dma_loan_remove(map->loan);
	bounce_give_back(map);
	counters.lent--;
	*map = (struct dma_mapping){ .domain = map->domain };
}

void dma_unmap_at(const struct dma_site *site, struct dma_mapping *map)
{
	if (map->way != DMA_COHERENT || dma_loans_kept() || map->bounce || !map->bytes) {
		end_loan(site, map);
		return;
	}
	arch_dma_rmb();
	counters.lent--;
	map->bytes = 0;
}

unsigned dma_leaks(void)
{
	if (counters.lent && !dma_loans_kept())
		log_error("%" PRIu32 " buffers are still lent to devices", counters.lent);
	return dma_loans_kept() ? dma_loans_report() : counters.lent;
}
