/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is there. The functions of a host are a list in which everything behind a bridge follows
 * the bridge. Scanning walks along the list and inserts what it finds behind the bridge it is at,
 * so it needs no recursion, however deep a hierarchy (or a liar) goes.
 */
#include "drivers/pci/internal.h"
#include "lib/log.h"
#include "lib/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	SLOTS = 32,
	NUMBERS = 8,
	FUNCTIONS_MAX = 512,		/* of one host */
	RETRY_TIMEOUT_US = 1000 * 1000,	/* a device may take that long after a reset (PCIe 6.6.1) */
};

bool pci_is_behind(const struct pci_function *f, const struct pci_function *bridge)
{
	while (f && f != bridge)
		f = f->bridge;
	return f == bridge;
}

/* ---- Functions ---- */

static u8 bus_behind(const struct pci_host *host, const struct pci_function *bridge)
{
	return bridge ? bridge->secondary : host->first_bus;
}

static struct pci_function *find(struct pci_host *host, struct pci_function *bridge, unsigned slot,
				 unsigned number)
{
	for (struct pci_function *f = host->functions; f; f = f->next)
		if (f->bridge == bridge && f->slot == slot && f->number == number)
			return f;
	return NULL;
}

/* Behind everything that is behind the same bridge. */
static void insert(struct pci_host *host, struct pci_function *f)
{
	struct pci_function **at = &host->functions;

	while (*at && f->bridge && *at != f->bridge)
		at = &(*at)->next;
	while (*at && pci_is_behind(*at, f->bridge))
		at = &(*at)->next;
	f->next = *at;
	*at = f;
}

static void read_express_type(struct pci_function *f)
{
	u16 offset;

	f->express_type = PCI_EXPRESS_NONE;
	offset = pci_find_capability(f, PCI_CAPABILITY_EXPRESS);
	if (!offset || offset > PCI_CONFIG_EXTENDED - PCI_EXPRESS_ROOT_CAPABILITIES - 2)
		return;
	f->express_type = pci_read16(f, offset + PCI_EXPRESS_FLAGS) >> 4 & 0xf;

	/* Then a device behind it that is not ready yet says so, instead of stalling the CPU. */
	if (f->express_type == PCI_EXPRESS_ROOT_PORT &&
	    pci_read16(f, offset + PCI_EXPRESS_ROOT_CAPABILITIES) & PCI_EXPRESS_RETRY_VISIBLE)
		pci_write16(f, offset + PCI_EXPRESS_ROOT_CONTROL,
			    pci_read16(f, offset + PCI_EXPRESS_ROOT_CONTROL) |
				    PCI_EXPRESS_RETRY_ENABLE);
}

/*
 * Whatever used the device before us is gone, but may have left it running. From here on it
 * writes to no memory, until a driver of ours lets it.
 */
static void silence(struct pci_function *f)
{
	u16 command = pci_read16(f, PCI_COMMAND);
	u16 quiet = command & ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);

	if (quiet != command)
		pci_write16(f, PCI_COMMAND, quiet);
}

static struct pci_function *add(struct pci_host *host, struct pci_function *bridge, unsigned slot,
				unsigned number)
{
	struct pci_function *f = calloc(1, sizeof(*f));
	u32 class_code;

	if (!f)
		return NULL;
	f->host = host;
	f->bridge = bridge;
	f->bus = bus_behind(host, bridge);
	f->slot = (u8)slot;
	f->number = (u8)number;
	if (host->domain)
		snprintf(f->device.name, sizeof(f->device.name), "pci %x:%02x:%02x.%x",
			 host->domain, f->bus, slot, number);
	else
		snprintf(f->device.name, sizeof(f->device.name), "pci %02x:%02x.%x", f->bus, slot,
			 number);

	class_code = pci_read32(f, PCI_REVISION);
	f->revision = (u8)class_code;
	f->header = pci_read8(f, PCI_HEADER_TYPE) & ~PCI_HEADER_MULTIFUNCTION;
	f->is_bridge = f->header == PCI_HEADER_BRIDGE;
	if (f->header != PCI_HEADER_ENDPOINT && !f->is_bridge)
		snprintf(f->problem, sizeof(f->problem),
			 "its header is of type 0x%02x, which is not known here", f->header);
	f->device.id = (struct device_id){
		.bus = BUS_PCI,
		.vendor = pci_read16(f, PCI_VENDOR),
		.product = pci_read16(f, PCI_PRODUCT),
		.class_code = class_code >> 8,
	};
	f->device.parent = bridge ? &bridge->device : host->device;
	f->device.node = host->device->node;
	read_express_type(f);
	silence(f);
	pci_read_demands(f);
	insert(host, f);
	return f;
}

