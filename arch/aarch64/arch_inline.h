/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inline half of arch.h for AArch64. Accesses are single loads and stores without write-back,
 * the only kind a hypervisor can decode from the syndrome (Arm ARM, D17.2.37, ISV).
 */
#pragma once

#define ARCH_MMIO(bits, suffix, width) \
	static inline u##bits arch_mmio_read##bits(uintptr_t addr) \
	{ \
		u##bits value; \
		__asm__ volatile("ldr" suffix " %" width "0, [%1]\n\tdmb oshld" \
				 : "=r"(value) : "r"(addr) : "memory"); \
		return value; \
	} \
	static inline void arch_mmio_write##bits(uintptr_t addr, u##bits value) \
	{ \
		__asm__ volatile("dmb osh\n\tstr" suffix " %" width "0, [%1]" \
				 : : "rZ"(value), "r"(addr) : "memory"); \
	}
ARCH_MMIO(8, "b", "w")
ARCH_MMIO(16, "h", "w")
ARCH_MMIO(32, "", "w")
ARCH_MMIO(64, "", "x")
#undef ARCH_MMIO

static inline void arch_dma_wmb(void)
{
	__asm__ volatile("dmb oshst" ::: "memory");
}

static inline void arch_dma_rmb(void)
{
	__asm__ volatile("dmb oshld" ::: "memory");
}

static inline void arch_dma_mb(void)
{
	__asm__ volatile("dmb osh" ::: "memory");
}

static inline u64 arch_ticks(void)
{
	u64 ticks;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}

static inline void arch_relax(void)
{
	if (arch_turn_hook)
		arch_turn_hook();
	/*
	 * No "yield": it means something to cores with several threads alone, which are not where
	 * this runs; and QEMU takes its big lock for it, which a device's model is waiting for.
	 * What is there instead does nothing, and is known to tests/bench/boot.py.
	 */
	__asm__ volatile("mov xzr, xzr" ::: "memory");
}
