/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio over MMIO (virtio 1.2, 4.2): version 2, and version 1 of legacy devices (4.2.4), which is
 * what QEMU shows unless it is told otherwise.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/virtio/virtio.h"
#include "lib/assert.h"

/* Registers, of 32 bits each (4.2.2). Of a pair, the lower half is named. */
enum {
	MAGIC_VALUE = 0x000,
	VERSION = 0x004,
	DEVICE_ID = 0x008,
	DEVICE_FEATURES = 0x010,
	DEVICE_FEATURES_SEL = 0x014,
	DRIVER_FEATURES = 0x020,
	DRIVER_FEATURES_SEL = 0x024,
	GUEST_PAGE_SIZE = 0x028,	/* legacy */
	QUEUE_SEL = 0x030,
	QUEUE_NUM_MAX = 0x034,
	QUEUE_NUM = 0x038,
	QUEUE_ALIGN = 0x03c,		/* legacy */
	QUEUE_PFN = 0x040,		/* legacy */
	QUEUE_READY = 0x044,
	QUEUE_NOTIFY = 0x050,
	INTERRUPT_STATUS = 0x060,
	INTERRUPT_ACK = 0x064,
	STATUS = 0x070,
	QUEUE_DESC = 0x080,
	QUEUE_DRIVER = 0x090,
	QUEUE_DEVICE = 0x0a0,
	CONFIG_GENERATION = 0x0fc,
	CONFIG = 0x100,
};
enum { MAGIC = 0x74726976 };		/* "virt" */
enum { LEGACY_PAGE_BYTES = 4096 };	/* the unit of QueuePFN is ours to choose; QueueAlign too */

struct virtio_mmio {
	struct virtio_device virtio;
	struct mmio regs;
};

static struct mmio regs_of(struct virtio_device *v)
{
	return ((struct virtio_mmio *)v)->regs;
}

/* ---- What both versions do alike ---- */

static u8 status(struct virtio_device *v)
{
	return (u8)mmio_read32(regs_of(v), STATUS);
}

static void set_status(struct virtio_device *v, u8 value)
{
	mmio_write32(regs_of(v), STATUS, value);
}

static u32 offered_word(struct virtio_device *v, u32 word)
{
	mmio_write32(regs_of(v), DEVICE_FEATURES_SEL, word);
	return mmio_read32(regs_of(v), DEVICE_FEATURES);
}

static void accept_word(struct virtio_device *v, u32 word, u32 features)
{
	mmio_write32(regs_of(v), DRIVER_FEATURES_SEL, word);
	mmio_write32(regs_of(v), DRIVER_FEATURES, features);
}

static u32 queue_max_size(struct virtio_device *v, u16 index)
{
	mmio_write32(regs_of(v), QUEUE_SEL, index);
	return mmio_read32(regs_of(v), QUEUE_NUM_MAX);
}

/* @in_use is the register, and @name its name, that is not 0 while the selected queue is used. */
static int select_unused(struct virtio_device *v, const struct virtio_queue *q, u32 in_use,
			 const char *name)
{
	u32 value;

	mmio_write32(regs_of(v), QUEUE_SEL, q->index);
	value = mmio_read32(regs_of(v), in_use);
	if (value)
		return virtio_refuse(v, -EBUSY, "its queue %u is in use already (%s is 0x%" PRIx32
				     ")", q->index, name, value);
	return 0;
}

static int check_used(struct virtio_device *v, const struct virtio_queue *q, u32 in_use,
		      const char *name, u32 written)
{
	u32 value = mmio_read32(regs_of(v), in_use);

	if (value != written)
		return virtio_refuse(v, -EIO, "it does not take queue %u (%s is 0x%" PRIx32
				     " after 0x%" PRIx32 " was written)", q->index, name, value,
				     written);
	return 0;
}

static void notify(struct virtio_device *v, const struct virtio_queue *q)
{
	mmio_write32(regs_of(v), QUEUE_NOTIFY, q->index);
}

static u32 take_interrupt(struct virtio_device *v)
{
	u32 causes = mmio_read32(regs_of(v), INTERRUPT_STATUS) & VIRTIO_INTERRUPTS;

	if (causes)
		mmio_write32(regs_of(v), INTERRUPT_ACK, causes);
	return causes;
}

/* ---- Version 2 ---- */

static u64 offered_features(struct virtio_device *v)
{
	u64 low = offered_word(v, 0);

	return low | (u64)offered_word(v, 1) << 32;
}

static void accept_features(struct virtio_device *v, u64 features)
{
	accept_word(v, 0, (u32)features);
	accept_word(v, 1, (u32)(features >> 32));
}

static u32 config_generation(struct virtio_device *v)
{
	return mmio_read32(regs_of(v), CONFIG_GENERATION);
}

