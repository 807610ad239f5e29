/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the decoders of the Linux tree want of the kernel's headers; the Makefile makes a header of
 * each name that includes this one. For them only.
 */
#pragma once
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "arch/types.h"
#include "boot/decode/decode.h"

typedef uint8_t __u8;
typedef uint16_t __le16;
typedef uint32_t __le32, __u32;
typedef uint64_t __le64;

/* Some C libraries have these, too. */
#undef __always_inline
#undef __packed
#undef noinline
#define __always_inline		inline __attribute__((always_inline))
#define __packed		__attribute__((packed))
#define noinline		__attribute__((noinline))
#define __maybe_unused		__attribute__((unused))
#define fallthrough		__attribute__((fallthrough))
#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)
#define min_t(type, a, b)	((type)(a) < (type)(b) ? (type)(a) : (type)(b))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define BUILD_BUG_ON(condition)	_Static_assert(!(condition), "of the Linux tree")
#define swab32			__builtin_bswap32
#define swab64			__builtin_bswap64

#ifndef __LITTLE_ENDIAN
#define __LITTLE_ENDIAN		1234
#endif
#define __ffs(x)		__builtin_ctzl(x)
#define CONFIG_64BIT		1
#define CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS	0	/* one access to zlib's tables is */
#define IS_ENABLED(option)	(option)
#define EXPORT_SYMBOL(name)	struct nothing_to_export
#define EXPORT_SYMBOL_GPL(name)	struct nothing_to_export
#define MODULE_LICENSE(text)	struct nothing_to_export
#define MODULE_DESCRIPTION(text) struct nothing_to_export

#define get_unaligned(p) ({ \
	struct { typeof(*(p)) value; } __attribute__((packed)) const *at_ = (const void *)(p); \
	at_->value; \
})
#define put_unaligned(x, p) do { \
	struct { typeof(*(p)) value; } __attribute__((packed)) *at_ = (void *)(p); \
	at_->value = (x); \
} while (0)

#define LITTLE_ENDIAN_AT(bits) \
	static inline u##bits get_unaligned_le##bits(const void *p) \
	{ \
		return get_unaligned((const u##bits *)p); \
	} \
	static inline void put_unaligned_le##bits(u##bits value, void *p) \
	{ \
		put_unaligned(value, (u##bits *)p); \
	}
LITTLE_ENDIAN_AT(16)
LITTLE_ENDIAN_AT(32)
LITTLE_ENDIAN_AT(64)
#undef LITTLE_ENDIAN_AT

static inline u32 get_unaligned_be32(const void *p)
{
	return swab32(get_unaligned_le32(p));
}

static inline u64 get_unaligned_be64(const void *p)
{
	return swab64(get_unaligned_le64(p));
}

#define le16_to_cpu(x)		(x)
#define le32_to_cpup(p)		get_unaligned_le32(p)

/* xz */
#define XZ_DEC_DYNALLOC
#define XZ_DEC_ANY_CHECK
#define GFP_KERNEL		0
#define kmalloc(bytes, flags)	decode_take(bytes)
#define kfree(memory)		decode_give_back(memory)
#define vmalloc(bytes)		decode_take(bytes)
#define vfree(memory)		decode_give_back(memory)
#define memeq(a, b, bytes)	(!memcmp(a, b, bytes))
#define memzero(memory, bytes)	memset(memory, 0, bytes)
#define get_le32(p)		get_unaligned_le32(p)
