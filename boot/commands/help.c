/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/monitor/monitor.h"
#include "lib/console.h"
#include "lib/errors.h"

static int run(int argc, char **argv)
{
	const struct command *c;

	if (argc > 2)
		return -EINVAL;
	if (argc == 2) {
		c = command_find(argv[1]);
		if (!c)
			return -ENOENT;
		command_usage(c);
		console_print("%s\n", c->summary);
		if (c->details)
			console_print("%s\n", c->details);
		return 0;
	}
	for (c = command_after(NULL); c; c = command_after(c))
		console_print("%-9s %s\n", c->name, c->summary);
	console_print("'help <command>' says more. Numbers: 123, 0x7b. "
		      "Tab completes, ^C stops long output.\n");
	return 0;
}

COMMAND(help) = {
	.name = "help",
	.arguments = "[command]",
	.summary = "list the commands, or explain one",
	.complete = monitor_complete,
	.run = run,
};
