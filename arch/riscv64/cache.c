/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Data cache operations: standard (Zicbom), T-Head's (XTheadCmo), or none. A hart that lacks them
 * traps on the instruction, and so does one whose firmware does not allow them (menvcfg.CBCFE,
 * th.mxstatus), so they are used only where the tree promises them and after they worked once.
 */
#include "arch/arch.h"
#include "arch/cache_lines.h"
#include "cache.h"

enum { LINE_UNKNOWN = 64 };

struct backend {
	const char *name;
	void (*clean)(uintptr_t start, size_t bytes);
	void (*invalidate)(uintptr_t start, size_t bytes);
	void (*flush)(uintptr_t start, size_t bytes);
};

static const struct backend *backend;
static size_t line_bytes;

/* The operations are complete, and ordered against all else, after the fence: on return. */
#define LINES(name, instruction, completion)					\
	static void name(uintptr_t start, size_t bytes)				\
	{									\
		cache_lines_for_each(line, start, bytes, line_bytes)		\
			__asm__ volatile(instruction : : "r"(line.at) : "memory");	\
		__asm__ volatile(completion "fence iorw, iorw" : : : "memory");	\
	}

LINES(zicbom_invalidate, ".insn i 0x0f, 2, x0, %0, 0", "")	/* cbo.inval (CMO 2.6) */
LINES(zicbom_clean, ".insn i 0x0f, 2, x0, %0, 1", "")		/* cbo.clean */
LINES(zicbom_flush, ".insn i 0x0f, 2, x0, %0, 2", "")		/* cbo.flush */

static const struct backend zicbom = {
	RISCV64_ZICBOM, zicbom_clean, zicbom_invalidate, zicbom_flush,
};

#define THEAD_SYNC ".insn r 0x0b, 0, 0, x0, x0, x25\n\t"	/* th.sync.s: until all is done */

LINES(thead_clean, ".insn r 0x0b, 0, 1, x0, %0, x5", THEAD_SYNC)	/* th.dcache.cva */
LINES(thead_invalidate, ".insn r 0x0b, 0, 1, x0, %0, x6", THEAD_SYNC)	/* th.dcache.iva */
LINES(thead_flush, ".insn r 0x0b, 0, 1, x0, %0, x7", THEAD_SYNC)	/* th.dcache.civa */

static const struct backend thead = {
	RISCV64_THEAD, thead_clean, thead_invalidate, thead_flush,
};

static u8 sample[ARCH_PAGE_BYTES] __attribute__((aligned(ARCH_PAGE_BYTES)));

static void try_all(void *which)
{
	const struct backend *candidate = which;

	candidate->clean((uintptr_t)sample, sizeof(sample));
	candidate->flush((uintptr_t)sample, sizeof(sample));
	candidate->invalidate((uintptr_t)sample, sizeof(sample));
}

static void choose(const struct backend *candidate, size_t line)
{
	line_bytes = line;
	if (arch_catch(try_all, (void *)candidate, NULL))
		line_bytes = 0;
	else
		backend = candidate;
}

void cache_choose(struct riscv64_cache_facts promised)
{
	backend = NULL;
	line_bytes = 0;
	if (promised.zicbom_bytes)
		choose(&zicbom, promised.zicbom_bytes);
	if (!backend && promised.thead)
		choose(&thead, RISCV64_THEAD_LINE_BYTES);
}

/* Only what says "dma-noncoherent" is not. */
bool arch_dma_coherent(void)
{
	return true;
}

const char *arch_cache_backend(void)
{
	return backend ? backend->name : NULL;
}

size_t arch_cache_line_bytes(void)
{
	return line_bytes ? line_bytes : LINE_UNKNOWN;
}

void arch_cache_clean(const void *start, size_t bytes)
{
	if (backend)
		backend->clean((uintptr_t)start, bytes);
}

void arch_cache_invalidate(void *start, size_t bytes)
{
	if (((uintptr_t)start | bytes) % arch_cache_line_bytes())
		__builtin_trap();	/* what shares a line with it would be lost */
	if (backend)
		backend->invalidate((uintptr_t)start, bytes);
}

void arch_cache_flush(const void *start, size_t bytes)
{
	if (backend)
		backend->flush((uintptr_t)start, bytes);
}

void arch_cache_sync_code(const void *start, size_t bytes)
{
	(void)start, (void)bytes;	/* fence.i is about all memory, and this hart alone */
	__asm__ volatile("fence.i" : : : "memory");
}
