/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with a virtio device, over any transport: what the tests of drivers/virtio share. */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/pci.h"
#include "drivers/virtio/virtio.h"
#include "lib/log.h"
#include "tests/sim/child.h"
#include "tests/sim/fail.h"
#include "tests/sim/virtio_mmio.h"
#include "tests/sim/virtio_pci.h"
#include "unit/tree.h"

enum transport { MMIO_LEGACY, MMIO_MODERN, PCI_MODERN, PCI_TRANSITIONAL, TRANSPORTS };
enum { MMIO_AT = 0x10008000, ECAM_AT = 0x30000000, MEMORY_AT = 0x40000000, IO_AT = 0x3000000 };
enum { TEST_FEATURE = 1 << 9, OTHER_FEATURE = 1 << 5 };

static u32 sim_type = 5;	/* of the device: nobody drives these */
static struct sim_virtio sim_device;
static struct sim_virtio_mmio sim_mmio;
static struct sim_virtio_pci sim_function;
static struct sim_pci pci;
static struct device *transport_device;

/* Everything there is for virtio is offered; the tests say what is to be taken. */
static inline void machine(enum transport transport)
{
	static const char *const names[] = { "mmio, legacy", "mmio", "pci", "pci, transitional" };

	print_message("over %s\n", names[transport]);
	sim_reset();
	sim.failed = fail_test;
	sim_device = (struct sim_virtio){
		.legacy = transport == MMIO_LEGACY, .type = sim_type,
		.queue_count = 3, .queue_max = 256,
		.offers = transport == MMIO_LEGACY ? 0x79000000 | TEST_FEATURE :
			0x1ff30000000 | TEST_FEATURE,
	};
	for (unsigned i = 0; i < SIM_VIRTIO_CONFIG; i++)
		sim_device.config[i] = (u8)(0x80 + i);
	if (transport < PCI_MODERN) {
		sim_virtio_mmio_add(&sim_mmio, &sim_device, MMIO_AT, 0x200);
		return;
	}
	sim_pci_begin(&pci, ECAM_AT, 0, 0);
	sim_pci_window(&pci, false, MEMORY_AT, MEMORY_AT, 0x10000000);
	sim_pci_window(&pci, true, IO_AT, 0, 0x10000);
	sim_virtio_pci_add(&sim_function, &sim_device, &pci, NULL, 2,
			   transport == PCI_TRANSITIONAL);
}

static inline void open_tree(unsigned mmio_bytes)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	fdt_begin_node(fdt, "virtio_mmio@10008000");
	tree_string(fdt, "compatible", "virtio,mmio");
	tree_cells(fdt, "reg", 4, 0, MMIO_AT, 0, mmio_bytes);
	fdt_end_node(fdt);
	tree_pci_host(fdt, ECAM_AT, 0x100000);
	tree_cells(fdt, "ranges", 14, 0x02000000, 0, MEMORY_AT, 0, MEMORY_AT, 0, 0x10000000,
		   0x01000000, 0, 0, 0, IO_AT, 0, 0x10000);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
}

static inline struct device *device_named(const char *name)
{
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (!strcmp(dev->name, name))
			return dev;
	return NULL;
}

/* Bind the transport; the virtio device it found, or NULL. */
static inline struct virtio_device *discover(enum transport transport)
{
	open_tree(0x200);
	if (transport < PCI_MODERN) {
		device_bind_node(dt_path("/virtio_mmio@10008000"), &transport_device);
	} else {
		assert_int_equal(device_bind_node(dt_path("/pcie"), NULL), 0);
		transport_device = device_named("pci 00:02.0");
	}
	assert_non_null(transport_device);
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (dev->id.bus == BUS_VIRTIO)
			return (struct virtio_device *)dev;
	return NULL;
}

/* ---- What the log says ---- */

static inline void count_warning(void *count, enum log_level level, u64 time_us, const char *text)
{
	(void)time_us;
	(void)text;
	*(unsigned *)count += level <= LOG_WARNING;
}

static inline unsigned warnings(void)
{
	unsigned count = 0;

	log_walk(count_warning, &count);
	return count;
}

/* ---- Tests over every transport ---- */

static inline void on_all(void **state)
{
	for (uintptr_t transport = 0; transport < TRANSPORTS; transport++)
		in_child((CMUnitTestFunction)*state, (void *)transport);
}

/* An entry for a table of tests; @function gets the transport as its state. */
#define TEST_ON_ALL(function)	{ #function, on_all, NULL, NULL, (void *)(function) }
#define TRANSPORT(state)	((enum transport)(uintptr_t)*(state))

/* The transport of such a test, bound; the virtio device it found. */
static inline struct virtio_device *found(void **state)
{
	struct virtio_device *v;

	machine(TRANSPORT(state));
	v = discover(TRANSPORT(state));
	assert_non_null(v);
	return v;
}

/* As section 2.7.2 wants it of legacy devices; others do not mind. */
static inline struct virtio_queue queue_at(const struct virtio_device *v, u16 index, u16 size,
					   u64 address)
{
	u64 driver = address + 16 * size, end = driver + 6 + 2 * size;
	u32 align = v->legacy ? v->ring_align : 64;

	return (struct virtio_queue){
		.index = index, .size = size, .descriptors = { address }, .driver = { driver },
		.device = { (end + align - 1) / align * align },
	};
}

static inline void assert_reason(const struct virtio_device *v, const char *reason)
{
	assert_string_equal(v->device.reason, reason);
	assert_true(strlen(v->device.reason) < sizeof(v->device.reason) - 1);
}
