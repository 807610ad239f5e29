/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware below us: who it is, its consoles, reset and power off. */
#include <errno.h>
#include <stdio.h>
#include "arch/arch.h"
#include "csr.h"
#include "mmu.h"
#include "sbi.h"

/* SBI 4, table 4: implementation ids. */
static const char *const implementations[] = {
	"BBL", "OpenSBI", "Xvisor", "KVM", "RustSBI", "Diosix", "Coffer", "Xen", "PolarFire HSS",
	"coreboot", "oreboot", "bhyve",
};
enum { IMPL_OPENSBI = 1, IMPL_KVM = 3, IMPL_COUNT = sizeof(implementations) / sizeof(char *) };

const char *arch_cpu_mode(void)
{
	static char mode[96];
	u64 spec = sbi_base(SBI_BASE_SPEC_VERSION), id = sbi_base(SBI_BASE_IMPL_ID);
	u32 version = sbi_base(SBI_BASE_IMPL_VERSION);
	char by[40];

	if (!spec)
		return "S-mode under firmware with SBI 0.1";
	if (id == IMPL_OPENSBI)
		snprintf(by, sizeof(by), "OpenSBI %u.%u", version >> 16, version & 0xffff);
	else if (id == IMPL_KVM)
		snprintf(by, sizeof(by), "KVM %u.%u.%u", version >> 16, version >> 8 & 0xff,
			 version & 0xff);
	else if (id < IMPL_COUNT)
		snprintf(by, sizeof(by), "%s 0x%x", implementations[id], version);
	else
		snprintf(by, sizeof(by), "SBI implementation %llu", (unsigned long long)id);
	snprintf(mode, sizeof(mode), "S-mode under %s, SBI %u.%u, %s", by,
		 (unsigned)(spec >> 24 & 0x7f), (unsigned)(spec & 0xffffff), mmu_mode());
	return mode;
}

static int debug_console_read(void)
{
	u8 byte;
	struct sbi_result result = sbi_call(SBI_DEBUG_CONSOLE, SBI_CONSOLE_READ, 1,
					    (uintptr_t)&byte, 0);

	return !result.error && result.value == 1 ? byte : -EAGAIN;
}

static int legacy_read(void)
{
	s64 byte = sbi_call(SBI_LEGACY_GETCHAR, 0, 0, 0, 0).error;

	return byte >= 0 && byte <= 0xff ? (int)byte : -EAGAIN;
}

/* SBI 0.1 cannot be asked what it has, and has nothing but the legacy calls. */
const struct arch_console *arch_firmware_console(void)
{
	static const struct arch_console debug_console = {
		"SBI debug console", sbi_debug_console_write, debug_console_read,
	};
	static const struct arch_console legacy = {
		"SBI legacy console", sbi_legacy_write, legacy_read,
	};

	if (sbi_probe(SBI_DEBUG_CONSOLE))
		return &debug_console;
	if (!sbi_base(SBI_BASE_SPEC_VERSION) || sbi_probe(SBI_LEGACY_PUTCHAR))
		return &legacy;
	return NULL;
}

static int to_errno(s64 sbi_error)
{
	switch (sbi_error) {
	case -2:
		return -ENOTSUP;
	case -3:
		return -EINVAL;
	case -4:
		return -EPERM;
	default:
		return -EIO;
	}
}

static int system_reset(enum sbi_reset_type type)
{
	if (!sbi_probe(SBI_SYSTEM_RESET))
		return -ENOTSUP;
	return to_errno(sbi_call(SBI_SYSTEM_RESET, SBI_RESET_SYSTEM, type, 0, 0).error);
}

int arch_reset(void)
{
	return system_reset(SBI_COLD_REBOOT);
}

int arch_power_off(void)
{
	int error = system_reset(SBI_SHUTDOWN);

	if (error == -ENOTSUP)
		sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0);
	return error;
}
