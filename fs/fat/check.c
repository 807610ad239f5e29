/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Is everything as it should be? All directories are walked, every cluster is claimed by who has
 * it. What is left behind when the power fails can be put right without losing anything, and is;
 * everything else is damage, and while there is any nothing is touched: clusters that nobody seems
 * to know may belong to what cannot be read.
 */
#include "fs/fat/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "arch/arch.h"
#include "lib/endian.h"
#include "lib/errors.h"
#include "lib/memory.h"

enum { LINE_BYTES = 200, SHORT_BYTES = 11 };

enum { FROM, TO };

/* ---- Findings ---- */

static void say(struct check *k, const char *format, va_list arguments)
{
	char line[LINE_BYTES];

	if (k->repair || !k->c->say)
		return;
	vsnprintf(line, sizeof line, format, arguments);
	k->c->say(k->c->context, line);
}

bool check_repairs(struct check *k, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(k, format, arguments);
	va_end(arguments);
	if (!k->repair)
		k->c->repairs++;
	return k->repair;
}

void check_damage(struct check *k, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say(k, format, arguments);
	va_end(arguments);
	k->c->damage++;
}

/* ---- Chains ---- */

/*
 * @needed clusters from @first belong to @name; 0: all that follow. What is behind them is cut off,
 * and stays for who else has it.
 */
static int claim(struct check *k, const char *name, u32 first, u32 needed)
{
	u32 cluster = first, value, next, count = 0;
	int error;

	for (;;) {
		if (!fat_is_cluster(k->f, cluster)) {
			check_damage(k, "'%.60s': there is no cluster %" PRIu32, name, cluster);
			return 0;
		}
		if (check_is_used(k, cluster)) {
			check_damage(k, "'%.60s': cluster %" PRIu32
				     " belongs to something else, too", name, cluster);
			return 0;
		}
		k->used[cluster / 8] |= (u8)(1 << cluster % 8);
		error = fat_entry(k->f, cluster, &value);
		if (error)
			return error;
		if (++count == needed && value < fat_last(k->f) &&
		    check_repairs(k, "'%.60s': its chain is longer than the file", name))
			error = fat_entry_set(k->f, cluster, fat_last(k->f) + 7);
		if (error || count == needed)
			return error;
		error = fat_next(k->f, cluster, &next);
		if (error) {
			check_damage(k, "'%.60s': %s", name, k->f->fs.why);
			return 0;
		}
		if (!next)
			break;
		cluster = next;
	}
	if (needed)
		check_damage(k, "'%.60s': its chain ends after %" PRIu32 " of %" PRIu32
			     " clusters", name, count, needed);
	else if (value < fat_last(k->f) &&
		 check_repairs(k, "'%.60s': its chain ends half-way", name))
		return fat_entry_set(k->f, cluster, fat_last(k->f) + 7);
	return 0;
}

/* ---- Names ---- */

static int later(struct check *k, u32 first)
{
	u32 parent = k->here == k->f->root_cluster ? 0 : k->here;

	if (k->queued == k->room) {
		size_t room = k->room ? 2 * k->room : 64;
		struct pending *queue = realloc(k->queue, room * sizeof *queue);

		if (!queue)
			return -ENOMEM;
		k->queue = queue;
		k->room = room;
	}
	k->queue[k->queued++] = (struct pending){ first, parent };
	return 0;
}

static int check_contents(struct check *k, const struct fat_name *n)
{
	u32 first = fat_name_cluster(k->f, n), size = load_le32(n->entry + ENTRY_SIZE);
	u8 none[FAT_SLOT_BYTES];

	if (fat_is_directory(n)) {
		unsigned damage = k->c->damage;
		int error = claim(k, n->name, first, 0);

		k->c->directories++;
		return error || damage != k->c->damage ? error : later(k, first);
	}
	k->c->files++;
	if (size)
		return claim(k, n->name, first, fat_clusters_of(k->f, size));
	if (!first || !check_repairs(k, "'%.60s': a cluster, but no bytes", n->name))
		return 0;
	memcpy(none, n->entry, sizeof none);
	fat_entry_set_cluster(none, 0);
	return fat_write(k->f, n->at[n->slots - 1], none, sizeof none);
}

