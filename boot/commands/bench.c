/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/bench.h"
#include "boot/monitor/line.h"
#include "lib/command.h"
#include "lib/console.h"

static void list(void)
{
	table_for_each(benches, struct bench, bench)
		console_print("bench %s%s%s: %s\n", bench->name, *bench->arguments ? " " : "",
			      bench->arguments, bench->summary);
}

static int run(int argc, char **argv)
{
	if (argc == 1) {
		list();
		return 0;
	}
	table_for_each(benches, struct bench, bench) {
		int error;

		if (strcmp(bench->name, argv[1]))
			continue;
		error = bench->run(argc - 1, argv + 1);
		if (error == -EINVAL)
			console_print("usage: bench %s %s\n", bench->name, bench->arguments);
		return error == -EINVAL ? -ECANCELED : error;
	}
	console_print("there is no \"%s\"; what can be measured:\n", argv[1]);
	list();
	return -ENOENT;
}

static void complete(struct line_completion *c, size_t from)
{
	if (strchr(c->line + from, ' '))
		return;
	table_for_each(benches, struct bench, bench)
		line_offer(c, bench->name, ' ');
}

COMMAND(bench) = {
	.name = "bench",
	.arguments = "[<what> ...]",
	.summary = "measure how fast something is",
	.details = "Alone: what can be measured. Nothing is written anywhere.\n",
	.run = run,
	.complete = complete,
};
