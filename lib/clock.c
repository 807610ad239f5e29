/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/clock.h"

enum { DAY_SECONDS = 24 * 60 * 60 };
enum { YEAR_DAYS = 365, FOUR_YEARS = 4 * YEAR_DAYS + 1, CENTURY = 25 * FOUR_YEARS - 1,
       FOUR_CENTURIES = 4 * CENTURY + 1 };
enum { DAYS_BEFORE_1970 = 719468 };	/* since 1 March of the year 0 */

static struct {
	u64 (*seconds)(void *state);
	void *state;
} source;

void clock_register(u64 (*seconds)(void *state), void *state)
{
	if (source.seconds)
		return;
	source.seconds = seconds;
	source.state = state;
}

/*
 * Years that begin in March end with the leap day, and their months' lengths repeat every five
 * months: 31, 30, 31, 30, 31, together 153 days.
 */
struct clock_date clock_date(u64 seconds)
{
	u64 days = seconds / DAY_SECONDS + DAYS_BEFORE_1970;
	unsigned rest = (unsigned)(seconds % DAY_SECONDS);
	unsigned era = (unsigned)(days / FOUR_CENTURIES), day = (unsigned)(days % FOUR_CENTURIES);
	unsigned year = (day - day / (FOUR_YEARS - 1) + day / CENTURY -
			 day / (FOUR_CENTURIES - 1)) / YEAR_DAYS;
	unsigned of_year = day - (YEAR_DAYS * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153;		/* from March */
	bool next_year = month >= 10;

	return (struct clock_date){
		.year = era * 400 + year + next_year,
		.month = next_year ? month - 9 : month + 3,
		.day = of_year - (153 * month + 2) / 5 + 1,
		.hour = rest / 3600,
		.minute = rest / 60 % 60,
		.second = rest % 60,
	};
}

bool clock_now(struct clock_date *now)
{
	if (!source.seconds)
		return false;
	*now = clock_date(source.seconds(source.state));
	return now->year >= 1980 && now->year <= 2107;
}
