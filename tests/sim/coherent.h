/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Coherent memory in two views, as CPUs show it that keep stores back and load early: what a driver
 * stores arrives later, between two write barriers in any order; what the device stores is seen
 * later, until a read barrier in any order. A full barrier waits for all of it. That is all that
 * dma_give, dma_take and dma_fence are on such memory, so here it shows when one is missing.
 *
 * Hung into sim.barrier by those who use it; @known and @theirs begin as the area is.
 */
#pragma once
#include "arch/host/sim.h"

enum { SIM_COHERENT_STORES = 64 };

/* Two bytes on their way. Groups arrive one after the other. */
struct sim_store {
	u16 at, value, group;
};

struct sim_coherent {
	u8 *ours;			/* the area as the driver knows it */
	u8 *known;			/* and as it was when we last looked */
	u8 *theirs;			/* what the device sees: accessed atomically */
	size_t bytes;			/* a multiple of 8, as all three are aligned */
	u16 count, group;
	struct sim_store stores[SIM_COHERENT_STORES];
};

/* What was stored since the last time is on its way. */
void sim_coherent_note(struct sim_coherent *c);

/* It has come to the device: that store, before others; or all. */
void sim_coherent_arrive(struct sim_coherent *c, unsigned index);
void sim_coherent_flush(struct sim_coherent *c);

/* What the device stored is seen, but for what we have on its way there ourselves. */
void sim_coherent_fetch(struct sim_coherent *c);

/* Note, and then what such a barrier is for. */
void sim_coherent_barrier(struct sim_coherent *c, enum sim_barrier kind);
