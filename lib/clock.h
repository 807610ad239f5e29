/* SPDX-License-Identifier: BSD-2-Clause */
/* The time of day, UTC, from whatever device keeps it: for the dates of files, and for people. */
#pragma once
#include "arch/types.h"

struct clock_date {
	unsigned year, month, day;		/* 2026, 1 to 12, 1 to 31 */
	unsigned hour, minute, second;
};

/* A driver's clock. @seconds: since 1970. The first one that is registered is used. */
void clock_register(u64 (*seconds)(void *state), void *state);

/* false: nothing here keeps the time, or what does was never set (before 1980, after 2107). */
bool clock_now(struct clock_date *now);

/* A moment before the year 10000, in the proleptic Gregorian calendar. */
struct clock_date clock_date(u64 seconds);
