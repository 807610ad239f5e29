/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree for what is booted: the firmware's, or one from a file with what only firmware
 * knows; overlays; and /chosen.
 */
#include <stdlib.h>
#include <string.h>

#include "boot/chosen.h"
#include "boot/load/loading.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"

enum { TREE_MAX = 2 << 20 };		/* bytes: what kernels map (booting.rst, 2) */

/* A whole file of the entry, in memory to free(). */
static int read_whole(struct loading *l, const struct boot_part *p, void **data,
		      size_t *bytes)
{
	struct load_file f;
	int error = load_open(l, p, &f);

	*data = NULL;
	if (error)
		return error;
	if (f.bytes > TREE_MAX)
		return load_fail(l, p->path, -EFBIG, "it is too large for a device tree");
	*bytes = (size_t)f.bytes;
	*data = malloc(*bytes);
	if (!*data)
		return load_fail(l, p->path, -ENOMEM, "there is no memory to read it");
	error = file_read(&f.file, f.offset, *data, *bytes);
	return error ? load_fail_file(l, p->path, error) : 0;
}

static int overlay_bytes(struct loading *l, size_t *total)
{
	struct load_file f;
	int error;

	for (const struct boot_part *p = l->entry->overlays; p; p = p->next) {
		error = load_open(l, p, &f);
		if (error)
			return error;
		if (f.bytes > TREE_MAX)
			return load_fail(l, p->path, -EFBIG, "it is too large for an overlay");
		*total += 2 * (size_t)f.bytes;
	}
	return 0;
}

static int apply_overlays(struct loading *l, void *copy)
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

int load_tree_want(struct loading *l)
{
	const struct boot_part *part = l->entry->tree;
	const char *reason, *arguments = l->entry->arguments, *id = l->entry->id;
	size_t bytes;
	int error = part ? read_whole(l, part, &l->tree, &l->tree_bytes) : 0;

	if (part && !error && dt_check(l->tree, l->tree_bytes, &reason))
		error = load_fail(l, part->path, -EINVAL, "%s", reason);
	bytes = 2 * l->tree_bytes + (arguments ? strlen(arguments) : 0) + strlen(id);
	if (!error)
		error = overlay_bytes(l, &bytes);
	l->wants[LOAD_TREE] = want_tree(dt_edit_bytes(bytes));
	return error;
}

int load_tree(struct loading *l)
{
	void *copy = load_at(l, LOAD_TREE);
	size_t bytes = (size_t)l->wants[LOAD_TREE].bytes;
	const char *id = l->entry->id;
	const struct range initrd = { l->wants[LOAD_INITRD].at, l->wants[LOAD_INITRD].bytes };
	int error = l->tree ? dt_edit_begin_other(copy, bytes, l->tree) :
			      dt_edit_begin(copy, bytes);

	if (!error)
		error = apply_overlays(l, copy);
	if (!error)
		error = chosen_write(copy, l->entry->arguments, &initrd);
	if (!error)		/* for tools/bootstate */
		error = dt_edit_chosen_value(copy, "plinth,entry", id, strlen(id) + 1);
	if (error)
		return load_fail(l, NULL, error, "its device tree cannot be made");
	l->tree_bytes = dt_edit_end(copy);
	return l->tree_bytes <= TREE_MAX ? 0 :
	       load_fail(l, NULL, -EFBIG, "its device tree is larger than 2 MiB");
}
