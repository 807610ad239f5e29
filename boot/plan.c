/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/arch.h"
#include "boot/plan.h"
#include "lib/errors.h"

static const u64 BELOW_4_GIB = 1ull << 32;

static u64 page_down(u64 n)
{
	return n & -(u64)ARCH_PAGE_BYTES;
}

/* Whole pages that hold the range. No memory ends in the last page of the address space. */
static struct range pages(u64 start, u64 bytes)
{
	u64 from = page_down(start);

	if (!bytes)
		return (struct range){ 0 };
	return (struct range){ from, page_down(start + bytes - 1) + ARCH_PAGE_BYTES - from };
}

static bool overlap(struct range a, struct range b)
{
	return a.start < b.start + b.bytes && b.start < a.start + a.bytes;
}

static bool is_free(const struct plan_request *r, struct range wanted)
{
	for (size_t i = 0; i < r->free_count; i++)
		if (wanted.start >= r->free[i].start &&
		    wanted.start - r->free[i].start <= r->free[i].bytes &&
		    wanted.bytes <= r->free[i].start + r->free[i].bytes - wanted.start)
			return true;
	return false;
}

/* The next address that is @offset behind a multiple of @align; false: there is none. */
static bool align_up(u64 *at, u64 align, u64 offset)
{
	u64 more = (offset - *at) & (align - 1);

	return !__builtin_add_overflow(*at, more, at);
}

/* Upwards from the beginning of each piece of free memory, and from the end of the initrd. */
static bool place_kernel(const struct plan_request *r, struct range initrd, struct range *kernel)
{
	bool found = false;
	u64 best = 0;

	for (size_t i = 0; i <= r->free_count; i++) {
		kernel->start = i < r->free_count ? r->free[i].start : initrd.start + initrd.bytes;
		if (align_up(&kernel->start, r->align, r->offset) && is_free(r, *kernel) &&
		    !overlap(*kernel, initrd) && (!found || kernel->start < best)) {
			found = true;
			best = kernel->start;
		}
	}
	kernel->start = best;
	return found;
}

/* Downwards from @below, from the end of free memory, from the beginning of what is in the way. */
static bool place_tree(const struct plan_request *r, u64 below, const struct range taken[2],
		       struct range *tree)
{
	bool found = false;
	u64 best = 0;

	for (size_t i = 0; i < r->free_count; i++) {
		const u64 ends[] = { below, r->free[i].start + r->free[i].bytes,
				     taken[0].start, taken[1].start };

		for (size_t n = 0; n < 4; n++) {
			if (ends[n] > below || ends[n] < tree->bytes)
				continue;
			tree->start = page_down(ends[n]) - tree->bytes;
			if (is_free(r, *tree) && !overlap(*tree, taken[0]) &&
			    !overlap(*tree, taken[1]) && (!found || tree->start > best)) {
				found = true;
				best = tree->start;
			}
		}
	}
	tree->start = best;
	return found;
}

int plan_make(const struct plan_request *r, struct plan *p, const char **reason)
{
	struct range initrd = pages(r->initrd.start, r->initrd.bytes);

	p->kernel = pages(0, r->kernel_bytes);
	p->kernel.start = r->kernel;
	p->copy = (r->kernel - r->offset) & (r->align - 1) || !is_free(r, p->kernel) ||
		  overlap(p->kernel, initrd);
	if (p->copy && !place_kernel(r, initrd, &p->kernel)) {
		*reason = "no piece of free memory is large enough for the kernel";
		return -ENOMEM;
	}
	p->tree = pages(0, r->tree_bytes);
	if (r->tree_bytes) {
		const struct range taken[] = { p->kernel, initrd };

		if (!place_tree(r, BELOW_4_GIB, taken, &p->tree) &&
		    !place_tree(r, UINT64_MAX, taken, &p->tree)) {
			*reason = "no memory is left for the device tree";
			return -ENOMEM;
		}
	}
	return 0;
}
