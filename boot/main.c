/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/monitor/monitor.h"
#include "boot/summary.h"
#include "drivers/console.h"
#include "lib/log.h"

int main(void);

/* lib/start.c has made the machine usable: tree, memory, page tables, traps, board. */
int main(void)
{
	if (console_open())
		panic("There is no console: no UART that the device tree lists has a driver.");
	summary_log();
	monitor();
}
