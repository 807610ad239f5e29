/* SPDX-License-Identifier: BSD-2-Clause */
/* arch_early_write for those who have a string, or a number. */
#pragma once
#include "arch/types.h"

void early_text(const char *text);
void early_hex(u64 value);		/* 0x and 16 digits */
