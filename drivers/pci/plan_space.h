/* SPDX-License-Identifier: BSD-2-Clause */
/* The planner's geometry: where a range may lie at all. For plan.c and plan_explain.c. */
#pragma once
#include "drivers/pci/plan.h"

/* What a window of a bridge is placed and sized by (PCI-to-PCI Bridge 1.2, 3.2.5.6, 3.2.5.8). */
extern const u64 pci_plan_granule[PLAN_KINDS];

static inline u64 last_address(u64 start, u64 bytes)
{
	return start + bytes - 1;
}

/* A BAR, or after them a window: all that a function has on the bus it is on. */
enum { PLAN_RANGES = PLAN_BARS + PLAN_KINDS };

static inline const struct plan_range *plan_range_of(const struct plan_function *f, unsigned i)
{
	return i < PLAN_BARS ? &f->bars[i] : &f->windows[i - PLAN_BARS];
}

/* The functions right behind @bridge, or on the root bus: i is an index. */
#define for_each_on_bus(p, bridge, i) \
	for (int i = (bridge) == PLAN_ROOT ? (p)->first : (p)->functions[bridge].first; i >= 0; \
	     i = (p)->functions[i].next)

u64 pci_plan_highest_address(const struct plan_range *r);

/*
 * The kind of window that @r belongs in on the bus behind @bridge. A prefetchable window that
 * reaches above 4 GiB is kept for those who can follow it there; BARs of 32 bits use the other.
 */
enum plan_kind pci_plan_home(const struct pci_plan *p, int bridge, const struct plan_range *r);

/*
 * The ranges of addresses @r may lie in on the bus behind @bridge, best first. On the root bus,
 * what can lie high goes high, to leave the low windows to those who need them. *at is 0 first.
 */
bool pci_plan_next_space(const struct pci_plan *p, int bridge, const struct plan_range *r,
			 unsigned *at, struct range *space);
