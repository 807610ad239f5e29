/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device as a PCI function: the structures of 4.1.4, in one BAR as QEMU places them. */
#pragma once
#include "tests/sim/pci.h"
#include "tests/sim/virtio_device.h"

enum {
	SIM_VIRTIO_PCI_COMMON = 1, SIM_VIRTIO_PCI_NOTIFY, SIM_VIRTIO_PCI_ISR, SIM_VIRTIO_PCI_DEVICE,
	SIM_VIRTIO_PCI_STRUCTURES,
};
enum { SIM_VIRTIO_PCI_BAR = 4, SIM_VIRTIO_PCI_BAR_BYTES = 0x4000, SIM_VIRTIO_PCI_MULTIPLIER = 4 };

struct sim_virtio_pci {
	struct sim_virtio *device;
	struct sim_pci_function *function;
	unsigned capability[SIM_VIRTIO_PCI_STRUCTURES];	/* where they are in configuration space */
};

/* As a transitional device, which has the legacy interface too (4.1.2.1), or a modern one. */
void sim_virtio_pci_add(struct sim_virtio_pci *v, struct sim_virtio *device, struct sim_pci *pci,
			struct sim_pci_function *bridge, unsigned slot, bool transitional);
