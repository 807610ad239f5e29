/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PCI Express: what a host bridge driver gives, what a function's driver uses.
 *
 * A host bridge driver says how to reach configuration space and which addresses reach BARs, and
 * calls pci_host_add(). That finds every function through all bridges, gives places to BARs and
 * bridge windows, and hands each function to device_add().
 */
#pragma once
#include "drivers/device.h"
#include "drivers/pci/plan.h"
#include "drivers/pci/regs.h"

enum { PCI_BARS = PLAN_BARS, PCI_WINDOWS_MAX = 8 };

struct pci_host;

struct pci_function {
	struct device device;		/* on BUS_PCI */
	struct pci_host *host;
	struct pci_function *bridge;	/* it is behind; NULL: on the first bus */
	struct pci_function *next;	/* in its host: a bridge, then everything behind it */
	u8 bus, slot, number;		/* "00:02.0": slot is the standard's device number */
	u8 header;			/* header type without its multifunction bit */
	u8 revision;
	bool is_bridge;
	u8 secondary, subordinate;	/* of a bridge: the buses behind it; 0: none */
	enum pci_express_type express_type;

	/* As they are set: .given, with start 0 where nothing is. */
	struct plan_range bars[PCI_BARS];
	struct plan_range windows[PLAN_KINDS];
	bool broken;			/* its BARs make no sense */
	char problem[120];		/* why it has BARs that are not placed, in words */

	bool added;			/* to device_add(): its place is not changed any more */
	bool open_ended;		/* while its bus numbers are being counted */
};

/* The next two are called with a bus the host has, and an aligned offset in a function's 4 KiB. */
struct pci_host_ops {
	u32 (*read)(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		    unsigned width);
	void (*write)(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		      unsigned width, u32 value);
};

/* Bus addresses that the host bridge forwards, and where the CPU sees them. */
struct pci_window {
	enum plan_kind kind;
	u64 bus, cpu, bytes;
};

struct pci_host {
	/* set by the host's driver */
	struct device *device;
	const struct pci_host_ops *ops;
	u8 first_bus, last_bus;
	u16 domain;			/* "linux,pci-domain", or its number among the hosts */
	u8 first_bus_slots;		/* so many are real on the first bus; 0: all 32 */
	struct pci_window windows[PCI_WINDOWS_MAX];
	unsigned window_count;

	/* ours */
	struct pci_function *functions;
	struct pci_host *next;
};

/* ---- For host bridge drivers ---- */

/* Find, place and bind everything behind @host, which stays. */
void pci_host_add(struct pci_host *host);

/*
 * Look again: what has vanished is removed, what is new is added, what is the same is not touched.
 * 0, or -ENOMEM: not everything was found or placed.
 */
int pci_rescan(void);

/* Nothing behind the host masters the bus any more. 0, or -EIO: one did not obey. */
int pci_host_quiesce(struct pci_host *host);

struct pci_host *pci_host_first(void);

/* ---- For drivers of functions ---- */

static inline struct pci_function *pci_function_of(struct device *dev)
{
	return (struct pci_function *)((char *)dev - offsetof(struct pci_function, device));
}

/*
 * Configuration space, in accesses of exactly this width. A function that has vanished reads all
 * ones and ignores writes; finding that out sets device.gone, here and for all behind a bridge.
 */
u8 pci_read8(struct pci_function *f, unsigned offset);
u16 pci_read16(struct pci_function *f, unsigned offset);
u32 pci_read32(struct pci_function *f, unsigned offset);
void pci_write8(struct pci_function *f, unsigned offset, u8 value);
void pci_write16(struct pci_function *f, unsigned offset, u16 value);
void pci_write32(struct pci_function *f, unsigned offset, u32 value);

/* Is it still there? For a driver that read all ones from a register. */
bool pci_present(struct pci_function *f);

/*
 * Let it access memory, and the bridges above pass that on; or no longer. 0, or -EIO with a
 * line in the log: the function does not do as it is told. BARs are enabled before its probe.
 */
int pci_set_master(struct pci_function *f, bool on);

/* ---- Capabilities ---- */

/* All zero first. Every capability is found once, whatever the pointers of the list say. */
struct pci_capability {
	u16 offset, id;
	bool extended;
	u8 version;			/* of an extended one */
	u64 visited[PCI_CONFIG_BYTES / 4 / 64];
};

bool pci_next_capability(struct pci_function *f, struct pci_capability *c);
u16 pci_find_capability(struct pci_function *f, u16 id);	/* its offset; 0: none */
u16 pci_find_extended_capability(struct pci_function *f, u16 id);

/* ---- In words ---- */

const char *pci_class_name(u32 class_code);			/* "NVM Express"; never NULL */
const char *pci_capability_name(u16 id, bool extended);		/* NULL: unknown */
