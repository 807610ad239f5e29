/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How: bridge windows are sized from the leaves up, then everything is placed from the root down,
 * on each bus the largest alignment first. With sizes that are powers of two this packs without
 * gaps, and a window placed at its own alignment holds its contents exactly as they were sized.
 *
 * If not everything fits, the smallest are let in first: one graphics card with 8 GiB is left out
 * rather than the twenty small devices it would displace.
 */
#include "drivers/pci/plan_space.h"
#include "lib/errors.h"
#include "lib/sort.h"

#include <stdlib.h>

/* A set of ranges on one bus that have their place, by address; and the ones still to be placed. */
struct scratch {
	struct plan_range **placed, **waiting;
	unsigned placed_count, waiting_count;
};

static bool overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a <= last_address(b, b_bytes) && b <= last_address(a, a_bytes);
}

/* The lowest place for @r in @space that touches none of the placed. */
static bool find_hole(const struct scratch *s, struct range space, const struct plan_range *r,
		      u64 *start)
{
	u64 last = last_address(space.start, space.bytes), at = space.start;

	if (last > pci_plan_highest_address(r))
		last = pci_plan_highest_address(r);
	for (unsigned i = 0;; i++) {
		u64 aligned = (at + r->align - 1) & ~(r->align - 1);

		if (aligned < at || aligned > last || r->bytes - 1 > last - aligned)
			return false;
		at = aligned;
		if (i == s->placed_count || last_address(at, r->bytes) < s->placed[i]->start) {
			*start = at;
			return true;
		}

		u64 end = last_address(s->placed[i]->start, s->placed[i]->bytes);

		if (end == UINT64_MAX)
			return false;
		if (end >= at)
			at = end + 1;
	}
}

static void add_placed(struct scratch *s, struct plan_range *r)
{
	unsigned i = s->placed_count++;

	for (; i && s->placed[i - 1]->start > r->start; i--)
		s->placed[i] = s->placed[i - 1];
	s->placed[i] = r;
}

static int compare_size(const void *a, const void *b)
{
	const struct plan_range *x = *(struct plan_range *const *)a;
	const struct plan_range *y = *(struct plan_range *const *)b;

	if (x->align != y->align)
		return x->align < y->align ? 1 : -1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return x < y ? -1 : x > y;
}

static void gather_range(const struct pci_plan *p, int bridge, unsigned kinds, struct plan_range *r,
			 struct scratch *s)
{
	if (!r->present || !r->bytes || !(kinds & 1u << pci_plan_home(p, bridge, r)))
		return;
	if (r->pinned)
		add_placed(s, r);
	else
		s->waiting[s->waiting_count++] = r;
}

/* Everything on the bus behind @bridge that is at home in one of @kinds (a mask). */
static void gather(struct pci_plan *p, int bridge, unsigned kinds, struct scratch *s)
{
	s->placed_count = s->waiting_count = 0;
	for_each_on_bus(p, bridge, i) {
		struct plan_function *f = &p->functions[i];

		for (unsigned j = 0; j < PLAN_BARS; j++)
			if (f->admitted[f->bars[j].kind == PLAN_IO])
				gather_range(p, bridge, kinds, &f->bars[j], s);
		for (unsigned k = 0; k < PLAN_KINDS; k++)
			gather_range(p, bridge, kinds, &f->windows[k], s);
	}
	sort_items(s->waiting, s->waiting_count, sizeof(*s->waiting), compare_size);
}

/* Bytes and alignment of window @w of @bridge: of what waits for it, packed from 0 on. */
static bool size_window(struct pci_plan *p, int bridge, struct plan_range *w, struct scratch *s)
{
	u64 end = 0, mask = pci_plan_granule[w->kind] - 1;

	gather(p, bridge, 1u << w->kind, s);
	s->placed_count = 0;
	w->start = 0;
	w->align = pci_plan_granule[w->kind];
	for (unsigned i = 0; i < s->waiting_count; i++) {
		struct plan_range *r = s->waiting[i];
		struct range anywhere = { 0, UINT64_MAX };

		if (!find_hole(s, anywhere, r, &r->start))
			return false;
		add_placed(s, r);
		if (r->start + r->bytes > end)
			end = r->start + r->bytes;
		if (r->align > w->align)
			w->align = r->align;
	}
	w->bytes = (end + mask) & ~mask;
	return w->bytes >= end;
}

