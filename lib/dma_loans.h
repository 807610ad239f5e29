/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What devices may touch now, piece by piece: kept in development builds, where it finds loans that
 * are made twice, ended wrongly or never; and under the oracle, which moves the bytes.
 */
#pragma once
#include "lib/dma.h"

#ifndef DEVELOPMENT
#define DEVELOPMENT 0
#endif

struct dma_loan {
	const struct dma_site *site;	/* where it was made */
	const void *owner;		/* its struct dma_memory, or dma_mapping */
	bool shared;			/* an area; else a buffer, and */
	enum dma_direction direction;
	void *buffer;			/* the caller's */
	u8 *ours;			/* what the device is given: the buffer, or its bounce */
	dma_addr_t addr;		/* of that */
	size_t bytes;

	unsigned index;			/* dma_loan_at(index) */

	/*
	 * The oracle's (lib/dma_oracle.c): the bytes it keeps twice, in whole lines but for what
	 * only goes out.
	 */
	u8 *view;			/* ours, or where its first line begins */
	u8 *device;			/* what the device sees */
	u8 *copy;			/* as both were when they were last the same */
	size_t view_bytes;
};

extern bool dma_oracle_on;		/* lib/dma_oracle.h */

/* Are records kept? */
static inline bool dma_loans_kept(void)
{
	return DEVELOPMENT || dma_oracle_on;
}

/* NULL: no memory. */
struct dma_loan *dma_loan_add(const struct dma_loan *like);
void dma_loan_remove(struct dma_loan *loan);

unsigned dma_loan_count(void);
struct dma_loan *dma_loan_at(unsigned index);		/* NULL: no more. In no order */

/*
 * The one that has all bytes of [addr, addr + bytes), and where the device sees them; NULL: none.
 * For simulated devices.
 */
struct dma_loan *dma_loan_find(dma_addr_t addr, u64 bytes, void **device);

/* Broken promises of drivers: they end here, in words that name the places. */
void dma_loan_check_new(const struct dma_site *site, const void *owner, const void *buffer,
			size_t bytes, enum dma_direction direction);
void dma_loan_check_end(const struct dma_site *site, const struct dma_mapping *map);

unsigned dma_loans_report(void);	/* each mapping, in the log; how many */
