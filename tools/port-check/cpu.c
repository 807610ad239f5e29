/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which of the two architectures the board has, and what its CPU can do about caches: with the
 * same functions that the image uses, where there are such that touch no register.
 */
#include <string.h>
#include "arch/host/sim.h"
#include "arch/riscv64/isa.h"
#include "lib/cpu_tree.h"
#include "tools/port-check/port_check.h"
#include "tools/port-check/words.h"

enum { LIKELY_LINE_BYTES = 64 };

static bool starts(const char *text, const char *with)
{
	return text && !strncmp(text, with, strlen(with));
}

static bool is_cpu(struct dt_node node)
{
	const char *type = dt_string(node, "device_type");

	return (type && !strcmp(type, "cpu")) || starts(dt_name(node), "cpu@");
}

/* A hart without an MMU is a helper, which boots no operating system. */
static bool boots(struct dt_node cpu)
{
	const char *mmu = dt_string(cpu, "mmu-type");

	return dt_enabled(cpu) && !(mmu && !strcmp(mmu, "riscv,none"));
}

static bool is_compatible_below(struct dt_node cpu, const char *with)
{
	const char *compatible;

	for (unsigned i = 0; (compatible = dt_compatible(cpu, i)); i++)
		if (starts(compatible, with))
			return true;
	return false;
}

/* Cores that never had 64 bits (the bindings of CPUs name each). */
static bool is_32bit_arm(struct dt_node cpu)
{
	static const char *const names[] = {
		"arm,cortex-a5", "arm,cortex-a7", "arm,cortex-a8", "arm,cortex-a9",
		"arm,cortex-a12", "arm,cortex-a15", "arm,cortex-a17",
		"arm,arm11", "arm,arm9", "arm,armv7", "qcom,krait",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *compatible = dt_compatible(cpu, 0);
		size_t length = strlen(names[i]);

		/* not "arm,cortex-a53" for "arm,cortex-a5" */
		if (starts(compatible, names[i]) &&
		    !(compatible[length] >= '0' && compatible[length] <= '9'))
			return true;
	}
	return false;
}

static bool is_riscv(struct dt_node cpu)
{
	return dt_property(cpu, "riscv,isa", NULL) || dt_property(cpu, "riscv,isa-base", NULL) ||
		is_compatible_below(cpu, "riscv") || is_compatible_below(cpu, "sifive,") ||
		is_compatible_below(cpu, "thead,");
}

static bool is_arm(struct dt_node cpu)
{
	static const char *const vendors[] = {
		"arm,", "apple,", "nvidia,", "qcom,", "cavium,", "apm,", "brcm,", "marvell,",
		"samsung,", "hisilicon,", "fujitsu,", "ampere,",
	};

	for (unsigned i = 0; i < sizeof(vendors) / sizeof(*vendors); i++)
		if (is_compatible_below(cpu, vendors[i]))
			return true;
	return dt_property(cpu, "enable-method", NULL);
}

/* "rv64i" and "m", "a", "zba" as one word: the older way to say it, which people know. */
static const char *isa_of(struct dt_node cpu)
{
	static char isa[256];
	const char *text = dt_string(cpu, "riscv,isa"), *base = dt_string(cpu, "riscv,isa-base");
	const char *each;

	if (text || !base)
		return text;
	snprintf(isa, sizeof(isa), "%s", base);
	for (unsigned i = 0; (each = dt_string_at(cpu, "riscv,isa-extensions", i)); i++)
		if (each[0] && each[1])
			append(isa, sizeof(isa), "_%s", each);
		else if (!strchr(base, *each))
			append(isa, sizeof(isa), "%s", each);
	return isa;
}

static void riscv_facts(struct cpu_facts *cpu, struct dt_node boot)
{
	struct riscv64_cache_facts cache = riscv64_cache_facts(&cpu_tree);

	cpu->isa = ISA_RISCV64;
	cpu->isa_text = isa_of(boot);
	cpu->mmu = dt_string(boot, "mmu-type");
	cpu->timebase_hz = riscv64_number(&cpu_tree, "timebase-frequency");
	cpu->svpbmt = riscv64_has(&cpu_tree, "svpbmt");
	cpu->zicbom_without_size = riscv64_has(&cpu_tree, "zicbom") && !cache.zicbom_bytes;
	if (cache.zicbom_bytes) {
		cpu->cache_backend = RISCV64_ZICBOM;
		cpu->cache_line_bytes = cache.zicbom_bytes;
	} else if (cache.thead) {
		cpu->cache_backend = RISCV64_THEAD;
		cpu->cache_line_bytes = RISCV64_THEAD_LINE_BYTES;
	}
	if (starts(cpu->isa_text, "rv32"))
		cpu->reason = "its CPU is 32-bit RISC-V; Plinth runs on 64-bit ones";
	else if (!boots(boot))
		cpu->reason = "no CPU that is enabled has an MMU (mmu-type); Plinth runs in "
			      "S-mode, with one";
}

static void arm_facts(struct cpu_facts *cpu, struct dt_node boot)
{
	cpu->isa = ISA_AARCH64;
	cpu->cache_backend = "dc by VA";		/* lines as CTR_EL0 says */
	if (is_32bit_arm(boot))
		cpu->reason = "its CPU is a 32-bit Arm; Plinth runs on 64-bit ones";
}

/* A last-level cache that can be told to write an address back (SiFive's "flush64", and alike). */
static struct dt_node find_cache_controller(struct dt_node parent)
{
	struct dt_node found = { -1 };

	dt_for_each_child(node, parent) {
		if (dt_exists(found) || !dt_enabled(node))
			continue;
		for (unsigned i = 0; dt_compatible(node, i); i++)
			if (strstr(dt_compatible(node, i), "ccache"))
				return node;
		found = find_cache_controller(node);
	}
	return found;
}

void cpu_facts(struct cpu_facts *cpu)
{
	struct dt_node boot = { -1 };

	*cpu = (struct cpu_facts){ .cache_controller = { -1 } };
	dt_for_each_child(node, dt_path("/cpus")) {
		if (!is_cpu(node))
			continue;
		cpu->count += boots(node);
		if (!dt_exists(boot) || (!boots(boot) && boots(node)))
			boot = node;
	}
	if (!dt_exists(boot)) {
		cpu->reason = "it has no /cpus with a CPU in it, so it is no whole board "
			      "(an overlay, or a fragment to include?)";
		return;
	}
	sim.cpu_id = dt_u64(boot, "reg", 0);
	cpu->core = dt_compatible(boot, 0);
	cpu->cache_controller = find_cache_controller(dt_root());
	if (is_riscv(boot))
		riscv_facts(cpu, boot);
	else if (is_arm(boot))
		arm_facts(cpu, boot);
	else
		cpu->reason = "its CPU is neither a RISC-V nor an Arm that port-check knows";

	sim.dma_coherent = cpu->isa == ISA_RISCV64;
	sim.cache_backend = cpu->cache_backend;
	sim.cache_line_bytes = cpu->cache_line_bytes ? cpu->cache_line_bytes : LIKELY_LINE_BYTES;
}
