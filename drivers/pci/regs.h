/* SPDX-License-Identifier: BSD-2-Clause */
/* Configuration space: PCI Express Base 4.0, 7.5 ("PCIe"), and the PCI-to-PCI Bridge 1.2 layout. */
#pragma once

enum {
	PCI_CONFIG_BYTES = 4096,
	PCI_CONFIG_FIRST_CAPABILITY = 0x40,	/* capabilities lie from here to 0xff */
	PCI_CONFIG_EXTENDED = 0x100,		/* and extended ones from here on */
};

/* Every function (PCIe 7.5.1.1) */
enum {
	PCI_VENDOR = 0x00,
	PCI_PRODUCT = 0x02,
	PCI_COMMAND = 0x04,
	PCI_STATUS = 0x06,
	PCI_REVISION = 0x08,		/* with the class code in the three bytes above it */
	PCI_HEADER_TYPE = 0x0e,
	PCI_BAR0 = 0x10,
	PCI_SUBSYSTEM_VENDOR = 0x2c,
	PCI_SUBSYSTEM = 0x2e,
	PCI_ROM = 0x30,
	PCI_CAPABILITIES = 0x34,
};
enum {
	PCI_VENDOR_NONE = 0xffff,	/* nothing answered */
	PCI_VENDOR_RETRY = 0x0001,	/* configuration request retry status (PCIe 2.3.2) */
};
enum {
	PCI_COMMAND_IO = 0x0001,
	PCI_COMMAND_MEMORY = 0x0002,
	PCI_COMMAND_MASTER = 0x0004,
};
enum { PCI_STATUS_CAPABILITIES = 0x0010 };
enum {
	PCI_HEADER_MULTIFUNCTION = 0x80,
	PCI_HEADER_ENDPOINT = 0x00,
	PCI_HEADER_BRIDGE = 0x01,
};

/* A base address register (PCIe 7.5.1.2.1) */
enum {
	PCI_BAR_IO = 0x1,
	PCI_BAR_TYPE = 0x6,
	PCI_BAR_TYPE_32 = 0x0,
	PCI_BAR_TYPE_BELOW_1M = 0x2,	/* of long ago; treated as 32 bits, as PCI 3.0 says */
	PCI_BAR_TYPE_64 = 0x4,
	PCI_BAR_PREFETCH = 0x8,
	PCI_BAR_IO_FLAGS = 0x3,
	PCI_BAR_MEMORY_FLAGS = 0xf,
};

/* A bridge (PCIe 7.5.1.3) */
enum {
	PCI_PRIMARY = 0x18,
	PCI_SECONDARY = 0x19,
	PCI_SUBORDINATE = 0x1a,
	PCI_IO_BASE = 0x1c,
	PCI_IO_LIMIT = 0x1d,
	PCI_MEMORY_BASE = 0x20,
	PCI_MEMORY_LIMIT = 0x22,
	PCI_PREFETCH_BASE = 0x24,
	PCI_PREFETCH_LIMIT = 0x26,
	PCI_PREFETCH_BASE_HIGH = 0x28,
	PCI_PREFETCH_LIMIT_HIGH = 0x2c,
	PCI_IO_BASE_HIGH = 0x30,
	PCI_IO_LIMIT_HIGH = 0x32,
	PCI_BRIDGE_ROM = 0x38,
};
enum {
	PCI_WINDOW_WIDE = 0x1,		/* low bits of a base: 32 bits of I/O, 64 of memory */
	PCI_WINDOW_TYPE = 0xf,
};

/* Capabilities that something here knows by number (PCI Code and ID Assignment 1.11, section 2) */
enum {
	PCI_CAPABILITY_POWER = 0x01,
	PCI_CAPABILITY_MSI = 0x05,
	PCI_CAPABILITY_VENDOR = 0x09,
	PCI_CAPABILITY_EXPRESS = 0x10,
	PCI_CAPABILITY_MSIX = 0x11,
};

/* In the PCI Express capability (PCIe 7.5.3) */
enum {
	PCI_EXPRESS_FLAGS = 0x02,
	PCI_EXPRESS_LINK_CAPABILITIES = 0x0c,
	PCI_EXPRESS_LINK_STATUS = 0x12,
	PCI_EXPRESS_SLOT_CAPABILITIES = 0x14,
	PCI_EXPRESS_SLOT_CONTROL = 0x18,
	PCI_EXPRESS_SLOT_STATUS = 0x1a,
	PCI_EXPRESS_ROOT_CONTROL = 0x1c,
	PCI_EXPRESS_ROOT_CAPABILITIES = 0x1e,
};
enum pci_express_type {			/* PCI_EXPRESS_FLAGS, bits 7:4 */
	PCI_EXPRESS_ENDPOINT = 0x0,
	PCI_EXPRESS_LEGACY_ENDPOINT = 0x1,
	PCI_EXPRESS_ROOT_PORT = 0x4,
	PCI_EXPRESS_UPSTREAM = 0x5,
	PCI_EXPRESS_DOWNSTREAM = 0x6,
	PCI_EXPRESS_TO_PCI = 0x7,
	PCI_EXPRESS_FROM_PCI = 0x8,
	PCI_EXPRESS_INTEGRATED = 0x9,
	PCI_EXPRESS_EVENT_COLLECTOR = 0xa,
	PCI_EXPRESS_NONE = -1,		/* ours: no such capability */
};
enum { PCI_EXPRESS_RETRY_VISIBLE = 0x1 };	/* root capabilities; 0x10 in root control */
enum { PCI_EXPRESS_RETRY_ENABLE = 0x10 };
enum { PCI_EXPRESS_SLOT = 0x0100 };		/* flags: the port has a slot */

/* Of a slot (PCIe 7.5.3.9 to 7.5.3.11) */
enum {
	PCI_SLOT_POWER_CONTROLLER = 0x00002,
	PCI_SLOT_HOT_PLUG = 0x00040,
	PCI_SLOT_NO_COMPLETION = 0x40000,	/* commands take effect at once */
};
enum {
	PCI_SLOT_INDICATOR = 0x0300,		/* of power */
	PCI_SLOT_INDICATOR_ON = 0x0100,
	PCI_SLOT_INDICATOR_OFF = 0x0300,
	PCI_SLOT_POWER_OFF = 0x0400,
};
enum {
	PCI_SLOT_BUTTON = 0x0001,		/* pressed; writing ones clears this ... */
	PCI_SLOT_COMPLETED = 0x0010,		/* ... and this */
	PCI_SLOT_OCCUPIED = 0x0040,
};
