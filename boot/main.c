/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/menu/menu.h"
#include "boot/monitor/monitor.h"
#include "boot/summary.h"
#include "boot/timeline.h"
#include "drivers/console.h"
#include "drivers/device.h"
#include "drivers/ram_disk.h"
#include "lib/dma_oracle.h"
#include "lib/log.h"
#include "lib/options.h"

int main(void);

/* plinth.log=LEVEL: how much is shown, from the first line on. */
static void set_log_level(void)
{
	char word[16];
	enum log_level level;

	if (!option("log", word, sizeof(word)))
		return;
	if (log_level_parse(word, &level))
		log_warning("plinth.log=%s: the levels are error, warning, info and debug", word);
	else
		log_set_level(level);
}

/* lib/start.c has made the machine usable: tree, memory, page tables, traps, board. */
int main(void)
{
	timeline_reached("tree");
	set_log_level();
	summary_machine();
	dma_oracle_option();
	if (console_open())
		panic("There is no console: no UART that the device tree lists has a driver.");
	summary_console();
	devices_discover();
	ram_disk_find();
	timeline_reached("devices");
	boot_by_itself();
	monitor();
}