void pci_forget_all(struct pci_host *host)
{
	while (host->functions) {
		struct pci_function *f = host->functions;

		host->functions = f->next;
		free(f);
	}
}

/* ---- A bus ---- */

static u32 read_id(struct pci_host *host, u8 bus, unsigned slot, unsigned number)
{
	return host->ops->read(host, bus, (u8)slot, (u8)number, PCI_VENDOR, 4);
}

/* The first register of a function, once it is ready; all ones where there is none. */
static u32 identify(struct pci_host *host, u8 bus, unsigned slot, unsigned number)
{
	u32 id = read_id(host, bus, slot, number);

	if ((u16)id == PCI_VENDOR_RETRY &&
	    poll_until((u16)(id = read_id(host, bus, slot, number)) != PCI_VENDOR_RETRY,
		       RETRY_TIMEOUT_US))
		log_warning("%s: %02x:%02x.%x is still not ready %u ms after it was asked for its "
			    "name; left out",
			    host->device->name, bus, slot, number, RETRY_TIMEOUT_US / 1000);
	return id;
}

static bool is_id(u32 id)
{
	u16 vendor = (u16)id;

	return vendor && vendor != PCI_VENDOR_NONE && vendor != PCI_VENDOR_RETRY;
}

/* Behind a port there is one device, number 0 (PCIe 7.3.1); other numbers may show it again. */
static unsigned slot_count(const struct pci_host *host, const struct pci_function *bridge)
{
	if (!bridge)
		return host->first_bus_slots ? host->first_bus_slots : SLOTS;
	return bridge->express_type == PCI_EXPRESS_ROOT_PORT ||
		bridge->express_type == PCI_EXPRESS_DOWNSTREAM ? 1 : SLOTS;
}

static int scan_slot(struct pci_host *host, struct pci_function *bridge, unsigned slot,
		     unsigned *left)
{
	u8 bus = bus_behind(host, bridge);
	unsigned numbers = 1;

	for (unsigned number = 0; number < numbers; number++) {
		if (!find(host, bridge, slot, number)) {
			if (!is_id(identify(host, bus, slot, number)))
				continue;
			if (!*left || !add(host, bridge, slot, number))
				return -ENOMEM;
			--*left;
		}
		if (number == 0 && host->ops->read(host, bus, (u8)slot, 0, PCI_HEADER_TYPE, 1) &
		    PCI_HEADER_MULTIFUNCTION)
			numbers = NUMBERS;
	}
	return 0;
}

static int scan_bus(struct pci_host *host, struct pci_function *bridge, unsigned *left)
{
	for (unsigned slot = 0; slot < slot_count(host, bridge); slot++)
		if (scan_slot(host, bridge, slot, left))
			return -ENOMEM;
	return 0;
}

/* ---- Bus numbers (PCIe 7.5.1.3.2 to 7.5.1.3.4) ---- */

static u8 last_bus(const struct pci_host *host, const struct pci_function *bridge)
{
	return bridge ? bridge->subordinate : host->last_bus;
}

/* Of the buses behind @bridge: does some bridge pass @number on already? */
static bool is_taken(struct pci_host *host, struct pci_function *bridge, unsigned number)
{
	for (struct pci_function *f = host->functions; f; f = f->next)
		if (f->bridge == bridge && f->secondary && number >= f->secondary &&
		    number <= f->subordinate)
			return true;
	return false;
}

static bool write_numbers(struct pci_function *f, unsigned primary, unsigned secondary,
			  unsigned subordinate)
{
	u32 wanted = primary | secondary << 8 | subordinate << 16;

	pci_write32(f, PCI_PRIMARY, (pci_read32(f, PCI_PRIMARY) & 0xff000000) | wanted);
	return (pci_read32(f, PCI_PRIMARY) & 0xffffff) == wanted;
}