static void no_dots(struct check *k, const struct pending *p)
{
	check_damage(k, "the directory in cluster %" PRIu32 " has no '.' and '..'", p->first);
}

/* '.' and '..' come first; where they lead is known better from where we come from. */
static int check_dots(struct check *k, const struct fat_name *n, unsigned index,
		      const struct pending *p)
{
	u32 right = index ? p->parent : p->first;
	u64 place = fat_cluster_at(k->f, p->first) + index * FAT_SLOT_BYTES;
	u8 entry[FAT_SLOT_BYTES];

	if (memcmp(n->entry, index ? "..         " : ".          ", SHORT_BYTES) ||
	    !fat_is_directory(n) || n->at[n->slots - 1] != place) {
		no_dots(k, p);
		return 0;
	}
	if (fat_name_cluster(k->f, n) == right ||
	    !check_repairs(k, "the directory in cluster %" PRIu32 ": its '%s' leads to %" PRIu32,
		     p->first, index ? ".." : ".", fat_name_cluster(k->f, n)))
		return 0;
	memcpy(entry, n->entry, sizeof entry);
	fat_entry_set_cluster(entry, right);
	return fat_write(k->f, place, entry, sizeof entry);
}

static int check_name(struct check *k, const struct fat_name *n)
{
	u8 mark = n->entry[ENTRY_CASE] & CASE_RENAMED;
	unsigned which = mark == CASE_RENAMED_FROM ? FROM : TO;

	if (mark && mark != CASE_RENAMED && !k->moved[which].slots) {
		k->moved[which] = *n;
		if (which == FROM) {
			k->moved_in = k->here;
			return 0;
		}
	}
	return check_contents(k, n);
}

/*
 * Slots of long names between @w and @n (NULL: the end) that are not its own belong to nobody. What
 * is behind the end nobody looks at, but fsck.fat does.
 */
static int check_orphans(struct check *k, struct fat_walk w, const struct fat_name *n)
{
	u8 slot[FAT_SLOT_BYTES], freed = NAME_FREE;
	unsigned own = 0;
	u64 at;
	int error;

	for (;;) {
		error = fat_walk_slot(k->f, &w, slot, &at);
		if (error || (n && at == n->at[n->slots - 1]))
			return error == -ENOENT ? 0 : error;
		if (slot[0] == NAME_END)
			freed = NAME_END;
		if (slot[0] == NAME_END || slot[0] == NAME_FREE)
			continue;
		if (n && own + 1 < n->slots && at == n->at[own])
			own++;
		else if (check_repairs(k, "a part of a name that belongs to nobody"))
			error = fat_write(k->f, at, &freed, 1);
		if (error)
			return error;
	}
}

static int check_directory(struct check *k, const struct pending *p)
{
	bool root = !p->first || p->first == k->f->root_cluster;
	unsigned index = 0;
	struct fat_walk w, before;
	struct fat_name n;
	int error;

	k->here = p->first;
	fat_walk_begin(k->f, &w, p->first);
	for (;; index++) {
		before = w;
		k->f->fs.why[0] = 0;
		error = fat_walk_name(k->f, &w, &n);
		if (error == -EIO && k->f->fs.why[0]) {		/* else the disk says so */
			check_damage(k, "the directory in cluster %" PRIu32 ": %s", p->first,
				     k->f->fs.why);
			return 0;
		}
		if (error)
			break;
		error = check_orphans(k, before, &n);
		if (error)
			return error;
		if (!root && index < 2)
			error = check_dots(k, &n, index, p);
		else if (!(n.entry[ENTRY_ATTRIBUTES] & FAT_VOLUME_LABEL))
			error = check_name(k, &n);
		if (error)
			return error;
	}
	if (error != -ENOENT)
		return error;
	if (!root && index < 2)
		no_dots(k, p);
	return check_orphans(k, before, NULL);
}

