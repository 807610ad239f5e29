/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where in memory the next stage goes: kernel, initrd, tree, and what is needed until then. All are
 * placed together, in free memory, no two in one page; or what there is no place for is named.
 */
#pragma once
#include "arch/types.h"

struct want {
	const char *what;		/* "kernel": for people, and in the memory map */
	u64 bytes;			/* 0: nothing is wanted */
	u64 align, offset;		/* it begins @offset behind a multiple of @align */
	u64 low, high;			/* inside [low, high); high 0: of all memory */
	u64 rather_below;		/* if possible; 0: it does not matter */
	const struct want *near;	/* that a kernel of arm64 has to see both (plan.c) */
	bool up;			/* as far up as possible; else down */
	bool less;			/* fewer bytes will do, but most are best (the first) */

	u64 at;				/* where it was placed */
	bool taken;			/* by plan_take */
};

/*
 * Arithmetic only. @free: whole pages, disjoint, sorted. NULL: each has its w->at; or the first
 * that finds no place beside those before it.
 */
const struct want *plan_make(struct want *w, size_t count, const struct range *free,
			     size_t free_count);

/*
 * The same in the machine's free memory, which is then taken (MEMORY_LOADED). 0, or -ENOMEM with
 * the fact that decided it in @why.
 */
enum { PLAN_WHY_BYTES = 160 };
int plan_take(struct want *w, size_t count, char why[static PLAN_WHY_BYTES]);
void plan_give_back(struct want *w, size_t count);	/* those that were taken */

/* Wants of a usual kind: a range that must be that one; the tree, for its kernel to map. */
struct want want_fixed(const char *what, u64 start, u64 bytes);
struct want want_tree(u64 bytes);
