/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/pci.h"

#include <string.h>

#include "arch/host/sim.h"
#include "drivers/pci/regs.h"

/* ---- Registers ---- */

u32 sim_pci_get(const struct sim_pci_function *f, unsigned offset, unsigned width)
{
	u32 value = 0;

	memcpy(&value, &f->config[offset], width);
	return value;
}

void sim_pci_set(struct sim_pci_function *f, unsigned offset, unsigned width, u32 value)
{
	memcpy(&f->config[offset], &value, width);
}

static void set_writable(struct sim_pci_function *f, unsigned offset, unsigned width, u32 mask)
{
	memcpy(&f->writable[offset], &mask, width);
}

static u32 read_register(struct sim_pci_function *f, unsigned offset, unsigned width)
{
	u32 value = sim_pci_get(f, offset, width);

	if (offset == PCI_VENDOR && f->not_ready) {
		f->not_ready -= f->not_ready != SIM_PCI_FOREVER;
		value = 0xffff0000 | PCI_VENDOR_RETRY;
	}
	return f->read ? f->read(f, offset, value) : value;
}

/* ---- Configuration accesses, down through the bridges ---- */

static bool exists(const struct sim_pci_function *f)
{
	for (; f; f = f->bridge)
		if (f->gone)
			return false;
	return true;
}

static struct sim_pci_function *children(const struct sim_pci *p,
					 const struct sim_pci_function *bridge)
{
	return bridge ? bridge->children : p->children;
}

static struct sim_pci_function *child(struct sim_pci *p, const struct sim_pci_function *bridge,
				      unsigned slot, unsigned number)
{
	unsigned wanted = bridge && bridge->all_slots ? 0 : slot;

	for (struct sim_pci_function *f = children(p, bridge); f; f = f->next)
		if (f->slot == wanted && f->number == number && exists(f))
			return f;
	return NULL;
}

