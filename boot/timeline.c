/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/timeline.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/size.h"
#include "lib/time.h"

enum { STEPS_MAX = 24, WHAT_BYTES = 48, LINE_BYTES = 128 };

static struct step {
	char what[WHAT_BYTES];
	u64 at_us, took_us;
	u64 bytes;			/* of a file */
	bool is_file;
} steps[STEPS_MAX];
static unsigned count;

/* What is too many is left out; of what is too long the end says most. */
static struct step *add(const char *what)
{
	struct step *s = &steps[count < STEPS_MAX ? count++ : STEPS_MAX - 1];
	size_t length = strlen(what);

	*s = (struct step){ .at_us = time_us() };
	strcpy(s->what, length < WHAT_BYTES ? what : what + length - (WHAT_BYTES - 1));
	return s;
}

void timeline_reached(const char *what)
{
	for (unsigned i = 0; i < count; i++)
		if (!strcmp(steps[i].what, what))
			count = i;
	add(what);
}

void timeline_file(const char *path, u64 start_us, u64 bytes)
{
	struct step *s = add(path);

	s->is_file = true;
	s->bytes = bytes;
	s->took_us = s->at_us - start_us;
}

static void say(void (*each)(void *context, const char *line), void *context, u64 us,
		const struct step *s)
{
	char line[LINE_BYTES], size[SIZE_TEXT_BYTES];
	int used = snprintf(line, sizeof(line), "%8" PRIu64 ".%03u ms  %s", us / 1000,
			    (unsigned)(us % 1000), s->what);

	if (s->is_file)
		snprintf(line + used, sizeof(line) - (size_t)used,
			 ": %s in %" PRIu64 ".%03u ms, %" PRIu64 " MB/s",
			 size_text(s->bytes, size), s->took_us / 1000,
			 (unsigned)(s->took_us % 1000), s->took_us ? s->bytes / s->took_us : 0);
	each(context, line);
}

void timeline_walk(void (*each)(void *context, const char *line), void *context)
{
	static const struct step reset = { .what = "reset" }, entered = { .what = "entered" };
	u64 before = time_before_us();

	if (before)
		say(each, context, 0, &reset);
	say(each, context, before, &entered);
	for (unsigned i = 0; i < count; i++)
		say(each, context, before + steps[i].at_us, &steps[i]);
}

struct text {
	char *to;
	size_t size, used;
};

static void append(void *context, const char *line)
{
	struct text *t = context;
	int length = snprintf(t->to + t->used, t->size - t->used, "%s\n", line);

	t->used += (size_t)length < t->size - t->used ? (size_t)length : t->size - t->used - 1;
}

size_t timeline_text(char *to, size_t size)
{
	struct text t = { to, size, 0 };

	timeline_walk(append, &t);
	return t.used;
}
