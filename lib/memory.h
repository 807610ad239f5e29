/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who owns which RAM. The one place that knows: filled from the device tree, changed by
 * allocations, printed by `mem`. Ranges are physical addresses, in bytes.
 */
#pragma once
#include "arch/types.h"

enum memory_use {
	MEMORY_FREE,
	MEMORY_RESERVED,	/* the tree, or somebody who booted us, says: not yours */
	MEMORY_NO_MAP,		/* the same, and it must not even be mapped (DT 3.5, no-map) */
	MEMORY_PLINTH,		/* ours: image, tables, heap, buffers */
	MEMORY_LOADED,		/* for the next stage: kernel, initrd, tree */
};

struct memory_range {
	struct range range;
	enum memory_use use;
	const char *owner;	/* in words: "RAM", "mmode_resv0@80000000", "image", "initrd" */
};

/*
 * From the open tree: memory nodes, minus what the board keeps out, /reserved-memory, /memreserve/,
 * and an initrd that /chosen names (MEMORY_LOADED). Everything is in pages: RAM that fills none is
 * left out, a reservation takes every page it touches. 0; -EINVAL: no memory; -ENOSPC: too
 * many ranges. Errors have been logged. Names of the tree are kept as owners: call it again when
 * the tree moves.
 */
int memory_init(void);

/*
 * Give the pages that [start, start + bytes) touches to @owner (a string that stays). Free RAM
 * only; -EBUSY: somebody else's, memory_find tells whose; -ENXIO: not all is RAM; -EINVAL: no
 * bytes, or beyond the end of the address space; -ENOSPC: the table is full. memory_release gives
 * claimed or taken pages back to RAM (errors as above, -EBUSY: not given by us). After an error
 * nothing has changed.
 */
int memory_claim(u64 start, u64 bytes, enum memory_use use, const char *owner);
int memory_release(u64 start, u64 bytes);

/*
 * Take @bytes (rounded up to pages) at @align (a power of two; a page at least), wholly inside
 * [low, high), as far up as possible. 0 with *start, -ENOMEM, -EINVAL (no bytes, @align) or -ENOSPC
 * (the table is full).
 */
int memory_take(u64 bytes, u64 align, u64 low, u64 high, enum memory_use use, const char *owner,
		u64 *start);

/* @count pages, zeroed, mapped, as high as possible, ours until memory_free_pages. NULL: none. */
void *memory_pages(size_t count, const char *owner);
void memory_free_pages(void *start, size_t count);

/* From now on memory_pages takes only from @r: what is mapped, early in a start. No bytes: all. */
void memory_pages_within(struct range r);

const struct memory_range *memory_at(unsigned index);	/* sorted by address; NULL past the last */
const struct memory_range *memory_find(u64 address);		/* NULL: not RAM */
u64 memory_total(void);						/* bytes of RAM the tree lists */
u64 memory_free(void);
const char *memory_use_name(enum memory_use use);