/* The bridge behind which @bus is; false: no way there. NULL: it is the first bus. */
static bool find_bus(struct sim_pci *p, unsigned bus, struct sim_pci_function **bridge)
{
	unsigned here = p->first_bus;

	*bridge = NULL;
	while (here != bus) {
		struct sim_pci_function *next = NULL;

		for (struct sim_pci_function *f = children(p, *bridge); f; f = f->next) {
			unsigned secondary = f->config[PCI_SECONDARY];
			unsigned subordinate = f->config[PCI_SUBORDINATE];

			if (!exists(f) ||
			    (f->config[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_BRIDGE ||
			    !secondary || bus < secondary || bus > subordinate)
				continue;
			if (next)
				sim_fail("two bridges of one bus pass on the same bus number");
			next = f;
		}
		if (!next || next->config[PCI_SECONDARY] <= here)
			return false;
		*bridge = next;
		here = next->config[PCI_SECONDARY];
	}
	return true;
}

static struct sim_pci_function *target(struct sim_pci *p, u64 offset)
{
	struct sim_pci_function *bridge;

	return find_bus(p, p->first_bus + (unsigned)(offset >> 20), &bridge) ?
		child(p, bridge, offset >> 15 & 31, offset >> 12 & 7) : NULL;
}

static u64 config_read(void *state, u64 offset, unsigned width)
{
	struct sim_pci *p = state;
	struct sim_pci_function *f = target(p, offset);

	p->config_reads++;
	if (width == 8)
		sim_fail("configuration space read 8 bytes at a time");
	return f ? read_register(f, offset & 4095, width) : UINT32_MAX;
}

static void config_write(void *state, u64 offset, unsigned width, u64 value)
{
	struct sim_pci *p = state;
	struct sim_pci_function *f = target(p, offset);

	p->config_writes++;
	if (width == 8)
		sim_fail("configuration space written 8 bytes at a time");
	for (unsigned i = 0; f && i < width; i++) {
		unsigned at = (offset & 4095) + i;
		u8 byte = (u8)(value >> (8 * i));

		f->config[at] = (f->config[at] & ~f->writable[at]) | (byte & f->writable[at]);
	}
	if (f && f->written)
		f->written(f, offset & 4095, (u32)value);
}

static const struct sim_mmio_ops config_ops = { config_read, config_write };

/* ---- Memory and I/O accesses, as the registers route them ---- */

static bool decodes_bar(const struct sim_pci_function *f, bool io, u64 address, unsigned *bar,
			u64 *into)
{
	unsigned count = (f->config[PCI_HEADER_TYPE] & 0x7f) == PCI_HEADER_BRIDGE ? 2 : 6;

	for (unsigned i = 0; i < count; i++) {
		unsigned at = PCI_BAR0 + 4 * i;
		u32 low = sim_pci_get(f, at, 4), mask;
		bool wide = !(low & PCI_BAR_IO) && (low & PCI_BAR_TYPE) == PCI_BAR_TYPE_64;
		u64 start = low & ~(low & PCI_BAR_IO ? 3u : 15u), bits;

		memcpy(&mask, &f->writable[at], 4);
		bits = mask | 0xffffffff00000000;
		if (wide && i + 1 < count) {
			memcpy(&mask, &f->writable[at + 4], 4);
			bits = (u32)bits | (u64)mask << 32;
			start |= (u64)sim_pci_get(f, at + 4, 4) << 32;
		}
		if ((u32)bits | (bits >> 32 & (wide ? ~0u : 0)))
			if (io == (low & PCI_BAR_IO) && address >= start &&
			    address - start < (bits & -bits)) {
				*bar = i;
				*into = address - start;
				return true;
			}
		i += wide;
	}
	return false;
}

static bool in_window(u64 base, u64 limit, u64 address)
{
	return base <= limit && address >= base && address <= limit;
}

static bool forwards(const struct sim_pci_function *f, bool io, u64 address)
{
	const u8 *c = f->config;
	u64 base, limit;

	if ((c[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_BRIDGE)
		return false;
	if (io) {
		base = (c[PCI_IO_BASE] & 0xf0) << 8 |
			(u64)sim_pci_get(f, PCI_IO_BASE_HIGH, 2) << 16;
		limit = (c[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff |
			(u64)sim_pci_get(f, PCI_IO_LIMIT_HIGH, 2) << 16;
		return f->writable[PCI_IO_BASE] && in_window(base, limit, address);
	}
	base = (u64)(sim_pci_get(f, PCI_MEMORY_BASE, 2) & 0xfff0) << 16;
	limit = (u64)(sim_pci_get(f, PCI_MEMORY_LIMIT, 2) & 0xfff0) << 16 | 0xfffff;
	if (in_window(base, limit, address))
		return true;
	base = (u64)(sim_pci_get(f, PCI_PREFETCH_BASE, 2) & 0xfff0) << 16 |
		(u64)sim_pci_get(f, PCI_PREFETCH_BASE_HIGH, 4) << 32;
	limit = (u64)(sim_pci_get(f, PCI_PREFETCH_LIMIT, 2) & 0xfff0) << 16 | 0xfffff |
		(u64)sim_pci_get(f, PCI_PREFETCH_LIMIT_HIGH, 4) << 32;
	return f->writable[PCI_PREFETCH_BASE] && in_window(base, limit, address);
}

struct sim_pci_function *sim_pci_decode(struct sim_pci *p, bool io, u64 address, unsigned *bar,
					u64 *offset)
{
	struct sim_pci_function *bridge = NULL, *found, *next;

	do {
		found = next = NULL;
		for (struct sim_pci_function *f = children(p, bridge); f; f = f->next) {
			bool hit, through;

			if (!exists(f) ||
			    !(f->config[PCI_COMMAND] & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
				continue;
			hit = decodes_bar(f, io, address, bar, offset);
			through = forwards(f, io, address);
			if (hit + through + !!found + !!next > 1)
				sim_fail("two functions of one bus answer at the same address");
			if (hit)
				found = f;
			if (through)
				next = f;
		}
		bridge = next;
	} while (bridge);
	return found;
}

struct window {
	struct sim_pci *pci;
	bool io;
	u64 bus;
};

static u64 window_read(void *state, u64 offset, unsigned width)
{
	struct window *w = state;
	unsigned bar;
	u64 into;
	struct sim_pci_function *f = sim_pci_decode(w->pci, w->io, w->bus + offset, &bar, &into);

	if (!f)
		return UINT64_MAX;
	return f->ops[bar] ? f->ops[bar]->read(f->state[bar], into, width) : 0;
}

static void window_write(void *state, u64 offset, unsigned width, u64 value)
{
	struct window *w = state;
	unsigned bar;
	u64 into;
	struct sim_pci_function *f = sim_pci_decode(w->pci, w->io, w->bus + offset, &bar, &into);

	if (f && f->ops[bar])
		f->ops[bar]->write(f->state[bar], into, width, value);
}

static const struct sim_mmio_ops window_ops = { window_read, window_write };

/* ---- Building ---- */

enum { WINDOWS = 32 };

void sim_pci_begin(struct sim_pci *p, uintptr_t ecam, u8 first_bus, u8 last_bus)
{
	p->children = NULL;
	p->count = p->config_reads = p->config_writes = 0;
	p->first_bus = first_bus;
	p->last_bus = last_bus;
	sim_mmio_add(ecam, (size_t)(last_bus - first_bus + 1) << 20, &config_ops, p);
}

void sim_pci_window(struct sim_pci *p, bool io, uintptr_t cpu, u64 bus, u64 bytes)
{
	static struct window windows[WINDOWS];
	static unsigned count;
	struct window *w = &windows[count++ % WINDOWS];

	*w = (struct window){ p, io, bus };
	sim_mmio_add(cpu, bytes, &window_ops, w);
}

struct sim_pci_function *sim_pci_add(struct sim_pci *p, struct sim_pci_function *bridge,
				     unsigned slot, unsigned number, u16 vendor, u16 product,
				     u32 class_code)
{
	struct sim_pci_function *f = &p->functions[p->count++], *first, **head;

	if (p->count > SIM_PCI_FUNCTIONS)
		sim_fail("more functions than the simulation has");
	*f = (struct sim_pci_function){ .bridge = bridge, .slot = slot, .number = number };
	head = bridge ? &bridge->children : &p->children;
	f->next = *head;
	*head = f;
	sim_pci_set(f, PCI_VENDOR, 2, vendor);
	sim_pci_set(f, PCI_PRODUCT, 2, product);
	sim_pci_set(f, PCI_REVISION, 4, class_code << 8 | 1);
	set_writable(f, PCI_COMMAND, 2, 0x0547);
	first = number ? child(p, bridge, slot, 0) : NULL;
	if (first)
		first->config[PCI_HEADER_TYPE] |= PCI_HEADER_MULTIFUNCTION;
	f->next_capability = PCI_CONFIG_FIRST_CAPABILITY;
	f->next_extended = PCI_CONFIG_EXTENDED;
	return f;
}

void sim_pci_bar(struct sim_pci_function *f, unsigned index, enum sim_pci_bar kind, u64 bytes)
{
	static const u8 flags[] = { PCI_BAR_IO, 0, PCI_BAR_TYPE_64, PCI_BAR_PREFETCH,
				    PCI_BAR_TYPE_64 | PCI_BAR_PREFETCH };
	unsigned at = PCI_BAR0 + 4 * index;

	sim_pci_set(f, at, 4, flags[kind]);
	set_writable(f, at, 4, (u32)-bytes);
	if (kind == SIM_PCI_64 || kind == SIM_PCI_64_PREFETCH)
		set_writable(f, at + 4, 4, (u32)(-bytes >> 32));
}

void sim_pci_bridge(struct sim_pci_function *f, unsigned io, unsigned prefetch)
{
	f->config[PCI_HEADER_TYPE] |= PCI_HEADER_BRIDGE;
	set_writable(f, PCI_PRIMARY, 4, 0xffffffff);
	set_writable(f, PCI_MEMORY_BASE, 4, 0xfff0fff0);
	if (io) {
		sim_pci_set(f, PCI_IO_BASE, 2, io == 32 ? 0x0101 : 0);
		set_writable(f, PCI_IO_BASE, 2, 0xf0f0);
		set_writable(f, PCI_IO_BASE_HIGH, 4, io == 32 ? 0xffffffff : 0);
	}
	if (prefetch) {
		sim_pci_set(f, PCI_PREFETCH_BASE, 4, prefetch == 64 ? 0x00010001 : 0);
		set_writable(f, PCI_PREFETCH_BASE, 4, 0xfff0fff0);
		set_writable(f, PCI_PREFETCH_BASE_HIGH, 4, prefetch == 64 ? 0xffffffff : 0);
		set_writable(f, PCI_PREFETCH_LIMIT_HIGH, 4, prefetch == 64 ? 0xffffffff : 0);
	}
}

/* New ones go to the head of the list. */
unsigned sim_pci_capability(struct sim_pci_function *f, u8 id, unsigned bytes)
{
	unsigned at = f->next_capability;

	f->next_capability += (bytes + 3) & ~3u;
	if (f->next_capability > PCI_CONFIG_EXTENDED)
		sim_fail("more capabilities than fit");
	f->config[at] = id;
	f->config[at + 1] = f->config[PCI_CAPABILITIES];
	f->config[PCI_CAPABILITIES] = (u8)at;
	f->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
	return at;
}

/* The first one has to be at 0x100, so new ones follow it. */
unsigned sim_pci_extended_capability(struct sim_pci_function *f, u16 id, u8 version, unsigned bytes)
{
	unsigned at = f->next_extended;
	u32 next = 0;

	if (at > PCI_CONFIG_EXTENDED) {
		u32 first = sim_pci_get(f, PCI_CONFIG_EXTENDED, 4);

		next = first >> 20;
		sim_pci_set(f, PCI_CONFIG_EXTENDED, 4, (first & 0xfffff) | at << 20);
	}
	f->next_extended += (bytes + 3) & ~3u;
	if (f->next_extended > PCI_CONFIG_BYTES)
		sim_fail("more extended capabilities than fit");
	sim_pci_set(f, at, 4, id | (u32)version << 16 | next << 20);
	return at;
}

unsigned sim_pci_express(struct sim_pci_function *f, unsigned type)
{
	unsigned at = sim_pci_capability(f, PCI_CAPABILITY_EXPRESS, 0x3c);

	sim_pci_set(f, at + PCI_EXPRESS_FLAGS, 2, 2 | type << 4);
	sim_pci_set(f, at + PCI_EXPRESS_LINK_CAPABILITIES, 4, 3 | 4 << 4); /* 8 GT/s, 4 lanes */
	sim_pci_set(f, at + PCI_EXPRESS_LINK_STATUS, 2, 2 | 1 << 4);		/* 5 GT/s, 1 lane */
	set_writable(f, at + PCI_EXPRESS_ROOT_CONTROL, 2, type == PCI_EXPRESS_ROOT_PORT ? 0x1f : 0);
	sim_pci_set(f, at + PCI_EXPRESS_ROOT_CAPABILITIES, 2, type == PCI_EXPRESS_ROOT_PORT);
	return at;
}