/* Keep what numbers firmware gave to the bridges on the bus behind @bridge, or take them away. */
static void accept_numbers(struct pci_host *host, struct pci_function *bridge, bool keep)
{
	for (struct pci_function *f = host->functions; f; f = f->next) {
		u32 numbers;
		u8 primary, secondary, subordinate;
		bool valid;

		if (f->bridge != bridge || !f->is_bridge || f->secondary)
			continue;
		numbers = pci_read32(f, PCI_PRIMARY);
		primary = (u8)numbers;
		secondary = (u8)(numbers >> 8);
		subordinate = (u8)(numbers >> 16);
		valid = keep && primary == f->bus && secondary > f->bus &&
			secondary <= subordinate && subordinate <= last_bus(host, bridge);
		for (unsigned n = secondary; valid && n <= subordinate; n++)
			valid = !is_taken(host, bridge, n);
		if (valid) {
			f->secondary = secondary;
			f->subordinate = subordinate;
		} else if (numbers & 0xffffff) {
			write_numbers(f, 0, 0, 0);
		}
	}
}

/* The longest run of free numbers for @f, until it is known how many it takes. */
static bool assign_numbers(struct pci_host *host, struct pci_function *f)
{
	unsigned begin = 0, longest = 0, length = 0;

	for (unsigned n = f->bus + 1u; n <= last_bus(host, f->bridge); n++) {
		length = is_taken(host, f->bridge, n) ? 0 : length + 1;
		if (length > longest) {
			longest = length;
			begin = n + 1 - length;
		}
	}
	if (!longest) {
		snprintf(f->problem, sizeof(f->problem),
			 "nothing behind it can be reached: no bus number is left (the host has "
			 "%02x to %02x)",
			 host->first_bus, host->last_bus);
		return false;
	}
	if (!write_numbers(f, f->bus, begin, begin + longest - 1)) {
		snprintf(f->problem, sizeof(f->problem),
			 "nothing behind it can be reached: it does not keep bus numbers");
		write_numbers(f, 0, 0, 0);
		return true;
	}
	f->secondary = (u8)begin;
	f->subordinate = (u8)(begin + longest - 1);
	f->open_ended = true;
	return true;
}

/* The scan has left what is behind @bridge: give back the numbers it did not need. */
static void close_numbers(struct pci_host *host, struct pci_function *bridge)
{
	bridge->open_ended = false;
	bridge->subordinate = bridge->secondary;
	for (struct pci_function *f = host->functions; f; f = f->next)
		if (f->bridge == bridge && f->subordinate > bridge->subordinate)
			bridge->subordinate = f->subordinate;
	write_numbers(bridge, bridge->bus, bridge->secondary, bridge->subordinate);
}

static void leave(struct pci_host *host, struct pci_function *from, struct pci_function *to)
{
	for (; from && !(to && pci_is_behind(to, from)); from = from->bridge)
		if (from->open_ended)
			close_numbers(host, from);
}

/* ---- Everything ---- */

/* Returns the number of bridges that no bus number was left for, or -ENOMEM. */
static int scan(struct pci_host *host, bool keep)
{
	unsigned left = FUNCTIONS_MAX;
	struct pci_function *previous = NULL;
	int crowded = 0, error;

	for (struct pci_function *f = host->functions; f; f = f->next)
		left -= left > 0;
	error = scan_bus(host, NULL, &left);
	accept_numbers(host, NULL, keep);
	for (struct pci_function *f = host->functions; f && !error; f = f->next) {
		if (!f->is_bridge)
			continue;
		leave(host, previous, f);
		previous = f;
		if (!f->secondary && !assign_numbers(host, f))
			crowded++;
		if (!f->secondary)
			continue;
		error = scan_bus(host, f, &left);
		accept_numbers(host, f, keep);
	}
	leave(host, previous, NULL);
	return error ? error : crowded;
}

int pci_scan(struct pci_host *host)
{
	bool first = !host->functions;
	int crowded = scan(host, true);

	/* Firmware may have left none for a bridge; nobody relies on its numbers yet. */
	if (crowded > 0 && first) {
		pci_forget_all(host);
		crowded = scan(host, false);
	}
	if (crowded < 0)
		log_error("%s: no memory for all its functions, or more than %u of them; some are "
			  "left out",
			  host->device->name, FUNCTIONS_MAX);
	return crowded < 0 ? crowded : 0;
}
