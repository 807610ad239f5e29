/* SPDX-License-Identifier: BSD-2-Clause */
/* With the MMU off: from a hart id and an address to a mapped image, and on into start(). */
#include "arch/image.h"
#include "cpu.h"
#include "csr.h"
#include "early.h"
#include "mmu.h"
#include "pte.h"
#include "sbi.h"
#include "trap.h"

/*
 * Tables for five levels, of an image, a tree or nest and what start() maps besides, each across a
 * 1 GiB border: 3 to get to level 1, and 2 at levels 1 and 0 for each of the three.
 */
enum { POOL_PAGES = 3 + 3 * 4, PAGE_WORDS = ARCH_PAGE_BYTES / sizeof(u64) };
static u64 pool[POOL_PAGES][PAGE_WORDS] __attribute__((aligned(ARCH_PAGE_BYTES)));
static unsigned pool_used;

static void *pool_page(void)
{
	return pool_used < POOL_PAGES ? pool[pool_used++] : NULL;
}

static void pool_clear(void)
{
	for (u64 *word = pool[0]; word < pool[pool_used]; word++)
		*(volatile u64 *)word = 0;
	pool_used = 0;
}

void early_trap_report(const char *what, u64 cause, u64 pc, u64 address)
{
	early_text("\nPlinth: ");
	early_text(what);
	early_text(": scause ");
	early_hex(cause);
	early_text(", pc ");
	early_hex(pc);
	early_text(", address ");
	early_hex(address);
	early_text(", image at ");
	early_hex((uintptr_t)image_start);
	early_text("; stopped\n");
	arch_stop();
}

void early_trap(u64 cause, u64 pc, u64 address)
{
	early_trap_report("fault with no handler in place", cause, pc, address);
}

static u32 swap32(u32 x)
{
	return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

/*
 * How much of the tree start() can have: what its header says it takes (DT 5.2); the header alone
 * where that is not believable, so that start() can say so; nothing where no memory answers.
 */
static u64 tree_bytes(u64 tree)
{
	enum { HEADER_BYTES = 40, MAGIC = 0xd00dfeed };
	u32 magic, total;

	if (!early_load(tree & -4ull, &magic) || !early_load((tree & -4ull) + HEADER_BYTES, &total))
		return 0;
	if (tree % 4 || swap32(magic) != MAGIC || !early_load(tree + 4, &total))
		return HEADER_BYTES;
	total = swap32(total);
	return total <= TREE_MAX_BYTES ? total : HEADER_BYTES;
}

/*
 * T-Head's C9xx of before Svpbmt take a page's type from bits of the entry that everybody else
 * wants zero, if the firmware has set sxstatus.MAEE: then zero would mean uncached.
 */
static bool has_thead_types(void)
{
	enum { VENDOR_THEAD = 0x5b7, SXSTATUS_MAEE = 1 << 21 };

	if (sbi_base(SBI_BASE_MVENDORID) != VENDOR_THEAD || sbi_base(SBI_BASE_MARCHID) ||
	    sbi_base(SBI_BASE_MIMPID))
		return false;
	return csr_read(0x5c0) & SXSTATUS_MAEE;
}

/* Whole pages; an end before the start is no memory at all. */
static int map(struct pagetable *t, u64 start, u64 end, enum arch_map_kind kind)
{
	start &= -(u64)ARCH_PAGE_BYTES;
	end = (end + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
	return end > start ? pagetable_map(t, start, start, end - start, kind) : 0;
}

static int map_part(struct pagetable *t, const char *start, const char *end,
		    enum arch_map_kind kind)
{
	return map(t, (uintptr_t)start, (uintptr_t)end, kind);
}

static int map_all(struct pagetable *t, const struct range *more, enum arch_map_kind more_kind)
{
	return map(t, more->start, more->start + more->bytes, more_kind) ?:
	       map_part(t, image_start, rodata_start, ARCH_MAP_TEXT) ?:
	       map_part(t, rodata_start, data_start, ARCH_MAP_RODATA) ?:
	       map_part(t, data_start, image_end, ARCH_MAP_DATA) ?:
	       map_part(t, trap_guard, trap_stack, ARCH_MAP_NONE) ?:
	       map_part(t, stack_guard, stack, ARCH_MAP_NONE);
}

/*
 * The image, and @more. The tables are built for each mode from the deepest on: a mode that the
 * hart lacks leaves satp as it was (Priv 4.1.11), so trying costs nothing.
 */
static void mmu_on(const struct range *more, enum arch_map_kind more_kind)
{
	if (has_thead_types())
		riscv64_memory_types_use(MEMORY_TYPES_THEAD);
	for (unsigned levels = 5; levels >= 3; levels--) {
		struct pagetable *t = &mmu_tables;

		pool_clear();
		t->format = &riscv64_format;
		t->root = pool_page();
		t->levels = levels;
		t->block_levels = 3;
		t->page = pool_page;
		t->replace = NULL;
		if ((uintptr_t)image_end < mmu_reach() && !map_all(t, more, more_kind) &&
		    mmu_use(t))
			return;
	}
	early_text("Plinth: none of the hart's address translation modes (Sv57, Sv48, Sv39 were "
		   "tried) reaches the image and the device tree; stopped\n");
	arch_stop();
}

void early_start(u64 hart, u64 tree, u64 start_ticks)
{
	struct arch_boot boot = {
		.tree = tree,
		.cpu = hart,
		.load_address = (uintptr_t)image_start,
		.start_ticks = start_ticks,
	};
	struct range blob = { tree, tree_bytes(tree) };

	mmu_on(&blob, ARCH_MAP_RODATA);
	cpu_boot_hart = hart;
	trap_install();
	start(&boot);
}

void early_start_moved(const struct arch_boot *given)
{
	/* The other copy of the image, where *given lies, is not mapped from here on. */
	struct arch_boot boot;

	for (size_t i = 0; i < sizeof(boot) / sizeof(u64); i++)
		((volatile u64 *)&boot)[i] = ((const volatile u64 *)given)[i];
	mmu_on(&boot.nest, ARCH_MAP_DATA);
	cpu_boot_hart = boot.cpu;
	trap_install();
	start_moved(&boot);
}
