/* SPDX-License-Identifier: BSD-2-Clause */
/* Fixed-width types, and the kinds of number that must never be mixed up. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

/* A CPU physical address range. Half open: the byte at start + bytes is not in it. */
struct range {
	u64 start, bytes;
};

/* An address as a device puts it on the bus. Not a pointer, not a CPU physical address. */
typedef struct {
	u64 bus;
} dma_addr_t;
