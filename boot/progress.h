/* SPDX-License-Identifier: BSD-2-Clause */
/* A bar on the console for what takes longer than a second; nothing for what does not. */
#pragma once
#include "arch/types.h"

struct progress {
	const char *what;		/* a file's name; the caller's, until progress_end */
	u64 total, done;
	u64 next_us;			/* when to show it next */
	bool shown;
};

/* @total: of whatever progress_add counts; more may come than that. */
void progress_begin(struct progress *p, const char *what, u64 total);
/* @more was done. false: ^C was typed while the bar was there. Cheap: to be called often. */
bool progress_add(struct progress *p, u64 more);
void progress_end(struct progress *p);		/* the bar goes away, until there is more */
