/* SPDX-License-Identifier: BSD-2-Clause */
/* Caches by virtual address: every CPU of this architecture has the instructions. */
#include "arch/aarch64/registers.h"
#include "arch/arch.h"
#include "arch/cache_lines.h"

/* CTR_EL0 (Arm ARM, D19.2.34): sizes are log2 of 4-byte words. */
static size_t data_line_bytes(void)
{
	return 4u << (REGISTER_READ(ctr_el0) >> 16 & 15);
}

static size_t code_line_bytes(void)
{
	return 4u << (REGISTER_READ(ctr_el0) & 15);
}

/* The binding of "dma-coherent": without it, no. */
bool arch_dma_coherent(void)
{
	return false;
}

const char *arch_cache_backend(void)
{
	return "dc by VA";
}

/* The write-back granule covers caches behind those that DminLine speaks of. 0: not said. */
size_t arch_cache_line_bytes(void)
{
	unsigned granule = REGISTER_READ(ctr_el0) >> 24 & 15;
	size_t bytes = granule ? 4u << granule : 128;

	return bytes > data_line_bytes() ? bytes : data_line_bytes();
}

/* The size is read once: a hypervisor may trap that. */
#define DATA_CACHE(instruction, start, bytes) do {					\
	size_t line_bytes = data_line_bytes();						\
											\
	cache_lines_for_each(line, (uintptr_t)(start), bytes, line_bytes)		\
		__asm__ volatile("dc " instruction ", %0" : : "r"(line.at) : "memory");	\
	__asm__ volatile("dsb sy" : : : "memory");					\
} while (0)

void arch_cache_clean(const void *start, size_t bytes)
{
	DATA_CACHE("cvac", start, bytes);
}

void arch_cache_invalidate(void *start, size_t bytes)
{
	if (((uintptr_t)start | bytes) % data_line_bytes())
		__builtin_trap();	/* somebody's bug: what shares the line would be lost */
	DATA_CACHE("ivac", start, bytes);
}

void arch_cache_flush(const void *start, size_t bytes)
{
	DATA_CACHE("civac", start, bytes);
}

void arch_cache_sync_code(const void *start, size_t bytes)
{
	enum { IDC = 1 << 28, DIC = 1 << 29 };	/* cleaning, invalidating is not needed */
	u64 ctr = REGISTER_READ(ctr_el0);

	if (!(ctr & IDC))
		DATA_CACHE("cvau", start, bytes);
	__asm__ volatile("dsb ish" : : : "memory");
	if (!(ctr & DIC)) {
		size_t line_bytes = code_line_bytes();

		cache_lines_for_each(line, (uintptr_t)start, bytes, line_bytes)
			__asm__ volatile("ic ivau, %0" : : "r"(line.at) : "memory");
		__asm__ volatile("dsb ish" : : : "memory");
	}
	__asm__ volatile("isb" : : : "memory");
}
