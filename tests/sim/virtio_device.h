/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio device (virtio 1.2), for the registers of virtio_mmio.h and virtio_pci.h. It fails the
 * test when a driver does what the standard forbids, and is hostile on request. What it does with
 * its queues is @kicked's business.
 */
#pragma once
#include "arch/host/sim.h"
#include "tests/sim/virtqueue_device.h"

enum { SIM_VIRTIO_QUEUES = 4, SIM_VIRTIO_CONFIG = 96, SIM_VIRTIO_FOREVER = 1000000000 };

struct sim_virtio_queue {
	u32 size;
	u64 descriptors, driver, device;
	u32 align, page;		/* legacy: page 0 is no queue */
	bool enabled;
	unsigned rung;			/* how many times it was notified */
};

struct sim_virtio {
	/* What it is. */
	bool legacy;
	u32 type;			/* 0: an empty slot */
	u64 offers;
	u8 config[SIM_VIRTIO_CONFIG];
	unsigned queue_count;
	u32 queue_max;
	u32 interrupts;			/* to be taken by the driver */

	/* What it does to drivers. */
	u64 insists;			/* takes FEATURES_OK back without all of these */
	unsigned slow_reset;		/* so many looks at the status until a reset is done */
	unsigned restless;	/* so many readings after which its configuration changes */
	u8 fails_at;			/* with this status bit, it says that it needs a reset */
	u8 vanishes_at;			/* with this status bit, it is gone */
	bool refuses_queues;
	bool gone;			/* all registers read as ones; looks at them are counted */

	/* What moves data, if anything does: at each notification, and after each reset. */
	void (*kicked)(struct sim_virtio *s, unsigned queue);
	void (*was_reset)(struct sim_virtio *s);
	/* NULL: nobody may */
	void (*config_written)(struct sim_virtio *s, u64 offset, unsigned width, u64 value);
	void *owner;

	/* How it stands. */
	u8 status;
	bool resetting;
	u64 accepted;
	u32 offered_select, accepted_select, queue_select, generation, page_bytes;
	struct sim_virtio_queue queues[SIM_VIRTIO_QUEUES];
	unsigned resets, looks_when_gone;
};

/* The device's side of queue @index, which is enabled, as it was set up and negotiated. */
void sim_virtio_queue_begin(struct sim_virtio *s, unsigned index, struct sim_virtqueue *q,
			    const struct sim_memory_ops *ops, struct sim_virtqueue_entry *entries);

/* For the registers of a transport. */
u8 sim_virtio_status(struct sim_virtio *s);
void sim_virtio_set_status(struct sim_virtio *s, u8 status);
u32 sim_virtio_offered(struct sim_virtio *s);			/* the selected word */
void sim_virtio_accept(struct sim_virtio *s, u32 features);
u64 sim_virtio_config(struct sim_virtio *s, u64 offset, unsigned width);
void sim_virtio_write_config(struct sim_virtio *s, u64 offset, unsigned width, u64 value);
void sim_virtio_ring(struct sim_virtio *s, u64 index);

/* The selected queue: to be looked at (NULL: there is none), changed, and started. */
struct sim_virtio_queue *sim_virtio_queue(struct sim_virtio *s);
struct sim_virtio_queue *sim_virtio_setup(struct sim_virtio *s);
void sim_virtio_enable(struct sim_virtio *s);
