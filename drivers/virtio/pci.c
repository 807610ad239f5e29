/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over PCI (virtio 1.2, 4.1), by the interface of virtio 1.0 and later: where its structures
 * are, vendor-specific capabilities say. Transitional devices have it too, beside the legacy one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci/pci.h"
#include "drivers/virtio/virtio.h"

/* Who it is (4.1.2) */
enum {
	VENDOR = 0x1af4,
	PRODUCT_FIRST = 0x1000,		/* transitional: the type is its subsystem */
	PRODUCT_MODERN = 0x1040,	/* and from here on: with the type added */
	PRODUCT_LAST = 0x107f,
};

/* A capability that says where a structure is (4.1.4) */
enum {
	CAP_LENGTH = 2,			/* of the capability, 8 bits */
	CAP_STRUCTURE = 3,		/* enum structure, 8 bits */
	CAP_BAR = 4,			/* 8 bits */
	CAP_OFFSET = 8,			/* in the BAR, 32 bits */
	CAP_SIZE = 12,			/* of the structure, 32 bits */
	CAP_NOTIFY_MULTIPLIER = 16,	/* behind that of the notification structure */
};

enum structure { COMMON = 1, NOTIFY, ISR, DEVICE, STRUCTURES };

/* What makes a structure usable (4.1.4.3.1, 4.1.4.4.1, 4.1.4.5, 4.1.4.6.1) */
static const struct {
	const char *name;
	u8 align, bytes, cap_bytes;
} kinds[STRUCTURES] = {
	[COMMON] = { "common configuration", 4, 56, 16 },
	[NOTIFY] = { "notification", 2, 2, 20 },
	[ISR] = { "interrupt status", 1, 1, 16 },
	[DEVICE] = { "device configuration", 4, 1, 16 },
};

/* The common configuration (4.1.4.3). Of a 64-bit field, the lower half is named. */
enum {
	DEVICE_FEATURE_SELECT = 0x00,
	DEVICE_FEATURE = 0x04,
	DRIVER_FEATURE_SELECT = 0x08,
	DRIVER_FEATURE = 0x0c,
	NUM_QUEUES = 0x12,		/* 16 bits, as all below but where said */
	DEVICE_STATUS = 0x14,		/* 8 bits */
	CONFIG_GENERATION = 0x15,	/* 8 bits */
	QUEUE_SELECT = 0x16,
	QUEUE_SIZE = 0x18,
	QUEUE_ENABLE = 0x1c,
	QUEUE_NOTIFY_OFF = 0x1e,
	QUEUE_DESC = 0x20,		/* 64 bits */
	QUEUE_DRIVER = 0x28,		/* 64 bits */
	QUEUE_DEVICE = 0x30,		/* 64 bits */
};

struct virtio_pci {
	struct virtio_device virtio;
	struct pci_function *function;
	struct mmio common, notify, isr;
	u32 notify_multiplier;
};

/* ---- Operations ---- */

static struct virtio_pci *pci_of(struct virtio_device *v)
{
	return (struct virtio_pci *)v;
}

/* Asking whether the function is there tells the PCI core, if it is not. */
static u8 status(struct virtio_device *v)
{
	u8 value = mmio_read8(pci_of(v)->common, DEVICE_STATUS);

	if (value == VIRTIO_STATUS_GONE)
		pci_present(pci_of(v)->function);
	return value;
}

static void set_status(struct virtio_device *v, u8 value)
{
	mmio_write8(pci_of(v)->common, DEVICE_STATUS, value);
}

static u64 offered_features(struct virtio_device *v)
{
	struct mmio common = pci_of(v)->common;
	u64 features = 0;

	for (unsigned word = 0; word < 2; word++) {
		mmio_write32(common, DEVICE_FEATURE_SELECT, word);
		features |= (u64)mmio_read32(common, DEVICE_FEATURE) << (32 * word);
	}
	return features;
}

static void accept_features(struct virtio_device *v, u64 features)
{
	struct mmio common = pci_of(v)->common;

	for (unsigned word = 0; word < 2; word++) {
		mmio_write32(common, DRIVER_FEATURE_SELECT, word);
		mmio_write32(common, DRIVER_FEATURE, (u32)(features >> (32 * word)));
	}
}

static u32 config_generation(struct virtio_device *v)
{
	return mmio_read8(pci_of(v)->common, CONFIG_GENERATION);
}

