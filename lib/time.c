/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/time.h"

enum { US_PER_SECOND = 1000000 };

static u64 start_ticks;

/* Unknown before the tree is read; time then passes at some speed, so that waits end. */
static u64 ticks_per_second(void)
{
	u64 frequency = arch_ticks_per_second();

	return frequency ? frequency : 10000000;
}

void time_init(u64 ticks)
{
	start_ticks = ticks;
}

/* Whole seconds and the rest apart: the product alone would overflow within days. */
static u64 in_us(u64 ticks)
{
	u64 frequency = ticks_per_second();

	return ticks / frequency * US_PER_SECOND + ticks % frequency * US_PER_SECOND / frequency;
}

u64 time_us(void)
{
	return in_us(arch_ticks() - start_ticks);
}

u64 time_before_us(void)
{
	return in_us(start_ticks);
}

/* At least @us, so rounded up, and one tick more because the present one has begun already. */
void delay_us(u64 us)
{
	u64 frequency = ticks_per_second(), from = arch_ticks();
	u64 ticks = us / US_PER_SECOND * frequency +
		    (us % US_PER_SECOND * frequency + US_PER_SECOND - 1) / US_PER_SECOND;

	while (arch_ticks() - from <= ticks)
		arch_relax();
}
