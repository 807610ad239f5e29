/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space of a function: exact accesses, vanished functions, lists of capabilities. */
#include "drivers/pci/internal.h"
#include "lib/assert.h"
#include "lib/log.h"

static u32 read(struct pci_function *f, unsigned offset, unsigned width)
{
	assert(offset % width == 0 && offset < PCI_CONFIG_BYTES);
	return f->host->ops->read(f->host, f->bus, f->slot, f->number, offset, width);
}

bool pci_present(struct pci_function *f)
{
	if (f->device.gone)
		return false;
	if (read(f, PCI_VENDOR, 2) != PCI_VENDOR_NONE)
		return true;
	log_warning("%s: does not answer any more", f->device.name);
	for (struct pci_function *g = f; g && pci_is_behind(g, f); g = g->next)
		g->device.gone = true;
	return false;
}

/* All ones can be a value; where it is the only thing to be read, nobody is there. */
static u32 read_checked(struct pci_function *f, unsigned offset, unsigned width)
{
	u32 all_ones = UINT32_MAX >> (32 - 8 * width);
	u32 value = f->device.gone ? all_ones : read(f, offset, width);

	if (value == all_ones)
		pci_present(f);
	return value;
}

static void write(struct pci_function *f, unsigned offset, unsigned width, u32 value)
{
	assert(offset % width == 0 && offset < PCI_CONFIG_BYTES);
	if (!f->device.gone)
		f->host->ops->write(f->host, f->bus, f->slot, f->number, offset, width, value);
}

#define ACCESSORS(bits) \
	u##bits pci_read##bits(struct pci_function *f, unsigned offset) \
	{ \
		return (u##bits)read_checked(f, offset, bits / 8); \
	} \
	void pci_write##bits(struct pci_function *f, unsigned offset, u##bits value) \
	{ \
		write(f, offset, bits / 8, value); \
	}
ACCESSORS(8)
ACCESSORS(16)
ACCESSORS(32)
#undef ACCESSORS

int pci_set_master(struct pci_function *f, bool on)
{
	u16 command = pci_read16(f, PCI_COMMAND), wanted;

	wanted = on ? command | PCI_COMMAND_MASTER : command & ~PCI_COMMAND_MASTER;
	if (on && f->bridge && pci_set_master(f->bridge, true))
		return -EIO;
	if (f->device.gone)
		return on ? -EIO : 0;
	if (wanted == command)
		return 0;
	pci_write16(f, PCI_COMMAND, wanted);
	if ((pci_read16(f, PCI_COMMAND) ^ wanted) & PCI_COMMAND_MASTER && !f->device.gone) {
		log_error("%s: bus mastering cannot be switched %s", f->device.name,
			  on ? "on" : "off");
		return -EIO;
	}
	return 0;
}

/* ---- Capabilities (PCIe 7.5.1.1.11, 7.6.3) ---- */

/* Where the list goes on after c->offset, or begins; 0 at its end. */
static unsigned next_offset(struct pci_function *f, const struct pci_capability *c)
{
	if (c->extended)
		return pci_read32(f, c->offset) >> 20 & ~3u;
	if (c->offset)
		return pci_read8(f, c->offset + 1) & ~3u;
	if (!(pci_read16(f, PCI_STATUS) & PCI_STATUS_CAPABILITIES))
		return 0;
	return pci_read8(f, PCI_CAPABILITIES) & ~3u;
}

static bool visit(struct pci_capability *c, unsigned offset)
{
	u64 bit = 1ull << (offset / 4 % 64), *word = &c->visited[offset / 4 / 64];

	if (*word & bit)
		return false;
	*word |= bit;
	c->offset = (u16)offset;
	return true;
}

static bool next_extended(struct pci_function *f, struct pci_capability *c)
{
	unsigned offset = c->extended ? next_offset(f, c) : PCI_CONFIG_EXTENDED;
	u32 header;

	c->extended = true;
	if (offset < PCI_CONFIG_EXTENDED || !visit(c, offset))
		return false;
	header = pci_read32(f, offset);
	c->id = (u16)header;
	c->version = header >> 16 & 0xf;
	return header && header != UINT32_MAX;
}

bool pci_next_capability(struct pci_function *f, struct pci_capability *c)
{
	unsigned offset = c->extended ? 0 : next_offset(f, c);

	if (f->device.gone)
		return false;
	if (offset >= PCI_CONFIG_FIRST_CAPABILITY && visit(c, offset)) {
		c->id = pci_read8(f, offset);
		return !f->device.gone;
	}
	/* Only a PCI Express function has more than 256 bytes; others may answer with aliases. */
	return f->express_type != PCI_EXPRESS_NONE && next_extended(f, c);
}

static u16 find(struct pci_function *f, u16 id, bool extended)
{
	struct pci_capability c = { 0 };

	while (pci_next_capability(f, &c))
		if (c.id == id && c.extended == extended)
			return c.offset;
	return 0;
}

u16 pci_find_capability(struct pci_function *f, u16 id)
{
	return find(f, id, false);
}

u16 pci_find_extended_capability(struct pci_function *f, u16 id)
{
	return find(f, id, true);
}
