/* SPDX-License-Identifier: BSD-2-Clause */
#include "arch/aarch64/early_pte.h"

#define VALID		(1ull << 0)
#define TABLE		(1ull << 1)		/* at level 0: page. Where clear: block */
#define ATTRIBUTES(n)	((u64)(n) << 2)		/* index into MAIR */
/* EL1&0: EL0 may access; a single-range regime: must be 1 */
#define AP_EL0_RES1	(1ull << 6)
#define AP_READ_ONLY	(1ull << 7)
#define INNER_SHAREABLE	(3ull << 8)
#define ACCESSED	(1ull << 10)
#define PXN		(1ull << 53)		/* EL1&0 only */
#define UXN		(1ull << 54)		/* a single-range regime: XN */
#define ADDRESS		0x0000fffffffff000ull

#define NORMAL		(ATTRIBUTES(0) | INNER_SHAREABLE)
#define DEVICE		ATTRIBUTES(1)
#define UNCACHED	(ATTRIBUTES(2) | INNER_SHAREABLE)

static u64 leaf(u64 physical, enum arch_map_kind kind, unsigned level, u64 always,
		u64 never_execute, u64 execute)
{
	u64 entry = (physical & ADDRESS) | VALID | (level == 0 ? TABLE : 0) | ACCESSED | always;

	switch (kind) {
	case ARCH_MAP_DATA:
		return entry | NORMAL | never_execute;
	case ARCH_MAP_RODATA:
		return entry | NORMAL | AP_READ_ONLY | never_execute;
	case ARCH_MAP_TEXT:
		return entry | NORMAL | AP_READ_ONLY | execute;
	case ARCH_MAP_UNCACHED:
		return entry | UNCACHED | never_execute;
	case ARCH_MAP_DEVICE:
		return entry | DEVICE | never_execute;
	default:
		return 0;
	}
}

static u64 leaf_el1(u64 physical, enum arch_map_kind kind, unsigned level)
{
	return leaf(physical, kind, level, 0, PXN | UXN, UXN);
}

static u64 leaf_el2(u64 physical, enum arch_map_kind kind, unsigned level)
{
	return leaf(physical, kind, level, AP_EL0_RES1, UXN, 0);
}

static u64 table(u64 physical)
{
	return (physical & ADDRESS) | TABLE | VALID;
}

static bool is_leaf(u64 entry, unsigned level)
{
	return level == 0 || !(entry & TABLE);
}

static bool is_valid(u64 entry)
{
	return entry & VALID;
}

static u64 address(u64 entry)
{
	return entry & ADDRESS;
}

void aarch64_format(struct pagetable_format *format, bool el2_plain)
{
	format->leaf = el2_plain ? leaf_el2 : leaf_el1;
	format->table = table;
	format->is_leaf = is_leaf;
	format->is_valid = is_valid;
	format->address = address;
}
