/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The planner: which bus address each BAR and each bridge window gets. It computes and touches
 * no hardware; drivers/pci/place.c asks it and carries out what it says.
 *
 * What is set already (by firmware, or by us before a rescan) stays where it is valid: inside the
 * window above it, aligned, overlapping nothing. What does not fit is left out alone: the memory
 * BARs of one function, or its I/O BARs, together, since one bit enables them together.
 */
#pragma once
#include "arch/types.h"

enum plan_kind { PLAN_IO, PLAN_MEMORY, PLAN_PREFETCH, PLAN_KINDS };
enum { PLAN_BARS = 6, PLAN_ROOT = -1 };

/* What the host bridge forwards. Bus addresses; must not overlap one another. */
struct plan_window {
	enum plan_kind kind;
	struct range range;
};

/* One BAR, or one window of a bridge. */
struct plan_range {
	enum plan_kind kind;	/* the planner sets it for windows */
	bool wide;		/* memory: may lie above 4 GiB; I/O: above 64 KiB */
	bool present;		/* there is such a BAR; the bridge has such a window */
	struct range given;	/* as it is set now; start 0: it is not */
	u64 start;		/* out: as it shall be; 0: nowhere, or closed */
	u64 bytes;		/* a BAR's size, a power of two; out for a window */

	/* the planner's own */
	u64 align;
	bool pinned;
};

struct plan_function {
	const char *name;	/* for pci_plan_explain: "00:02.0" */
	int bridge;		/* the bridge it is behind: an index below its own; or PLAN_ROOT */
	bool live;		/* in use, as bridges above it are: it stays as given */
	struct plan_range bars[PLAN_BARS];
	struct plan_range windows[PLAN_KINDS];	/* by kind; a bridge has at least PLAN_MEMORY */
	bool admitted[2];	/* out: [0] its memory BARs are placed, [1] its I/O BARs */

	int first, next;	/* the planner's own: behind it; behind the same bridge. -1: none */
};

struct pci_plan {
	const struct plan_window *windows;
	unsigned window_count;
	struct plan_function *functions;
	int function_count;
	int first;		/* the planner's own: on the root bus */
};

/* 0, whatever was left out; -ENOMEM. A second run over the result of the first changes nothing. */
int pci_plan_make(struct pci_plan *p);

/*
 * Why the memory (or the I/O) BARs of function @index were left out, with the arithmetic:
 * "BAR 2 wants 8 GiB of 64-bit prefetchable memory; the host's windows for it have 4 GiB, 1 GiB
 * of it free". Cut to @bytes.
 */
void pci_plan_explain(const struct pci_plan *p, int index, bool io, char *to, size_t bytes);
