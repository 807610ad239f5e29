/* SPDX-License-Identifier: BSD-2-Clause */
/* Base address registers and bridge windows: what they ask for, what is in them, setting them. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/pci/internal.h"

/* ---- BARs (PCIe 7.5.1.2.1) ---- */

static unsigned bar_offset(unsigned index)
{
	return PCI_BAR0 + 4 * index;
}

/* Those of the size and above. The function must not decode meanwhile. */
static u32 writable_bits(struct pci_function *f, unsigned offset)
{
	u32 value = pci_read32(f, offset), bits;

	pci_write32(f, offset, UINT32_MAX);
	bits = pci_read32(f, offset);
	pci_write32(f, offset, value);
	return bits;
}

static void refuse_bar(struct pci_function *f, unsigned index, const char *what, u64 value)
{
	if (!f->broken)
		snprintf(f->problem, sizeof(f->problem), "BAR %u %s (%08" PRIx64 "), so none is enabled",
			 index, what, value);
	f->broken = true;
}

/* Returns how many registers it takes: an address of 64 bits takes two. */
static unsigned read_bar(struct pci_function *f, unsigned index, unsigned count)
{
	struct plan_range *r = &f->bars[index];
	u32 low = pci_read32(f, bar_offset(index));
	bool io = low & PCI_BAR_IO, wide = !io && (low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64;
	u64 flags = io ? PCI_BAR_IO_FLAGS : PCI_BAR_MEMORY_FLAGS;
	u64 bits = writable_bits(f, bar_offset(index)) & ~flags, value = low & ~flags;

	if (wide && index + 1 < count) {
		bits |= (u64)writable_bits(f, bar_offset(index + 1)) << 32;
		value |= (u64)pci_read32(f, bar_offset(index + 1)) << 32;
	} else if (bits) {
		/* Of an I/O address a device may leave out the half that no PC uses. */
		bits |= io && !(bits >> 16) ? 0xffffffffffff0000 : 0xffffffff00000000;
	}
	r->wide = io || wide;
	r->kind = io ? PLAN_IO : low & PCI_BAR_PREFETCH ? PLAN_PREFETCH : PLAN_MEMORY;
	r->bytes = bits & -bits;
	r->present = bits;
	if (bits && value)
		r->given = (struct range){ value, r->bytes };

	if (bits + r->bytes)
		refuse_bar(f, index, "answers the question for its size with no size",
			   wide ? bits : (u32)bits);
	else if (!io && (low & PCI_BAR_TYPE) == PCI_BAR_TYPE)
		refuse_bar(f, index, "is of a reserved type", low);
	else if (wide && index + 1 == count)
		refuse_bar(f, index, "has 64 bits, but is the last", low);
	return wide ? 2 : 1;
}

bool pci_bar_holds(struct pci_function *f, unsigned index)
{
	const struct plan_range *r = &f->bars[index];
	u64 value = pci_read32(f, bar_offset(index)) &
		~(r->kind == PLAN_IO ? PCI_BAR_IO_FLAGS : PCI_BAR_MEMORY_FLAGS);

	if (r->kind != PLAN_IO && r->wide)
		value |= (u64)pci_read32(f, bar_offset(index + 1)) << 32;
	return value == r->given.start;
}

bool pci_set_bar(struct pci_function *f, unsigned index, u64 start)
{
	struct plan_range *r = &f->bars[index];

	r->given = (struct range){ start, start ? r->bytes : 0 };
	if (!start || pci_bar_holds(f, index))
		return true;
	pci_write32(f, bar_offset(index), (u32)start);
	if (r->kind != PLAN_IO && r->wide)
		pci_write32(f, bar_offset(index + 1), (u32)(start >> 32));
	return pci_bar_holds(f, index);
}

/* ---- Windows of a bridge (PCIe 7.5.1.3.6 to 7.5.1.3.11) ---- */

/* A window that a bridge may lack: then its registers hold zero, whatever is written. */
static bool exists(struct pci_function *f, unsigned offset, u32 ones)
{
	u32 value = pci_read16(f, offset), bits;

	if (value)
		return true;
	pci_write16(f, offset, (u16)ones);
	bits = pci_read16(f, offset);
	pci_write16(f, offset, (u16)value);
	return bits;
}

static struct range range_between(u64 base, u64 limit)
{
	return base && base <= limit ? (struct range){ base, limit - base + 1 } : (struct range){ 0, 0 };
}

static void read_io_window(struct pci_function *f)
{
	struct plan_range *w = &f->windows[PLAN_IO];
	u64 base = pci_read8(f, PCI_IO_BASE), limit = pci_read8(f, PCI_IO_LIMIT);

	w->kind = PLAN_IO;
	w->present = exists(f, PCI_IO_BASE, 0xf0f0);
	w->wide = (base & PCI_WINDOW_TYPE) == PCI_WINDOW_WIDE;
	base = (base & 0xf0) << 8;
	limit = (limit & 0xf0) << 8 | 0xfff;
	if (w->wide) {
		base |= (u64)pci_read16(f, PCI_IO_BASE_HIGH) << 16;
		limit |= (u64)pci_read16(f, PCI_IO_LIMIT_HIGH) << 16;
	}
	w->given = range_between(base, limit);
}

static void read_memory_window(struct pci_function *f, enum plan_kind kind, unsigned offset)
{
	struct plan_range *w = &f->windows[kind];
	u64 base = pci_read16(f, offset), limit = pci_read16(f, offset + 2);

	w->kind = kind;
	w->present = kind == PLAN_MEMORY || exists(f, offset, 0xfff0);
	w->wide = kind == PLAN_PREFETCH && (base & PCI_WINDOW_TYPE) == PCI_WINDOW_WIDE;
	base = (base & 0xfff0) << 16;
	limit = (limit & 0xfff0) << 16 | 0xfffff;
	if (w->wide) {
		base |= (u64)pci_read32(f, PCI_PREFETCH_BASE_HIGH) << 32;
		limit |= (u64)pci_read32(f, PCI_PREFETCH_LIMIT_HIGH) << 32;
	}
	w->given = range_between(base, limit);
}

/* A window as its registers spell it: low has the base in the lower half. */
struct spelling {
	u32 low, low_mask, high_base, high_limit;
	unsigned offset;
	bool wide;
};

/* Closed is a window whose base is above its limit; after reset it is open at address 0. */
static struct spelling spell(const struct plan_range *w, struct range r)
{
	bool io = w->kind == PLAN_IO;
	u64 base = r.start, limit = r.start + r.bytes - 1;

	if (!r.start) {
		base = io ? 0xf000 : 0xfff00000;
		limit = 0;
	}
	return (struct spelling){
		.offset = io ? PCI_IO_BASE : w->kind == PLAN_MEMORY ? PCI_MEMORY_BASE : PCI_PREFETCH_BASE,
		.low_mask = io ? 0xf0f0 : 0xfff0fff0,
		.low = (u32)(io ? (base >> 8 & 0xf0) | (limit & 0xf000) :
			     (base >> 16 & 0xfff0) | (limit & 0xfff00000)),
		.high_base = (u32)(base >> (io ? 16 : 32)),
		.high_limit = (u32)(limit >> (io ? 16 : 32)),
		.wide = w->wide,
	};
}

static bool window_is(struct pci_function *f, const struct spelling *s)
{
	if (s->offset == PCI_IO_BASE)
		return (pci_read16(f, PCI_IO_BASE) & s->low_mask) == s->low &&
			(!s->wide || (pci_read16(f, PCI_IO_BASE_HIGH) == s->high_base &&
				      pci_read16(f, PCI_IO_LIMIT_HIGH) == s->high_limit));
	return (pci_read32(f, s->offset) & s->low_mask) == s->low &&
		(!s->wide || (pci_read32(f, PCI_PREFETCH_BASE_HIGH) == s->high_base &&
			      pci_read32(f, PCI_PREFETCH_LIMIT_HIGH) == s->high_limit));
}

/* Closed while only a part of it is written. */
static void write_window(struct pci_function *f, const struct spelling *s)
{
	if (s->offset == PCI_IO_BASE) {
		pci_write16(f, PCI_IO_BASE, 0x00f0);
		if (s->wide)
			pci_write32(f, PCI_IO_BASE_HIGH, s->high_limit << 16 | s->high_base);
		pci_write16(f, PCI_IO_BASE, (u16)s->low);
		return;
	}
	pci_write32(f, s->offset, 0x0000fff0);
	if (s->wide) {
		pci_write32(f, PCI_PREFETCH_BASE_HIGH, s->high_base);
		pci_write32(f, PCI_PREFETCH_LIMIT_HIGH, s->high_limit);
	}
	pci_write32(f, s->offset, s->low);
}

bool pci_set_window(struct pci_function *f, enum plan_kind kind, u64 start, u64 bytes)
{
	struct plan_range *w = &f->windows[kind];
	struct spelling s;

	w->given = (struct range){ start, start ? bytes : 0 };
	if (!w->present)
		return true;
	s = spell(w, w->given);
	if (window_is(f, &s))
		return true;
	write_window(f, &s);
	return window_is(f, &s);
}

void pci_read_demands(struct pci_function *f)
{
	unsigned count = f->header == PCI_HEADER_ENDPOINT ? PCI_BARS : f->is_bridge ? 2 : 0;

	for (unsigned i = 0; i < count;)
		i += read_bar(f, i, count);
	if (f->is_bridge) {
		read_io_window(f);
		read_memory_window(f, PLAN_MEMORY, PCI_MEMORY_BASE);
		read_memory_window(f, PLAN_PREFETCH, PCI_PREFETCH_BASE);
	}
}
