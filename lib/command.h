/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the monitor. One is a function and an entry of a table that the linker collects. */
#pragma once
#include "arch/types.h"
#include "lib/table.h"

struct line_completion;

struct command {
	const char *name;
	const char *arguments;		/* "<address> [count]"; "" for none. "[.b|.w] <address>": md.b is this command too */
	const char *summary;		/* one line, for help */
	const char *details;		/* further lines for `help <name>`; may be NULL */
	/* Tab in its arguments, which begin at offset @from: calls line_offer (boot/monitor/line.h), having
	   moved completion->word if it is not the word that is completed but its end. May be NULL. */
	void (*complete)(struct line_completion *completion, size_t from);
	int (*run)(int argc, char **argv);	/* argv[0] is the name. 0; -EINVAL: prints the usage; other errors it has explained itself */
};

#define COMMAND(symbol) \
	static const struct command symbol; \
	TABLE_ENTRY(commands, struct command, symbol); \
	static const struct command symbol
