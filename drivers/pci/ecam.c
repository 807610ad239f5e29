/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Host bridges whose configuration space is memory: PCIe 7.2.2, the enhanced configuration access
 * mechanism, 4 KiB a function and 1 MiB a bus. Something else may begin right behind the last bus.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "drivers/pci/pci.h"
#include "lib/log.h"
#include "lib/size.h"

enum { BUS_SHIFT = 20, SLOT_SHIFT = 15, NUMBER_SHIFT = 12 };
enum {
	RANGE_SPACE = 3 << 24,
	RANGE_CONFIGURATION = 0,
	RANGE_IO = 1 << 24,
	RANGE_PREFETCH = 1 << 30
};

struct ecam {
	struct pci_host host;
	struct mmio config;
};

/* What the compatible string implies. */
struct variant {
	u8 first_bus_slots;
};
static const struct variant generic = { 0 };
static const struct variant designware = { 1 };		/* shows its root port in all 32 slots */

static size_t at(const struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset)
{
	return (size_t)(bus - host->first_bus) << BUS_SHIFT | (size_t)slot << SLOT_SHIFT |
		(size_t)number << NUMBER_SHIFT | offset;
}

static u32 read(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset, unsigned width)
{
	struct mmio config = ((struct ecam *)host)->config;
	size_t where = at(host, bus, slot, number, offset);

	switch (width) {
	case 1:
		return mmio_read8(config, where);
	case 2:
		return mmio_read16(config, where);
	default:
		return mmio_read32(config, where);
	}
}

static void write(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		  unsigned width, u32 value)
{
	struct mmio config = ((struct ecam *)host)->config;
	size_t where = at(host, bus, slot, number, offset);

	switch (width) {
	case 1:
		mmio_write8(config, where, (u8)value);
		break;
	case 2:
		mmio_write16(config, where, (u16)value);
		break;
	default:
		mmio_write32(config, where, value);
	}
}

static const struct pci_host_ops ops = { read, write };

/* As many buses as "bus-range" names, and as "reg" has room for. */
static int map_buses(struct device *dev, struct ecam *e)
{
	u32 first = dt_u32_at(dev->node, "bus-range", 0, 0);
	u32 last = dt_u32_at(dev->node, "bus-range", 1, 255);
	char size[SIZE_TEXT_BYTES];
	u64 address, bytes, room;
	int error = dt_reg(dev->node, 0, &address, &bytes);

	if (error)
		return device_refuse(dev, error, "its configuration space (\"reg\") cannot be "
				     "reached: %s", error_text(error));
	if (first > last || last > 255)
		return device_refuse(dev, -EINVAL, "\"bus-range\" <%u %u> is no range of bus "
				     "numbers", first, last);
	room = bytes >> BUS_SHIFT;
	if (!room)
		return device_refuse(dev, -EINVAL, "\"reg\" has %s of configuration space, less "
				     "than one bus takes (1 MiB)", size_text(bytes, size));
	if (last - first >= room)
		last = first + (u32)room - 1;
	e->host.first_bus = (u8)first;
	e->host.last_bus = (u8)last;
	error = mmio_map(&e->config, address, (u64)(last - first + 1) << BUS_SHIFT, dev->name);
	if (error)
		return device_refuse(dev, error,
				     "cannot map configuration space at 0x%" PRIx64 ": %s", address,
				     error_text(error));
	return 0;
}

static bool overlaps(const struct pci_host *host, const struct pci_window *w)
{
	for (unsigned i = 0; i < host->window_count; i++) {
		const struct pci_window *o = &host->windows[i];

		if ((o->kind == PLAN_IO) == (w->kind == PLAN_IO) &&
		    o->bus <= w->bus + (w->bytes - 1) && w->bus <= o->bus + (o->bytes - 1))
			return true;
	}
	return false;
}

static void read_windows(struct device *dev, struct pci_host *host)
{
	struct dt_range r;
	int error;

	for (unsigned i = 0; (error = dt_range(dev->node, i, &r)) != -ENOENT; i++) {
		struct pci_window w = { .bus = r.bus, .cpu = r.cpu, .bytes = r.bytes };

		if (!error && (r.flags & RANGE_SPACE) == RANGE_CONFIGURATION)
			continue;
		w.kind = (r.flags & RANGE_SPACE) == RANGE_IO ? PLAN_IO :
			r.flags & RANGE_PREFETCH ? PLAN_PREFETCH : PLAN_MEMORY;
		if (error || !w.bytes || w.bytes - 1 > UINT64_MAX - w.bus || overlaps(host, &w) ||
		    host->window_count == PCI_WINDOWS_MAX)
			log_warning("%s: row %u of \"ranges\" is not used: %s", dev->name, i,
				    error ? error_text(error)
					  : "empty, overlaps another, or one too many");
		else
			host->windows[host->window_count++] = w;
		if (error == -EINVAL)
			return;
	}
}

static u16 domain(struct device *dev)
{
	unsigned hosts = 0;

	for (struct pci_host *h = pci_host_first(); h; h = h->next)
		hosts++;
	return (u16)dt_u32(dev->node, "linux,pci-domain", hosts);
}

static int probe(struct device *dev, const struct device_id *id)
{
	const struct variant *variant = id->data;
	struct ecam *e = calloc(1, sizeof(*e));
	unsigned count = 0;
	int error;

	if (!e)
		return -ENOMEM;
	error = map_buses(dev, e);
	if (error) {
		free(e);
		return error;
	}
	e->host.device = dev;
	e->host.ops = &ops;
	e->host.domain = domain(dev);
	e->host.first_bus_slots = variant->first_bus_slots;
	read_windows(dev, &e->host);
	dev->state = e;

	pci_host_add(&e->host);
	for (struct pci_function *f = e->host.functions; f; f = f->next)
		count++;
	device_describe(dev, "PCI Express, buses %02x to %02x, %u function%s", e->host.first_bus,
			e->host.last_bus, count, count == 1 ? "" : "s");
	return 0;
}

static int quiesce(struct device *dev)
{
	return pci_host_quiesce(dev->state);
}

static const struct device_id ids[] = {
	{ .bus = BUS_DT, .compatible = "pci-host-ecam-generic", .data = &generic },
	{ .bus = BUS_DT, .compatible = "snps,dw-pcie-ecam", .data = &designware },
	{ .bus = BUS_DT, .compatible = "marvell,armada8k-pcie-ecam", .data = &designware },
	{ .bus = BUS_DT, .compatible = "socionext,synquacer-pcie-ecam", .data = &designware },
};

DRIVER(pci_ecam) = {
	.name = "pci-ecam",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.probe = probe,
	.quiesce = quiesce,
};
