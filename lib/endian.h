/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Little-endian values in structures that devices and disks share with us: a plain assignment does
 * not compile. Every CPU we run on is little-endian itself (arch/ refuses others).
 */
#pragma once
#include "arch/types.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "le16_get and the others are no-ops");

typedef struct { u16 raw; } le16;
typedef struct { u32 raw; } le32;
typedef struct { u64 raw; } le64;

static inline le16 le16_put(u16 v) { return (le16){ v }; }
static inline le32 le32_put(u32 v) { return (le32){ v }; }
static inline le64 le64_put(u64 v) { return (le64){ v }; }
static inline u16 le16_get(le16 v) { return v.raw; }
static inline u32 le32_get(le32 v) { return v.raw; }
static inline u64 le64_get(le64 v) { return v.raw; }

/* The same at any place in a run of bytes. */
#define LE_ACCESS(bits) \
	static inline u##bits load_le##bits(const void *from) \
	{ \
		u##bits value; \
		__builtin_memcpy(&value, from, sizeof(value)); \
		return value; \
	} \
	static inline void store_le##bits(void *to, u##bits value) \
	{ \
		__builtin_memcpy(to, &value, sizeof(value)); \
	}
LE_ACCESS(16)
LE_ACCESS(32)
LE_ACCESS(64)
#undef LE_ACCESS
