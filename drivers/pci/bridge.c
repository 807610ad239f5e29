/* SPDX-License-Identifier: BSD-2-Clause */
/* Root ports, switches and bridges to conventional PCI: all they need is done while scanning. */
#include "drivers/device.h"

static int probe(struct device *dev, const struct device_id *id)
{
	(void)dev;
	(void)id;
	return 0;
}

static const struct device_id ids[] = {
	MATCH_PCI_CLASS(0x060400),
	MATCH_PCI_CLASS(0x060401),	/* decodes what nobody else does, too */
};

DRIVER(pci_bridge) = {
	.name = "pci-bridge",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.probe = probe,
};
