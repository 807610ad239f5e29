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
		snprintf(f->problem, sizeof(f->problem),
			 "BAR %u %s (%08" PRIx64 "), so none is enabled", index, what, value);
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
static bool exists(struct pci_function *f, unsigned offset, u16 writable)
{
	u16 value = pci_read16(f, offset), bits;

	if (value)
		return true;
	pci_write16(f, offset, writable);
	bits = pci_read16(f, offset);
	pci_write16(f, offset, value);
	return bits;
}

/* Closed is a window whose base is above its limit; after reset it is open at address 0. */
static void read_window(struct pci_function *f, const struct plan_range *w, u64 *base, u64 *limit)
{
	if (w->kind == PLAN_IO) {
		*base = (pci_read8(f, PCI_IO_BASE) & 0xf0u) << 8;
		*limit = (pci_read8(f, PCI_IO_LIMIT) & 0xf0u) << 8 | 0xfff;
		if (w->wide) {
			*base |= (u64)pci_read16(f, PCI_IO_BASE_HIGH) << 16;
			*limit |= (u64)pci_read16(f, PCI_IO_LIMIT_HIGH) << 16;
		}
		return;
	}

	unsigned offset = w->kind == PLAN_MEMORY ? PCI_MEMORY_BASE : PCI_PREFETCH_BASE;

	*base = (u64)(pci_read16(f, offset) & 0xfff0) << 16;
	*limit = (u64)(pci_read16(f, offset + 2) & 0xfff0) << 16 | 0xfffff;
	if (w->wide) {
		*base |= (u64)pci_read32(f, PCI_PREFETCH_BASE_HIGH) << 32;
		*limit |= (u64)pci_read32(f, PCI_PREFETCH_LIMIT_HIGH) << 32;
	}
}

/* Closed while only a part of it is written. */
static void write_window(struct pci_function *f, const struct plan_range *w, u64 base, u64 limit)
{
	unsigned offset = w->kind == PLAN_MEMORY ? PCI_MEMORY_BASE : PCI_PREFETCH_BASE;

	if (w->kind == PLAN_IO) {
		pci_write16(f, PCI_IO_BASE, 0x00f0);
		if (w->wide)
			pci_write32(f, PCI_IO_BASE_HIGH, (u32)((limit & 0xffff0000) | base >> 16));
		pci_write16(f, PCI_IO_BASE, (u16)((limit & 0xf000) | (base >> 8 & 0xf0)));
		return;
	}
	pci_write32(f, offset, 0x0000fff0);
	if (w->wide) {
		pci_write32(f, PCI_PREFETCH_BASE_HIGH, (u32)(base >> 32));
		pci_write32(f, PCI_PREFETCH_LIMIT_HIGH, (u32)(limit >> 32));
	}
	pci_write32(f, offset, (u32)((limit & 0xfff00000) | (base >> 16 & 0xfff0)));
}

static bool window_is_as_given(struct pci_function *f, const struct plan_range *w)
{
	u64 base, limit;

	read_window(f, w, &base, &limit);
	return w->given.start ? base == w->given.start && limit == base + (w->given.bytes - 1)
			      : base > limit;
}

bool pci_set_window(struct pci_function *f, enum plan_kind kind, u64 start, u64 bytes)
{
	struct plan_range *w = &f->windows[kind];

	w->given = (struct range){ start, start ? bytes : 0 };
	if (!w->present || window_is_as_given(f, w))
		return true;
	if (start)
		write_window(f, w, start, start + bytes - 1);
	else
		write_window(f, w, kind == PLAN_IO ? 0xf000 : 0xfff00000, 0);
	return window_is_as_given(f, w);
}

static void read_given_window(struct pci_function *f, enum plan_kind kind)
{
	static const struct {
		u16 offset, writable;
	} registers[PLAN_KINDS] = {
		[PLAN_IO] = { PCI_IO_BASE, 0xf0f0 },
		[PLAN_PREFETCH] = { PCI_PREFETCH_BASE, 0xfff0 },
	};
	struct plan_range *w = &f->windows[kind];
	u64 base, limit;

	w->kind = kind;
	w->present = true;
	if (kind != PLAN_MEMORY) {
		unsigned offset = registers[kind].offset;

		w->present = exists(f, offset, registers[kind].writable);
		w->wide = (pci_read8(f, offset) & PCI_WINDOW_TYPE) == PCI_WINDOW_WIDE;
	}
	read_window(f, w, &base, &limit);
	if (w->present && base && base <= limit)
		w->given = (struct range){ base, limit - base + 1 };
}

void pci_read_demands(struct pci_function *f)
{
	unsigned count = f->header == PCI_HEADER_ENDPOINT ? PCI_BARS : f->is_bridge ? 2 : 0;

	for (unsigned i = 0; i < count;)
		i += read_bar(f, i, count);
	for (unsigned k = 0; f->is_bridge && k < PLAN_KINDS; k++)
		read_given_window(f, k);
}
