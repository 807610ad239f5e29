/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory as simulated devices see it, by addresses on the bus. The test fails where a device was
 * given no memory, or would write what it was only given to read.
 */
#pragma once
#include "arch/types.h"

void *sim_dma(u64 bus, size_t bytes, bool write);

void sim_dma_read(u64 bus, void *to, size_t bytes);
void sim_dma_write(u64 bus, const void *from, size_t bytes);
