/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading how a device tree describes a hart's extensions. Pure: builds anywhere. */
#pragma once
#include "arch/arch.h"

/* "rv64imafdch_zicbom_svpbmt1p0" has "zicbom" and "svpbmt", "c" but not "zicb" or "s". */
bool riscv64_isa_string_has(const char *isa, u32 bytes, const char *name);

/* A list of strings, each terminated (DT 2.2.4): riscv,isa-extensions. */
bool riscv64_string_list_has(const char *list, u32 bytes, const char *name);

/* The boot hart has it: riscv,isa-extensions, the newer way to say it, goes before riscv,isa. */
bool riscv64_has(const struct arch_tree *tree, const char *extension);

/* A property of one cell or two; 0: none. */
u64 riscv64_number(const struct arch_tree *tree, const char *property);

/* Cache operations that the tree promises, to be tried in this order. */
struct riscv64_cache_facts {
	u32 zicbom_bytes;	/* of a block, a power of two up to a page; 0: no Zicbom */
	bool thead;		/* XTheadCmo */
};
#define RISCV64_ZICBOM	"Zicbom"
#define RISCV64_THEAD	"T-Head CMO"
enum { RISCV64_THEAD_LINE_BYTES = 64 };
struct riscv64_cache_facts riscv64_cache_facts(const struct arch_tree *tree);
