/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI Express hierarchy behind an ECAM window: functions, bridges that route configuration and
 * memory accesses as their registers say, BARs, capabilities. Functions can be hostile on request.
 *
 * What a register does is its mask of writable bits, nothing more: so a test can make any register
 * lie by changing config[] and writable[].
 */
#pragma once
#include "arch/host/sim.h"

enum { SIM_PCI_FUNCTIONS = 400, SIM_PCI_BARS = 6, SIM_PCI_FOREVER = 1000000000 };

struct sim_pci_function {
	struct sim_pci_function *bridge;	/* it is behind; NULL: on the first bus */
	struct sim_pci_function *children, *next;	/* behind it; behind the same bridge */
	unsigned slot, number;
	u8 config[4096], writable[4096];
	unsigned next_capability, next_extended; /* where sim_pci_capability puts the next one */

	/* What the BARs lead to; without ops, memory that reads as zero. */
	const struct sim_mmio_ops *ops[SIM_PCI_BARS];
	void *state[SIM_PCI_BARS];

	bool gone;			/* nobody answers here, nor behind it */
	unsigned not_ready;		/* so many more looks at its ids are answered "retry" */
	bool all_slots;			/* a bridge whose device shows in every slot behind it */

	/* Hostile: what is read instead. May be NULL. */
	u32 (*read)(struct sim_pci_function *f, unsigned offset, u32 value);
	/* For registers that do something: what was written, beside its effect on config[]. */
	void (*written)(struct sim_pci_function *f, unsigned offset, u32 value);
};

struct sim_pci {
	u8 first_bus, last_bus;
	struct sim_pci_function functions[SIM_PCI_FUNCTIONS], *children;
	unsigned count;
	unsigned config_reads, config_writes;
};

/* Empty, with configuration space for these buses at @ecam, and nothing right behind it. */
void sim_pci_begin(struct sim_pci *p, uintptr_t ecam, u8 first_bus, u8 last_bus);

/* CPU addresses that lead to bus addresses: memory, or I/O. */
void sim_pci_window(struct sim_pci *p, bool io, uintptr_t cpu, u64 bus, u64 bytes);

struct sim_pci_function *sim_pci_add(struct sim_pci *p, struct sim_pci_function *bridge,
				     unsigned slot, unsigned number, u16 vendor, u16 product,
				     u32 class_code);

enum sim_pci_bar { SIM_PCI_IO, SIM_PCI_32, SIM_PCI_64, SIM_PCI_32_PREFETCH, SIM_PCI_64_PREFETCH };
void sim_pci_bar(struct sim_pci_function *f, unsigned index, enum sim_pci_bar kind, u64 bytes);

/* Make it a bridge. Width in bits of its windows: I/O 0, 16 or 32; prefetchable 0, 32 or 64. */
void sim_pci_bridge(struct sim_pci_function *f, unsigned io, unsigned prefetch);

/* Add to its lists; returns the offset of the new one. @bytes counts the header. */
unsigned sim_pci_capability(struct sim_pci_function *f, u8 id, unsigned bytes);
unsigned sim_pci_extended_capability(struct sim_pci_function *f, u16 id, u8 version,
				     unsigned bytes);
unsigned sim_pci_express(struct sim_pci_function *f, unsigned type);	/* PCI_EXPRESS_... */

/* Registers as they are, and whatever is writable. */
u32 sim_pci_get(const struct sim_pci_function *f, unsigned offset, unsigned width);
void sim_pci_set(struct sim_pci_function *f, unsigned offset, unsigned width, u32 value);

/*
 * Who answers at this bus address, as the registers stand, and at which offset of which BAR; NULL:
 * nobody. Two who answer fail the test.
 */
struct sim_pci_function *sim_pci_decode(struct sim_pci *p, bool io, u64 address, unsigned *bar,
					u64 *offset);
