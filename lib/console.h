/* SPDX-License-Identifier: BSD-2-Clause */
/* The console: one, chosen by the tree's stdout-path. UART drivers register what they drive. */
#pragma once
#include "arch/types.h"

struct console_ops {
	const char *name;				/* "ns16550a" */
	/* bounded: gives up on a dead UART */
	void (*write)(void *state, const char *text, size_t bytes);
	int (*read)(void *state);			/* a byte 0..255, or -EAGAIN */
};

/* From now on text goes here, beginning with the log lines that nobody saw yet. */
void console_set(const struct console_ops *ops, void *state);
bool console_present(void);
const char *console_name(void);				/* NULL: none yet */

/* Text out; '\n' goes out as "\r\n". Before console_set, nowhere (the log keeps its own lines). */
void console_write(const char *text, size_t bytes);
/* any length */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A byte, or -EAGAIN at once, or -ETIMEDOUT after @timeout_us. */
int console_read(void);
int console_wait(u64 timeout_us);
