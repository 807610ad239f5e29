/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "boot/handoff.h"
#include "boot/load/loading.h"
#include "boot/state/log.h"
#include "boot/timeline.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/memory.h"
#include "lib/size.h"
#include "lib/time.h"

int load_fail(const struct loading *l, const char *path, int error, const char *format, ...)
{
	char text[LOG_LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_error("cannot boot %s: %s%s%s: %s", l->entry->title, l->entry->volume.name,
		  path ? ":" : "", path ? path : "", text);
	return error;
}

int load_fail_file(const struct loading *l, const char *path, int error)
{
	char why[FS_EXPLAIN_BYTES];

	log_error("cannot boot %s: %s", l->entry->title, fs_explain(l->fs, path, error, why));
	return error;
}

/* ---- Files ---- */

static int read_part(void *context, u64 offset, void *to, size_t bytes)
{
	struct load_file *f = context;

	return file_read(&f->file, f->offset + offset, to, bytes);
}

int load_open(const struct loading *l, const struct boot_part *part, struct load_file *f)
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

void load_log(const struct load_file *f, u64 start_us, u64 bytes, const char *how)
{
	u64 us = time_us() - start_us;
	char size[SIZE_TEXT_BYTES];

	timeline_file(f->path, start_us, bytes);
	log_info("%s: %s%s in %" PRIu64 ".%" PRIu64 " ms, %" PRIu64 " MB/s", f->path,
		 size_text(bytes, size), how, us / 1000, us % 1000 / 100, us ? bytes / us : 0);
}

int load_read(const struct loading *l, struct load_file *f, void *to)
{
	u64 start = time_us();
	int error = file_read(&f->file, f->offset, to, (size_t)f->bytes);

	if (error)
		return load_fail_file(l, f->path, error);
	load_log(f, start, f->bytes, "");
	return 0;
}

/* ---- Memory ---- */

static void note_claim(struct loading *l, u64 start, u64 bytes)
{
	l->claimed[l->claims++] = (struct range){ start, bytes };
}

int load_claim(struct loading *l, struct range r, const char *owner)
{
	int error = l->claims == LOAD_CLAIMS_MAX ? -ENOSPC :
		    memory_claim(r.start, r.bytes, MEMORY_LOADED, owner);

	if (!error)
		note_claim(l, r.start, r.bytes);
	return error;
}

int load_take(struct loading *l, u64 bytes, u64 low, u64 high, const char *owner, u64 *start)
{
	int error = l->claims == LOAD_CLAIMS_MAX ? -ENOSPC :
		    memory_take(bytes, 0x1000, low, high, MEMORY_LOADED, owner, start);

	if (!error)
		note_claim(l, *start, bytes);
	return error;
}

void load_give_back(struct loading *l, u64 start)
{
	for (unsigned i = 0; i < l->claims; i++)
		if (l->claimed[i].start == start) {
			memory_release(start, l->claimed[i].bytes);
			l->claimed[i] = l->claimed[--l->claims];
			return;
		}
}

/* ---- All of it ---- */

static int load_all(struct loading *l)
{
	int error = load_kernel(l);

	if (!error)
		error = load_initrd(l);
	return error ? error : load_tree(l);
}

static void log_places(const struct loading *l)
{
	char size[SIZE_TEXT_BYTES], initrd[64] = "no initrd";

	if (l->initrd.bytes)
		snprintf(initrd, sizeof(initrd), "initrd at 0x%" PRIx64 " - 0x%" PRIx64,
			 l->initrd.start, l->initrd.start + l->initrd.bytes - 1);
	log_info("entering %s at 0x%" PRIx64 " (%s), %s, device tree at 0x%" PRIx64,
		 l->entry->title, l->start, size_text(l->kernel.bytes, size), initrd,
		 l->tree.start);
}

static void log_step(void *context, const char *line)
{
	(void)context;
	log_debug("%s", line);
}

/* While its volume is still there. */
static void finish_log(const struct loading *l)
{
	log_places(l);
	timeline_reached("hand-off");
	timeline_walk(log_step, NULL);
	boot_log_write(l->fs, l->entry);
}

int boot_load(const struct boot_entry *e)
{
	struct loading l = { .entry = e };
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
	if (!error)
		finish_log(&l);
	fs_unmount(l.fs);
	if (!error) {
		/* An operating system reads its initrd with caches on, a program may not. */
		const struct range written[] = { l.kernel, l.tree, l.initrd };

		error = handoff_enter(l.start, l.tree.start, written,
				      l.bare && l.initrd.bytes ? 3 : 2);
	}
	while (l.claims)
		load_give_back(&l, l.claimed[0].start);
	return error;
}
