/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SiFive's level-2 cache ("composable cache"; FU740-C000 manual, "Level 2 Cache Controller"): the
 * only way to write a line back on SoCs whose DMA goes round it and whose CPUs have no instructions
 * for that. When an address is written to Flush64, the line it lies in is written back and dropped,
 * in the caches above too. Only addresses of memory are ever written there.
 */
#include "drivers/device.h"
#include "lib/cache.h"
#include "lib/memory.h"

enum { FLUSH64 = 0x200 };
enum { LINE_BYTES = 64 };

static struct mmio registers;

static void flush(u64 start, u64 bytes)
{
	assert(memory_find(start) && memory_find(start + bytes - 1));
	for (u64 line = start; line < start + bytes; line += LINE_BYTES)
		mmio_write64(registers, FLUSH64, line);
}

/* The same write drops clean lines: what is lost, lib/dma.c has written back before. */
static const struct cache_ops ops = {
	.name = "ccache flush64", .line_bytes = LINE_BYTES, .clean = flush, .invalidate = flush,
};

static int probe(struct device *dev, const struct device_id *id)
{
	u32 line = dt_u32(dev->node, "cache-block-size", LINE_BYTES);
	int error;

	(void)id;
	if (line != LINE_BYTES)
		return device_refuse(dev, -EINVAL, "its lines have %u bytes (cache-block-size), "
				     "not %u", line, LINE_BYTES);
	error = device_map(dev, 0, &registers);
	if (error)
		return error;
	if (registers.size < FLUSH64 + sizeof(u64))
		return device_refuse(dev, -EINVAL, "its registers have only %zu bytes",
				     registers.size);
	if (arch_cache_backend())
		return 0;			/* whose instructions reach this cache, too */
	if (cache_register(&ops))
		return device_refuse(dev, -EBUSY, "another outer cache is in use already");
	return 0;
}

static const struct device_id ids[] = {
	MATCH_DT("starfive,jh7100-ccache"), MATCH_DT("starfive,jh7110-ccache"),
	MATCH_DT("sifive,fu540-c000-ccache"), MATCH_DT("sifive,fu740-c000-ccache"),
	MATCH_DT("sifive,ccache0"),
};

DRIVER(sifive_ccache) = {
	.name = "sifive_ccache",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
