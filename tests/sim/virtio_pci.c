/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "drivers/pci/regs.h"
#include "tests/sim/virtio_pci.h"

enum { COMMON_AT = 0x0000, ISR_AT = 0x1000, DEVICE_AT = 0x2000, NOTIFY_AT = 0x3000, PART = 0x1000 };

/* Bytes of the field at each offset of the common configuration, where one begins. */
static const u8 widths[0x38] = {
	[0x00] = 4, [0x04] = 4, [0x08] = 4, [0x0c] = 4, [0x10] = 2, [0x12] = 2, [0x14] = 1,
	[0x15] = 1, [0x16] = 2, [0x18] = 2, [0x1a] = 2, [0x1c] = 2, [0x1e] = 2, [0x20] = 4,
	[0x24] = 4, [0x28] = 4, [0x2c] = 4, [0x30] = 4, [0x34] = 4,
};

static void check_common(u64 offset, unsigned width)
{
	if (offset >= sizeof(widths) || widths[offset] != width)
		sim_fail("virtio-pci: common configuration at 0x%02" PRIx64 ", %u bytes wide",
			 offset, width);
}

static bool answers(struct sim_virtio_pci *v)
{
	v->device->looks_when_gone += v->device->gone;
	return !v->device->gone;
}

/* ---- Reading ---- */

static u64 read_queue(struct sim_virtio *s, u64 offset)
{
	const struct sim_virtio_queue *q = sim_virtio_queue(s);

	if (!q)
		return 0;
	switch (offset) {
	case 0x18:
		return q->size ? q->size : s->queue_max;
	case 0x1c:
		return q->enabled;
	case 0x1e:
		return s->queue_select;
	default:
		sim_fail("virtio-pci: common configuration at 0x%02" PRIx64 " read", offset);
	}
}

static u64 read_common(struct sim_virtio *s, u64 offset)
{
	switch (offset) {
	case 0x04:
		return sim_virtio_offered(s);
	case 0x12:
		return s->queue_count;
	case 0x14:
		return sim_virtio_status(s);
	case 0x15:
		return (u8)s->generation;
	default:
		return read_queue(s, offset);
	}
}

static u64 read(void *state, u64 offset, unsigned width)
{
	struct sim_virtio_pci *v = state;
	struct sim_virtio *s = v->device;
	u64 causes = s->interrupts;

	if (!answers(v))
		return UINT64_MAX;
	switch (offset / PART * PART) {
	case COMMON_AT:
		check_common(offset, width);
		return read_common(s, offset);
	case ISR_AT:
		if (offset != ISR_AT || width != 1)
			sim_fail("virtio-pci: interrupt status at 0x%" PRIx64 ", %u bytes wide",
				 offset - ISR_AT, width);
		s->interrupts = 0;
		return causes;
	case DEVICE_AT:
		return sim_virtio_config(s, offset - DEVICE_AT, width);
	default:
		sim_fail("virtio-pci: a notification address was read");
	}
}

/* ---- Writing ---- */

static void set_half(u64 *address, u64 offset, u32 value)
{
	unsigned shift = offset % 8 ? 32 : 0;

	*address = (*address & ~((u64)UINT32_MAX << shift)) | (u64)value << shift;
}

