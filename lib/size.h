/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of bytes, for people. */
#pragma once
#include "arch/types.h"

/* "126 MiB", "1.5 GiB", "100 bytes": rounded down. */
enum { SIZE_TEXT_BYTES = 24 };
const char *size_text(u64 bytes, char to[static SIZE_TEXT_BYTES]);
