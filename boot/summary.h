/* SPDX-License-Identifier: BSD-2-Clause */
/* What we found, a log line each: board, CPU and mode, memory, console. */
#pragma once

void summary_log(void);
