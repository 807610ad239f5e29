/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include "tests/sim/virtqueue_bare.h"

static struct sim_bare *bare_of(struct virtio_device *v)
{
	return (struct sim_bare *)v;
}

static u32 queue_max_size(struct virtio_device *v, u16 index)
{
	return index ? 0 : bare_of(v)->size;
}

static int queue_enable(struct virtio_device *v, struct virtio_queue *q)
{
	bare_of(v)->queue = *q;
	return 0;
}

static void notify(struct virtio_device *v, const struct virtio_queue *q)
{
	(void)q;
	if (bare_of(v)->kicked)
		bare_of(v)->kicked();
}

static const struct virtio_transport transport = {
	.queue_max_size = queue_max_size, .queue_enable = queue_enable, .notify = notify,
};

void sim_bare_begin(struct sim_bare *b, u32 size, u64 features, void (*kicked)(void))
{
	*b = (struct sim_bare){ .size = size, .kicked = kicked };
	snprintf(b->v.device.name, sizeof b->v.device.name, "a queue");
	b->v.device.parent = &b->v.device;
	b->v.transport = &transport;
	b->v.features = features;
}

void sim_bare_queue(const struct sim_bare *b, struct sim_virtqueue *q,
		    const struct sim_memory_ops *ops, struct sim_virtqueue_entry *entries)
{
	sim_virtqueue_begin(q, ops, entries, b->queue.size, b->v.features,
			    b->queue.descriptors.bus, b->queue.driver.bus, b->queue.device.bus);
}
