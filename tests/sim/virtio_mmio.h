/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio device over MMIO (4.2): registers of version 1 for a legacy device, else version 2. */
#pragma once
#include "tests/sim/virtio_device.h"

struct sim_virtio_mmio {
	struct sim_virtio *device;
	u32 magic, version;	/* set by sim_virtio_mmio_add; tests may change them */
};

void sim_virtio_mmio_add(struct sim_virtio_mmio *m, struct sim_virtio *device, u64 base, u64 bytes);
