/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "boot/monitor/words.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/memory.h"

static int run(int argc, char **argv)
{
	const struct memory_range *m;
	char size[SIZE_TEXT_BYTES], available[SIZE_TEXT_BYTES];

	(void)argv;
	if (argc != 1)
		return -EINVAL;
	for (unsigned i = 0; (m = memory_at(i)); i++)
		console_print("%10" PRIx64 " - %10" PRIx64 "  %11s  %-8s  %s\n", m->range.start,
			      m->range.start + m->range.bytes - 1, size_text(m->range.bytes, size),
			      memory_use_name(m->use), m->owner);
	console_print("%s of RAM, %s free\n", size_text(memory_total(), size),
		      size_text(memory_free(), available));
	return 0;
}

COMMAND(mem) = {
	.name = "mem",
	.arguments = "",
	.summary = "who owns which memory",
	.run = run,
};
