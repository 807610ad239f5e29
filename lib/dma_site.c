/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "lib/dma_site.h"

const char *dma_site_kind_name(enum dma_site_kind kind)
{
	static const char *const names[] = {
		[DMA_SITE_ALLOC] = "alloc", [DMA_SITE_GIVE] = "give", [DMA_SITE_TAKE] = "take",
		[DMA_SITE_FENCE] = "fence", [DMA_SITE_MAP] = "map", [DMA_SITE_UNMAP] = "unmap",
	};

	return names[kind];
}

unsigned dma_site_switch(const char *file, unsigned line, bool off)
{
	unsigned count = 0;

	table_for_each(dma_sites, struct dma_site, site) {
		if (site->line != line || strcmp(site->file, file))
			continue;
		site->state->off = off;
		count++;
	}
	return count;
}