static u32 queue_max_size(struct virtio_device *v, u16 index)
{
	struct mmio common = pci_of(v)->common;

	if (index >= mmio_read16(common, NUM_QUEUES))
		return 0;
	mmio_write16(common, QUEUE_SELECT, index);
	return mmio_read16(common, QUEUE_SIZE);
}

/* Where writing to the notification structure rings the bell of this queue (4.1.4.4). */
static int find_bell(struct virtio_pci *p, struct virtio_queue *q)
{
	u64 at = (u64)mmio_read16(p->common, QUEUE_NOTIFY_OFF) * p->notify_multiplier;

	if (at + 2 > p->notify.size || at % 2)
		return virtio_refuse(&p->virtio, -ERANGE, "queue %u cannot be notified: 0x%" PRIx64
				     " is no place in a notification structure of 0x%zx bytes",
				     q->index, at, p->notify.size);
	q->notify_at = at;
	return 0;
}

/* Before a queue is enabled the device has no address to access; so it need not be able to. */
static int queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	struct virtio_pci *p = pci_of(v);
	struct mmio common = p->common;
	u16 enabled;
	int error;

	mmio_write16(common, QUEUE_SELECT, q->index);
	if (mmio_read16(common, QUEUE_ENABLE))
		return virtio_refuse(v, -EBUSY, "its queue %u is in use already (queue_enable is "
				     "not 0)", q->index);
	error = find_bell(p, q);
	if (error)
		return error;
	if (pci_set_master(p->function, true))
		return virtio_refuse(v, -EIO, "it cannot be made a bus master");
	mmio_write16(common, QUEUE_SIZE, q->size);
	mmio_write64_split(common, QUEUE_DESC, q->descriptors.bus);
	mmio_write64_split(common, QUEUE_DRIVER, q->driver.bus);
	mmio_write64_split(common, QUEUE_DEVICE, q->device.bus);
	mmio_write16(common, QUEUE_ENABLE, 1);
	enabled = mmio_read16(common, QUEUE_ENABLE);
	if (enabled != 1)
		return virtio_refuse(v, -EIO, "it does not take queue %u (queue_enable is 0x%x "
				     "after 1 was written)", q->index, enabled);
	return 0;
}

static void notify(struct virtio_device *v, const struct virtio_queue *q)
{
	mmio_write16(pci_of(v)->notify, q->notify_at, q->index);
}

/* Reading is acknowledging (4.1.4.5). */
static u32 take_interrupt(struct virtio_device *v)
{
	return mmio_read8(pci_of(v)->isr, 0) & VIRTIO_INTERRUPTS;
}

static const struct virtio_transport modern = {
	.status = status,
	.set_status = set_status,
	.offered_features = offered_features,
	.accept_features = accept_features,
	.config_generation = config_generation,
	.queue_max_size = queue_max_size,
	.queue_enable = queue_enable,
	.notify = notify,
	.take_interrupt = take_interrupt,
};

/* ---- Finding the structures ---- */

struct search {
	struct pci_function *function;
	struct mmio bars[PCI_BARS];		/* those mapped so far */
	struct mmio found[STRUCTURES];
	u32 notify_multiplier;
	bool any;				/* there was a capability that names one */
	int unplaced;				/* a BAR that has no address; -1: none */
	char problem[STRUCTURES][72];		/* why the last unusable one is that */
};

#define unusable(s, kind, ...) \
	snprintf((s)->problem[kind], sizeof((s)->problem[kind]), __VA_ARGS__)

static bool map_bar(struct search *s, unsigned kind, unsigned bar)
{
	const struct plan_range *r = &s->function->bars[bar];

	if (s->bars[bar].size)
		return true;
	if (!r->present)
		unusable(s, kind, "there is no BAR %u", bar);
	else if (!r->given.start)
		s->unplaced = (int)bar;
	else if (device_map(&s->function->device, bar, &s->bars[bar]))
		unusable(s, kind, "BAR %u cannot be mapped", bar);
	return s->bars[bar].size;
}

