/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree for what is booted: the firmware's, or one from a file with what only firmware
 * knows; overlays; and /chosen.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/load/loading.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"

enum { FILE_MAX = 2 << 20 };		/* bytes: what arm64 takes */
static const u64 BELOW = 1ull << 32;	/* where every kernel reaches it early */

/* A whole file of the entry, in memory to free(). */
static int read_whole(const struct loading *l, const struct boot_part *p, void **data,
		      size_t *bytes)
{
	struct load_file f;
	int error = load_open(l, p, &f);

	*data = NULL;
	if (error)
		return error;
	if (f.bytes > FILE_MAX)
		return load_fail(l, p->path, -EFBIG, "it is too large for a device tree");
	*bytes = (size_t)f.bytes;
	*data = malloc(*bytes);
	if (!*data)
		return load_fail(l, p->path, -ENOMEM, "there is no memory to read it");
	return load_read(l, &f, *data);
}

static int overlay_bytes(const struct loading *l, size_t *total)
{
	struct load_file f;
	int error;

	for (const struct boot_part *p = l->entry->overlays; p; p = p->next) {
		error = load_open(l, p, &f);
		if (error)
			return error;
		if (f.bytes > FILE_MAX)
			return load_fail(l, p->path, -EFBIG, "it is too large for an overlay");
		*total += 2 * (size_t)f.bytes;
	}
	return 0;
}

static int apply_overlays(const struct loading *l, void *copy)
{
	for (const struct boot_part *p = l->entry->overlays; p; p = p->next) {
		size_t bytes;
		void *data;
		int error = read_whole(l, p, &data, &bytes);

		if (!error)
			error = dt_edit_overlay(copy, data, bytes, p->path);
		free(data);
		if (error)
			return error;
	}
	return 0;
}

static int write_chosen(const struct loading *l, void *copy)
{
	int error = dt_edit_bootargs(copy, l->entry->arguments);

	return error ? error : dt_edit_initrd(copy, l->initrd.start, l->initrd.bytes);
}

/* @file: NULL: the firmware's tree. */
static int make(struct loading *l, const void *file, size_t file_bytes)
{
	size_t bytes = 2 * file_bytes + (l->entry->arguments ? strlen(l->entry->arguments) : 0);
	void *copy;
	int error = overlay_bytes(l, &bytes);

	if (error)
		return error;
	bytes = dt_edit_bytes(bytes);
	error = load_take(l, bytes, 0, BELOW, "device tree", &l->tree.start);
	if (error)
		error = load_take(l, bytes, 0, UINT64_MAX, "device tree", &l->tree.start);
	if (error)
		return load_fail(l, NULL, error, "there is no memory for its device tree");
	copy = (void *)(uintptr_t)l->tree.start;
	error = file ? dt_edit_begin_other(copy, bytes, file) : dt_edit_begin(copy, bytes);
	if (!error)
		error = apply_overlays(l, copy);
	if (!error)
		error = write_chosen(l, copy);
	if (error)
		return load_fail(l, NULL, error, "its device tree cannot be made");
	l->tree.bytes = dt_edit_end(copy);
	return 0;
}

int load_tree(struct loading *l)
{
	const struct boot_part *part = l->entry->tree;
	const char *reason;
	void *file = NULL;
	size_t bytes = 0;
	int error = 0;

	if (part) {
		error = read_whole(l, part, &file, &bytes);
		if (!error && dt_check(file, bytes, &reason))
			error = load_fail(l, part->path, -EINVAL, "%s", reason);
	}
	if (!error)
		error = make(l, file, bytes);
	free(file);
	return error;
}
