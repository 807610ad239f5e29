/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue of drivers/virtio between a test, as its driver, and tests/sim's device, over a
 * transport that only remembers. No data is moved: the segments' addresses say whose they are.
 */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/host/sim.h"
#include "drivers/virtio/virtqueue.h"
#include "lib/memory.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"
#include "tests/sim/virtqueue_device.h"

enum { SEGMENTS_MAX = 64, RAM_BYTES = 4 << 20 };

static const struct dma_domain coherent = { .coherent = true }, incoherent;

static struct machine {
	struct device parent;
	struct virtio_device v;
	struct virtio_queue queue;	/* as the device was told */
	u32 size_max;
	int refuses;			/* an error for queue_enable */
	unsigned rung;

	struct virtqueue *vq;
	struct sim_virtqueue device;
	struct sim_virtqueue_entry entries[VIRTIO_QUEUE_SIZE_MAX];
} m;

static inline u8 test_status(struct virtio_device *v)
{
	(void)v;
	return VIRTIO_STATUS_ACKNOWLEDGE;
}

static inline u32 test_queue_max_size(struct virtio_device *v, u16 index)
{
	(void)v;
	return index == 0 ? m.size_max : 0;
}

static inline int test_queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	(void)v;
	m.queue = *q;
	return m.refuses;
}

/* A register: what was stored before is everywhere. */
static inline void test_notify(struct virtio_device *v, const struct virtio_queue *q)
{
	(void)v;
	assert_int_equal(q->index, 0);
	arch_relax();
	m.rung++;
}

static const struct virtio_transport test_transport = {
	.status = test_status,
	.queue_max_size = test_queue_max_size,
	.queue_enable = test_queue_enable,
	.notify = test_notify,
};

/* A device whose queue 0 has room for @size entries, after it has negotiated @features. */
static inline void machine(u64 features, u32 size)
{
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	memset(&m, 0, sizeof(m));
	strcpy(m.parent.name, "test");
	strcpy(m.v.device.name, "test queue");
	m.v.device.parent = &m.parent;
	m.v.transport = &test_transport;
	m.v.ring_align = 64;
	m.v.features = features;
	m.size_max = size;
}

static inline void queue_begin(const struct dma_domain *domain, u16 max_segments)
{
	if (virtqueue_create(&m.vq, &m.v, domain, 0, 0, max_segments))
		fail_msg("%s", m.v.device.reason);
	sim_virtqueue_begin(&m.device, &sim_dma_ops, m.entries, m.queue.size, m.v.features,
			    m.queue.descriptors.bus, m.queue.driver.bus, m.queue.device.bus);
}

/* Counts up to 15: every mix of the four ring features. */
static inline u64 mix_of(unsigned mix)
{
	return (mix & 1 ? VIRTIO_F_INDIRECT_DESC : 0) | (mix & 2 ? VIRTIO_F_EVENT_IDX : 0) |
		(mix & 4 ? VIRTIO_F_IN_ORDER : 0) | (mix & 8 ? VIRTIO_F_RING_PACKED : 0);
}

static inline void queue_end(void)
{
	virtqueue_destroy(m.vq);
	assert_int_equal(dma_leaks(), 0);
	assert_int_equal(memory_free(), memory_total());
}
