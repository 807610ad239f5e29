/* SPDX-License-Identifier: BSD-2-Clause */
/* The inline half of arch.h on a host: MMIO goes to simulated devices, time to a stepped clock. */
#pragma once

u64 sim_mmio_read(uintptr_t addr, unsigned width);
void sim_mmio_write(uintptr_t addr, unsigned width, u64 value);
u64 sim_ticks(void);
void sim_relax(void);

enum sim_barrier { SIM_WMB, SIM_RMB, SIM_MB };
void sim_barrier(enum sim_barrier kind);

#define ARCH_MMIO(bits) \
	static inline u##bits arch_mmio_read##bits(uintptr_t addr) \
	{ \
		return (u##bits)sim_mmio_read(addr, bits / 8); \
	} \
	static inline void arch_mmio_write##bits(uintptr_t addr, u##bits value) \
	{ \
		sim_mmio_write(addr, bits / 8, value); \
	}
ARCH_MMIO(8)
ARCH_MMIO(16)
ARCH_MMIO(32)
ARCH_MMIO(64)
#undef ARCH_MMIO

static inline void arch_dma_wmb(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
	sim_barrier(SIM_WMB);
}

static inline void arch_dma_rmb(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	sim_barrier(SIM_RMB);
}

static inline void arch_dma_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	sim_barrier(SIM_MB);
}

static inline u64 arch_ticks(void)
{
	return sim_ticks();
}

static inline void arch_relax(void)
{
	if (arch_turn_hook)
		arch_turn_hook();
	sim_relax();
}
