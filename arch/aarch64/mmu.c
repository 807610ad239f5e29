/* SPDX-License-Identifier: BSD-2-Clause */
/* The address space once it exists: changing it, and replacing it. */
#include <errno.h>

#include "arch/aarch64/early_pte.h"
#include "arch/aarch64/mmu.h"
#include "arch/aarch64/registers.h"
#include "arch/arch.h"

static struct pagetable_format format;
static struct pagetable next;
static bool building;

extern const struct arch_early_uart __start_early_uarts[], __stop_early_uarts[];

/* Bytes of physical address the CPU has, up to what an entry holds (ID_AA64MMFR0.PARange). */
static u64 physical_limit(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48 };
	u64 range = REGISTER_READ(id_aa64mmfr0_el1) & 15;

	return 1ull << (range < sizeof(bits) ? bits[range] : 48);
}

static bool is_cached(u64 virt)
{
	const struct pagetable_format *f = mmu_tables.format;
	unsigned level;
	u64 entry = pagetable_lookup(&mmu_tables, virt, &level), physical = f->address(entry);

	return entry && (entry == f->leaf(physical, ARCH_MAP_DATA, level) ||
			 entry == f->leaf(physical, ARCH_MAP_RODATA, level) ||
			 entry == f->leaf(physical, ARCH_MAP_TEXT, level));
}

int arch_map(u64 start, u64 bytes, enum arch_map_kind kind)
{
	int error;

	if (bytes > physical_limit() || start > physical_limit() - bytes)
		return -ERANGE;
	/* Lines fetched from here to the new mapping are clean, and nothing hits them after it. */
	for (u64 page = start; kind == ARCH_MAP_UNCACHED && page < start + bytes;
	     page += ARCH_PAGE_BYTES)
		if (is_cached(page))
			arch_cache_flush((const void *)(uintptr_t)page, ARCH_PAGE_BYTES);
	error = pagetable_map(building ? &next : &mmu_tables, start, start, bytes, kind);
	if (!building)
		__asm__ volatile("dsb ish\n\tisb" : : : "memory");
	return error;
}

/* One call for all of it: large windows, such as ECAM, get blocks instead of many tables. */
uintptr_t arch_map_device(u64 physical, u64 bytes)
{
	u64 first = physical & -(u64)ARCH_PAGE_BYTES;
	u64 last = (physical + bytes - 1) & -(u64)ARCH_PAGE_BYTES;

	if (bytes == 0 || bytes > physical_limit() || last < first)
		return 0;
	return arch_map(first, last - first + ARCH_PAGE_BYTES, ARCH_MAP_DEVICE) ? 0 : physical;
}

int arch_tables_begin(void *(*page)(void))
{
	aarch64_format(&format, el2_plain());
	next = (struct pagetable){
		.format = &format, .root = page(), .levels = 4, .block_levels = 3, .page = page,
	};
	if (!next.root)
		return -ENOMEM;
	building = true;
	/* First, so that RAM wins where another board's UART would be. They need not work. */
	for (const struct arch_early_uart *u = __start_early_uarts; u < __stop_early_uarts; u++)
		arch_map_device(u->transmit, 1);
	return 0;
}

void arch_tables_use(void)
{
	mmu_registers.ttbr = (uintptr_t)next.root;
	mmu_switch(mmu_registers.ttbr, mmu_registers.tcr, mmu_registers.mair, mmu_registers.sctlr);
	next.replace = mmu_replace;
	mmu_tables = next;
	building = false;
}
