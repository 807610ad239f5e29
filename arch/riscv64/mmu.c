/* SPDX-License-Identifier: BSD-2-Clause */
/* arch_map and its tables. See pte.c for entries, ../pagetable.c for tables of them. */
#include <errno.h>
#include "csr.h"
#include "mmu.h"
#include "pte.h"

struct pagetable mmu_tables;
static bool building;			/* mmu_tables are not yet what the hart walks */

/*
 * No break before make (Priv 4.2.1): a hart may use the old or the new entry until the fence, and
 * both are good. Invalid entries may be remembered too, so there is always a fence.
 */
static int map(u64 virt, u64 physical, u64 bytes, enum arch_map_kind kind)
{
	int error = pagetable_map(&mmu_tables, virt, physical, bytes, kind);

	if (!building)
		sfence_vma();
	return error;
}

bool mmu_use(const struct pagetable *tables)
{
	u64 mode = SATP_MODE(tables->levels);
	u64 satp = mode << SATP_MODE_SHIFT | (uintptr_t)tables->root >> 12;

	sfence_vma();
	csr_write(satp, satp);
	sfence_vma();
	return csr_read(satp) == satp;
}

int arch_map(u64 start, u64 bytes, enum arch_map_kind kind)
{
	int error;

	if (bytes > mmu_reach() || start > mmu_reach() - bytes)
		return -ERANGE;
	/* Before: lines that would be written back over what is stored uncached; and after: lines
	   that were fetched meanwhile. */
	if (kind == ARCH_MAP_UNCACHED)
		arch_cache_flush((void *)(uintptr_t)start, bytes);
	error = map(start, start, bytes, kind);
	if (!error && kind == ARCH_MAP_UNCACHED)
		arch_cache_flush((void *)(uintptr_t)start, bytes);
	return error;
}

int arch_tables_begin(void *(*page)(void))
{
	u64 *root = page();

	if (!root)
		return -ENOMEM;
	mmu_tables.root = root;
	mmu_tables.page = page;
	building = true;
	return 0;
}

void arch_tables_use(void)
{
	mmu_use(&mmu_tables);
	building = false;
}

/* ---- Devices ---- */

static bool mapped_as_device(u64 virt, u64 physical, u64 bytes)
{
	while (bytes) {
		unsigned level = 0;
		u64 entry = pagetable_lookup(&mmu_tables, virt, &level);
		u64 span = 1ull << (12 + 9 * level), inside = virt & (span - 1);
		u64 wanted = riscv64_format.leaf(physical - inside, ARCH_MAP_DEVICE, level);

		if (!entry || entry != wanted)
			return false;
		span -= inside;
		if (span >= bytes)
			return true;
		virt += span;
		physical += span;
		bytes -= span;
	}
	return true;
}

static bool map_device(u64 virt, u64 physical, u64 bytes)
{
	return mapped_as_device(virt, physical, bytes) ||
	       map(virt, physical, bytes, ARCH_MAP_DEVICE) == 0;
}

/*
 * The upper half of what the mode spans is a window on devices that the lower half does not
 * reach: slots of 1 GiB, each for the GiB of physical addresses that first asked for it.
 */
enum { WINDOW_SLOTS = 64, SLOT_SHIFT = 30 };
static u64 slots[WINDOW_SLOTS];		/* physical address >> SLOT_SHIFT; 0: free */

/* @count neighbours for the GiBs from @first on: those that have it, else free ones. */
static int slots_find(u64 first, u64 count, bool unused)
{
	for (unsigned at = 0; count <= WINDOW_SLOTS && at <= WINDOW_SLOTS - count; at++) {
		u64 i = 0;

		while (i < count && slots[at + i] == (unused ? 0 : first + i))
			i++;
		if (i == count)
			return (int)at;
	}
	return -1;
}

static uintptr_t map_in_window(u64 physical, u64 bytes)
{
	u64 first = physical >> SLOT_SHIFT;
	u64 count = ((physical + bytes - 1) >> SLOT_SHIFT) - first + 1;
	int at = slots_find(first, count, false);
	u64 virt;

	if (at < 0) {
		at = slots_find(first, count, true);
		if (at < 0)
			return 0;
		for (u64 i = 0; i < count; i++)
			slots[at + i] = first + i;
	}
	/* To the tables the upper half is what comes after the lower one; the hart wants all the
	   bits above set as well. */
	virt = mmu_reach() + ((u64)at << SLOT_SHIFT) + physical % (1ull << SLOT_SHIFT);
	return map_device(virt, physical, bytes) ? virt | -mmu_reach() : 0;
}

uintptr_t arch_map_device(u64 physical, u64 bytes)
{
	u64 page = physical & -(u64)ARCH_PAGE_BYTES;
	u64 inside = physical - page;
	u64 whole = (inside + bytes + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
	uintptr_t at;

	if (!bytes || whole < bytes || page + whole < page)
		return 0;
	if (page + whole <= mmu_reach())
		return map_device(page, page, whole) ? physical : 0;
	at = map_in_window(page, whole);
	return at ? at + inside : 0;
}

/* ---- Svpbmt ---- */

static u8 sample[ARCH_PAGE_BYTES] __attribute__((aligned(ARCH_PAGE_BYTES)));

static void sample_read(void *unused)
{
	(void)unused;
	*(volatile u8 *)sample;
}

/*
 * Firmware allows it in menvcfg.PBMTE, which we cannot read: without, the bits are reserved and
 * such a page faults (Priv 4.4.1). So use one.
 */
void mmu_try_svpbmt(void)
{
	if (riscv64_memory_types() != MEMORY_TYPES_PMA)
		return;
	riscv64_memory_types_use(MEMORY_TYPES_SVPBMT);
	if (arch_map((uintptr_t)sample, sizeof(sample), ARCH_MAP_UNCACHED) ||
	    arch_catch(sample_read, NULL, NULL))
		riscv64_memory_types_use(MEMORY_TYPES_PMA);
	arch_map((uintptr_t)sample, sizeof(sample), ARCH_MAP_DATA);
}

const char *mmu_mode(void)
{
	static const char modes[][3][20] = {
		{ "Sv39", "Sv39, Svpbmt", "Sv39, T-Head MAEE" },
		{ "Sv48", "Sv48, Svpbmt", "Sv48, T-Head MAEE" },
		{ "Sv57", "Sv57, Svpbmt", "Sv57, T-Head MAEE" },
	};

	return modes[mmu_tables.levels - 3][riscv64_memory_types()];
}
