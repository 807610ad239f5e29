/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/pci/plan_space.h"

/* What a bridge window can be moved and sized by (PCI-to-PCI Bridge 1.2, 3.2.5.6, 3.2.5.8). */
const u64 pci_plan_granule[PLAN_KINDS] = { 4096, 1 << 20, 1 << 20 };

u64 pci_plan_highest_address(const struct plan_range *r)
{
	if (r->kind == PLAN_IO)
		return r->wide ? UINT32_MAX : UINT16_MAX;
	return r->wide ? UINT64_MAX : UINT32_MAX;
}

enum plan_kind pci_plan_home(const struct pci_plan *p, int bridge, const struct plan_range *r)
{
	if (bridge == PLAN_ROOT || r->kind != PLAN_PREFETCH)
		return r->kind;

	const struct plan_range *prefetch = &p->functions[bridge].windows[PLAN_PREFETCH];

	return !prefetch->present || (prefetch->wide && !r->wide) ? PLAN_MEMORY : PLAN_PREFETCH;
}

/* Address 0 means "none" in a BAR, so the beginning of a window that starts there stays empty. */
static struct range usable(const struct plan_window *w)
{
	struct range r = w->range;

	if (!r.start) {
		r.start = r.bytes < pci_plan_granule[w->kind] ? r.bytes : pci_plan_granule[w->kind];
		r.bytes -= r.start;
	}
	return r;
}

bool pci_plan_next_space(const struct pci_plan *p, int bridge, const struct plan_range *r,
			 unsigned *at, struct range *space)
{
	for (; bridge == PLAN_ROOT && *at < 4 * p->window_count; ++*at) {
		const struct plan_window *w = &p->windows[*at % p->window_count];
		bool same = w->kind == r->kind, high = r->wide && w->range.start > UINT32_MAX;
		bool suits = same || (r->kind == PLAN_PREFETCH && w->kind == PLAN_MEMORY);

		*space = usable(w);
		if (suits && space->bytes && 2u * high + same == 3 - *at / p->window_count) {
			++*at;
			return true;
		}
	}

	enum plan_kind first = pci_plan_home(p, bridge, r);

	for (; bridge != PLAN_ROOT && *at < 2; ++*at) {
		enum plan_kind kind = *at ? PLAN_MEMORY : first;
		const struct plan_range *w = &p->functions[bridge].windows[kind];

		if (w->start && (!*at || first == PLAN_PREFETCH)) {
			*space = (struct range){ w->start, w->bytes };
			++*at;
			return true;
		}
	}
	return false;
}
