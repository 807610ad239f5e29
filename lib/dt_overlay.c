/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Overlays: parts of a tree (fragments), each to be merged into a target node of another one, which
 * a path or a label names. libfdt merges them, and says in one number what it did not like; so what
 * commonly is wrong is looked for first.
 */
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"
#include "lib/log.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 256 };

struct overlay {
	const char *name;		/* for people: the file it came from */
	const void *base;
	const void *blob;
};

#define refuse(...) (log_error("Overlay " __VA_ARGS__), -EINVAL)

static const char *text(const void *blob, int node, const char *property)
{
	int bytes;
	const char *value = fdt_getprop(blob, node, property, &bytes);

	return value && bytes > 0 && !value[bytes - 1] ? value : NULL;
}

/* ---- Labels ---- */

/* The node of @base that a label stands for; -ENOENT: no such label; -EINVAL: one of no node. */
static int labelled(const void *base, const char *label)
{
	int symbols = fdt_path_offset(base, "/__symbols__"), node;
	const char *path = symbols < 0 ? NULL : text(base, symbols, label);

	if (!path)
		return -ENOENT;
	node = fdt_path_offset(base, path);
	return node < 0 ? -EINVAL : node;
}

/* Every label that the overlay refers to is one of the base. */
static int check_labels(const struct overlay *o)
{
	int fixups = fdt_path_offset(o->blob, "/__fixups__"), property;

	if (fixups < 0)
		return 0;
	if (fdt_path_offset(o->base, "/__symbols__") < 0)
		return refuse("%s: it names nodes by labels, and the device tree has none:"
			      " compile that with dtc -@", o->name);
	fdt_for_each_property_offset(property, o->blob, fixups) {
		const char *label = NULL;
		int node;

		fdt_getprop_by_offset(o->blob, property, &label, NULL);
		node = label ? labelled(o->base, label) : -EINVAL;
		if (node == -ENOENT)
			return refuse("%s: the device tree has no label \"%s\"", o->name, label);
		if (node < 0)
			return refuse("%s: label \"%s\" of the device tree stands for no node",
				      o->name, label ? label : "?");
	}
	return 0;
}

/*
 * The overlay's references to its own nodes: @fixups has their offsets in the properties of @node.
 * libfdt 1.6 follows these without a look, after it has added to whatever is called "phandle".
 */
static int check_local(const struct overlay *o, int fixups, int node)
{
	int property, child;

	fdt_for_each_property_offset(property, o->blob, fixups) {
		const char *name = "?";
		int bytes, room;
		const fdt32_t *offsets = fdt_getprop_by_offset(o->blob, property, &name, &bytes);
		bool good = fdt_getprop(o->blob, node, name, &room) && offsets && bytes % 4 == 0 &&
			strcmp(name, "phandle") && strcmp(name, "linux,phandle");

		for (int i = 0; good && i < bytes / 4; i++)
			good = room >= 4 && fdt32_ld(offsets + i) <= (u32)room - 4;
		if (!good)
			return refuse("%s: a reference in its __local_fixups__ is not in "
				      "property %s of %s",
				      o->name, name, fdt_get_name(o->blob, node, NULL));
	}
	fdt_for_each_subnode(child, o->blob, fixups) {
		const char *name = fdt_get_name(o->blob, child, NULL);
		int same = fdt_subnode_offset_namelen(o->blob, node, name, (int)strlen(name)), err;

		if (same < 0 || !strcmp(name, "__local_fixups__"))
			return refuse("%s: its __local_fixups__ are for a node %s, which it has "
				      "not",
				      o->name, name);
		err = check_local(o, child, same);
		if (err)
			return err;
	}
	return 0;
}

/* ---- Fragments ---- */

/* The label whose phandle will be put into "target" of @fragment; NULL: none. */
static const char *target_label(const struct overlay *o, const char *fragment)
{
	int fixups = fdt_path_offset(o->blob, "/__fixups__"), property;
	char place[PATH_BYTES];

	if (fixups < 0 || strlen(fragment) + sizeof("/:target:0") > sizeof(place))
		return NULL;
	strcpy(place, "/");
	strcat(place, fragment);
	strcat(place, ":target:0");
	fdt_for_each_property_offset(property, o->blob, fixups) {
		const char *label;
		int bytes;
		const char *places = fdt_getprop_by_offset(o->blob, property, &label, &bytes);

		if (places && fdt_stringlist_contains(places, bytes, place))
			return label;
	}
	return NULL;
}

