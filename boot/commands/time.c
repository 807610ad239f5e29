/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "boot/monitor/monitor.h"
#include "lib/clock.h"
#include "lib/console.h"
#include "lib/time.h"

static void print(const char *what, u64 us)
{
	console_print("%s%" PRIu64 ".%06" PRIu64 " s\n", what, us / 1000000, us % 1000000);
}

static int run(int argc, char **argv)
{
	u64 begin = time_us();
	struct clock_date now;
	int error = 0;

	if (argc == 1) {
		print("up ", begin);
		if (clock_now(&now))
			console_print("%u-%02u-%02u %02u:%02u:%02u UTC\n", now.year, now.month,
				      now.day, now.hour, now.minute, now.second);
		return 0;
	}
	error = monitor_run_words(argc - 1, argv + 1);
	print("took ", time_us() - begin);
	return error == -EINVAL ? -ECANCELED : error;	/* its usage, not ours, has been printed */
}

COMMAND(time_command) = {
	.name = "time",
	.arguments = "[command ...]",
	.summary = "time since start and of day, or how long a command takes",
	.complete = monitor_complete,
	.run = run,
};
