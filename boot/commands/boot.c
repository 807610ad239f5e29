/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/entries/entry.h"
#include "boot/monitor/line.h"
#include "boot/state/start.h"
#include "boot/timeline.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"

/* Where it is found anew each time: disks come and go. */
static struct boot_entries all;

static void print_entry(unsigned number, const struct boot_entry *e)
{
	console_print("%c%2u  %-16s %-9s %s  %s\n", e == all.preferred ? '*' : ' ', number, e->id,
		      e->format, e->volume.name, e->title);
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
		console_print("default: %s, %s\n", all.preferred->id, all.why);
	else
		console_print("nothing that can be booted was found\n");
}

static void print_step(void *context, const char *line)
{
	(void)context;
	console_print("%s\n", line);
}

static void timeline(void)
{
	timeline_walk(print_step, NULL);
}

static void state(void)
{
	if (!all.state.volume.size)
		console_print("nothing is remembered; 'boot default' and 'boot once' begin it\n");
	else
		console_print("%s:/plinth/state.%u, change %u\n%s", all.state.volume.name,
			      all.state.newer, (unsigned)all.state.sequence, all.state.lines);
}

static const struct {
	const char *name;
	void (*run)(void);
} words[] = {
	{ "list", list }, { "explain", explain }, { "timeline", timeline }, { "state", state },
};
enum { WORDS = sizeof(words) / sizeof(*words) };

static struct boot_entry *find(const char *name)
{
	struct boot_entry *e = boot_entry_find(&all, name);

	if (!e) {
		console_print("no entry, or several, are called '%s':\n", name);
		list();
	}
	return e;
}

/* boot default, boot once. @name NULL: what is remembered is forgotten. */
static int remember(const char *key, const char *name)
{
	const struct boot_entry *e = name ? find(name) : NULL;
	int error;

	if (name && !e)
		return -ENOENT;
	error = boot_remember(&all, key, e);
	if (!error)
		state();
	return error;
}

static int run(int argc, char **argv)
{
	struct boot_entry *e;

	for (unsigned i = 0; argc == 2 && i < WORDS; i++)
		if (!strcmp(argv[1], words[i].name)) {
			if (words[i].run != timeline)
				boot_find(&all);
			words[i].run();
			return 0;
		}
	boot_find(&all);
	if (argc > 1 && argc < 4 && (!strcmp(argv[1], "default") || !strcmp(argv[1], "once")))
		return remember(argv[1], argv[2]);
	if (argc > 2)
		return -EINVAL;
	if (argc == 2) {
		e = find(argv[1]);
		return e ? boot_start(&all, e, true) : -ENOENT;
	}
	if (!all.preferred) {
		list();
		return -ENOENT;
	}
	while (boot_preferred(&all))
		;
	return -ENOEXEC;		/* why has been said */
}

static void complete(struct line_completion *c, size_t from)
{
	(void)from;
	for (unsigned i = 0; i < WORDS; i++)
		line_offer(c, words[i].name, ' ');
	line_offer(c, "default", ' ');
	line_offer(c, "once", ' ');
	for (const struct boot_entry *e = all.first; e; e = e->next)
		line_offer(c, e->id, ' ');
}

COMMAND(boot) = {
	.name = "boot",
	.arguments = "[[default|once] <entry>|list|explain|state|timeline]",
	.summary = "boot from a disk",
	.details = "Alone: the default entry. An entry is named by its number in 'boot list', its\n"
		   "id, or a pattern (*, ?) that fits only one.\n"
		   "  default   what boots from now on; without an entry: the configured one\n"
		   "  once      what boots the next time only\n"
		   "  explain   what was found where, and what speaks against it\n"
		   "  state     what is remembered\n"
		   "  timeline  when what was reached, and how fast each file came",
	.run = run,
	.complete = complete,
};
