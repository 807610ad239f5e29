/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include "lib/dma_loans.h"
#include "lib/log.h"

static struct dma_loan **loans;
static unsigned count, room;

struct dma_loan *dma_loan_add(const struct dma_loan *like)
{
	struct dma_loan *loan;

	if (count == room) {
		unsigned more = room ? 2 * room : 16;
		struct dma_loan **table = realloc(loans, more * sizeof *table);

		if (!table)
			return NULL;
		loans = table;
		room = more;
	}
	loan = malloc(sizeof *loan);
	if (!loan)
		return NULL;
	*loan = *like;
	loan->index = count;
	return loans[count++] = loan;
}

void dma_loan_remove(struct dma_loan *loan)
{
	struct dma_loan *last = loans[--count];

	loans[loan->index] = last;
	last->index = loan->index;
	free(loan);
	if (!count) {
		free(loans);
		loans = NULL;
		room = 0;
	}
}

unsigned dma_loan_count(void)
{
	return count;
}

struct dma_loan *dma_loan_at(unsigned index)
{
	return index < count ? loans[index] : NULL;
}

struct dma_loan *dma_loan_find(dma_addr_t addr, u64 bytes, void **device)
{
	for (unsigned i = 0; i < count; i++) {
		struct dma_loan *l = loans[i];
		u64 into = addr.bus - l->addr.bus;

		if (into >= l->bytes || bytes > l->bytes - into)
			continue;
		*device = (l->device ? l->device + (l->ours - l->view) : l->ours) + into;
		return l;
	}
	return NULL;
}

/* ---- Broken promises ---- */

static bool overlap(const struct dma_loan *l, const void *buffer, size_t bytes)
{
	return (uintptr_t)l->buffer - (uintptr_t)buffer < bytes ||
	       (uintptr_t)buffer - (uintptr_t)l->buffer < l->bytes;
}

/* Two may read a buffer; if one writes, it is the only one. */
void dma_loan_check_new(const struct dma_site *site, const void *owner, const void *buffer,
			size_t bytes, enum dma_direction direction)
{
	for (unsigned i = 0; i < count; i++) {
		const struct dma_loan *l = loans[i];

		if (l->owner == owner)
			panic("%s, line %u, lends with a struct dma_mapping that is in use:\n"
			      "%s, line %u, has lent with it, and it was not ended.", site->file,
			      site->line, l->site->file, l->site->line);
		if (overlap(l, buffer, bytes) &&
		    (l->shared || direction == DMA_FROM_DEVICE ||
		     l->direction == DMA_FROM_DEVICE))
			panic("%s, line %u, lends %zu bytes at %p:\n%s, line %u, has lent %zu "
			      "bytes at %p, and the device may be writing them.",
			      site->file, site->line,
			      bytes, buffer, l->site->file, l->site->line, l->bytes, l->buffer);
	}
}

void dma_loan_check_end(const struct dma_site *site, const struct dma_mapping *map)
{
	unsigned i = 0;

	while (i < count && loans[i]->owner != map)
		i++;
	if (i == count)
		panic("%s, line %u, ends the loan of %zu bytes at %p:\nnone was made with this "
		      "struct dma_mapping, or it has ended.", site->file, site->line, map->bytes,
		      map->buffer);
	if (loans[i] != map->loan || loans[i]->addr.bus != map->addr.bus ||
	    loans[i]->bytes != map->bytes || loans[i]->direction != map->direction)
		panic("%s, line %u, ends another loan than was made by %s, line %u:\n"
		      "%zu bytes at bus address 0x%" PRIx64 " became %zu at 0x%" PRIx64 ".",
		      site->file, site->line, loans[i]->site->file, loans[i]->site->line,
		      loans[i]->bytes, loans[i]->addr.bus, map->bytes, map->addr.bus);
}

unsigned dma_loans_report(void)
{
	unsigned lent = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct dma_loan *l = loans[i];

		if (l->shared)
			continue;
		log_error("%s, line %u: %zu bytes at %p are still lent to a device",
			  l->site->file, l->site->line, l->bytes, l->buffer);
		lent++;
	}
	return lent;
}
