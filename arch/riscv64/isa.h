/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading how a device tree describes a hart's extensions. Pure: builds anywhere. */
#pragma once
#include "arch/types.h"

/* "rv64imafdch_zicbom_svpbmt1p0" has "zicbom" and "svpbmt", "c" but not "zicb" or "s". */
bool riscv64_isa_string_has(const char *isa, u32 bytes, const char *name);

/* A list of strings, each terminated (DT 2.2.4): riscv,isa-extensions. */
bool riscv64_string_list_has(const char *list, u32 bytes, const char *name);
