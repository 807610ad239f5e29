/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the next stage goes: arithmetic only, nothing is touched. What comes out of it is
 * disjoint, in free memory and aligned, or there is a reason why not.
 */
#pragma once
#include "arch/types.h"

struct plan_request {
	u64 kernel;			/* where the image lies */
	u64 kernel_bytes;		/* memory it needs from its first byte on */
	u64 align, offset;		/* it wants to be @offset bytes behind a multiple of @align:
					   a power of two, a page or more */
	struct range initrd;		/* stays where it is; no bytes: there is none */
	u64 tree_bytes;			/* for the edited device tree; 0: none */
	const struct range *free;	/* in pages, disjoint; kernel and initrd may lie in it */
	size_t free_count;
};

struct plan {
	struct range kernel;		/* where it lies if that will do, else the lowest place */
	struct range tree;		/* as high as possible, below 4 GiB if possible */
	bool copy;			/* kernel is not where it lies */
};

/* All in whole pages. 0, or -ENOMEM with *reason in words. */
int plan_make(const struct plan_request *r, struct plan *p, const char **reason);
