/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/state/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/errors.h"
#include "lib/log.h"

enum { TEXT_BYTES = 48 * 1024 };	/* more than the log's ring makes */
static const char path[] = "/plinth/boot.log";

struct text {
	char *to;
	size_t used;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A line that does not fit is left out. */
static void add(struct text *t, const char *format, ...)
{
	size_t room = TEXT_BYTES - t->used;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(t->to + t->used, room, format, arguments);
	va_end(arguments);
	if (length > 0 && (size_t)length < room)
		t->used += (size_t)length;
}

static void add_line(void *context, enum log_level level, u64 time_us, const char *text)
{
	add(context, "%4" PRIu64 ".%06u %-7s %s\n", time_us / 1000000,
	    (unsigned)(time_us % 1000000), log_level_name(level), text);
}

void boot_log_write(struct filesystem *fs, const struct boot_entry *e)
{
	struct text t = { .used = 0 };
	char why[FS_EXPLAIN_BYTES];
	struct file f;
	int error;

	if (fs_open(fs, "/plinth", &f) || !f.is_directory)
		return;
	t.to = malloc(TEXT_BYTES);
	error = t.to ? 0 : -ENOMEM;
	if (!error) {
		add(&t, "%s, %s:%s\n", e->id, e->volume.name, e->source);
		log_walk(add_line, &t);
		error = fs_replace(fs, path, t.to, t.used);
	}
	free(t.to);
	if (error)
		log_warning("the log of this boot is not written: %s",
			    fs_explain(fs, path, error, why));
}
