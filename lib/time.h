/* SPDX-License-Identifier: BSD-2-Clause */
/* Time, and the one way to wait for hardware. */
#pragma once
#include "arch/arch.h"
#include "lib/errors.h"

u64 time_us(void);			/* since we were entered */
u64 time_before_us(void);		/* before: since reset, where the counter began there */
void time_init(u64 start_ticks);
void delay_us(u64 us);

static inline u64 deadline_in_us(u64 us)	/* UINT64_MAX: never */
{
	u64 now = time_us();

	return us < UINT64_MAX - now ? now + us : UINT64_MAX;
}

static inline bool deadline_passed(u64 deadline)
{
	return time_us() >= deadline;
}

/*
 * Evaluate @condition until it is true. 0, or -ETIMEDOUT. The condition is looked at once
 * more after the deadline, so being descheduled (or single-stepped) is not a timeout.
 */
#define poll_until(condition, timeout_us) ({			\
	u64 deadline_ = deadline_in_us(timeout_us);		\
	bool true_ = (condition);				\
	while (!true_ && !deadline_passed(deadline_)) {		\
		arch_relax();					\
		true_ = (condition);				\
	}							\
	true_ || (condition) ? 0 : -ETIMEDOUT;			\
})
