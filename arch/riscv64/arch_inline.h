/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inline half of arch.h for RISC-V. Accesses are single plain loads and stores, which every
 * hypervisor can decode; fences are those of "RVWMO and I/O", unprivileged ISA, 2.7.
 */
#pragma once

#define ARCH_MMIO(bits, load, store) \
	static inline u##bits arch_mmio_read##bits(uintptr_t addr) \
	{ \
		u##bits value; \
		__asm__ volatile(load " %0, 0(%1)\n\tfence i, ir" \
				 : "=r"(value) : "r"(addr) : "memory"); \
		return value; \
	} \
	static inline void arch_mmio_write##bits(uintptr_t addr, u##bits value) \
	{ \
		__asm__ volatile("fence rw, o\n\t" store " %0, 0(%1)" \
				 : : "r"(value), "r"(addr) : "memory"); \
	}
ARCH_MMIO(8, "lbu", "sb")
ARCH_MMIO(16, "lhu", "sh")
ARCH_MMIO(32, "lw", "sw")
ARCH_MMIO(64, "ld", "sd")
#undef ARCH_MMIO

static inline void arch_dma_wmb(void)
{
	__asm__ volatile("fence w, w" ::: "memory");
}

static inline void arch_dma_rmb(void)
{
	__asm__ volatile("fence r, rw" ::: "memory");
}

static inline void arch_dma_mb(void)
{
	__asm__ volatile("fence iorw, iorw" ::: "memory");
}

static inline u64 arch_ticks(void)
{
	u64 ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}

static inline void arch_relax(void)
{
	if (arch_turn_hook)
		arch_turn_hook();
	/* a hint without a meaning (unprivileged ISA, 2.9), known to tests/bench/boot.py */
	__asm__ volatile("slti zero, zero, 0" ::: "memory");
}
