/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "boot/handoff.h"
#include "boot/load/loading.h"
#include "boot/state/log.h"
#include "boot/timeline.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/size.h"
#include "lib/time.h"

enum {
	PART_BYTES = 1 << 20, PART_BYTES_MIN = 1 << 18,	/* of a file, to show how far it is */
	FAST_US = 50 * 1000, SLOW_US = 400 * 1000,
};

int load_fail(struct loading *l, const char *path, int error, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	progress_end(&l->progress);
	log_error("cannot boot %.60s: %s%s%.100s: %s", l->entry->title, l->entry->volume.name,
		  path ? ":" : "", path ? path : "", text);
	return error;
}

int load_fail_file(struct loading *l, const char *path, int error)
{
	char why[FS_EXPLAIN_BYTES];

	progress_end(&l->progress);
	log_error("cannot boot %.60s: %s", l->entry->title, fs_explain(l->fs, path, error, why));
	return error;
}

/* ---- Files ---- */

static int read_part(void *context, u64 offset, void *to, size_t bytes)
{
	struct load_file *f = context;

	return file_read(&f->file, f->offset + offset, to, bytes);
}

int load_open(struct loading *l, const struct boot_part *part, struct load_file *f)
{
	int error = fs_open(l->fs, part->path, &f->file);

	f->path = part->path;
	if (!error && f->file.is_directory)
		error = -EISDIR;
	if (error)
		return load_fail_file(l, part->path, error);
	f->offset = part->offset;
	f->bytes = part->bytes ? part->bytes : f->file.size;
	if (f->offset > f->file.size || f->bytes > f->file.size - f->offset)
		return load_fail(l, part->path, -EIO, "the file has become shorter");
	f->source = (struct image_source){ read_part, f, f->bytes };
	return 0;
}

void load_log(struct loading *l, const struct load_file *f, u64 start_us, u64 bytes,
	      const char *how)
{
	u64 us = time_us() - start_us;
	char size[SIZE_TEXT_BYTES];

	progress_end(&l->progress);
	timeline_file(f->path, start_us, bytes);
	log_info("%s: %s%s in %" PRIu64 ".%" PRIu64 " ms, %" PRIu64 " MB/s", f->path,
		 size_text(bytes, size), how, us / 1000, us % 1000 / 100, us ? bytes / us : 0);
}

int load_progress(struct loading *l, const struct load_file *f, u64 bytes)
{
	l->progress.what = f->path;
	return progress_add(&l->progress, bytes) ? 0 :
	       load_fail(l, f->path, -ECANCELED, "stopped by ^C");
}

/* In few parts where that is fast: between two, the disk has nothing to do. */
int load_bytes(struct loading *l, struct load_file *f, u64 offset, void *to, u64 bytes)
{
	u64 part = PART_BYTES;
	int error = 0;

	for (u64 start = time_us(), now; bytes && !error; start = now) {
		if (part > bytes)
			part = bytes;
		error = file_read(&f->file, f->offset + offset, to, (size_t)part);
		if (error)
			return load_fail_file(l, f->path, error);
		error = load_progress(l, f, part);
		offset += part;
		to = (u8 *)to + part;
		bytes -= part;
		now = time_us();
		if (now - start < FAST_US)
			part *= 4;
		else if (now - start > SLOW_US && part > PART_BYTES_MIN)
			part /= 2;
	}
	return error;
}

/* ---- Memory ---- */

void *load_at(const struct loading *l, int want)
{
	return (void *)(uintptr_t)l->wants[want].at;
}

int load_plan(struct loading *l, struct want kernel, struct want scratch)
{
	char why[PLAN_WHY_BYTES];
	int error;

	plan_give_back(l->wants, LOAD_WANTS);
	l->wants[LOAD_KERNEL] = kernel;
	l->wants[LOAD_SCRATCH] = scratch;
	error = plan_take(l->wants, LOAD_WANTS, why);
	return error ? load_fail(l, NULL, error, "%s", why) : 0;
}

/* ---- All of it ---- */

static int load_all(struct loading *l)
{
	int error = load_initrd_want(l);

	if (!error)
		error = load_tree_want(l);
	if (!error)
		error = load_kernel(l);
	if (!error)
		error = load_initrd(l);
	if (!error)
		error = load_tree(l);
	free(l->tree);
	return error;
}

static void log_step(void *context, const char *line)
{
	(void)context;
	log_debug("%s", line);
}

/* While its volume is still there. */
static void finish_log(const struct loading *l, const struct handoff_stage *next)
{
	handoff_log(next);
	timeline_reached("hand-off");
	timeline_walk(log_step, NULL);
	boot_log_write(l->fs, l->entry);
}

static struct handoff_stage next_stage(const struct loading *l)
{
	const struct want *kernel = &l->wants[LOAD_KERNEL], *initrd = &l->wants[LOAD_INITRD];

	return (struct handoff_stage){
		.title = l->entry->title, .entry = l->start, .bare = l->bare,
		.kernel = { kernel->at, kernel->bytes }, .initrd = { initrd->at, initrd->bytes },
		.tree = { l->wants[LOAD_TREE].at, l->tree_bytes },
	};
}

/* @look: NULL: enter it. */
static int load(const struct boot_entry *e, void (*look)(const void *tree))
{
	struct loading l = { .entry = e };
	struct handoff_stage next;
	char why[FS_WHY_BYTES];
	int error;

	timeline_reached("chosen");
	if (e->reason)
		return load_fail(&l, NULL, -EINVAL, "%s", e->reason);
	if (!volume_exists(&e->volume))		/* pulled while somebody looked at the menu */
		return load_fail(&l, NULL, -ENODEV, "its disk is gone");
	error = fs_mount(&e->volume, &l.fs, why);
	if (error)
		return load_fail(&l, NULL, error, "%s", why);
	error = load_all(&l);
	next = next_stage(&l);
	if (!error && !look)
		finish_log(&l, &next);
	fs_unmount(l.fs);
	if (!error && look)
		look((const void *)(uintptr_t)next.tree.start);
	else if (!error)
		error = handoff_enter(&next);
	plan_give_back(l.wants, LOAD_WANTS);
	return error;
}

int boot_load(const struct boot_entry *e)
{
	return load(e, NULL);
}

int boot_load_tree(const struct boot_entry *e, void (*look)(const void *tree))
{
	return load(e, look);
}
