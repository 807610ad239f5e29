/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "boot/monitor/monitor.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/log.h"

static void print(void *context, enum log_level level, u64 time_us, const char *text)
{
	(void)context;
	console_print("%4" PRIu64 ".%06" PRIu64 " %-7s %s\n", time_us / 1000000, time_us % 1000000,
		      log_level_name(level), text);
}

static int run(int argc, char **argv)
{
	enum log_level level;

	if (argc > 2)
		return -EINVAL;
	if (argc == 1) {
		log_walk(print, NULL);
		console_print("shown as it happens: up to %s\n", log_level_name(log_get_level()));
		return 0;
	}
	if (log_level_parse(argv[1], &level)) {
		console_print("'%s' is not a log level\n", argv[1]);
		return -EINVAL;
	}
	log_set_level(level);
	return 0;
}

static void complete(struct line_completion *c, size_t from)
{
	(void)from;
	for (enum log_level level = LOG_ERROR; level <= LOG_DEBUG; level++)
		line_offer(c, log_level_name(level), 0);
}

COMMAND(log_command) = {
	.name = "log",
	.arguments = "[error|warning|info|debug]",
	.summary = "what happened so far, or how much of it to show as it happens",
	.complete = complete,
	.run = run,
};
