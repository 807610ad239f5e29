/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/pci_host.h"

static uintptr_t address_of(const struct pci_host *host, u8 bus, u8 slot, u8 number,
			    unsigned offset)
{
	return SIM_PCI_ECAM +
	       ((uintptr_t)(bus - host->first_bus) << 20 | slot << 15 | number << 12 | offset);
}

static u32 read(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset, unsigned width)
{
	uintptr_t at = address_of(host, bus, slot, number, offset);

	if (width == 1)
		return arch_mmio_read8(at);
	return width == 2 ? arch_mmio_read16(at) : arch_mmio_read32(at);
}

static void write(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		  unsigned width, u32 value)
{
	uintptr_t at = address_of(host, bus, slot, number, offset);

	if (width == 1)
		arch_mmio_write8(at, (u8)value);
	else if (width == 2)
		arch_mmio_write16(at, (u16)value);
	else
		arch_mmio_write32(at, value);
}

static const struct pci_host_ops ops = { read, write };
static struct device device = { .name = "host" };

void sim_pci_host_begin(struct pci_host *host, struct sim_pci *p, u8 first_bus, u8 last_bus)
{
	sim_reset();
	sim_pci_begin(p, SIM_PCI_ECAM, first_bus, last_bus);
	*host = (struct pci_host){
		.device = &device, .ops = &ops, .first_bus = first_bus, .last_bus = last_bus,
		.windows = {
			{ PLAN_IO, 0, SIM_PCI_IO_CPU, 0x10000 },
			{ PLAN_MEMORY, SIM_PCI_MEMORY, SIM_PCI_MEMORY, 1ull << 30 },
			{ PLAN_MEMORY, SIM_PCI_HIGH, SIM_PCI_HIGH, 16ull << 30 },
		},
		.window_count = 3,
	};
}