static bool place(struct pci_plan *p, int bridge, struct plan_range *r, struct scratch *s)
{
	struct range space;
	unsigned at = 0;

	while (pci_plan_next_space(p, bridge, r, &at, &space)) {
		if (find_hole(s, space, r, &r->start)) {
			add_placed(s, r);
			return true;
		}
	}
	return false;
}

static bool place_bus(struct pci_plan *p, int bridge, struct scratch *s)
{
	static const unsigned address_spaces[] = {
		1u << PLAN_IO, 1u << PLAN_MEMORY | 1u << PLAN_PREFETCH,
	};

	for (unsigned a = 0; a < 2; a++) {
		gather(p, bridge, address_spaces[a], s);
		for (unsigned i = 0; i < s->waiting_count; i++)
			if (!place(p, bridge, s->waiting[i], s))
				return false;
	}
	return true;
}

/* Give a place to everything that is admitted. false: it does not all fit. */
static bool lay_out(struct pci_plan *p, struct scratch *s)
{
	for (int i = p->function_count - 1; i >= 0; i--) {
		for (unsigned k = 0; k < PLAN_KINDS; k++) {
			struct plan_range *w = &p->functions[i].windows[k];

			if (w->present && !w->pinned && !size_window(p, i, w, s))
				return false;
		}
	}
	if (!place_bus(p, PLAN_ROOT, s))
		return false;
	for (int i = 0; i < p->function_count; i++)
		if (p->functions[i].windows[PLAN_MEMORY].present && !place_bus(p, i, s))
			return false;
	return true;
}

/* Would @r, where it is now, be a good neighbour to everything pinned so far? */
static bool is_valid(const struct pci_plan *p, const struct plan_function *f,
		     const struct plan_range *r)
{
	u64 start = r->given.start, bytes = r->given.bytes, last = last_address(start, bytes);
	unsigned at = 0;
	struct range space;
	bool inside = false;

	if (!start || !bytes || last < start || start % r->align || bytes % r->align ||
	    last > pci_plan_highest_address(r))
		return false;
	while (!inside && pci_plan_next_space(p, f->bridge, r, &at, &space))
		inside = start >= space.start && last <= last_address(space.start, space.bytes);
	for_each_on_bus(p, f->bridge, i) {
		const struct plan_function *g = &p->functions[i];

		for (unsigned j = 0; inside && j < PLAN_RANGES; j++) {
			const struct plan_range *other = plan_range_of(g, j);

			if (other->pinned && (other->kind == PLAN_IO) == (r->kind == PLAN_IO) &&
			    overlap(start, bytes, other->start, other->bytes))
				return false;
		}
	}
	return inside;
}

static void pin(const struct pci_plan *p, const struct plan_function *f, struct plan_range *r)
{
	if (!r->present || r->pinned || !is_valid(p, f, r))
		return;
	r->start = r->given.start;
	r->bytes = r->given.bytes;
	r->pinned = true;
}

/* Bridges come before what is behind them, so a pinned window is there when its contents ask. */
static void pin_functions(struct pci_plan *p, bool live)
{
	for (int i = 0; i < p->function_count; i++) {
		struct plan_function *f = &p->functions[i];

		if (f->live != live)
			continue;
		for (unsigned k = 0; k < PLAN_KINDS; k++)
			pin(p, f, &f->windows[k]);
		for (unsigned j = 0; j < PLAN_BARS; j++)
			pin(p, f, &f->bars[j]);
	}
}

/* The functions of each bus, as a list. */
static void link_buses(struct pci_plan *p)
{
	p->first = -1;
	for (int i = 0; i < p->function_count; i++)
		p->functions[i].first = -1;
	for (int i = p->function_count - 1; i >= 0; i--) {
		struct plan_function *f = &p->functions[i];
		int *head = f->bridge == PLAN_ROOT ? &p->first : &p->functions[f->bridge].first;

		f->next = *head;
		*head = i;
	}
}

/* Nothing placed, nobody admitted. */
static void begin(struct pci_plan *p)
{
	for (int i = 0; i < p->function_count; i++) {
		struct plan_function *f = &p->functions[i];

		f->admitted[0] = f->admitted[1] = false;
		for (unsigned k = 0; k < PLAN_KINDS; k++) {
			struct plan_range *w = &f->windows[k];

			w->kind = k;
			w->start = w->bytes = 0;
			w->align = pci_plan_granule[k];
			w->pinned = false;
		}
		for (struct plan_range *r = f->bars; r < f->bars + PLAN_BARS; r++) {
			r->start = 0;
			r->align = r->bytes;
			r->pinned = false;
		}
	}
}

