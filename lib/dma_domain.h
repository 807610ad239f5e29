/* SPDX-License-Identifier: BSD-2-Clause */
/* The paths between devices and memory: where they lead. Drivers need lib/dma.h alone. */
#pragma once
#include "lib/dma.h"
#include "lib/dt.h"

/*
 * The domain of devices on @bus of the device tree (dt_dma_ranges). It stays for good, and is the
 * same for all that agree in everything. 0; -ENOMEM; errors of dt_dma_ranges.
 */
int dma_domain_of(struct dt_node bus, bool coherent, const struct dma_domain **domain);

/* From now on no device of any domain reaches memory outside @r; no bytes: as the domains say. */
void dma_domains_within(struct range r);

/* Window @index, as far as it is in reach. false: there are no more. It may have no bytes. */
bool dma_window_at(const struct dma_domain *domain, unsigned index, struct dma_window *w);

/* false: not all of [cpu, cpu + bytes) is in reach, in one piece. */
bool dma_reach(const struct dma_domain *domain, u64 cpu, u64 bytes, dma_addr_t *addr);

/* The same, whatever dma_domains_within says. */
bool dma_translate(const struct dma_domain *domain, u64 cpu, u64 bytes, dma_addr_t *addr);