static void write_queue(struct sim_virtio_pci *v, u64 offset, u32 value)
{
	struct sim_virtio *s = v->device;

	switch (offset) {
	case 0x18:
		sim_virtio_setup(s)->size = value;
		break;
	case 0x1c:
		if (!(sim_pci_get(v->function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER))
			sim_fail("virtio-pci: a queue enabled, but bus mastering is not");
		sim_virtio_enable(s);
		break;
	case 0x20:
	case 0x24:
		set_half(&sim_virtio_setup(s)->descriptors, offset, value);
		break;
	case 0x28:
	case 0x2c:
		set_half(&sim_virtio_setup(s)->driver, offset, value);
		break;
	case 0x30:
	case 0x34:
		set_half(&sim_virtio_setup(s)->device, offset, value);
		break;
	default:
		sim_fail("virtio-pci: common configuration at 0x%02" PRIx64 " written", offset);
	}
}

static void write_common(struct sim_virtio_pci *v, u64 offset, u32 value)
{
	struct sim_virtio *s = v->device;

	if (s->resetting && offset != 0x14)
		sim_fail("virtio-pci: 0x%02" PRIx64 " written before the reset was done", offset);
	switch (offset) {
	case 0x00:
		s->offered_select = value;
		break;
	case 0x08:
		s->accepted_select = value;
		break;
	case 0x0c:
		sim_virtio_accept(s, value);
		break;
	case 0x14:
		sim_virtio_set_status(s, (u8)value);
		break;
	case 0x16:
		if (value < SIM_VIRTIO_QUEUES)	/* else ignored, as in QEMU */
			s->queue_select = value;
		break;
	default:
		write_queue(v, offset, value);
	}
}

static void write(void *state, u64 offset, unsigned width, u64 value)
{
	struct sim_virtio_pci *v = state;

	if (!answers(v))
		return;
	if (offset < ISR_AT) {
		check_common(offset, width);
		write_common(v, offset, (u32)value);
	} else if (offset >= DEVICE_AT && offset < NOTIFY_AT) {
		sim_virtio_write_config(v->device, offset - DEVICE_AT, width, value);
	} else if (offset >= NOTIFY_AT) {
		if (width != 2 || offset != NOTIFY_AT + value * SIM_VIRTIO_PCI_MULTIPLIER)
			sim_fail("virtio-pci: queue %" PRIu64 " notified at 0x%" PRIx64, value,
				 offset - NOTIFY_AT);
		sim_virtio_ring(v->device, value);
	} else {
		sim_fail("virtio-pci: 0x%" PRIx64 " in the BAR written", offset);
	}
}

static const struct sim_mmio_ops ops = { read, write };

static u64 legacy_read(void *state, u64 offset, unsigned width)
{
	(void)state;
	sim_fail("virtio-pci: the legacy interface was read, %u bytes at 0x%" PRIx64, width,
		 offset);
}

static void legacy_write(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	sim_fail("virtio-pci: 0x%" PRIx64 " was written to the legacy interface, %u bytes at 0x%"
		 PRIx64, value, width, offset);
}

static const struct sim_mmio_ops legacy_ops = { legacy_read, legacy_write };

/* ---- Building ---- */

static u16 transitional_product(u32 type)
{
	static const u16 products[] = {
		[1] = 0x1000, [2] = 0x1001, [3] = 0x1003, [4] = 0x1005, [5] = 0x1002, [8] = 0x1004,
		[9] = 0x1009,
	};

	if (type >= sizeof(products) / sizeof(*products) || !products[type])
		sim_fail("virtio-pci: there are no transitional devices of type %" PRIu32, type);
	return products[type];
}

static void add_capability(struct sim_virtio_pci *v, unsigned kind, u32 offset, unsigned bytes)
{
	unsigned at = sim_pci_capability(v->function, PCI_CAPABILITY_VENDOR, bytes);

	sim_pci_set(v->function, at + 2, 1, bytes);
	sim_pci_set(v->function, at + 3, 1, kind);
	sim_pci_set(v->function, at + 4, 1, SIM_VIRTIO_PCI_BAR);
	sim_pci_set(v->function, at + 8, 4, offset);
	sim_pci_set(v->function, at + 12, 4, PART);
	v->capability[kind] = at;
}

void sim_virtio_pci_add(struct sim_virtio_pci *v, struct sim_virtio *device, struct sim_pci *pci,
			struct sim_pci_function *bridge, unsigned slot, bool transitional)
{
	u16 product = transitional ? transitional_product(device->type) : 0x1040 + device->type;
	struct sim_pci_function *f = sim_pci_add(pci, bridge, slot, 0, 0x1af4, product, 0x00ff00);

	*v = (struct sim_virtio_pci){ .device = device, .function = f };
	sim_pci_bar(f, SIM_VIRTIO_PCI_BAR, SIM_PCI_64_PREFETCH, SIM_VIRTIO_PCI_BAR_BYTES);
	f->ops[SIM_VIRTIO_PCI_BAR] = &ops;
	f->state[SIM_VIRTIO_PCI_BAR] = v;
	sim_pci_set(f, PCI_SUBSYSTEM_VENDOR, 2, 0x1af4);
	sim_pci_set(f, PCI_SUBSYSTEM, 2, transitional ? device->type : 0x1100);
	if (transitional) {
		sim_pci_bar(f, 0, SIM_PCI_IO, 0x20);
		f->ops[0] = &legacy_ops;
	}
	add_capability(v, SIM_VIRTIO_PCI_COMMON, COMMON_AT, 16);
	add_capability(v, SIM_VIRTIO_PCI_ISR, ISR_AT, 16);
	add_capability(v, SIM_VIRTIO_PCI_DEVICE, DEVICE_AT, 16);
	add_capability(v, SIM_VIRTIO_PCI_NOTIFY, NOTIFY_AT, 20);
	sim_pci_set(f, v->capability[SIM_VIRTIO_PCI_NOTIFY] + 16, 4, SIM_VIRTIO_PCI_MULTIPLIER);
}
