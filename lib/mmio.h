/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's register window. Carries its size, so a wrong offset is caught, not obeyed. */
#pragma once
#include "arch/arch.h"
#include "lib/assert.h"

struct mmio {
	uintptr_t base;
	size_t size;
};

/*
 * Map a device's registers for use. 0; -EINVAL: no bytes, or beyond the end of the address space;
 * -ENXIO: the address cannot be reached. @owner, a string that stays, is for mmio_owner.
 */
int mmio_map(struct mmio *m, u64 physical, u64 bytes, const char *owner);

/* Whose registers a mapped address belongs to, and how far in; NULL: nobody's we know of. */
const char *mmio_owner(u64 address, u64 *offset);

static inline uintptr_t mmio_at(struct mmio m, size_t offset, size_t width)
{
	if (__builtin_expect(arch_turn_hook != NULL, 0))
		arch_turn_hook();
	assert(offset % width == 0 && offset < m.size && width <= m.size - offset);
	return m.base + offset;
}

#define MMIO_ACCESSORS(bits) \
	static inline u##bits mmio_read##bits(struct mmio m, size_t offset) \
	{ \
		return arch_mmio_read##bits(mmio_at(m, offset, bits / 8)); \
	} \
	static inline void mmio_write##bits(struct mmio m, size_t offset, u##bits value) \
	{ \
		arch_mmio_write##bits(mmio_at(m, offset, bits / 8), value); \
	}
MMIO_ACCESSORS(8)
MMIO_ACCESSORS(16)
MMIO_ACCESSORS(32)
MMIO_ACCESSORS(64)
#undef MMIO_ACCESSORS

/* Low word first, as both the NVMe and the virtio register files ask. */
static inline void mmio_write64_split(struct mmio m, size_t offset, u64 value)
{
	mmio_write32(m, offset, (u32)value);
	mmio_write32(m, offset + 4, (u32)(value >> 32));
}
