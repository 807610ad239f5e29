/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with an NVMe controller: what the tests of drivers/nvme share. */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "arch/host/sim.h"
#include "drivers/nvme/nvme.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "tests/sim/child.h"
#include "tests/sim/fail.h"
#include "tests/sim/nvme.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

enum { ECAM_AT = 0x30000000, WINDOW_AT = 0x40000000, RAM_BYTES = 16 << 20 };
enum { OP_FLUSH = 0x00, OP_WRITE = 0x01, OP_READ = 0x02, OP_COMPARE = 0x05 };
enum { ADMIN_IDENTIFY = 0x06, ADMIN_ABORT = 0x08, ADMIN_FEATURES = 0x09 };

static struct sim_pci pci;
static struct sim_nvme nvme;

/* Switched off, to be changed before discover(). */
static inline void machine(void)
{
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	sim_pci_begin(&pci, ECAM_AT, 0, 0);
	sim_pci_window(&pci, false, WINDOW_AT, WINDOW_AT, 0x1000000);
	sim_nvme_begin(&nvme, &pci, NULL, 1);
}

static inline void open_tree(void)
{
	void *fdt = tree_begin();
	const char *reason;

	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	tree_pci_host(fdt, ECAM_AT, 0x100000);
	tree_cells(fdt, "ranges", 7, 0x02000000, 0, WINDOW_AT, 0, WINDOW_AT, 0, 0x1000000);
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail_msg("%s", reason);
}

static inline struct device *find_device(void)
{
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (!strcmp(dev->name, "pci 00:01.0"))
			return dev;
	fail_msg("there is no function");
	return NULL;
}

/* Once a process. The controller's device, bound or not. */
static inline struct device *discover(void)
{
	open_tree();
	sim_nvme_hook(&nvme);
	assert_int_equal(device_bind_node(dt_path("/pcie"), NULL), 0);
	return find_device();
}

static inline struct block_device *disk(unsigned nsid)
{
	char name[16];

	snprintf(name, sizeof name, "nvme0n%u", nsid);
	return block_find(name);
}

/* The first namespace, usable. */
static inline struct block_device *start_disk(void)
{
	struct device *dev = discover();
	struct block_device *b = disk(nvme.ns[0].nsid);

	if (dev->error)
		fail_msg("%s", dev->reason);
	assert_non_null(b);
	return b;
}

static inline u8 *memory(size_t bytes)
{
	u8 *at = calloc(1, bytes);

	assert_non_null(at);
	return at;
}

static inline void assert_pattern(const u8 *buffer, u32 nsid, u64 at, size_t bytes)
{
	u8 expected[4096];

	for (size_t i = 0, n; i < bytes; i += n) {
		n = bytes - i < sizeof expected ? bytes - i : sizeof expected;
		sim_nvme_patterns(expected, nsid, at + i, n);
		if (memcmp(buffer + i, expected, n))
			fail_msg("of 0x%zx bytes from 0x%llx on: wrong among those from 0x%zx on",
				 bytes, (unsigned long long)at, i);
	}
}

/* Reads blocks [lba, lba + blocks), of a namespace without a store. */
static inline void assert_reads(struct block_device *b, u32 nsid, u64 lba, u64 blocks)
{
	size_t bytes = blocks * b->limits.block_size;
	u8 *buffer = memory(bytes);

	assert_int_equal(block_read(b, lba, blocks, buffer), 0);
	assert_pattern(buffer, nsid, lba * b->limits.block_size, bytes);
	free(buffer);
}

/* A namespace with contents of its own, and a cache that forgets. */
static inline void give_store(struct sim_nvme_namespace *ns, u64 blocks)
{
	ns->blocks = blocks;
	ns->store = memory(blocks * sim_nvme_block_bytes(ns));
	ns->cached = memory(blocks);
	sim_nvme_patterns(ns->store, ns->nsid, 0, blocks * sim_nvme_block_bytes(ns));
}

/* The end: nothing is lent, shared or in flight, and the controller had an orderly shutdown. */
static inline void stop(void)
{
	assert_int_equal(devices_quiesce(), 0);
	assert_int_equal(dma_counters()->lent, 0);
	assert_int_equal(nvme.hmb_count, 0);
	assert_int_equal(sim_nvme_in_flight(&nvme), 0);
	assert_false(sim_pci_get(nvme.function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	sim_nvme_power_cycle(&nvme);
	assert_int_equal(nvme.unsafe_shutdowns, 0);
	assert_true(nvme.shutdowns > 0);
}

/* ---- What the log says ---- */

struct log_search {
	const char *words;
	bool found;
};

static inline void log_look(void *context, enum log_level level, u64 time_us, const char *text)
{
	struct log_search *search = context;

	(void)level, (void)time_us;
	search->found |= strstr(text, search->words) != NULL;
}

static inline bool log_says(const char *words)
{
	struct log_search search = { words, false };

	log_walk(log_look, &search);
	return search.found;
}
