/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of the monitor. One is a function and an entry of a table that the linker collects. */
#pragma once
#include "arch/types.h"
#include "lib/table.h"

struct line_completion;

struct command {
	const char *name;
	const char *arguments;		/* "<address> [count]"; "" for none; "[.b|.w] <address>" if
					   name.b and name.w are this command too */
	const char *summary;		/* one line, for help */
	const char *details;		/* further lines for `help <name>`; may be NULL */

	/* argv[0] is the name. 0; -EINVAL: the usage is printed; others it has explained itself. */
	int (*run)(int argc, char **argv);

	/*
	 * Tab in its arguments, which begin at offset @from: calls line_offer
	 * (boot/monitor/line.h), having moved c->word if only the end of the word is completed.
	 * May be NULL.
	 */
	void (*complete)(struct line_completion *c, size_t from);
};

#define COMMAND(symbol) \
	static const struct command symbol; \
	TABLE_ENTRY(commands, struct command, symbol); \
	static const struct command symbol