static int check_directories(struct check *k)
{
	int error = 0;

	while (k->done < k->queued && !error) {
		struct pending p = k->queue[k->done++];

		error = check_directory(k, &p);
	}
	return error;
}

/* ---- A rename that was not finished ---- */

static int unmark(struct check *k, const struct fat_name *n)
{
	u8 plain = n->entry[ENTRY_CASE] & ~CASE_RENAMED;

	return fat_write(k->f, n->at[n->slots - 1] + ENTRY_CASE, &plain, 1);
}

static int check_rename(struct check *k)
{
	struct fat_name *from = &k->moved[FROM], *to = &k->moved[TO];
	bool both = from->slots && to->slots && !memcmp(from->entry + ENTRY_CLUSTER_LOW,
							to->entry + ENTRY_CLUSTER_LOW, 6) &&
		    fat_name_cluster(k->f, from) == fat_name_cluster(k->f, to);
	int error = 0;

	if (!from->slots && !to->slots)
		return 0;
	if (!both && from->slots) {
		k->here = k->moved_in;
		error = check_contents(k, from);
		if (!error)
			error = check_directories(k);
	}
	if (error || !check_repairs(k, "'%.60s': its renaming was interrupted",
			      (from->slots ? from : to)->name))
		return error;
	if (both) {				/* where '..' leads is on the disk before */
		error = fat_stage(k->f);
		if (!error)
			error = fat_name_remove(k->f, from);
	} else if (from->slots) {
		error = unmark(k, from);
	}
	return error || !to->slots ? error : unmark(k, to);
}

/* ---- All of it ---- */

static int look(struct check *k)
{
	struct fat *f = k->f;
	int error;

	k->used_pages = (f->clusters + 2) / 8 / ARCH_PAGE_BYTES + 1;
	k->used = memory_pages(k->used_pages, "fsck");
	if (!k->used)
		return -ENOMEM;
	k->here = f->root_cluster;
	k->c->files = k->c->directories = 0;
	error = f->root_cluster ? claim(k, "/", f->root_cluster, 0) : 0;
	if (!error)
		error = later(k, f->root_cluster);
	if (!error)
		error = check_directories(k);
	if (!error)
		error = check_rename(k);
	if (!error && k->repair)		/* no chain leads to what is freed now */
		error = fat_stage(f);
	if (!error)
		error = check_volume(k);
	if (!error && k->repair)
		error = fat_stage(f);
	if (!error)
		error = check_copies(k);
	return error;
}

static int run(struct fat *f, struct fs_check *c, bool repair)
{
	struct check *k = calloc(1, sizeof *k);
	int error;

	if (!k)
		return -ENOMEM;
	*k = (struct check){ .f = f, .c = c, .repair = repair };
	error = look(k);
	if (k->used)
		memory_free_pages(k->used, k->used_pages);
	free(k->queue);
	free(k);
	return error;
}

/* The volume is dirty while it is repaired: an interrupted repair is repaired, too. */
static int repair(struct fat *f, struct fs_check *c)
{
	int error = fat_mark(f, true);

	if (!error)
		error = fat_stage(f);
	if (!error)
		error = run(f, c, true);
	if (!error)
		error = fat_stage(f);
	if (!error)
		error = fat_mark(f, false);
	return error ? error : fat_stage(f);
}

int fat_check(struct filesystem *fs, struct fs_check *c)
{
	struct fat *f = fat_of(fs);
	int error;

	c->damage = c->repairs = 0;
	error = run(f, c, false);
	if (!error && f->dirty) {
		c->repairs++;
		if (c->say)
			c->say(c->context, "it was not left in order: the power failed, or so");
	}
	if (error || c->damage || !c->repair)
		return error;
	if (volume_read_only(&fs->volume))
		return c->repairs ? fat_fail(f, -EROFS, "the disk is write-protected") : 0;
	if (c->repairs)
		error = repair(f, c);
	if (error) {
		fat_write_failed(f);
		return error;
	}
	f->dirty = false;
	f->fs.why_read_only = NULL;
	return 0;
}
