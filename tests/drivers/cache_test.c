/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine like the JH7100: DMA goes round the cache, and only the cache's controller can help. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/device.h"
#include "lib/cache.h"
#include "lib/memory.h"
#include "tests/sim/child.h"
#include "tests/sim/fail.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

enum { CCACHE_AT = 0x2010000, CCACHE_BYTES = 0x1000, MIB = 1 << 20, WRITES = 64 };

static u64 written[WRITES];
static unsigned count;

static u64 read_register(void *state, u64 offset, unsigned width)
{
	(void)state;
	fail_msg("a read of %u bytes at 0x%llx", width, (unsigned long long)offset);
	return 0;
}

static void write_register(void *state, u64 offset, unsigned width, u64 value)
{
	(void)state;
	assert_int_equal(offset, 0x200);
	assert_int_equal(width, 8);
	assert_in_range(value, SIM_RAM_AT, SIM_RAM_AT + MIB - 64);
	assert_int_equal(value % 64, 0);
	written[count++ % WRITES] = value;
}

static const struct sim_mmio_ops controller = { read_register, write_register };

static void machine(unsigned line, unsigned bytes)
{
	void *fdt = tree_begin();
	const char *reason;

	sim_reset();
	sim.failed = fail_test;
	sim.cache_backend = NULL;
	sim.dma_coherent = true;
	sim_mmio_add(CCACHE_AT, CCACHE_BYTES, &controller, NULL);
	sim_ram_map(SIM_RAM_AT, MIB);
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_begin_node(fdt, "cpus");
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 0);
	for (unsigned i = 0; i < 2; i++) {
		fdt_begin_node(fdt, i ? "cpu@1" : "cpu@0");
		tree_cells(fdt, "reg", 1, i);
		tree_cells(fdt, "next-level-cache", 1, 7);
		fdt_end_node(fdt);
	}
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "memory");
	tree_string(fdt, "device_type", "memory");
	tree_cells(fdt, "reg", 2, SIM_RAM_AT, MIB);
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "soc");
	tree_string(fdt, "compatible", "simple-bus");
	tree_cells(fdt, "#address-cells", 1, 1);
	tree_cells(fdt, "#size-cells", 1, 1);
	fdt_property(fdt, "ranges", NULL, 0);
	fdt_property(fdt, "dma-noncoherent", NULL, 0);
	fdt_begin_node(fdt, "disk");
	tree_string(fdt, "compatible", "test,disk");
	fdt_end_node(fdt);
	fdt_begin_node(fdt, "cache-controller@2010000");
	tree_string(fdt, "compatible", "starfive,jh7100-ccache");
	tree_cells(fdt, "reg", 2, CCACHE_AT, bytes);
	tree_cells(fdt, "cache-block-size", 1, line);
	tree_cells(fdt, "phandle", 1, 7);
	fdt_end_node(fdt);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
	assert_int_equal(memory_init(), 0);
	count = 0;
}

static struct device disk = { .name = "disk", .id.bus = BUS_DT };

static int dma_of_disk(const struct dma_domain **domain)
{
	disk.node = dt_path("/soc/disk");
	return device_dma(&disk, domain);
}

/* The controller is bound because the disk needs it, though nobody has discovered it. */
static void the_way_to_it_is_found(void **state)
{
	const struct dma_domain *domain;
	struct dma_memory m;
	struct device *cache;

	(void)state;
	machine(64, CCACHE_BYTES);
	assert_int_equal(dma_of_disk(&domain), 0);
	assert_false(domain->coherent);
	assert_string_equal(cache_backend(), "ccache flush64");
	assert_int_equal(device_bind_node(dt_path("/soc/cache-controller@2010000"), &cache), 0);
	assert_int_equal(dma_line_bytes(), 64);
	assert_int_equal(count, 0);

	assert_int_equal(dma_alloc(&m, domain, 200, 0, DMA_OWNED), 0);
	assert_int_equal(count, 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(written[i], (uintptr_t)m.cpu + 64 * i);
	dma_give(&m, 63, 2);
	assert_int_equal(count, 6);
	assert_int_equal(written[5], (uintptr_t)m.cpu + 64);
	dma_take(&m, 130, 1);
	assert_int_equal(count, 7);
	assert_int_equal(written[6], (uintptr_t)m.cpu + 128);
	dma_free(&m);
}

static void nothing_but_memory_is_flushed(void **state)
{
	static u8 elsewhere[64] __attribute__((aligned(64)));
	const struct dma_domain *domain;
	struct dma_mapping map;

	(void)state;
	machine(64, CCACHE_BYTES);
	assert_int_equal(dma_of_disk(&domain), 0);
	sim.failed = NULL;
	dma_map(&map, domain, elsewhere, sizeof elsewhere, DMA_TO_DEVICE);
}

static void run_nothing_but_memory(void *unused)
{
	nothing_but_memory_is_flushed(unused);
}

static void other_memory_stops_us(void **state)
{
	(void)state;
	assert_int_equal(sim_run(run_nothing_but_memory, NULL), SIM_STOPPED);
	assert_non_null(strstr(sim.early_text, "memory_find(start)"));
	assert_int_equal(count, 0);
}

static void without_it_the_disk_is_refused(void **state)
{
	const struct dma_domain *domain;

	(void)state;
	machine(128, CCACHE_BYTES);
	assert_int_equal(dma_of_disk(&domain), -ENOTSUP);
	assert_string_equal(disk.reason, "its DMA does not see the caches, and neither the CPU nor "
			    "a cache controller here can write them back");
	assert_string_equal(device_first()->reason,
			    "its lines have 128 bytes (cache-block-size), not 64");
}

static void too_few_registers(void **state)
{
	const struct dma_domain *domain;

	(void)state;
	machine(64, 0x200);
	assert_int_equal(dma_of_disk(&domain), -ENOTSUP);
	assert_string_equal(device_first()->reason, "its registers have only 512 bytes");
}

static void not_wanted_where_the_cpu_can(void **state)
{
	(void)state;
	machine(64, CCACHE_BYTES);
	sim.cache_backend = "simulated";
	assert_int_equal(device_bind_node(dt_path("/soc/cache-controller@2010000"), NULL), 0);
	assert_string_equal(cache_backend(), "simulated");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(the_way_to_it_is_found, NULL),
		CHILD_TEST(other_memory_stops_us, NULL),
		CHILD_TEST(without_it_the_disk_is_refused, NULL),
		CHILD_TEST(too_few_registers, NULL),
		CHILD_TEST(not_wanted_where_the_cpu_can, NULL),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
