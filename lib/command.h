/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the monitor. One is a function and an entry of a table that the linker collects. */
#pragma once
#include "arch/types.h"
#include "lib/table.h"

struct command {
	const char *name;
	const char *arguments;		/* "<address> [count]"; "" for none */
	const char *summary;		/* one line, for help */
	const char *details;		/* further lines for `help <name>`; may be NULL */
	int (*run)(int argc, char **argv);	/* argv[0] is the name. 0; -EINVAL: prints the usage; other errors it has explained itself */
};

#define COMMAND(symbol) \
	static const struct command symbol; \
	TABLE_ENTRY(commands, struct command, symbol); \
	static const struct command symbol
