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

/* From the open tree: memory nodes, minus /memreserve/ and /reserved-memory, minus an initrd in /chosen. 0, or -EINVAL/-ENOSPC. */
int memory_init(void);

/*
 * Give [start, start + bytes) to @owner (a string that stays). Free RAM only: -EBUSY otherwise,
 * and memory_find tells whose it is. memory_release gives it back to RAM.
 */
int memory_claim(u64 start, u64 bytes, enum memory_use use, const char *owner);
int memory_release(u64 start, u64 bytes);

/*
 * Take @bytes (rounded up to pages) at @align (a power of two, at least a page), wholly inside [low, high), as
 * far up as possible. 0 with *start, or -ENOMEM.
 */
int memory_take(u64 bytes, u64 align, u64 low, u64 high, enum memory_use use, const char *owner, u64 *start);

/* @count pages, zeroed, mapped, as high as possible, ours until memory_free_pages. NULL: none left. */
void *memory_pages(size_t count, const char *owner);
void memory_free_pages(void *start, size_t count);

const struct memory_range *memory_at(unsigned index);		/* sorted by address; NULL past the last */
const struct memory_range *memory_find(u64 address);		/* NULL: not RAM */
u64 memory_total(void);						/* bytes of RAM the tree lists */
u64 memory_free(void);
const char *memory_use_name(enum memory_use use);
