/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RAM of the simulated machine: real memory, at an address that a test chooses, for lib/memory.h to
 * hand out.
 */
#pragma once
#include "arch/types.h"

enum { SIM_RAM_AT = 0x20000000 };	/* nothing else is near there, whatever the sanitizer */

/* Whole pages, filled with rubbish; still there after a sim_reset(). */
void *sim_ram_map(u64 start, u64 bytes);

/* The same, and a tree that lists it and nothing else, opened, and memory_init(). */
void *sim_ram(u64 start, u64 bytes);

/* Two pieces of it. */
void sim_ram_two(u64 start, u64 bytes, u64 other_start, u64 other_bytes);
