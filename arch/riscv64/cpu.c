/* SPDX-License-Identifier: BSD-2-Clause */
/* What the device tree and the firmware say about the boot hart, and the clock. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "arch/arch.h"
#include "cache.h"
#include "cpu.h"
#include "isa.h"
#include "mmu.h"

const char *const arch_boot_cpu_property = "boot-hartid";
u64 cpu_boot_hart;
static bool has_seed;
static u64 ticks_per_second;
static char name[96];

/* The core, where it has a name, and its base ISA: the extensions behind that would fill lines. */
static void describe_name(const struct arch_tree *tree)
{
	u32 compatible_bytes = 0, isa_bytes, length;
	const char *compatible = tree->cpu_property("compatible", &compatible_bytes);
	const char *isa = tree->cpu_property("riscv,isa", &isa_bytes);
	bool named = compatible_bytes && strncmp(compatible, "riscv", compatible_bytes);

	if (!isa)
		isa = tree->cpu_property("riscv,isa-base", &isa_bytes);
	if (!isa)
		isa = "rv64", isa_bytes = 4;
	for (length = 0; length < isa_bytes && isa[length] && isa[length] != '_'; length++)
		;
	snprintf(name, sizeof(name), "%.*s%s%.*s%s", named ? (int)compatible_bytes : 0, compatible,
		 named ? ", " : "", (int)length, isa,
		 length < isa_bytes && isa[length] == '_' ? "_..." : "");
}

/*
 * The CSR "seed" (Scalar cryptography 1.0, 4.1) gives 16 bits at a time; until it has some more, it
 * says to wait, or that it tests itself.
 */
static bool read_seed(u64 *value)
{
	enum { OPST_SHIFT = 30, OPST_ES16 = 2, OPST_DEAD = 3, TRIES = 200 };
	unsigned bits = 0;

	for (unsigned i = 0; i < TRIES && bits < 64; i++) {
		u64 seed, status;

		__asm__ volatile("csrrw %0, 0x015, x0" : "=r"(seed) : : "memory");
		status = seed >> OPST_SHIFT & 3;
		if (status == OPST_DEAD)
			return false;
		if (status == OPST_ES16) {
			*value = *value << 16 | (seed & 0xffff);
			bits += 16;
		}
	}
	return bits == 64;
}

static void try_seed(void *value)
{
	read_seed(value);
}

bool arch_random(u64 *value)
{
	return has_seed && read_seed(value);
}

int arch_describe(const struct arch_tree *tree)
{
	u64 unused;

	describe_name(tree);
	cache_choose(riscv64_cache_facts(tree));
	if (riscv64_has(tree, "svpbmt"))
		mmu_try_svpbmt();
	/* It traps where firmware does not let us have it (mseccfg.SSEED). */
	has_seed = riscv64_has(tree, "zkr") && !arch_catch(try_seed, &unused, NULL);
	ticks_per_second = riscv64_number(tree, "timebase-frequency");
	return ticks_per_second ? 0 : -ENOENT;
}

const char *arch_cpu_name(void)
{
	return name;
}

u64 arch_cpu_id(void)
{
	return cpu_boot_hart;
}

u64 arch_ticks_per_second(void)
{
	return ticks_per_second;
}
