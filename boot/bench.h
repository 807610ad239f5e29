/* SPDX-License-Identifier: BSD-2-Clause */
/* Measurements, for the command `bench`: adding one is adding a file. */
#pragma once
#include "lib/errors.h"
#include "lib/table.h"

struct bench {
	const char *name;		/* `bench <name>` */
	const char *arguments;		/* "[<disk>]"; "" for none */
	const char *summary;		/* one line: what is measured */

	/* argv[0] is the name. As of a command (lib/command.h). */
	int (*run)(int argc, char **argv);
};

#define BENCH(symbol) \
	static const struct bench symbol; \
	TABLE_ENTRY(benches, struct bench, symbol); \
	static const struct bench symbol
