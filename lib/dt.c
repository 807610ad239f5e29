/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the device tree: nodes and properties. */
#include "lib/dt.h"
#include "lib/dt_structure.h"
#include "lib/errors.h"

#include <libfdt.h>
#include <string.h>

static const struct dt_node none = { -1 };

static const void *tree;
static int reservation_count;

/*
 * The last node whose ancestors were asked for, and they: place[0] is the root, place[depth] the
 * node. The structure knows no way up, so ancestors are found by walking down from the root; who
 * asks for one node after the other in their order pays for one walk of the tree, not one each.
 */
static struct {
	int place[DT_DEPTH_MAX];
	int depth;
} cursor;

/* Phandles looked for last: that takes a walk of the tree, and few nodes have most references. */
static struct {
	u32 phandle;			/* 0: none */
	struct dt_node node;
} known[8];

void dt_adopt(const void *blob)
{
	tree = blob;
	dt_structure_adopt(blob);
	cursor.depth = 0;
	memset(known, 0, sizeof(known));
	reservation_count = fdt_num_mem_rsv(blob);
}

int dt_open(const void *blob, size_t limit, const char **reason)
{
	int err = dt_check(blob, limit, reason);

	if (!err)
		dt_adopt(blob);
	return err;
}

const void *dt_blob(size_t *bytes)
{
	if (bytes)
		*bytes = tree ? fdt_totalsize(tree) : 0;
	return tree;
}

size_t dt_used_bytes(void)
{
	const void *blob = dt_blob(NULL);
	size_t rows = (size_t)fdt_num_mem_rsv(blob) + 1;
	size_t reservations = fdt_off_mem_rsvmap(blob) + rows * sizeof(struct fdt_reserve_entry);
	size_t structure = fdt_off_dt_struct(blob) + fdt_size_dt_struct(blob);
	size_t strings = fdt_off_dt_strings(blob) + fdt_size_dt_strings(blob);
	size_t last = structure > strings ? structure : strings;

	return last > reservations ? last : reservations;
}

void dt_copy(void *to)
{
	size_t bytes = dt_used_bytes();

	memcpy(to, dt_blob(NULL), bytes);
	fdt_set_totalsize(to, (u32)bytes);
}

/* What libfdt says of a place: an offset, or one of its (negative) errors. */
static struct dt_node at(int offset)
{
	return offset < 0 ? none : (struct dt_node){ offset };
}

struct dt_node dt_root(void)
{
	return tree ? (struct dt_node){ 0 } : none;
}

/* From @node along @bytes of @path, name by name. */
static int follow(int node, const char *path, size_t bytes)
{
	const char *end = path + bytes;

	while (node >= 0 && path < end) {
		size_t part = strcspn(path, "/:");

		if (part)
			node = dt_structure_find(node, path, part);
		path += part + 1;
	}
	return node;
}

/* The node that an alias of @bytes characters stands for (DT 3.3). */
static int alias(const char *name, size_t bytes)
{
	int node = follow(0, "aliases", 7);
	int at = node < 0 ? node : dt_structure_find_property(node, name, bytes);
	const char *path;
	u32 path_bytes;

	if (at < 0)
		return at;
	path = dt_structure_value(at, &path_bytes);
	/* an alias of an alias is none: that could go round in circles */
	if (path_bytes < 2 || path[0] != '/' || path[path_bytes - 1])
		return -1;
	return follow(0, path, strlen(path));
}

struct dt_node dt_path(const char *path)
{
	size_t bytes = strcspn(path, ":"), first = strcspn(path, "/:");
	int node = 0;

	if (!tree || !bytes)
		return none;
	if (first)
		node = alias(path, first);
	return at(follow(node, path + first, bytes - first));
}

/* Of older trees the property has another name. */
static u32 phandle_of(struct dt_node node)
{
	return dt_u32(node, "phandle", 0) ?: dt_u32(node, "linux,phandle", 0);
}

struct dt_node dt_by_phandle(u32 phandle)
{
	unsigned slot = phandle % (sizeof(known) / sizeof(*known));
	struct dt_node node = dt_root();
	int depth = 0;

	if (!tree || !phandle || phandle == UINT32_MAX)
		return none;
	if (phandle != known[slot].phandle) {
		while (dt_exists(node) && phandle_of(node) != phandle)
			node = at(dt_structure_next(node.offset, &depth));
		known[slot].phandle = phandle;
		known[slot].node = node;
	}
	return known[slot].node;
}

struct dt_node dt_first_child(struct dt_node parent)
{
	return dt_exists(parent) ? at(dt_structure_child(parent.offset)) : none;
}

struct dt_node dt_next_sibling(struct dt_node node)
{
	return dt_exists(node) ? at(dt_structure_sibling(node.offset)) : none;
}

struct dt_node dt_compatible_node(struct dt_node after, const char *compatible)
{
	int depth = DT_DEPTH_MAX;	/* out of whatever it is in */

	while (dt_exists(after)) {
		after = at(dt_structure_next(after.offset, &depth));
		if (dt_is_compatible(after, compatible))
			break;
	}
	return after;
}

