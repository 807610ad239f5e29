/* SPDX-License-Identifier: BSD-2-Clause */
/* The CRC of GPT (UEFI 2.10, 5.3.2), gzip (RFC 1952, 8) and Ethernet: polynomial 0x04c11db7. */
#pragma once
#include "arch/types.h"

/* Of @bytes more behind those of which @crc is that so far; at first 0. */
u32 crc32_add(u32 crc, const void *data, size_t bytes);