/* Where in the base @fragment goes, or -EINVAL. */
static int target(const struct overlay *o, int fragment, const char *name)
{
	const char *path = text(o->blob, fragment, "target-path"), *label = target_label(o, name);
	int bytes, node;
	const fdt32_t *phandle = fdt_getprop(o->blob, fragment, "target", &bytes);

	if (label)
		return labelled(o->base, label);
	if (phandle) {
		node = bytes == 4 ? fdt_node_offset_by_phandle(o->base, fdt32_ld(phandle)) : -1;
		return node >= 0 ? node : refuse("%s: the target of %s is no phandle of the device"
						 " tree", o->name, name);
	}
	if (!path)
		return refuse("%s: %s has neither target nor target-path", o->name, name);
	node = fdt_path_offset(o->base, path);
	return node >= 0 ? node : refuse("%s: the device tree has no node %s, where %s goes",
					 o->name, path, name);
}

/*
 * What refers to a node of the base does so by its phandle. One that the overlay gives it would
 * take the place of that, and libfdt would let it.
 */
static int check_phandles(const struct overlay *o, int node, int base_node)
{
	char path[PATH_BYTES];
	int child;

	if (fdt_get_phandle(o->blob, node) && fdt_get_phandle(o->base, base_node)) {
		if (fdt_get_path(o->base, base_node, path, sizeof(path)))
			*path = 0;
		return refuse("%s: it gives a phandle to %s, which has one in the device tree; use"
			      " the label it has there instead of a new one", o->name, path);
	}
	fdt_for_each_subnode(child, o->blob, node) {
		int bytes, same, err;
		const char *name = fdt_get_name(o->blob, child, &bytes);

		same = name ? fdt_subnode_offset_namelen(o->base, base_node, name, bytes) : -1;
		err = same < 0 ? 0 : check_phandles(o, child, same);
		if (err)
			return err;
	}
	return 0;
}

static int check_fragments(const struct overlay *o)
{
	unsigned count = 0;
	int fragment;

	fdt_for_each_subnode(fragment, o->blob, 0) {
		int content = fdt_subnode_offset(o->blob, fragment, "__overlay__"), node;

		if (content < 0)
			continue;
		count++;
		node = target(o, fragment, fdt_get_name(o->blob, fragment, NULL));
		if (node < 0 || check_phandles(o, content, node))
			return -EINVAL;
	}
	return count ? 0 : refuse("%s: it has no fragments: is it a device tree of its own?",
				  o->name);
}

/* ---- All of it ---- */

/* libfdt makes its changes to the overlay, too: on a copy. */
static int merge(const struct overlay *o, void *base, size_t bytes)
{
	void *scratch = malloc(bytes);
	const char *reason;
	int err;

	if (!scratch)
		return -ENOMEM;
	memcpy(scratch, o->blob, bytes);
	err = fdt_overlay_apply(base, scratch);
	free(scratch);
	if (err) {
		log_error("Overlay %s: cannot be merged into the device tree: %s", o->name,
			  err == -FDT_ERR_NOSPACE ? "its memory is full, or it refers to a place "
			  "outside of a property" : fdt_strerror(err));
		return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	}
	if (dt_check(base, fdt_totalsize(base), &reason))
		return refuse("%s: the device tree is none with it: %s", o->name, reason);
	return 0;
}

int dt_edit_overlay(void *copy, const void *overlay, size_t bytes, const char *name)
{
	const struct overlay o = { name, copy, overlay };
	const char *reason;
	int err, fixups;

	if (dt_check(overlay, bytes, &reason))
		return refuse("%s: %s", name, reason);
	err = check_labels(&o);
	fixups = fdt_path_offset(overlay, "/__local_fixups__");
	if (!err && fixups >= 0)
		err = check_local(&o, fixups, 0);
	if (!err)
		err = check_fragments(&o);
	return err ? err : merge(&o, copy, fdt_totalsize(overlay));
}
