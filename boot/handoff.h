/* SPDX-License-Identifier: BSD-2-Clause */
/* The end of our time: from a kernel that lies in memory to its first instruction. */
#pragma once
#include "arch/types.h"

struct handoff {
	u64 kernel;			/* where a Linux Image lies */
	struct range initrd;		/* no bytes: the one that /chosen names, or none */
};

/*
 * Check that what is to be entered can work, move it if it lies in a wrong place, stop all devices,
 * enter it. Returns only if that cannot be: -errno, after a log line that says why. Memory is then
 * as it was, except what a copy of the kernel has overwritten (which was free).
 */
int handoff_linux(const struct handoff *h);

/* The last step: stop all devices, enter. @written: what lies there for it. Returns as above. */
int handoff_enter(u64 entry, u64 tree, const struct range *written, size_t count);
