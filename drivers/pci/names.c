/* SPDX-License-Identifier: BSD-2-Clause */
/* PCI Code and ID Assignment 1.11: the numbers one meets on the machines this runs on. */
#include "drivers/pci/pci.h"

/* A class, or with mask 0xffff00 or 0xff0000 what is said where nothing more precise is known. */
static const struct {
	u32 class_code, mask;
	const char *name;
} classes[] = {
	{ 0x010601, 0xffffff, "AHCI controller" },
	{ 0x010802, 0xffffff, "NVM Express" },
	{ 0x0c0310, 0xffffff, "USB controller (OHCI)" },
	{ 0x0c0320, 0xffffff, "USB controller (EHCI)" },
	{ 0x0c0330, 0xffffff, "USB controller (xHCI)" },
	{ 0x010000, 0xffff00, "SCSI controller" },
	{ 0x010100, 0xffff00, "IDE controller" },
	{ 0x010400, 0xffff00, "RAID controller" },
	{ 0x010700, 0xffff00, "SAS controller" },
	{ 0x020000, 0xffff00, "Ethernet controller" },
	{ 0x028000, 0xffff00, "network controller" },
	{ 0x030000, 0xffff00, "VGA controller" },
	{ 0x060000, 0xffff00, "host bridge" },
	{ 0x060100, 0xffff00, "ISA bridge" },
	{ 0x060400, 0xffff00, "PCI bridge" },
	{ 0x070000, 0xffff00, "serial controller" },
	{ 0x078000, 0xffff00, "communication controller" },
	{ 0x080500, 0xffff00, "SD host controller" },
	{ 0x080600, 0xffff00, "IOMMU" },
	{ 0x00ff00, 0xffff00, "virtio device" },
	{ 0x0c0300, 0xffff00, "USB controller" },
	{ 0x0c0500, 0xffff00, "SMBus controller" },
	{ 0x010000, 0xff0000, "storage controller" },
	{ 0x020000, 0xff0000, "network controller" },
	{ 0x030000, 0xff0000, "display controller" },
	{ 0x040000, 0xff0000, "multimedia device" },
	{ 0x050000, 0xff0000, "memory controller" },
	{ 0x060000, 0xff0000, "bridge" },
	{ 0x070000, 0xff0000, "communication controller" },
	{ 0x080000, 0xff0000, "system peripheral" },
	{ 0x090000, 0xff0000, "input device" },
	{ 0x0c0000, 0xff0000, "serial bus controller" },
	{ 0x0d0000, 0xff0000, "wireless controller" },
	{ 0x100000, 0xff0000, "encryption controller" },
	{ 0x120000, 0xff0000, "processing accelerator" },
};

const char *pci_class_name(u32 class_code)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
		if ((class_code & classes[i].mask) == classes[i].class_code)
			return classes[i].name;
	return "device";
}

static const char *const capabilities[] = {
	[0x01] = "power management",
	[0x03] = "vital product data",
	[0x04] = "slot",
	[0x05] = "MSI",
	[0x07] = "PCI-X",
	[0x09] = "vendor-specific",
	[0x0d] = "subsystem",
	[0x10] = "PCI Express",
	[0x11] = "MSI-X",
	[0x12] = "SATA",
	[0x13] = "advanced features",
	[0x14] = "enhanced allocation",
};

static const char *const extended[] = {
	[0x01] = "error reporting",
	[0x02] = "virtual channel",
	[0x03] = "serial number",
	[0x04] = "power budget",
	[0x0b] = "vendor-specific",
	[0x0d] = "access control",
	[0x0e] = "alternative routing ids",
	[0x0f] = "address translation",
	[0x10] = "virtual functions",
	[0x13] = "page requests",
	[0x15] = "resizable BARs",
	[0x17] = "processing hints",
	[0x18] = "latency tolerance",
	[0x19] = "secondary PCI Express",
	[0x1b] = "process address spaces",
	[0x1d] = "downstream port containment",
	[0x1e] = "L1 substates",
	[0x1f] = "time measurement",
	[0x25] = "data link feature",
	[0x26] = "16 GT/s",
	[0x27] = "lane margining",
};

const char *pci_capability_name(u16 id, bool is_extended)
{
	size_t count = is_extended ? sizeof(extended) / sizeof(*extended) :
				     sizeof(capabilities) / sizeof(*capabilities);

	if (id >= count)
		return NULL;
	return is_extended ? extended[id] : capabilities[id];
}
