/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/monitor/monitor.h"
#include "boot/progress.h"
#include "lib/console.h"
#include "lib/time.h"

enum { FIRST_US = 1000 * 1000, STEP_US = 200 * 1000, BAR = 40, NAME_COLUMNS = 28 };

void progress_begin(struct progress *p, const char *what, u64 total)
{
	*p = (struct progress){
		.what = what, .total = total, .next_us = deadline_in_us(FIRST_US),
	};
}

bool progress_add(struct progress *p, u64 more)
{
	static const char full[] = "########################################";
	unsigned percent;

	p->done += more;
	if (!deadline_passed(p->next_us))
		return true;
	percent = p->done < p->total ? (unsigned)(p->done * 100 / p->total) : 100;
	console_print("\r%.*s [%-*.*s] %3u %%", NAME_COLUMNS, p->what, BAR,
		      (int)(percent * BAR / 100), full, percent);
	p->shown = true;
	p->next_us = deadline_in_us(STEP_US);
	return !monitor_interrupted();
}

void progress_end(struct progress *p)
{
	if (p->shown)
		console_print("\r\033[K");
	p->shown = false;
}
