/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The places in drivers where memory changes hands. Each use of the macros of lib/dma.h is one, in
 * a table that the linker collects; what it does can be switched off while the oracle
 * (lib/dma_oracle.h) is at work. So a test can ask of each one whether its absence would be seen.
 */
#pragma once
#include "arch/types.h"
#include "lib/table.h"

enum dma_site_kind {
	DMA_SITE_ALLOC, DMA_SITE_GIVE, DMA_SITE_TAKE, DMA_SITE_FENCE, DMA_SITE_MAP, DMA_SITE_UNMAP,
};

struct dma_site {
	const char *file;		/* from the top of the repository */
	unsigned line;
	enum dma_site_kind kind;
	struct dma_site_state {
		bool off;		/* it has no effect: only where the oracle is at work */
		u32 uses;		/* counted only there, too */
	} *state;
};

#define DMA_SITE(kind_) ({ \
	static struct dma_site_state site_state_; \
	static const struct dma_site site_ = { __FILE__, __LINE__, kind_, &site_state_ }; \
	TABLE_ENTRY(dma_sites, struct dma_site, site_); \
	&site_; \
})

const char *dma_site_kind_name(enum dma_site_kind kind);	/* "give", ... */

/* All sites of one line of a file. How many there are. */
unsigned dma_site_switch(const char *file, unsigned line, bool off);
