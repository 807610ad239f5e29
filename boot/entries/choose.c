/* SPDX-License-Identifier: BSD-2-Clause */
/* Which entry boots: what is remembered, else what is configured, and what is left of tries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "boot/entries/scan.h"

/* On the volume that remembers it rather than on another. */
struct boot_entry *boot_entry_named(const struct boot_entries *all, const char *id)
{
	struct boot_entry *found = NULL;

	for (struct boot_entry *e = all->first; e; e = e->next)
		if (!strcasecmp(id, e->id)) {
			if (!strcmp(e->volume.name, all->state.volume.name))
				return e;
			if (!found)
				found = e;
		}
	return found;
}

/* The tries of entries whose names cannot have them. */
static void take_tries(struct boot_entries *all)
{
	char key[STATE_BYTES + 8], value[STATE_BYTES], *end;
	unsigned long left;

	for (struct boot_entry *e = all->first; e; e = e->next) {
		if (e->tries_left >= 0 || strlen(e->id) >= STATE_BYTES)
			continue;
		snprintf(key, sizeof(key), "tries %s", e->id);
		if (!state_get(&all->state, key, value) || boot_entry_named(all, e->id) != e)
			continue;
		left = strtoul(value, &end, 10);
		if (*end || left > TRIES_MAX)
			continue;
		e->tries_left = (int)left;
		e->tries_done = 0;
		e->tries_in_state = true;
	}
}

static bool is_open(const struct boot_entry *e)
{
	return !e->reason && !e->failed;
}

/*
 * The first format of the first volume that has something bootable; there what its configuration
 * wants, else the first. @worn: also without tries left.
 */
static struct boot_entry *configured(const struct boot_entries *all, bool worn)
{
	struct boot_entry *best = NULL;

	for (struct boot_entry *e = all->first; e; e = e->next) {
		if (!is_open(e) || (!worn && e->tries_left == 0))
			continue;
		if (best && e->group != best->group)
			break;
		if (e->wanted)
			return e;
		if (!best)
			best = e;
	}
	return best;
}

/* What is remembered as @key, with a note if that is of no use. */
static struct boot_entry *remembered(struct boot_entries *all, const char *key)
{
	char id[STATE_BYTES];
	struct boot_entry *e;

	if (!state_get(&all->state, key, id))
		return NULL;
	e = boot_entry_named(all, id);
	if (!e)
		boot_warn(all, "%s:/plinth: '%s' is remembered (%s), and no entry is called so",
			  all->state.volume.name, id, key);
	return e;
}

void boot_choose(struct boot_entries *all)
{
	struct boot_entry *e = all->remembered;

	if (all->once && is_open(all->once)) {
		all->preferred = all->once;
		all->why = "remembered for one boot";
	} else if (e && is_open(e) && e->tries_left != 0) {
		all->preferred = e;
		all->why = "remembered as the default";
	} else if ((e = configured(all, false))) {
		all->preferred = e;
		all->why = all->remembered ?
			   "what is remembered cannot boot or has no tries left; this can" :
			   "the first configured one that nothing speaks against";
	} else {
		all->preferred = configured(all, true);
		all->why = "no entry has tries left";
	}
	all->timeout_ms = all->preferred ? all->preferred->timeout_ms : BOOT_NO_TIMEOUT;
}

void entries_recall(struct boot_entries *all)
{
	take_tries(all);
	all->once = remembered(all, "once");
	all->remembered = remembered(all, "default");
	boot_choose(all);
}
