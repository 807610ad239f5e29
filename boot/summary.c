/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "boot/monitor/words.h"
#include "boot/summary.h"
#include "drivers/console.h"
#include "lib/board.h"
#include "lib/console.h"
#include "lib/log.h"
#include "lib/memory.h"

enum { CPU_NAME_COLUMNS = 40 };		/* lists of extensions grow with every year */

static void log_board(void)
{
	const char *compatible = dt_compatible(dt_root(), 0);

	log_info("board    %s (%s)", board()->name, compatible ? compatible : "no compatible");
}

static unsigned cpu_count(void)
{
	struct dt_node cpus = dt_path("/cpus");
	unsigned count = 0;

	dt_for_each_child(cpu, cpus)
		count += dt_property(cpu, "reg", NULL) != NULL;	/* cpu-map and caches have none */
	return count;
}

static void log_cpu(void)
{
	const char *name = arch_cpu_name();

	log_info("cpu      %.*s%s, cpu %#" PRIx64 " of %u, %s", CPU_NAME_COLUMNS, name,
		      strlen(name) > CPU_NAME_COLUMNS ? "..." : "", arch_cpu_id(), cpu_count(),
		      arch_cpu_mode());
}

static void log_memory(void)
{
	char total[SIZE_TEXT_BYTES], available[SIZE_TEXT_BYTES];
	const struct memory_range *m = memory_at(0);
	struct arch_image image;

	arch_image(&image);
	log_info("memory   %s at 0x%" PRIx64 ", %s free; Plinth at 0x%" PRIx64,
		      size_text(memory_total(), total), m ? m->range.start : 0,
		      size_text(memory_free(), available), image.text.start);
}

static void log_cache(void)
{
	const char *backend = arch_cache_backend();

	log_debug("cache    %s, lines of %zu bytes", backend ? backend : "no operations",
		  arch_cache_line_bytes());
}

void summary_machine(void)
{
	log_board();
	log_cpu();
	log_cache();
	log_memory();
}

void summary_console(void)
{
	struct device *uart = console_device();
	char path[128];
	u64 address, bytes;

	if (uart && !dt_reg(uart->node, 0, &address, &bytes) &&
	    !dt_full_path(uart->node, path, sizeof(path)))
		log_info("console  %s at 0x%" PRIx64 " (%s)", console_name(), address, path);
	else
		log_info("console  %s", console_name());
}
