/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio source of random bytes (virtio 1.2, 5.4) behind the registers of virtio_mmio.h and
 * virtio_pci.h. What it gives is known: sim_virtio_rng_byte(n) is its byte number n.
 */
#pragma once
#include "tests/sim/virtio_device.h"
#include "tests/sim/virtqueue_device.h"

enum { SIM_RNG_ENTRIES = 256 };

struct sim_virtio_rng {
	struct sim_virtio *virtio;

	/* How it behaves. */
	bool lazy;			/* it works in sim_virtio_rng_step() only */
	bool silent;			/* it takes buffers, and never gives them back */
	bool lies;			/* it says that it wrote more than there was room for */
	u32 at_most;			/* bytes a request */

	u64 given;			/* bytes so far */
	bool started;
	struct sim_virtqueue queue;
	struct sim_virtqueue_entry entries[SIM_RNG_ENTRIES];
};

void sim_virtio_rng_init(struct sim_virtio_rng *r, struct sim_virtio *virtio);
u8 sim_virtio_rng_byte(u64 n);

/* Fill a buffer, if there is one. */
void sim_virtio_rng_step(struct sim_virtio_rng *r);