static void take_structure(struct search *s, unsigned kind, u16 at)
{
	struct pci_function *f = s->function;
	unsigned bar = pci_read8(f, at + CAP_BAR), cap_bytes = pci_read8(f, at + CAP_LENGTH);
	u32 offset = pci_read32(f, at + CAP_OFFSET), size = pci_read32(f, at + CAP_SIZE);

	if (cap_bytes < kinds[kind].cap_bytes || at + cap_bytes > PCI_CONFIG_EXTENDED) {
		unusable(s, kind, "the capability at 0x%02x has %u bytes", at, cap_bytes);
	} else if (bar >= PCI_BARS) {
		unusable(s, kind, "there is no BAR %u", bar);
	} else if (size < kinds[kind].bytes || offset % kinds[kind].align) {
		unusable(s, kind, "0x%" PRIx32 " bytes at 0x%" PRIx32 " are too few, or misaligned",
			 size, offset);
	} else if (map_bar(s, kind, bar)) {
		struct mmio window = s->bars[bar];

		if (offset >= window.size || size > window.size - offset) {
			unusable(s, kind, "BAR %u has 0x%zx bytes, not 0x%" PRIx32 " at 0x%" PRIx32,
				 bar, window.size, size, offset);
			return;
		}
		s->found[kind] = (struct mmio){ window.base + offset, size };
		if (kind == NOTIFY)
			s->notify_multiplier = pci_read32(f, at + CAP_NOTIFY_MULTIPLIER);
	}
}

/* The device lists what it likes best first; what cannot be used is passed over (4.1.4.1). */
static void search_structures(struct search *s)
{
	struct pci_capability c = { 0 };

	while (pci_next_capability(s->function, &c)) {
		unsigned kind;

		if (c.extended || c.id != PCI_CAPABILITY_VENDOR)
			continue;
		kind = pci_read8(s->function, c.offset + CAP_STRUCTURE);
		if (kind < COMMON || kind >= STRUCTURES)
			continue;
		s->any = true;
		if (!s->found[kind].size)
			take_structure(s, kind, c.offset);
	}
}

static int find_structures(struct device *dev, struct virtio_pci *p)
{
	struct search s = { .function = p->function, .unplaced = -1 };

	search_structures(&s);
	if (dev->gone)
		return device_refuse(dev, -ENXIO, "it does not answer any more");
	if (!s.any && dev->id.product < PRODUCT_MODERN)
		return device_refuse(dev, -ENOTSUP, "it has only the legacy interface, which is "
				     "not driven here. In QEMU, give it disable-modern=off");
	for (unsigned kind = COMMON; kind < DEVICE; kind++) {
		if (s.found[kind].size)
			continue;
		if (s.unplaced >= 0 && !s.problem[kind][0])
			return device_refuse(dev, -ENOSPC, "BAR %d has no address: %s", s.unplaced,
					     p->function->problem);
		return device_refuse(dev, -EPROTO, "no usable %s structure: %s", kinds[kind].name,
				     s.problem[kind][0] ? s.problem[kind]
							: "no capability names one");
	}
	p->common = s.found[COMMON];
	p->notify = s.found[NOTIFY];
	p->isr = s.found[ISR];
	p->virtio.config = s.found[DEVICE];
	p->notify_multiplier = s.notify_multiplier;
	return 0;
}

/* ---- Binding ---- */

static int probe(struct device *dev, const struct device_id *id)
{
	struct pci_function *f = pci_function_of(dev);
	u16 product = dev->id.product;
	struct virtio_pci *p;
	u32 type;
	int error;

	(void)id;
	if (product < PRODUCT_FIRST || product > PRODUCT_LAST)
		return -ENODEV;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->function = f;
	p->virtio.transport = &modern;
	error = find_structures(dev, p);
	if (error) {
		free(p);
		return error;
	}
	dev->state = p;
	type = product < PRODUCT_MODERN ? pci_read16(f, PCI_SUBSYSTEM) : product - PRODUCT_MODERN;
	virtio_add(&p->virtio, dev, type);
	return 0;
}

static int quiesce(struct device *dev)
{
	struct virtio_pci *p = dev->state;
	int error = virtio_quiesce(&p->virtio), master = pci_set_master(p->function, false);

	return error ? error : master;
}

static void removed(struct device *dev)
{
	free(dev->state);
}

static const struct device_id ids[] = { MATCH_PCI(VENDOR, DEVICE_ANY) };

DRIVER(virtio_pci) = {
	.name = "virtio-pci",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.probe = probe,
	.quiesce = quiesce,
	.remove = removed,
};
