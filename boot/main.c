/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

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

/* What is misspelt would otherwise be as if it had not been said. */
static void check_options(void)
{
	static const char *const names[] = { "boot", "crash", "log", "oracle" };
	char word[16];

	if (options_check(names, sizeof(names) / sizeof(*names)))
		log_warning("the options are plinth.boot, plinth.crash, plinth.log, plinth.oracle");
	if (option("boot", word, sizeof(word)) && strcmp(word, "monitor"))
		log_warning("plinth.boot=%s: it can only be monitor; booting as without it", word);
	if (option("crash", word, sizeof(word)) && strcmp(word, "reset") && strcmp(word, "stop"))
		log_warning("plinth.crash=%s: it is stop or reset; stop is taken", word);
}

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
	check_options();
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
