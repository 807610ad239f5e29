/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/dt.h"
#include "lib/memory.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

enum { RUBBISH = 0x5c };

static _Noreturn void fail(const char *what, u64 address)
{
	fprintf(stderr, "sim: RAM at 0x%llx: %s\n", (unsigned long long)address, what);
	abort();
}

void *sim_ram_map(u64 start, u64 bytes)
{
	void *at = (void *)(uintptr_t)start;
	void *got = mmap(at, bytes, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	/* it is there already: an earlier test's */
	if (got == MAP_FAILED)
		got = mmap(at, bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	if (got != at)
		fail("cannot be mapped there", start);
	if (bytes <= 64 << 20)
		memset(at, RUBBISH, bytes);
	return at;
}

void sim_ram_two(u64 start, u64 bytes, u64 other_start, u64 other_bytes)
{
	void *fdt = tree_begin();
	const char *reason;

	sim_ram_map(start, bytes);
	tree_cells(fdt, "#address-cells", 1, 2);
	tree_cells(fdt, "#size-cells", 1, 2);
	fdt_begin_node(fdt, "memory");
	tree_string(fdt, "device_type", "memory");
	if (other_bytes) {
		sim_ram_map(other_start, other_bytes);
		tree_cells(fdt, "reg", 8, (u32)(start >> 32), (u32)start,
			   (u32)(bytes >> 32), (u32)bytes,
			   (u32)(other_start >> 32), (u32)other_start,
			   (u32)(other_bytes >> 32), (u32)other_bytes);
	} else {
		tree_cells(fdt, "reg", 4, (u32)(start >> 32), (u32)start,
			   (u32)(bytes >> 32), (u32)bytes);
	}
	fdt_end_node(fdt);
	tree_end(fdt);
	if (dt_open(fdt, TREE_BYTES, &reason))
		fail(reason, start);
	if (memory_init())
		fail("memory_init fails", start);
}

void *sim_ram(u64 start, u64 bytes)
{
	sim_ram_two(start, bytes, 0, 0);
	return (void *)(uintptr_t)start;
}
