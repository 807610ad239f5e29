/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/entries/entry.h"
#include "boot/load/load.h"
#include "boot/monitor/line.h"
#include "boot/timeline.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

/* Where it is found anew each time: disks come and go. */
static struct boot_entries all;

static void print_entry(unsigned number, const struct boot_entry *e)
{
	console_print("%c%2u  %-16s %-9s %s  %s\n", e == all.preferred ? '*' : ' ', number, e->id,
		      e->format, e->volume, e->title);
	if (e->reason)
		console_print("     cannot boot: %s\n", e->reason);
}

static void list(void)
{
	unsigned number = 0;

	if (!all.first)
		console_print("nothing that can be booted was found; 'boot explain' says where it "
			      "was looked for\n");
	for (const struct boot_entry *e = all.first; e; e = e->next)
		print_entry(++number, e);
}

static void print_parts(const char *what, const struct boot_part *p)
{
	for (; p; p = p->next)
		console_print("     %-10s %s\n", what, p->path);
}

static void explain(void)
{
	unsigned number = 0;

	for (const struct boot_note *n = all.notes; n; n = n->next)
		console_print("%s\n", n->text);
	for (const struct boot_entry *e = all.first; e; e = e->next) {
		print_entry(++number, e);
		console_print("     %-10s %s\n", "from", e->source);
		print_parts("kernel", e->kernel);
		print_parts("initrd", e->initrd);
		print_parts("tree", e->tree);
		print_parts("overlay", e->overlays);
		if (e->arguments)
			console_print("     %-10s %s\n", "arguments", e->arguments);
		if (e->tries_left >= 0)
			console_print("     %-10s %d left, %d done\n", "tries", e->tries_left,
				      e->tries_done);
	}
	if (all.preferred)
		console_print("default: %s, the first configured one that nothing speaks against\n",
			      all.preferred->id);
	else
		console_print("nothing that can be booted was found\n");
}

static void print_step(void *context, const char *line)
{
	(void)context;
	console_print("%s\n", line);
}

static int run(int argc, char **argv)
{
	const struct boot_entry *e;

	if (argc > 2)
		return -EINVAL;
	if (argc == 2 && !strcmp(argv[1], "timeline")) {
		timeline_walk(print_step, NULL);
		return 0;
	}
	boot_find(&all);
	if (argc == 2 && !strcmp(argv[1], "list")) {
		list();
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "explain")) {
		explain();
		return 0;
	}
	e = argc == 2 ? boot_entry_find(&all, argv[1]) : all.preferred;
	if (!e) {
		if (argc == 2)
			console_print("no entry, or several, are called '%s':\n", argv[1]);
		list();
		return -ENOENT;
	}
	return boot_load(e);
}

static void complete(struct line_completion *c, size_t from)
{
	(void)from;
	line_offer(c, "list", ' ');
	line_offer(c, "explain", ' ');
	line_offer(c, "timeline", ' ');
	for (const struct boot_entry *e = all.first; e; e = e->next)
		line_offer(c, e->id, ' ');
}

COMMAND(boot) = {
	.name = "boot",
	.arguments = "[<entry>|list|explain|timeline]",
	.summary = "boot from a disk",
	.details = "Alone: the default entry. An entry is named by its number in 'boot list', its\n"
		   "id, or a pattern (*, ?) that fits only one. 'boot explain': what was found\n"
		   "where, and what speaks against it. 'boot timeline': when what was reached,\n"
		   "and how fast each file came.",
	.run = run,
	.complete = complete,
};
