/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * virtio-rng (virtio 1.2, 5.4): a queue on which a buffer comes back with random bytes. How many
 * they are is the device's choice, when too: it may wait for them to come in.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/virtio/virtqueue.h"
#include "lib/random.h"
#include "lib/time.h"

enum { TYPE_ENTROPY = 4 };
enum { BUFFER_BYTES = 64, READ_TIMEOUT_US = 5 * 1000 * 1000 };	/* some wait for noise */

struct rng {
	struct random_source source;
	struct virtio_device *virtio;
	struct virtqueue *queue;	/* NULL: it is stopped */
	bool runaway;			/* it could not be: what it was lent stays its own */
	struct dma_memory memory;	/* the buffer: the device's to write, for all of its life */
};

/* Reset first; what it was lent is used again only if that has an end. */
static int stop(struct rng *r)
{
	int error = virtio_quiesce(r->virtio);

	random_remove(&r->source);
	if (r->queue && error)
		r->runaway = true;
	if (r->queue && !error) {
		while (virtqueue_forget(r->queue))
			;
		virtqueue_destroy(r->queue);
	}
	if (!r->runaway)
		dma_free(&r->memory);
	r->queue = NULL;
	return error;
}

static void give_up(struct rng *r)
{
	if (!stop(r))
		virtio_give_up(r->virtio);
}

/* ---- Reading ---- */

static int refuse(struct rng *r, int error, const char *why)
{
	if (!virtio_check(r->virtio))
		virtio_refuse(r->virtio, error, "%s; it is not asked again", why);
	give_up(r);
	return error;
}

static int read(struct random_source *s, void *to, size_t bytes)
{
	struct rng *r = (struct rng *)s;
	struct virtqueue_segment segment = {
		dma_at(&r->memory, 0), (u32)(bytes < BUFFER_BYTES ? bytes : BUFFER_BYTES),
	};
	u32 written = 0;
	int error = virtqueue_add(r->queue, &segment, 0, 1, r);

	if (error)
		return refuse(r, error, "it has lost its queue");
	virtqueue_kick(r->queue);
	error = poll_until(virtqueue_take(r->queue, &written) || virtqueue_broken(r->queue),
			   READ_TIMEOUT_US);
	if (error)
		return refuse(r, error, "it gave no random bytes for 5 seconds");
	if (virtqueue_broken(r->queue))
		return refuse(r, -EIO, virtqueue_broken(r->queue));
	dma_take(&r->memory, 0, BUFFER_BYTES);
	memcpy(to, r->memory.cpu, written);
	return (int)written;
}

/* ---- Beginning and end ---- */

static int begin(struct rng *r)
{
	const struct dma_domain *domain;
	int error = device_dma(&r->virtio->device, &domain);

	if (!error)
		error = virtio_begin(r->virtio, virtqueue_features(domain, NULL), 0);
	if (!error)
		error = virtqueue_create(&r->queue, r->virtio, domain, 0, 1, 1);
	if (error)
		return error;
	error = dma_alloc(&r->memory, domain, BUFFER_BYTES, 0, DMA_OWNED);
	if (error)
		return virtio_refuse(r->virtio, error, "no memory for its buffer");
	return virtio_driver_ok(r->virtio);
}

static int probe(struct device *dev, const struct device_id *id)
{
	struct rng *r = calloc(1, sizeof(*r));
	int error;

	(void)id;
	if (!r)
		return device_refuse(dev, -ENOMEM, "no memory");
	r->virtio = (struct virtio_device *)dev;
	r->source = (struct random_source){ .name = "virtio-rng", .read = read };
	error = begin(r);
	if (error) {
		give_up(r);
		free(r);
		return error;
	}
	random_add(&r->source);
	dev->state = r;
	return 0;
}

static int quiesce(struct device *dev)
{
	return stop(dev->state);
}

static void removed(struct device *dev)
{
	stop(dev->state);
	free(dev->state);
}

static const struct device_id ids[] = { MATCH_VIRTIO(TYPE_ENTROPY) };

DRIVER(virtio_rng) = {
	.name = "virtio-rng",
	.ids = ids,
	.id_count = 1,
	.probe = probe,
	.quiesce = quiesce,
	.remove = removed,
};
