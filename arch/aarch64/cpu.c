/* SPDX-License-Identifier: BSD-2-Clause */
/* What the CPU's own registers and its node in the tree say. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arch/aarch64/psci.h"
#include "arch/aarch64/registers.h"
#include "arch/arch.h"

enum {
	IMPLEMENTER_ARM = 0x41,
	LIKELY_TICKS_PER_SECOND = 24000000,	/* until, or where, nobody says better */
};

static const struct {
	u16 part;
	const char *name;
} arm_cores[] = {
	{ 0xd02, "Cortex-A34" }, { 0xd03, "Cortex-A53" }, { 0xd04, "Cortex-A35" },
	{ 0xd05, "Cortex-A55" }, { 0xd06, "Cortex-A65" }, { 0xd07, "Cortex-A57" },
	{ 0xd08, "Cortex-A72" }, { 0xd09, "Cortex-A73" }, { 0xd0a, "Cortex-A75" },
	{ 0xd0b, "Cortex-A76" }, { 0xd0c, "Neoverse-N1" }, { 0xd0d, "Cortex-A77" },
	{ 0xd0e, "Cortex-A76AE" }, { 0xd40, "Neoverse-V1" }, { 0xd41, "Cortex-A78" },
	{ 0xd42, "Cortex-A78AE" }, { 0xd43, "Cortex-A65AE" }, { 0xd44, "Cortex-X1" },
	{ 0xd46, "Cortex-A510" }, { 0xd47, "Cortex-A710" }, { 0xd48, "Cortex-X2" },
	{ 0xd49, "Neoverse-N2" }, { 0xd4a, "Neoverse-E1" }, { 0xd4b, "Cortex-A78C" },
	{ 0xd4c, "Cortex-X1C" }, { 0xd4d, "Cortex-A715" }, { 0xd4e, "Cortex-X3" },
	{ 0xd4f, "Neoverse-V2" }, { 0xd80, "Cortex-A520" }, { 0xd81, "Cortex-A720" },
	{ 0xd82, "Cortex-X4" }, { 0xd84, "Neoverse-V3" }, { 0xd85, "Cortex-X925" },
	{ 0xd87, "Cortex-A725" }, { 0xd8e, "Neoverse-N3" },
};

static u64 ticks_per_second;
static char cpu_name[64];
static char cpu_mode[48];

static void describe_name(const struct arch_tree *tree)
{
	u64 midr = REGISTER_READ(midr_el1);
	unsigned implementer = midr >> 24 & 0xff, part = midr >> 4 & 0xfff;
	unsigned variant = midr >> 20 & 15, revision = midr & 15;
	u32 bytes;
	const char *compatible = tree->cpu_property("compatible", &bytes);

	for (size_t i = 0; i < sizeof(arm_cores) / sizeof(arm_cores[0]); i++) {
		if (implementer != IMPLEMENTER_ARM || part != arm_cores[i].part)
			continue;
		snprintf(cpu_name, sizeof(cpu_name), "%s r%up%u", arm_cores[i].name, variant,
			 revision);
		return;
	}
	if (implementer == 0)	/* reserved for software: what the tree says is made up too */
		snprintf(cpu_name, sizeof(cpu_name), "emulated, part 0x%03x r%up%u", part, variant,
			 revision);
	else if (compatible && bytes && strncmp(compatible, "arm,armv8", bytes))
		snprintf(cpu_name, sizeof(cpu_name), "%.*s r%up%u", (int)bytes, compatible, variant,
			 revision);
	else
		snprintf(cpu_name, sizeof(cpu_name), "implementer 0x%02x part 0x%03x r%up%u",
			 implementer, part, variant, revision);
}

static u32 be32(const void *cell)
{
	const u8 *byte = cell;

	return (u32)byte[0] << 24 | byte[1] << 16 | byte[2] << 8 | byte[3];
}

/* Firmware ought to set CNTFRQ; where it forgot, the timer's node says it. */
static void describe_timer(const struct arch_tree *tree)
{
	u32 bytes;
	const void *cell;

	ticks_per_second = REGISTER_READ(cntfrq_el0) & 0xffffffff;
	if (ticks_per_second)
		return;
	cell = tree->compatible_property("arm,armv8-timer", "clock-frequency", &bytes);
	if (cell && bytes == 4)
		ticks_per_second = be32(cell);
}

int arch_describe(const struct arch_tree *tree)
{
	const char *level = at_el2() ? "EL2" : "EL1";
	const char *psci;

	describe_name(tree);
	describe_timer(tree);
	psci_find(tree);
	psci = psci_describe();
	snprintf(cpu_mode, sizeof(cpu_mode), "%s, %s", level, psci ? psci : "no PSCI");
	return ticks_per_second ? 0 : -ENOENT;
}

const char *arch_cpu_name(void)
{
	return cpu_name;
}

const char *arch_cpu_mode(void)
{
	return cpu_mode;
}

u64 arch_cpu_id(void)
{
	return cpu_affinity();
}

const char *const arch_boot_cpu_property;

/* RNDR (Arm ARM, C5.2.23) clears Z with a number, and sets it if none came in reasonable time. */
bool arch_random(u64 *value)
{
	enum { TRIES = 10, ISAR0_RNDR_SHIFT = 60 };
	bool got = false;

	if (!(REGISTER_READ(id_aa64isar0_el1) >> ISAR0_RNDR_SHIFT))
		return false;
	for (unsigned i = 0; i < TRIES && !got; i++)
		__asm__ volatile("mrs %0, s3_3_c2_c4_0\n\tcset %w1, ne"
				 : "=r"(*value), "=r"(got) : : "cc");
	return got;
}

u64 arch_ticks_per_second(void)
{
	u64 register_says = REGISTER_READ(cntfrq_el0) & 0xffffffff;

	if (ticks_per_second)
		return ticks_per_second;
	return register_says ? register_says : LIKELY_TICKS_PER_SECOND;
}

void arch_stop(void)
{
	__asm__ volatile("msr daifset, #0xf" : : : "memory");
	for (;;)
		__asm__ volatile("wfi" : : : "memory");
}
