/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that devices reach: areas they share with us, and what transfers bounce through. What is
 * taken when lies elsewhere, where no device writes.
 */
#pragma once
#include "lib/dma_domain.h"

/*
 * @bytes in reach of @domain, at an address that is @place (less than @align) more than a multiple
 * of @align, a power of two. Not cleared. NULL: none left. No domain: anywhere, for nobody else's
 * eyes.
 */
void *dma_pool_take(const struct dma_domain *domain, size_t bytes, size_t align, size_t place);
void dma_pool_give_back(void *start);

/* Memory of the caller's, to take from for domains; until it is withdrawn, with nothing in use. */
int dma_pool_add(struct range r);		/* 0, -ENOMEM */
void dma_pool_withdraw(struct range r);
