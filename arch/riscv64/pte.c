/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/riscv64/pte.h"

#define V	(1ull << 0)
#define R	(1ull << 1)
#define W	(1ull << 2)
#define X	(1ull << 3)
#define A	(1ull << 6)
#define D	(1ull << 7)

/* A and D are set from the start: a hart may fault on a clear one instead of setting it (Svade). */
#define DATA	(V | R | W | A | D)
#define RODATA	(V | R | A)
#define TEXT	(V | R | X | A)

#define PPN_SHIFT	10
#define PPN_MASK	0x003ffffffffffc00ull
#define PHYSICAL_MASK	0x00fffffffffff000ull

#define PBMT_NC		(1ull << 61)	/* non-cacheable, idempotent, weakly ordered */
#define PBMT_IO		(2ull << 61)	/* non-cacheable, not idempotent, strongly ordered */

#define THEAD_SH	(1ull << 60)		/* shareable */
#define THEAD_B		(1ull << 61)		/* bufferable */
#define THEAD_C		(1ull << 62)		/* cacheable */
#define THEAD_SO	(1ull << 63)		/* strongly ordered */

/* Of RAM, of uncached RAM (0: cannot be said), of devices. */
static const struct {
	u64 memory, uncached, device;
} type_bits[] = {
	[MEMORY_TYPES_SVPBMT] = { .uncached = PBMT_NC, .device = PBMT_IO },
	[MEMORY_TYPES_THEAD] = {
		.memory = THEAD_C | THEAD_B | THEAD_SH,
		.uncached = THEAD_B | THEAD_SH,
		.device = THEAD_SO | THEAD_SH,
	},
};

/*
 * RSW, the two bits that hardware ignores: set on devices, which would look the same as data
 * where the physical address alone makes the difference.
 */
#define DEVICE	(1ull << 8)

static enum riscv64_memory_types types;

void riscv64_memory_types_use(enum riscv64_memory_types chosen)
{
	types = chosen;
}

enum riscv64_memory_types riscv64_memory_types(void)
{
	return types;
}

static u64 leaf(u64 physical, enum arch_map_kind kind, unsigned level)
{
	u64 ppn = (physical & PHYSICAL_MASK) >> 12 << PPN_SHIFT;

	(void)level;			/* a leaf looks the same at each */
	switch (kind) {
	case ARCH_MAP_DATA:
		return ppn | DATA | type_bits[types].memory;
	case ARCH_MAP_RODATA:
		return ppn | RODATA | type_bits[types].memory;
	case ARCH_MAP_TEXT:
		return ppn | TEXT | type_bits[types].memory;
	case ARCH_MAP_UNCACHED:
		return type_bits[types].uncached ? ppn | DATA | type_bits[types].uncached : 0;
	case ARCH_MAP_DEVICE:
		return ppn | DATA | DEVICE | type_bits[types].device;
	default:
		return 0;
	}
}

static u64 table(u64 physical)
{
	return physical >> 12 << PPN_SHIFT | V;
}

static bool is_leaf(u64 entry, unsigned level)
{
	(void)level;
	return entry & (R | X);
}

static bool is_valid(u64 entry)
{
	return entry & V;
}

static u64 address(u64 entry)
{
	return (entry & PPN_MASK) >> PPN_SHIFT << 12;
}

const struct pagetable_format riscv64_format = {
	.leaf = leaf, .table = table, .is_leaf = is_leaf, .is_valid = is_valid, .address = address,
};
