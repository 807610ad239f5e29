/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/device.h"
#include "lib/cache.h"
#include "lib/dma_domain.h"

/* The outer caches of every CPU, where the tree tells of them: DT 0.4, 3.8 and 3.9. */
static void bind_caches(void)
{
	dt_for_each_child(cpu, dt_path("/cpus")) {
		struct dt_node cache = cpu;

		for (unsigned level = 0; dt_exists(cache) && level < DT_DEPTH_MAX; level++) {
			cache = dt_by_phandle(dt_u32(cache, "next-level-cache", 0));
			if (dt_exists(cache))
				device_bind_node(cache, NULL);
		}
	}
}

/* The device that puts addresses on a bus of the tree, for one that a bus of its own has found. */
static struct device *master(struct device *dev)
{
	while (dev->id.bus == BUS_VIRTIO && dev->parent)
		dev = dev->parent;
	return dev;
}

/* PCI functions have the node of their host, whose "dma-ranges" are theirs (DT 2.3.9). */
static struct dt_node bus_of(const struct device *dev)
{
	return dev->id.bus == BUS_PCI ? dev->node : dt_dma_parent(dev->node);
}

int device_dma(struct device *dev, const struct dma_domain **domain)
{
	struct device *from = master(dev);
	const char *refusal;
	int error = 0;

	if (!from->dma)
		error = dma_domain_of(bus_of(from), dt_dma_coherent(from->node), &from->dma);
	if (error == -ENXIO)
		return device_refuse(dev, error, "its DMA reaches no memory (dma-ranges)");
	if (error)
		return device_refuse(dev, error,
				     "what its DMA reaches cannot be told (dma-ranges): %s",
				     error_text(error));
	if (!from->dma->coherent && !cache_backend())
		bind_caches();
	refusal = dma_refusal(from->dma);
	if (refusal)
		return device_refuse(dev, -ENOTSUP, "%s", refusal);
	dev->dma = *domain = from->dma;
	return 0;
}
