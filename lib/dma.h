/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory shared with devices.
 *
 * Sharing is a hand-over. dma_give publishes what we wrote, dma_take refreshes what the device
 * wrote. On a coherent device that is an order of accesses; on any other it is also cache
 * maintenance. Drivers say the same thing either way, and contain no barrier and no cache call.
 *
 * Caches work in lines, so ownership does too: one line, one writer. A line of a long-lived area
 * is written by one side for the area's whole life (descriptors and available ring by us, the used
 * ring by the device). A line of a request changes writer at submit and at completion. Two
 * writers in one line undo each other's work, whatever is cleaned or invalidated.
 *
 * Nothing here may be called by two CPUs at once.
 */
#pragma once
#include "arch/types.h"
#include "lib/dma_site.h"

/* Addresses of the CPU from here are addresses on the bus from there. */
struct dma_window {
	u64 cpu, bus, bytes;
};

/*
 * The path between a device and memory. device_dma() (drivers/device.h) gives that of a device:
 * inherited from its parents in the device tree, and fit for use.
 */
struct dma_domain {
	bool coherent;				/* the device sees our caches */
	/* All it reaches; none: everything, at the CPU's addresses. */
	const struct dma_window *windows;
	unsigned window_count;
};

/* How memory is kept in step with a device. */
enum dma_way {
	DMA_COHERENT,			/* by the hardware; the order of accesses is left to us */
	DMA_MAINTAINED,			/* by operations on cache lines */
	DMA_UNCACHED,			/* no cache is involved: mapped that way */
	DMA_ORACLE,			/* by nothing but what drivers say: lib/dma_oracle.h */
};

/*
 * One line of all caches on the way, in bytes; a power of two, a page at most. What two sides write
 * is laid out at multiples of this, coherent or not.
 */
size_t dma_line_bytes(void);

/* Why a device cannot be served, for behind its name; NULL: it can. */
const char *dma_refusal(const struct dma_domain *domain);

/* For people: "coherent", "maintained by Zicbom, 64-byte lines", "bounced above 0x3fffffff", ... */
const char *dma_describe(const struct dma_domain *domain, char *to, size_t bytes);

/* ---- Memory that stays shared: rings, PRP lists, command headers ---- */

enum dma_lines {
	DMA_OWNED,		/* laid out so that every line has one writer; any memory will do */
	DMA_MIXED,		/* both sides write one line; coherent or uncached memory only */
};

struct dma_memory {
	const struct dma_domain *domain;
	void *cpu;
	dma_addr_t addr;
	size_t bytes;
	enum dma_way way;
	struct dma_loan *loan;	/* lib/dma's own */
};

/*
 * Contiguous, aligned to and padded to whole cache lines (@align: a power of two, or 0 for no more
 * than that), zeroed, and the zeroes written back: no dirty line of ours is left to fall over the
 * device's first write. 0; -ENOMEM: none in reach of the device; -ENOTSUP: no DMA_MIXED
 * memory here, or dma_refusal() says why; -EINVAL: no bytes. After an error, m->cpu is NULL.
 */
#define dma_alloc(m, domain, bytes, align, lines) \
	dma_alloc_at(DMA_SITE(DMA_SITE_ALLOC), m, domain, bytes, align, lines)

/* The device looks there no more. Nothing happens where m->cpu is NULL; afterwards it is. */
void dma_free(struct dma_memory *m);

/* We wrote these bytes, it will look: what was given before is there when it sees them. */
#define dma_give(m, offset, bytes)	dma_give_at(DMA_SITE(DMA_SITE_GIVE), m, offset, bytes)

/*
 * It wrote these bytes, we will look. What is read afterwards is as new as anything seen before.
 * Fields of one line need not have arrived together: take, look whether it is time, take again,
 * then read the rest.
 */
#define dma_take(m, offset, bytes)	dma_take_at(DMA_SITE(DMA_SITE_TAKE), m, offset, bytes)

/*
 * Everything given is visible to the device before anything taken after this is read. Store then
 * load: neither give nor take orders that. Wanted wherever we publish and then ask whether the
 * device is still looking: before reading avail_event or a shadow EventIdx, and between enabling
 * interrupts and the last look at the ring.
 */
#define dma_fence()			dma_fence_at(DMA_SITE(DMA_SITE_FENCE))

static inline dma_addr_t dma_at(const struct dma_memory *m, size_t offset)
{
	return (dma_addr_t){ m->addr.bus + offset };
}

/* ---- A caller's buffer, lent for one transfer ---- */

enum dma_direction { DMA_TO_DEVICE, DMA_FROM_DEVICE };

struct dma_mapping {
	dma_addr_t addr;	/* for the device */
	const struct dma_domain *domain;
	void *buffer;
	/*
	 * Where buffer is out of reach, or what comes in shares a line with something else;
	 * preloaded with the caller's bytes, so a short transfer leaks nothing.
	 */
	void *bounce;
	size_t bytes;
	enum dma_direction direction;
	enum dma_way way;
	struct dma_loan *loan;	/* lib/dma's own */
};

/*
 * Until dma_unmap the device owns the buffer: it is not looked at, not written (TO_DEVICE: may be
 * read) and not lent FROM_DEVICE again. Any memory and any alignment will do; addr has the same
 * place in its page of 4 KiB as the buffer. What came in short of @bytes leaves the rest of the
 * buffer as it was. @map stays where it is, too.
 *
 * 0; -ENOMEM: no memory to bounce through, now (it may help to wait for other requests to end);
 * -ENOTSUP: dma_refusal() says why; -EINVAL: no bytes. After an error nothing is lent.
 */
#define dma_map(map, domain, buffer, bytes, direction) \
	dma_map_at(DMA_SITE(DMA_SITE_MAP), map, domain, buffer, bytes, direction)

/* The device has finished, or was reset. Now the bytes are there. */
#define dma_unmap(map)			dma_unmap_at(DMA_SITE(DMA_SITE_UNMAP), map)

/* ---- What happened, always counted ---- */

struct dma_counters {
	u64 gives, takes, maps, bounces, bounced_bytes;
	u32 lent, shared;		/* now: mappings not ended, areas not freed */
};
const struct dma_counters *dma_counters(void);

/*
 * How many mappings have not ended, when all should have. They are logged, one by one where records
 * are kept: in development builds (make DEVELOPMENT=1) and under the oracle.
 */
unsigned dma_leaks(void);

/* ---- What the macros call ---- */

int dma_alloc_at(const struct dma_site *site, struct dma_memory *m, const struct dma_domain *domain,
		 size_t bytes, size_t align, enum dma_lines lines);
void dma_give_at(const struct dma_site *site, const struct dma_memory *m, size_t offset,
		 size_t bytes);
void dma_take_at(const struct dma_site *site, const struct dma_memory *m, size_t offset,
		 size_t bytes);
void dma_fence_at(const struct dma_site *site);
int dma_map_at(const struct dma_site *site, struct dma_mapping *map,
	       const struct dma_domain *domain, const void *buffer, size_t bytes,
	       enum dma_direction direction);
void dma_unmap_at(const struct dma_site *site, struct dma_mapping *map);
