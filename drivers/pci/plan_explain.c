/* SPDX-License-Identifier: BSD-2-Clause */
/* What the planner could not place, in words: what was wanted, what there is, what is left. */
#include "drivers/pci/plan_space.h"
#include "lib/size.h"

#include <stdio.h>

static const char *kind_text(const struct plan_range *r)
{
	switch (r->kind) {
	case PLAN_IO:
		return "I/O space";
	case PLAN_MEMORY:
		return r->wide ? "64-bit memory" : "32-bit memory";
	default:
		return r->wide ? "64-bit prefetchable memory" : "32-bit prefetchable memory";
	}
}

/* From @at to the next thing that is placed in the address space of @like, or to @last. */
static u64 gap_at(const struct pci_plan *p, int bridge, const struct plan_range *like, u64 at,
		  u64 last, u64 *next)
{
	u64 busy = UINT64_MAX, busy_last = UINT64_MAX;

	for_each_on_bus(p, bridge, i) {
		const struct plan_function *f = &p->functions[i];

		for (unsigned j = 0; j < PLAN_RANGES; j++) {
			const struct plan_range *r = plan_range_of(f, j);

			if (!r->present || !r->start ||
			    (r->kind == PLAN_IO) != (like->kind == PLAN_IO) ||
			    last_address(r->start, r->bytes) < at || r->start >= busy)
				continue;
			busy = r->start;
			busy_last = last_address(r->start, r->bytes);
		}
	}
	*next = busy_last == UINT64_MAX ? 0 : busy_last + 1;
	if (busy > last)
		return last - at + 1;
	return busy > at ? busy - at : 0;
}

struct room {
	unsigned windows;
	u64 total, free, largest;
};

static struct room measure(const struct pci_plan *p, int bridge, const struct plan_range *r)
{
	struct room room = { 0 };
	struct range space;
	unsigned iterator = 0;

	while (pci_plan_next_space(p, bridge, r, &iterator, &space)) {
		u64 last = last_address(space.start, space.bytes), at = space.start;

		if (last > pci_plan_highest_address(r))
			last = pci_plan_highest_address(r);
		if (last < at)
			continue;
		room.windows++;
		room.total += last - at + 1;
		while (at && at <= last) {
			u64 gap = gap_at(p, bridge, r, at, last, &at);

			room.free += gap;
			if (gap > room.largest)
				room.largest = gap;
		}
	}
	return room;
}

static unsigned largest_bar(const struct plan_function *f, bool io)
{
	unsigned largest = 0;
	u64 bytes = 0;

	for (unsigned i = 0; i < PLAN_BARS; i++) {
		const struct plan_range *r = &f->bars[i];

		if (r->present && (r->kind == PLAN_IO) == io && r->bytes > bytes) {
			bytes = r->bytes;
			largest = i;
		}
	}
	return largest;
}

void pci_plan_explain(const struct pci_plan *p, int index, bool io, char *to, size_t bytes)
{
	const struct plan_function *f = &p->functions[index];
	unsigned bar = largest_bar(f, io);
	struct plan_range r = f->bars[bar];
	char size[SIZE_TEXT_BYTES], room_free[SIZE_TEXT_BYTES];
	char wants[80], owner[48] = "the host's", piece[48] = "";
	struct room room;
	int bus = f->bridge;

	snprintf(wants, sizeof(wants), "BAR %u wants %s of %s", bar, size_text(r.bytes, size),
		 kind_text(&r));

	/* Windows of bridges are made as large as they need to be: the limit is above them, unless
	   they are in use. */
	while (bus != PLAN_ROOT) {
		const struct plan_function *b = &p->functions[bus];
		const struct plan_range *w = &b->windows[pci_plan_home(p, bus, &r)];

		if (!w->present) {
			snprintf(to, bytes, "%s; bridge %s forwards none", wants, b->name);
			return;
		}
		if (b->live && w->start) {
			snprintf(owner, sizeof(owner), "bridge %s's", b->name);
			break;
		}
		r.kind = w->kind;
		r.wide = w->wide;
		if (r.bytes < pci_plan_granule[r.kind])
			r.bytes = pci_plan_granule[r.kind];
		bus = b->bridge;
	}

	room = measure(p, bus, &r);
	if (!room.total) {
		snprintf(to, bytes, "%s; the host has no window for it", wants);
		return;
	}
	if (room.free >= r.bytes)
		snprintf(piece, sizeof(piece), ", at most %s in one piece",
			 size_text(room.largest, size));
	snprintf(to, bytes, "%s; %s %s %s, %s of it free%s", wants, owner,
		 room.windows > 1 ? "windows for it have" : "window for it has",
		 size_text(room.total, size), room.free ? size_text(room.free, room_free) : "none",
		 piece);
}
