/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tests/sim/virtio_rng.h"

u8 sim_virtio_rng_byte(u64 n)
{
	return (u8)((n * 2654435761u + 99) >> 13);
}

void sim_virtio_rng_step(struct sim_virtio_rng *r)
{
	struct sim_segment segment;
	struct sim_chain chain;
	u8 data[4096];
	u32 bytes;

	if (!r->started || r->virtio->gone ||
	    !sim_virtqueue_pop(&r->queue, &chain, &segment, 1) || r->silent)
		return;
	if (chain.readable || chain.writable != 1)
		sim_fail("driver misbehaved: %u buffers to be read", chain.readable);
	bytes = segment.bytes < r->at_most ? segment.bytes : r->at_most;
	for (u32 i = 0; i < bytes; i++)
		data[i] = sim_virtio_rng_byte(r->given++);
	sim_dma_write(segment.addr, data, bytes);
	sim_virtqueue_push(&r->queue, chain.id, r->lies ? segment.bytes + 1 : bytes);
}

static void kicked(struct sim_virtio *s, unsigned queue)
{
	struct sim_virtio_rng *r = s->owner;

	if (queue)
		sim_fail("driver misbehaved: queue %u kicked", queue);
	if (!r->started)
		sim_virtio_queue_begin(s, 0, &r->queue, &sim_dma_ops, r->entries);
	r->started = true;
	if (!r->lazy)
		do
			sim_virtio_rng_step(r);
		while (!r->silent && !r->lies && !sim_virtqueue_sleep(&r->queue));
}

static void was_reset(struct sim_virtio *s)
{
	struct sim_virtio_rng *r = s->owner;

	r->started = false;
}

void sim_virtio_rng_init(struct sim_virtio_rng *r, struct sim_virtio *virtio)
{
	*r = (struct sim_virtio_rng){ .virtio = virtio, .at_most = 4096 };
	virtio->offers &= ~(u64)0xffffff;
	virtio->queue_count = 1;
	virtio->owner = r;
	virtio->kicked = kicked;
	virtio->was_reset = was_reset;
	virtio->config_written = NULL;
}
