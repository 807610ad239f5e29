/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arch/aarch64/psci.h"
#include "arch/aarch64/registers.h"

enum {
	PSCI_VERSION = 0x84000000,
	PSCI_SYSTEM_OFF = 0x84000008,
	PSCI_SYSTEM_RESET = 0x84000009,

	PSCI_NOT_SUPPORTED = -1,
};

static enum { NONE, HVC, SMC } conduit;
static char text[32];

struct call {
	u32 function;
	u64 result;
};

/* SMC Calling Convention 1.0: x4 to x17 may come back changed. */
#define CALL(instruction, function) ({							\
	register u64 x0 __asm__("x0") = (function);					\
	register u64 x1 __asm__("x1") = 0;						\
	register u64 x2 __asm__("x2") = 0;						\
	register u64 x3 __asm__("x3") = 0;						\
	__asm__ volatile(instruction " #0"						\
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : :			\
			 "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",	\
			 "x13", "x14", "x15", "x16", "x17", "memory");			\
	x0;										\
})

static void call_now(void *argument)
{
	struct call *c = argument;

	c->result = conduit == HVC ? CALL("hvc", c->function) : CALL("smc", c->function);
}

/* If the tree names the wrong way, the instruction is undefined, or an hvc to ourselves: caught. */
static int psci_call(u32 function, s32 *result)
{
	struct call c = { .function = function };

	if (conduit == NONE || arch_catch(call_now, &c, NULL))
		return -ENOTSUP;
	*result = (s32)c.result;
	return 0;
}

/* Before 0.2 a call's number was anyone's choice, and there was no reset: not supported. */
void psci_find(const struct arch_tree *tree)
{
	static const char *const compatibles[] = { "arm,psci-1.0", "arm,psci-0.2" };
	const char *method = NULL;
	u32 bytes = 0;
	s32 version;

	for (unsigned i = 0; i < 2 && !method; i++)
		method = tree->compatible_property(compatibles[i], "method", &bytes);
	if (method && bytes == sizeof("hvc") && !memcmp(method, "hvc", sizeof("hvc")))
		conduit = HVC;
	else if (method && bytes == sizeof("smc") && !memcmp(method, "smc", sizeof("smc")))
		conduit = SMC;
	if (psci_call(PSCI_VERSION, &version) || version == PSCI_NOT_SUPPORTED) {
		conduit = NONE;
		return;
	}
	snprintf(text, sizeof(text), "PSCI %u.%u (%s)", (unsigned)version >> 16,
		 (unsigned)version & 0xffff, conduit == HVC ? "hvc" : "smc");
}

const char *psci_describe(void)
{
	return conduit == NONE ? NULL : text;
}

/* Neither call returns when it works. */
static int leave_by(u32 function)
{
	s32 result;
	int error = psci_call(function, &result);

	if (error)
		return error;
	return result == PSCI_NOT_SUPPORTED ? -ENOTSUP : -EIO;
}

int arch_reset(void)
{
	return leave_by(PSCI_SYSTEM_RESET);
}

int arch_power_off(void)
{
	return leave_by(PSCI_SYSTEM_OFF);
}

const struct arch_console *arch_firmware_console(void)
{
	return NULL;
}
