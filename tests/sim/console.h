/* SPDX-License-Identifier: BSD-2-Clause */
/* A console that keeps what it is given, as one string, and types what it is told. */
#pragma once
#include "lib/console.h"

enum { SIM_CONSOLE_BYTES = 64 * 1024 };
extern char sim_console_text[SIM_CONSOLE_BYTES];
extern const char *sim_console_typed;		/* the next bytes to be read */
extern const struct console_ops sim_console;	/* for console_set(&sim_console, NULL) */

void sim_console_clear(void);
