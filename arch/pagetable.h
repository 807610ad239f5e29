/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Page tables: 4 KiB pages, 512 entries of 8 bytes a table, on both ISAs. They differ in how an
 * entry is spelt and in the number of levels; that is the format, the rest is written once here.
 *
 * Runs with the MMU off too (aligned 8-byte accesses only, no libc). What the MMU must be told
 * after a change is the ISA's business (arch/ISA/mmu.c): when pagetable_map has returned, the new
 * entries are in memory, in an order that a table walk may watch, and no more than that.
 */
#pragma once
#include "arch/arch.h"

struct pagetable_format {
	/* Level 0: 4 KiB, 1: 2 MiB, 2: 1 GiB. 0: no such kind. */
	u64 (*leaf)(u64 physical, enum arch_map_kind kind, unsigned level);
	u64 (*table)(u64 physical);
	bool (*is_leaf)(u64 entry, unsigned level);	/* of a valid entry */
	bool (*is_valid)(u64 entry);
	u64 (*address)(u64 entry);			/* that a leaf or table entry points to */
};

struct pagetable {
	const struct pagetable_format *format;
	u64 *root;
	unsigned levels;			/* 3 to 5 */
	/* a leaf may be at level 0 .. block_levels - 1: 3 gives 1 GiB blocks */
	unsigned block_levels;
	void *(*page)(void);			/* a zeroed page, or NULL */
	/*
	 * Put @entry (0: none) into the slot, which holds a valid one. NULL: a store will do. For
	 * live tables where the ISA wants more (AArch64: break before make).
	 */
	void (*replace)(u64 *slot, u64 entry);
};

/*
 * Map [virt, virt + bytes) to physical, in the biggest blocks that fit. ARCH_MAP_NONE unmaps
 * (physical is not looked at). Blocks in the way are split, keeping what they mapped; a table
 * that is there stays one. What is mapped so already is left alone.
 *
 * 0; -EINVAL: not page-aligned; -ERANGE: beyond the reach of the levels, or of an entry;
 * -ENOTSUP: the format has no such kind; -ENOMEM: no page (what was mapped before the failure
 * stays).
 */
int pagetable_map(struct pagetable *t, u64 virt, u64 physical, u64 bytes, enum arch_map_kind kind);

/* The leaf entry that maps virt, with its level; 0: none. */
u64 pagetable_lookup(const struct pagetable *t, u64 virt, unsigned *level);
