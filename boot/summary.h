/* SPDX-License-Identifier: BSD-2-Clause */
/* What we found, a log line each. */
#pragma once

void summary_machine(void);	/* board, CPU and mode, memory: needs no device */
void summary_console(void);	/* the console, which is open */
