/* SPDX-License-Identifier: BSD-2-Clause */
/* The monitor: reads lines from the console, runs the commands of lib/command.h. */
#pragma once
#include "boot/monitor/line.h"
#include "lib/command.h"

_Noreturn void monitor(void);

/* One line, or the words of one. The command's result; -ENOENT: no such command (said). */
int monitor_run(char *line);
int monitor_run_words(int argc, char **argv);

/* By name. NULL: before the first, and after the last. */
const struct command *command_after(const struct command *previous);
const struct command *command_find(const char *word);	/* NULL: there is none, which it has said */
void command_usage(const struct command *c);

/* Offer what completes the line that begins at offset @from of c->line. */
void monitor_complete(struct line_completion *c, size_t from);

/* Whether ^C was typed: a command with long output asks now and then, and ends. */
bool monitor_interrupted(void);
