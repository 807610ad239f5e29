/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots whose devices come and go while the machine runs (PCIe 6.7). */
#include "drivers/pci/internal.h"
#include "lib/log.h"
#include "lib/time.h"

enum {
	COMMAND_TIMEOUT_US = 1000 * 1000,	/* PCIe 6.7.3.2 */
	SETTLE_US = 100 * 1000,			/* from power to the first access (PCIe 6.6.1) */
};

struct slot {
	struct pci_function *port;
	u16 at;					/* its capability */
	bool says_completed;
};

/* One that people may plug into, and that we can power. */
static bool find_slot(struct pci_function *port, struct slot *slot)
{
	u32 can;

	if (port->device.gone || (port->express_type != PCI_EXPRESS_ROOT_PORT &&
				  port->express_type != PCI_EXPRESS_DOWNSTREAM))
		return false;
	slot->port = port;
	slot->at = pci_find_capability(port, PCI_CAPABILITY_EXPRESS);
	if (!slot->at || slot->at > PCI_CONFIG_EXTENDED - PCI_EXPRESS_SLOT_STATUS - 2 ||
	    !(pci_read16(port, slot->at + PCI_EXPRESS_FLAGS) & PCI_EXPRESS_SLOT))
		return false;
	can = pci_read32(port, slot->at + PCI_EXPRESS_SLOT_CAPABILITIES);
	slot->says_completed = !(can & PCI_SLOT_NO_COMPLETION);
	return can & PCI_SLOT_HOT_PLUG && can & PCI_SLOT_POWER_CONTROLLER;
}

static u16 status(const struct slot *slot)
{
	return pci_read16(slot->port, slot->at + PCI_EXPRESS_SLOT_STATUS);
}

static void clear(const struct slot *slot, u16 events)
{
	pci_write16(slot->port, slot->at + PCI_EXPRESS_SLOT_STATUS, events);
}

static u16 control(const struct slot *slot)
{
	return pci_read16(slot->port, slot->at + PCI_EXPRESS_SLOT_CONTROL);
}

/* One command at a time: a slot that does not say that it has finished gets no further one. */
static void set_power(const struct slot *slot, bool on)
{
	u16 value = control(slot) & ~(PCI_SLOT_INDICATOR | PCI_SLOT_POWER_OFF);

	value |= on ? PCI_SLOT_INDICATOR_ON : PCI_SLOT_INDICATOR_OFF | PCI_SLOT_POWER_OFF;
	clear(slot, PCI_SLOT_COMPLETED);
	pci_write16(slot->port, slot->at + PCI_EXPRESS_SLOT_CONTROL, value);
	if (slot->says_completed && poll_until(status(slot) & PCI_SLOT_COMPLETED,
					       COMMAND_TIMEOUT_US))
		log_warning("%s: its slot does not say that power is %s", slot->port->device.name,
			    on ? "on" : "off");
	clear(slot, PCI_SLOT_COMPLETED);
}

static bool is_in_use(const struct slot *slot)
{
	return slot->port->next && pci_is_behind(slot->port->next, slot->port);
}

/* The button where nothing is in use asks for what has power already: the scan will find it. */
static void attend(const struct slot *slot)
{
	struct device *port = &slot->port->device;
	u16 now = status(slot);
	bool powered = !(control(slot) & PCI_SLOT_POWER_OFF);

	if (now & PCI_SLOT_BUTTON)
		clear(slot, PCI_SLOT_BUTTON);
	if (!(now & PCI_SLOT_OCCUPIED))
		return;
	if (!powered) {
		set_power(slot, true);
		delay_us(SETTLE_US);
		log_info("%s: power for what is in its slot", port->name);
	} else if (now & PCI_SLOT_BUTTON && is_in_use(slot)) {
		if (device_quiesce_below(port)) {
			log_error("%s: its slot stays powered: a device in it did not stop",
				  port->name);
			return;
		}
		for (struct pci_function *f = slot->port->next; f; f = f->next)
			f->device.gone |= pci_is_behind(f, slot->port);
		set_power(slot, false);
		log_info("%s: what is in its slot can be taken out", port->name);
	}
}

void pci_attend_slots(struct pci_host *host)
{
	struct slot slot;

	for (struct pci_function *f = host->functions; f; f = f->next)
		if (find_slot(f, &slot))
			attend(&slot);
}
