/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dt_diff.h"

#include <inttypes.h>
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512, NOWHERE = -1 };

struct diff {
	const void *trees[2];
	dt_diff_each *each;
	char path[PATH_BYTES];
};

/* ---- Properties ---- */

static void properties(struct diff *d, const int at[2], bool side)
{
	const void *tree = d->trees[side], *other = d->trees[!side];
	int offset;

	fdt_for_each_property_offset(offset, tree, at[side]) {
		const char *name;
		int bytes, theirs_bytes = 0;
		const void *ours = fdt_getprop_by_offset(tree, offset, &name, &bytes);
		const void *theirs = at[!side] == NOWHERE ? NULL :
				     fdt_getprop(other, at[!side], name, &theirs_bytes);

		if (!theirs || (!side && (bytes != theirs_bytes ||
					  memcmp(ours, theirs, (size_t)bytes))))
			d->each(side, d->path, name, ours, (u32)bytes);
		else
			continue;
		if (theirs)
			d->each(!side, d->path, name, theirs, (u32)theirs_bytes);
	}
}

/* ---- Nodes ---- */

/* Unlike libfdt's, with its address or not at all. @after: where it is if both have one order. */
static int find(const void *tree, int parent, const char *name, int after)
{
	int child;

	if (parent == NOWHERE)
		return NOWHERE;
	if (after != NOWHERE) {
		child = fdt_next_subnode(tree, after);
		if (child >= 0 && !strcmp(fdt_get_name(tree, child, NULL), name))
			return child;
	}
	fdt_for_each_subnode(child, tree, parent)
		if (!strcmp(fdt_get_name(tree, child, NULL), name))
			return child;
	return NOWHERE;
}

static void nodes(struct diff *d, const int at[2]);

/* All of them, for the first tree; for the second those that the first has not. */
static void children(struct diff *d, const int at[2], bool side)
{
	size_t end = strlen(d->path);
	int child, after = NOWHERE;

	fdt_for_each_subnode(child, d->trees[side], at[side]) {
		const char *name = fdt_get_name(d->trees[side], child, NULL);
		int theirs = find(d->trees[!side], at[!side], name, after);

		if (theirs != NOWHERE)
			after = theirs;
		if (theirs != NOWHERE && side)
			continue;
		snprintf(d->path + end, PATH_BYTES - end, "/%s", name);
		if (theirs == NOWHERE)
			d->each(side, d->path, NULL, NULL, 0);
		if (theirs != NOWHERE || side)
			nodes(d, side ? (int[]){ NOWHERE, child } : (int[]){ child, theirs });
		d->path[end] = 0;
	}
}

static void nodes(struct diff *d, const int at[2])
{
	for (int side = at[0] == NOWHERE; side < 2; side++)
		properties(d, at, side);
	for (int side = at[0] == NOWHERE; side < 2; side++)
		children(d, at, side);
}

/* ---- Reservations ---- */

static bool reserves(const void *tree, u64 start, u64 bytes)
{
	u64 address, size;

	for (int i = 0; !fdt_get_mem_rsv(tree, i, &address, &size) && size; i++)
		if (address == start && size == bytes)
			return true;
	return false;
}

static void reservations(struct diff *d, bool side)
{
	u64 start, bytes;
	char text[64];

	for (int i = 0; i < fdt_num_mem_rsv(d->trees[side]); i++) {
		fdt_get_mem_rsv(d->trees[side], i, &start, &bytes);
		if (reserves(d->trees[!side], start, bytes))
			continue;
		snprintf(text, sizeof(text), "/memreserve/ 0x%" PRIx64 " 0x%" PRIx64, start, bytes);
		d->each(side, text, NULL, NULL, 0);
	}
}

void dt_diff(const void *first, const void *second, dt_diff_each *each)
{
	struct diff d = { .trees = { first, second }, .each = each };

	reservations(&d, 0);
	reservations(&d, 1);
	nodes(&d, (int[]){ 0, 0 });
}
