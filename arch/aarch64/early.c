/* SPDX-License-Identifier: BSD-2-Clause */
/* From two registers to a mapped image. Until early_start, with the MMU off. */
#include "arch/aarch64/early.h"
#include "arch/aarch64/early_pte.h"
#include "arch/aarch64/mmu.h"
#include "arch/aarch64/registers.h"
#include "arch/aarch64/trap.h"
#include "arch/image.h"
#include "arch/relocate.h"

extern const struct arch_early_uart __start_early_uarts[], __stop_early_uarts[];

enum {
	TREE_HEADER_BYTES = 40,
	TREE_LIMIT_BYTES = 2 << 20,	/* arm64 boot protocol */
	ELF_TREE_DISTANCE = 2 << 20,
	NO_BYTE = 256,
};

/* A piece of the map wants at most 2 tables at each of 3 levels: the image, the tree, the nest. */
enum { POOL_RESERVE = 6, POOL_PAGES = 1 + 3 * 6 + 13 };
static u64 pool[POOL_PAGES][ARCH_PAGE_BYTES / sizeof(u64)]
	__attribute__((aligned(ARCH_PAGE_BYTES)));
static unsigned pool_used;
static struct pagetable_format format;

struct arch_boot early_boot;
struct mmu_registers mmu_registers;
struct pagetable mmu_tables;

static void *pool_page(void)
{
	return pool_used < POOL_PAGES ? pool[pool_used++] : NULL;
}

static _Noreturn void give_up(const char *why)
{
	early_text("\nPlinth: ");
	early_text(why);
	early_text("; stopped.\n");
	arch_stop();
}

void early_report(const char *what, const struct trap_frame *frame)
{
	early_text("\nPlinth: ");
	early_text(what);
	early_text(". ESR ");
	early_hex(frame->esr);
	early_text(", pc ");
	early_hex(frame->pc);
	early_text(" in the image at ");
	early_hex((uintptr_t)image_start);
	early_text(", address ");
	early_hex(frame->far);
	early_text("; stopped.\n");
}

void early_fault(enum trap_source source, const struct trap_frame *frame)
{
	early_report(source == TRAP_SYNCHRONOUS ? "a fault before there was a handler" :
		     "an interrupt before there was a handler", frame);
	arch_stop();
}

static u32 load_be32(u64 address)
{
	u32 value = 0;

	for (unsigned i = 0; i < 4; i++)
		value = value << 8 | probe_load8(address + i, 0);
	return value;
}

/* What the header at @tree says the tree takes (DT 5.2); 0: that is no header of a tree. */
static u64 tree_bytes(u64 tree)
{
	enum { MAGIC = 0xd00dfeed };

	return tree && load_be32(tree) == MAGIC ? load_be32(tree + 4) : 0;
}

static int map_pages(u64 start, u64 end, enum arch_map_kind kind)
{
	start &= -(u64)ARCH_PAGE_BYTES;
	end = (end + ARCH_PAGE_BYTES - 1) & -(u64)ARCH_PAGE_BYTES;
	return end > start ? pagetable_map(&mmu_tables, start, start, end - start, kind) : 0;
}

/* Of some other board, perhaps: it must not replace anything, and need not work. */
static void map_early_uart(u64 address)
{
	unsigned level;

	if (!pagetable_lookup(&mmu_tables, address, &level))
		map_pages(address, address + 1, ARCH_MAP_DEVICE);
}