/* The memory BARs of a function, or its I/O BARs: admitted together or not at all. */
struct group {
	struct plan_function *function;
	bool io, pinned;
	u64 bytes;
};

static int compare_groups(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->pinned != y->pinned)
		return x->pinned ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return x->function < y->function ? -1 : x->function > y->function;
}

/* In the order of admission: first those who have their place already, then the smallest. */
static unsigned list_groups(struct pci_plan *p, struct group *groups)
{
	unsigned count = 0;

	for (int i = 0; i < 2 * p->function_count; i++) {
		struct group g = { .function = &p->functions[i / 2], .io = i % 2, .pinned = true };

		for (unsigned j = 0; j < PLAN_BARS; j++) {
			const struct plan_range *r = &g.function->bars[j];

			if (!r->present || (r->kind == PLAN_IO) != g.io)
				continue;
			g.pinned &= r->pinned;
			g.bytes += r->bytes;
			if (g.bytes < r->bytes)
				g.bytes = UINT64_MAX;
		}
		if (g.bytes && (g.pinned || !g.function->live))
			groups[count++] = g;
	}
	sort_items(groups, count, sizeof(*groups), compare_groups);
	return count;
}

static void set_admitted(struct group *groups, unsigned count, bool in)
{
	for (unsigned i = 0; i < count; i++)
		groups[i].function->admitted[groups[i].io] = in;
}

/* As many as fit, in order, beside those that are admitted already. */
static void admit(struct pci_plan *p, struct group *groups, unsigned count, struct scratch *s)
{
	set_admitted(groups, count, true);
	if (!count || lay_out(p, s))
		return;
	set_admitted(groups, count, false);
	if (count == 1)
		return;
	admit(p, groups, count / 2, s);
	admit(p, groups + count / 2, count - count / 2, s);
}

/* Those left out, moved to the front. */
static unsigned left_out(struct group *groups, unsigned count)
{
	unsigned out = 0;

	for (unsigned i = 0; i < count; i++)
		if (!groups[i].function->admitted[groups[i].io])
			groups[out++] = groups[i];
	return out;
}

static void pin_everything(struct pci_plan *p)
{
	for (int i = 0; i < p->function_count; i++) {
		struct plan_function *f = &p->functions[i];

		for (struct plan_range *w = f->windows; w < f->windows + PLAN_KINDS; w++)
			w->pinned = w->start;
		for (struct plan_range *r = f->bars; r < f->bars + PLAN_BARS; r++)
			r->pinned = r->start && f->admitted[r->kind == PLAN_IO];
	}
}

/* Returns how many groups were left out. */
static unsigned attempt(struct pci_plan *p, bool keep, struct group *groups, struct scratch *s)
{
	unsigned count, before;

	begin(p);
	pin_functions(p, true);
	if (keep)
		pin_functions(p, false);
	count = list_groups(p, groups);

	/* The next run finds this layout given; those left out get the chance they have then. */
	do {
		before = count;
		admit(p, groups, count, s);
		lay_out(p, s);
		pin_everything(p);
		count = left_out(groups, count);
	} while (count && count < before);
	return count;
}

/* What was left out has no place, even if it was tried in one. */
static void finish(struct pci_plan *p)
{
	for (int i = 0; i < p->function_count; i++) {
		struct plan_function *f = &p->functions[i];

		for (struct plan_range *r = f->bars; r < f->bars + PLAN_BARS; r++)
			if (!f->admitted[r->kind == PLAN_IO])
				r->start = 0;
	}
}

int pci_plan_make(struct pci_plan *p)
{
	size_t n = (size_t)p->function_count;
	size_t ranges = n * (PLAN_BARS + PLAN_KINDS) + 1;
	struct group *groups = calloc(2 * n + 1, sizeof(*groups));
	struct scratch s = {
		.placed = calloc(ranges, sizeof(*s.placed)),
		.waiting = calloc(ranges, sizeof(*s.waiting)),
	};
	int error = groups && s.placed && s.waiting ? 0 : -ENOMEM;

	if (!error) {
		unsigned kept;

		link_buses(p);
		kept = attempt(p, true, groups, &s);

		/* Moving what firmware placed is worth it only if more devices work after it. */
		if (kept && attempt(p, false, groups, &s) >= kept)
			attempt(p, true, groups, &s);
		finish(p);
	}
	free(groups);
	free(s.placed);
	free(s.waiting);
	return error;
}