static int queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	struct mmio regs = regs_of(v);
	int error = select_unused(v, q, QUEUE_READY, "QueueReady");

	if (error)
		return error;
	mmio_write32(regs, QUEUE_NUM, q->size);
	mmio_write64_split(regs, QUEUE_DESC, q->descriptors.bus);
	mmio_write64_split(regs, QUEUE_DRIVER, q->driver.bus);
	mmio_write64_split(regs, QUEUE_DEVICE, q->device.bus);
	mmio_write32(regs, QUEUE_READY, 1);
	return check_used(v, q, QUEUE_READY, "QueueReady", 1);
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

/* ---- Version 1 ---- */

static u64 legacy_offered_features(struct virtio_device *v)
{
	return offered_word(v, 0);
}

/* The page size counts from here on: it is to be known before the first queue is. */
static void legacy_accept_features(struct virtio_device *v, u64 features)
{
	accept_word(v, 0, (u32)features);
	mmio_write32(regs_of(v), GUEST_PAGE_SIZE, LEGACY_PAGE_BYTES);
}

/* The device works out by itself where the driver and device areas are (2.7.2). */
static void check_layout(const struct virtio_device *v, const struct virtio_queue *q)
{
	u64 driver = q->descriptors.bus + 16 * (u64)q->size;
	u64 driver_end = driver + 6 + 2 * (u64)q->size;

	assert(q->descriptors.bus % LEGACY_PAGE_BYTES == 0);
	assert(q->driver.bus == driver);
	assert(q->device.bus == (driver_end + v->ring_align - 1) / v->ring_align * v->ring_align);
}

static int legacy_queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	struct mmio regs = regs_of(v);
	u64 page = q->descriptors.bus / LEGACY_PAGE_BYTES;
	int error;

	check_layout(v, q);
	if (!page || page > UINT32_MAX)
		return virtio_refuse(v, -ERANGE, "a legacy device cannot be told that queue %u is "
				     "at 0x%" PRIx64 " (QueuePFN has 32 bits)", q->index,
				     q->descriptors.bus);
	error = select_unused(v, q, QUEUE_PFN, "QueuePFN");
	if (error)
		return error;
	mmio_write32(regs, QUEUE_NUM, q->size);
	mmio_write32(regs, QUEUE_ALIGN, v->ring_align);
	mmio_write32(regs, QUEUE_PFN, (u32)page);
	return check_used(v, q, QUEUE_PFN, "QueuePFN", (u32)page);
}

static const struct virtio_transport legacy = {
	.status = status,
	.set_status = set_status,
	.offered_features = legacy_offered_features,
	.accept_features = legacy_accept_features,
	.queue_max_size = queue_max_size,
	.queue_enable = legacy_queue_enable,
	.notify = notify,
	.take_interrupt = take_interrupt,
};

/* ---- Binding ---- */

/* In this order (4.2.3.1.1): of an empty slot, nothing else may be looked at. */
static int identify(struct device *dev, struct mmio regs, u32 *version, u32 *type)
{
	u32 magic;

	if (regs.size < CONFIG)
		return device_refuse(dev, -EINVAL, "\"reg\" says it has 0x%zx bytes of registers; "
				     "virtio devices have 0x%x", regs.size, CONFIG);
	magic = mmio_read32(regs, MAGIC_VALUE);
	if (magic != MAGIC)
		return device_refuse(dev, -EPROTO, "no virtio device is where its \"reg\" says: "
				     "MagicValue is 0x%08" PRIx32 ", not 0x%08x", magic, MAGIC);
	*version = mmio_read32(regs, VERSION);
	if (*version != 1 && *version != 2)
		return device_refuse(dev, -EPROTO, "Version is %" PRIu32 "; only 1 (legacy) and 2 "
				     "are known here", *version);
	*type = mmio_read32(regs, DEVICE_ID);
	if (!*type) {
		snprintf(dev->reason, sizeof(dev->reason), "empty slot");
		return -ENODEV;
	}
	return 0;
}

static int probe(struct device *dev, const struct device_id *id)
{
	struct virtio_mmio *m;
	struct mmio regs;
	u32 version = 0, type = 0;
	int error = device_map(dev, 0, &regs);

	(void)id;
	if (!error)
		error = identify(dev, regs, &version, &type);
	if (error)
		return error;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;

	m->regs = regs;
	m->virtio.config = (struct mmio){ regs.base + CONFIG, regs.size - CONFIG };
	m->virtio.legacy = version == 1;
	m->virtio.transport = version == 1 ? &legacy : &modern;
	m->virtio.ring_align = version == 1 ? LEGACY_PAGE_BYTES : 0;
	dev->state = m;
	virtio_add(&m->virtio, dev, type);
	return 0;
}

static int quiesce(struct device *dev)
{
	return virtio_quiesce(dev->state);
}

static void removed(struct device *dev)
{
	free(dev->state);
}

static const struct device_id ids[] = { MATCH_DT("virtio,mmio") };

DRIVER(virtio_mmio) = {
	.name = "virtio-mmio",
	.ids = ids,
	.id_count = sizeof(ids) / sizeof(*ids),
	.probe = probe,
	.quiesce = quiesce,
	.remove = removed,
};
