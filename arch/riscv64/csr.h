/* SPDX-License-Identifier: BSD-2-Clause */
/* Supervisor registers, by the names of the privileged specification ("Priv" below, 1.12). */
#pragma once

#define SSTATUS_SIE		(1 << 1)	/* interrupts are taken */
#define SSTATUS_VS		(3 << 9)	/* vector unit on */
#define SSTATUS_FS		(3 << 13)	/* floating point on */
#define SSTATUS_SUM		(1 << 18)	/* S-mode may access pages of U-mode */
#define SSTATUS_MXR		(1 << 19)	/* loads may read execute-only pages */

#define SATP_MODE_SHIFT		60
#define SATP_MODE(levels)	((levels) + 5)	/* Sv39: 8, Sv48: 9, Sv57: 10 (Priv 4.1.11) */

#ifndef __ASSEMBLY__
#include "arch/types.h"

#define csr_read(name) ({						\
	u64 value_;							\
	__asm__ volatile("csrr %0, " #name : "=r"(value_) : : "memory");	\
	value_;								\
})
#define csr_write(name, value) \
	__asm__ volatile("csrw " #name ", %0" : : "rK"((u64)(value)) : "memory")
#define csr_clear(name, bits) \
	__asm__ volatile("csrc " #name ", %0" : : "rK"((u64)(bits)) : "memory")

static inline void sfence_vma(void)
{
	__asm__ volatile("sfence.vma" : : : "memory");
}
#endif
