/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "boot/monitor/words.h"
#include "drivers/device.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/dma_oracle.h"

static void print_windows(const struct dma_domain *domain)
{
	for (unsigned i = 0; i < domain->window_count; i++) {
		const struct dma_window *w = &domain->windows[i];

		console_print("    reaches 0x%" PRIx64 " - 0x%" PRIx64
			      ", on its bus from 0x%" PRIx64 " on\n", w->cpu,
			      w->cpu + w->bytes - 1, w->bus);
	}
}

static void print_devices(void)
{
	char text[160];

	for (struct device *dev = device_first(); dev; dev = dev->next) {
		if (!dev->dma || !dev->driver)
			continue;
		console_print("%s: %s\n", dev->name, dma_describe(dev->dma, text, sizeof text));
		print_windows(dev->dma);
	}
}

static void print_oracle(void)
{
	const struct dma_oracle_settings *s = dma_oracle();
	const struct dma_oracle_counters *c = &dma_oracle_counters;

	if (!s)
		return;
	console_print("oracle: seed %" PRIu64 ", %zu-byte lines, offset 0x%" PRIx64
		      ", limit 0x%" PRIx64 ", rate %u\n", s->seed, s->line_bytes, s->offset,
		      s->limit, s->rate);
	console_print("  %" PRIu64 " hook points, %" PRIu64 " lines written back, %" PRIu64
		      " fetched, %" PRIu64 " lost\n", c->hooks, c->written_back, c->fetched,
		      c->lost);
}

static int status(void)
{
	const struct dma_counters *c = dma_counters();
	char size[SIZE_TEXT_BYTES];

	print_devices();
	console_print("%" PRIu64 " buffers lent, %" PRIu64 " of them bounced (%s); %" PRIu64
		      " gives, %" PRIu64 " takes; now %" PRIu32 " lent, %" PRIu32
		      " areas shared\n", c->maps, c->bounces, size_text(c->bounced_bytes, size),
		      c->gives, c->takes, c->lent, c->shared);
	print_oracle();
	return 0;
}

static int list_sites(void)
{
	table_for_each(dma_sites, struct dma_site, site)
		console_print("%8" PRIu32 "  %-5s  %s:%u%s\n", site->state->uses,
			      dma_site_kind_name(site->kind), site->file, site->line,
			      site->state->off ? "  off" : "");
	return 0;
}

/* "drivers/virtio/split.c:120" */
static int switch_site(char *place, bool off)
{
	char *colon = strrchr(place, ':');
	u64 line;

	if (!colon || number_parse(colon + 1, &line))
		return -EINVAL;
	if (!dma_oracle()) {
		console_print("Only the oracle does without a hand-over: start with "
			      "plinth.oracle.\n");
		return -ENOTSUP;
	}
	*colon = '\0';
	if (!dma_site_switch(place, (unsigned)line, off)) {
		console_print("No memory changes hands at line %u of %s: see \"dma sites\".\n",
			      (unsigned)line, place);
		return -ENOENT;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	if (argc == 1)
		return status();
	if (argc == 2 && !strcmp(argv[1], "sites"))
		return list_sites();
	if (argc == 3 && (!strcmp(argv[1], "off") || !strcmp(argv[1], "on")))
		return switch_site(argv[2], argv[1][1] == 'f');
	return -EINVAL;
}

COMMAND(dma) = {
	.name = "dma",
	.arguments = "[sites | off <file:line> | on <file:line>]",
	.summary = "how devices reach memory; where it changes hands",
	.details = "Alone: the devices that access memory, how it is kept in step with each,\n"
		   "and what was lent. With plinth.oracle (docs/debugging.md), \"sites\" counts\n"
		   "the uses of each place where memory changes hands, and \"off\" takes its\n"
		   "effect away: a test of the tests, which must notice.\n",
	.run = run,
};
