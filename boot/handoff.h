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

/* What is entered: all of it in memory, its places taken. */
struct handoff_stage {
	const char *title;
	u64 entry;
	struct range kernel, initrd, tree;	/* initrd: no bytes: there is none */
	bool bare;				/* a program, that may read its initrd uncached */
};

/* A line of where it all is; then, the last step: stop all devices, enter. Returns as above. */
void handoff_log(const struct handoff_stage *s);
int handoff_enter(const struct handoff_stage *s);
