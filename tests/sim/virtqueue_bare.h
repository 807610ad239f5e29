/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device that is one queue and no registers, for tests of virtqueues alone. */
#pragma once
#include "drivers/virtio/virtqueue.h"
#include "tests/sim/virtqueue_device.h"

struct sim_bare {
	struct virtio_device v;
	u32 size;
	void (*kicked)(void);		/* NULL: nobody is told */
	struct virtio_queue queue;	/* as the driver made it */
};

/* @features: as if they were negotiated. */
void sim_bare_begin(struct sim_bare *b, u32 size, u64 features, void (*kicked)(void));

/* The device's side of the queue that the driver made. */
void sim_bare_queue(const struct sim_bare *b, struct sim_virtqueue *q,
		    const struct sim_memory_ops *ops, struct sim_virtqueue_entry *entries);