static int early_tables(struct range more, enum arch_map_kind more_kind)
{
	int error;

	aarch64_format(&format, el2_plain());
	mmu_tables.format = &format;
	mmu_tables.root = pool_page();
	mmu_tables.levels = 4;
	mmu_tables.block_levels = 3;
	mmu_tables.page = pool_page;
	mmu_tables.replace = NULL;
	error = map_pages(more.start, more.start + more.bytes, more_kind);
	if (!error)
		error = map_pages((uintptr_t)image_start, (uintptr_t)rodata_start, ARCH_MAP_TEXT);
	if (!error)
		error = map_pages((uintptr_t)rodata_start, (uintptr_t)image_end, ARCH_MAP_DATA);
	if (!error)
		error = map_pages((uintptr_t)stack_guard, (uintptr_t)stack, ARCH_MAP_NONE);
	if (!error)
		error = map_pages((uintptr_t)trap_guard, (uintptr_t)trap_stack, ARCH_MAP_NONE);
	for (const struct arch_early_uart *u = __start_early_uarts; u < __stop_early_uarts; u++)
		if (!error && pool_used < POOL_PAGES - POOL_RESERVE)
			map_early_uart(u->transmit);
	return error;
}

/* Arm ARM, D19.2: TCR_EL1, TCR_EL2, SCTLR_EL1, SCTLR_EL2. */
static void set_registers(void)
{
	u64 physical_range = REGISTER_READ(id_aa64mmfr0_el1) & 15;
	u64 walks = 16 |		/* T0SZ: 48 bits */
		    1 << 8 | 1 << 10 |	/* IRGN0, ORGN0: tables are cached, write-back */
		    3 << 12;		/* SH0: inner shareable; TG0 = 0: 4 KiB */
	u64 on = SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA;

	if (physical_range > 5)
		physical_range = 5;	/* 48 bits: what an entry holds without LPA */
	mmu_registers.ttbr = (uintptr_t)mmu_tables.root;
	mmu_registers.mair = AARCH64_MAIR;
	if (el2_plain()) {
		mmu_registers.tcr = walks | physical_range << 16 | 1u << 31 | 1 << 23;	/* RES1 */
		mmu_registers.sctlr = on | SCTLR_RES1_EL2;
	} else {
		mmu_registers.tcr = walks | physical_range << 32 |
				    1 << 23 | 16 << 16 | 2ull << 30;	/* EPD1: no upper range */
		mmu_registers.sctlr = on | SCTLR_RES1_EL1;
	}
}

/*
 * What to map of the tree, wherever it is; no bytes: nothing. QEMU tells an ELF program nothing,
 * but puts the tree at the start of RAM: below us. A tree that is none, or too large to be one, is
 * for start() to explain: it gets to see the header.
 */
static struct range find_tree(u64 given)
{
	u64 below = (uintptr_t)image_start - ELF_TREE_DISTANCE;
	u64 bytes = tree_bytes(given);

	if (!bytes && tree_bytes(below)) {
		given = below;
		bytes = tree_bytes(below);
	}
	if (!bytes || bytes > TREE_LIMIT_BYTES)
		bytes = given && probe_load8(given, NO_BYTE) != NO_BYTE ? TREE_HEADER_BYTES : 0;
	if (given >> 48)
		bytes = 0;			/* nothing is there, and no table reaches it */
	return (struct range){ given, bytes };
}

void early_prepare(u64 tree, u64 ticks)
{
	struct range blob = find_tree(tree);

	early_boot.tree = blob.start;
	early_boot.cpu = cpu_affinity();
	early_boot.load_address = (uintptr_t)image_start;
	early_boot.start_ticks = ticks;
	if (early_tables(blob, ARCH_MAP_RODATA))
		give_up("not enough page tables to map the image");
	set_registers();
}

static void unmask_serror(void *unused)
{
	(void)unused;
	__asm__ volatile("msr daifclr, #4" : : : "memory");
}

void early_start(void)
{
	relocate((uintptr_t)image_start, __start_relocation_table, __stop_relocation_table);
	mmu_tables.replace = mmu_replace;
	arch_catch(unmask_serror, NULL, NULL);	/* one that waits is of somebody before us */
	start(&early_boot);
}

void early_start_moved(void)
{
	if (early_tables(early_boot.nest, ARCH_MAP_DATA))
		give_up("not enough page tables to map the nest");
	set_registers();
	mmu_switch(mmu_registers.ttbr, mmu_registers.tcr, mmu_registers.mair, mmu_registers.sctlr);
	mmu_tables.replace = mmu_replace;
	start_moved(&early_boot);
}
