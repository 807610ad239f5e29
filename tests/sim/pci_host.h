/* SPDX-License-Identifier: BSD-2-Clause */
/* A host bridge without a device tree, in front of a simulated hierarchy, with the usual windows.
 */
#pragma once
#include "drivers/pci/pci.h"
#include "tests/sim/pci.h"

enum { SIM_PCI_ECAM = 0x30000000, SIM_PCI_MEMORY = 0x40000000, SIM_PCI_IO_CPU = 0x3000000 };
#define SIM_PCI_HIGH 0x400000000ull

/*
 * Both begin anew: an empty hierarchy with these buses at SIM_PCI_ECAM, and @host to it: 64 KiB of
 * I/O, 1 GiB of memory, 16 GiB high up. No function may be left in @host.
 */
void sim_pci_host_begin(struct pci_host *host, struct sim_pci *p, u8 first_bus, u8 last_bus);
