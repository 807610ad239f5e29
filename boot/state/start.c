/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/state/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/entries/scan.h"
#include "boot/load/load.h"
#include "lib/errors.h"
#include "lib/log.h"

enum { PATH_BYTES = FS_NAME_BYTES + 32, NUMBER_BYTES = 12 };

/* ---- Tries in the name of a file: Boot Loader Specification, "Boot counting" ---- */

/* What lies in that file lies there now: for UKIs that is everything. */
static int entry_moved(struct boot_entry *e, const char *to)
{
	struct boot_part **lists[] = { &e->kernel, &e->initrd, &e->tree, &e->overlays };
	char *source = strdup(to);

	if (!source)
		return -ENOMEM;
	for (unsigned i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		for (struct boot_part **at = lists[i], *p; (p = *at); at = &(*at)->next) {
			if (strcmp(p->path, e->source))
				continue;
			*at = malloc(sizeof(*p) + strlen(to) + 1);
			if (!*at) {
				*at = p;
				free(source);
				return -ENOMEM;
			}
			**at = *p;
			strcpy((*at)->path, to);
			free(p);
		}
	free(e->source);
	e->source = source;
	return 0;
}

static bool is_there(struct filesystem *fs, const char *path)
{
	struct file f;

	return !fs_open(fs, path, &f);
}

/*
 * One more try. If the power failed while one was counted, both names may be there: the repair ends
 * what was begun, and this is that try.
 */
static int rename_counted(struct filesystem *fs, struct boot_entry *e)
{
	const char *plus = strrchr(e->source, '+'), *end = strrchr(e->source, '.');
	struct fs_check check = { .repair = true };
	char to[PATH_BYTES];
	int error = 0;

	if (!plus || !end)
		return -EINVAL;
	snprintf(to, sizeof(to), "%.*s+%d-%d%s", (int)(plus - e->source), e->source,
		 e->tries_left - 1, e->tries_done + 1, end);
	if (!is_there(fs, to)) {
		error = fs_rename(fs, e->source, to);
	} else {
		error = fs_check(fs, &check);
		if (!error && is_there(fs, e->source))
			error = -EEXIST;
	}
	if (!error)
		error = entry_moved(e, to);
	if (error)
		return error;
	e->tries_left--;
	e->tries_done++;
	return 0;
}

static int count_by_name(struct boot_entry *e)
{
	char text[FS_EXPLAIN_BYTES] = "";
	struct filesystem *fs;
	int error = volume_exists(&e->volume) ? fs_mount(&e->volume, &fs, text) : -ENODEV;

	if (!error) {
		int end;

		error = rename_counted(fs, e);
		if (error)
			fs_explain(fs, e->source, error, text);
		end = fs_unmount(fs);
		error = error ? error : end;
	}
	if (error)
		log_error("%s: its name cannot be changed: %s", e->source,
			  text[0] ? text : error_text(error));
	return error;
}

/* ---- What is remembered ---- */

static int set_tries(struct boot_state *s, const struct boot_entry *e)
{
	char key[STATE_BYTES + 8], number[NUMBER_BYTES];

	snprintf(key, sizeof(key), "tries %s", e->id);
	snprintf(number, sizeof(number), "%d", e->tries_left - 1);
	return state_set(s, key, number);
}

/* In one write: the choice for one boot goes, a try is counted. */
static int change_state(struct boot_entries *all, struct boot_entry *e, bool count)
{
	struct boot_state next = all->state;
	int error = state_set(&next, "once", NULL);

	if (!error && count)
		error = set_tries(&next, e);
	if (!error)
		error = state_write(&next);
	if (error)
		return error;
	all->state = next;
	all->once = NULL;
	if (count) {
		e->tries_left--;
		e->tries_done++;
	}
	return 0;
}

int boot_start(struct boot_entries *all, struct boot_entry *e, bool asked)
{
	bool count = e->tries_left > 0, once = e == all->once;
	char value[STATE_BYTES];
	int error = 0;

	if (e->reason)
		return boot_load(e);		/* which says it */
	if (state_get(&all->state, "once", value) || (count && e->tries_in_state))
		error = change_state(all, e, count && e->tries_in_state);
	if (error && once && !asked) {
		log_error("%s is not booted: it was to be booted once, and would be for ever",
			  e->title);
		return error;
	}
	if (count && !e->tries_in_state)
		error = count_by_name(e);
	if (error)
		log_warning("%s: that it is booted is not recorded", e->title);
	else if (count)
		log_info("%s: try %d, %d left", e->title, e->tries_done, e->tries_left);
	return boot_load(e);
}

bool boot_preferred(struct boot_entries *all)
{
	struct boot_entry *e = all->preferred;
	bool on_trial = e->tries_left >= 0 || e == all->once;

	boot_start(all, e, false);
	e->failed = true;
	boot_choose(all);
	if (!on_trial || !all->preferred)
		return false;
	log_warning("%s could not be booted: falling back to %s", e->title, all->preferred->title);
	return true;
}

int boot_remember(struct boot_entries *all, const char *key, const struct boot_entry *e)
{
	struct boot_state next = all->state;
	int error;

	if (!next.volume.size && !e)
		return 0;
	if (!next.volume.size)
		next.volume = e->volume;
	if (!next.sequence && state_write(&next))	/* the other file, so that there are both */
		return -EIO;
	error = state_set(&next, key, e ? e->id : NULL);
	if (error) {
		log_error("%s: no room to remember it in 512 bytes", e->id);
		return error;
	}
	error = state_write(&next);
	if (error)
		return error;
	all->state = next;
	if (e && boot_entry_named(all, e->id) != e)
		log_warning("another entry is called %s, too: that one will be booted", e->id);
	return 0;
}