int dt_ancestors(struct dt_node node, struct dt_node chain[DT_DEPTH_MAX])
{
	int offset;

	if (!dt_exists(node) || !tree)
		return -ENOENT;
	while (cursor.depth && cursor.place[cursor.depth] > node.offset)
		cursor.depth--;
	offset = cursor.place[cursor.depth];
	while (offset >= 0 && offset < node.offset) {
		offset = dt_structure_next(offset, &cursor.depth);
		if (offset >= 0)
			cursor.place[cursor.depth] = offset;
	}
	if (offset != node.offset) {
		cursor.depth = 0;
		return -ENOENT;
	}
	for (int i = 0; i <= cursor.depth; i++)
		chain[i].offset = cursor.place[i];
	return cursor.depth + 1;
}

struct dt_node dt_parent(struct dt_node node)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain);

	return count < 2 ? none : chain[count - 2];
}

const char *dt_name(struct dt_node node)
{
	const char *name = dt_exists(node) ? dt_structure_name(node.offset) : NULL;

	if (!name)
		return "(no node)";
	return *name ? name : "/";
}

int dt_full_path(struct dt_node node, char *to, size_t bytes)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain);
	size_t used = 0;

	if (count < 0)
		return count;
	for (int i = count > 1; i < count; i++) {
		const char *name = i ? dt_name(chain[i]) : "";
		size_t length = strlen(name);

		if (length + 2 > bytes - used)
			return -ENOSPC;
		to[used] = '/';
		memcpy(to + used + 1, name, length + 1);
		used += length + 1;
	}
	return 0;
}

bool dt_enabled(struct dt_node node)
{
	u32 bytes = 0;
	const char *status = dt_property(node, "status", &bytes);

	if (!status)
		return dt_exists(node);
	return (bytes >= 5 && !memcmp(status, "okay", 5)) ||
	       (bytes >= 3 && !memcmp(status, "ok", 3));
}

const char *dt_compatible(struct dt_node node, unsigned index)
{
	return dt_string_at(node, "compatible", index);
}

bool dt_is_compatible(struct dt_node node, const char *compatible)
{
	return dt_string_index(node, "compatible", compatible) >= 0;
}

const void *dt_property(struct dt_node node, const char *name, u32 *bytes)
{
	int property = -1;
	u32 unused;

	if (dt_exists(node))
		property = dt_structure_find_property(node.offset, name, strlen(name));
	return property < 0 ? NULL : dt_structure_value(property, bytes ? bytes : &unused);
}

void dt_erase(struct dt_node node, const char *name)
{
	u32 bytes;
	void *value = (void *)dt_property(node, name, &bytes);

	if (value)
		memset(value, 0, bytes);
}

bool dt_next_property(struct dt_node node, int *at, const char **name, const void **value,
		      u32 *bytes)
{
	if (!dt_exists(node))
		return false;
	*at = *at < 0 ? dt_structure_property(node.offset) : dt_structure_next_property(*at);
	if (*at < 0)
		return false;
	*name = dt_structure_property_name(*at);
	*value = dt_structure_value(*at, bytes);
	return true;
}

u32 dt_u32(struct dt_node node, const char *name, u32 otherwise)
{
	u32 bytes;
	const void *value = dt_property(node, name, &bytes);

	return value && bytes == 4 ? fdt32_ld(value) : otherwise;
}

u32 dt_u32_at(struct dt_node node, const char *name, unsigned index, u32 otherwise)
{
	u32 bytes;
	const fdt32_t *value = dt_property(node, name, &bytes);

	return value && index < bytes / 4 ? fdt32_ld(value + index) : otherwise;
}

u64 dt_u64(struct dt_node node, const char *name, u64 otherwise)
{
	u32 bytes;
	const fdt32_t *value = dt_property(node, name, &bytes);

	if (value && bytes == 8)	/* aligned to 4 only */
		return (u64)fdt32_ld(value) << 32 | fdt32_ld(value + 1);
	return value && bytes == 4 ? fdt32_ld(value) : otherwise;
}

const char *dt_string(struct dt_node node, const char *name)
{
	return dt_string_at(node, name, 0);
}

/* The string behind @each, a NULL before the first, of a list; NULL: past the last. */
static const char *next_string(const char *list, u32 bytes, const char *each)
{
	const char *end;

	if (!list)
		return NULL;
	end = list + bytes;
	each = each ? each + strlen(each) + 1 : list;
	return each < end && memchr(each, 0, (size_t)(end - each)) ? each : NULL;
}

const char *dt_string_at(struct dt_node node, const char *name, unsigned index)
{
	u32 bytes = 0;
	const char *list = dt_property(node, name, &bytes), *each = NULL;

	while ((each = next_string(list, bytes, each)) && index--)
		;
	return each;
}

int dt_string_index(struct dt_node node, const char *name, const char *string)
{
	u32 bytes = 0;
	const char *list = dt_property(node, name, &bytes), *each = NULL;

	for (int i = 0; (each = next_string(list, bytes, each)); i++)
		if (!strcmp(each, string))
			return i;
	return -ENOENT;
}

int dt_memory_reservation(unsigned index, struct range *r)
{
	uint64_t start, bytes;

	if (!tree || reservation_count < 0 || index >= (unsigned)reservation_count ||
	    fdt_get_mem_rsv(tree, (int)index, &start, &bytes))
		return -ENOENT;
	*r = (struct range){ start, bytes };
	return 0;
}
