/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the device tree cannot say about a machine. Most boards need only a name.
 * A board is one file in boards/; nothing else changes. Caches, consoles and controllers are
 * drivers, found through the tree: nothing of them is here. A UART for the time before the tree
 * is read is an EARLY_UART() (arch/arch.h) in the board's file.
 */
#pragma once
#include "arch/types.h"
#include "lib/table.h"

struct board {
	const char *name;
	/* root node; most specific wins (DT 2.3.1); NULL-terminated */
	const char *const *compatible;
	const struct range *keep_out;		/* memory that firmware forgot to reserve */
	unsigned keep_out_count;
	/* clocks, resets: once, before discovery. May be NULL */
	int (*init)(void);
};

/* The one we run on, by the tree. Only a name where no file in boards/ knows it; never NULL. */
const struct board *board(void);

#define BOARD(symbol) \
	static const struct board symbol; \
	TABLE_ENTRY(boards, struct board, symbol); \
	static const struct board symbol
