/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the device tree: nodes and properties, over libfdt. */
#include "lib/dt.h"
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

/* The last phandle looked for, which takes a walk of the tree; rows of a map repeat it. */
static struct {
	u32 phandle;
	struct dt_node node;
} last = { 0, { -1 } };

void dt_adopt(const void *blob)
{
	tree = blob;
	cursor.depth = 0;
	last.phandle = 0;
	last.node = none;
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

/* The path that an alias of @bytes characters stands for (DT 3.3); NULL: no such alias. */
static const char *alias(const char *name, int bytes)
{
	int node = fdt_path_offset(tree, "/aliases"), value_bytes;
	const char *value = node < 0 ? NULL :
		fdt_getprop_namelen(tree, node, name, bytes, &value_bytes);

	/* an alias of an alias is none: that could go round in circles */
	if (!value || value_bytes < 2 || value[0] != '/' || value[value_bytes - 1])
		return NULL;
	return value;
}

struct dt_node dt_path(const char *path)
{
	int bytes = (int)strcspn(path, ":"), first = (int)strcspn(path, "/:");
	const char *target;
	struct dt_node node;

	if (!tree || !bytes)
		return none;
	if (path[0] == '/')
		return at(fdt_path_offset_namelen(tree, path, bytes));
	target = alias(path, first);
	node = target ? at(fdt_path_offset(tree, target)) : none;
	path += first;
	bytes -= first;
	while (dt_exists(node) && bytes) {	/* what follows the alias, name by name */
		path++, bytes--;
		first = (int)strcspn(path, "/:");
		if (first)
			node = at(fdt_subnode_offset_namelen(tree, node.offset, path, first));
		path += first;
		bytes -= first;
	}
	return node;
}

struct dt_node dt_by_phandle(u32 phandle)
{
	if (!tree)
		return none;
	if (phandle != last.phandle) {
		last.phandle = phandle;
		last.node = at(fdt_node_offset_by_phandle(tree, phandle));
	}
	return last.node;
}

struct dt_node dt_first_child(struct dt_node parent)
{
	return dt_exists(parent) ? at(fdt_first_subnode(tree, parent.offset)) : none;
}

struct dt_node dt_next_sibling(struct dt_node node)
{
	return dt_exists(node) ? at(fdt_next_subnode(tree, node.offset)) : none;
}

struct dt_node dt_compatible_node(struct dt_node after, const char *compatible)
{
	if (!dt_exists(after))
		return none;
	return at(fdt_node_offset_by_compatible(tree, after.offset, compatible));
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
		offset = fdt_next_node(tree, offset, &cursor.depth);
		if (cursor.depth < 0)	/* behind the end of the root */
			offset = -ENOENT;
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
	const char *name = dt_exists(node) ? fdt_get_name(tree, node.offset, NULL) : NULL;

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
	const char *status = dt_string(node, "status");

	if (!status)
		return dt_exists(node) && !dt_property(node, "status", NULL);
	return !strcmp(status, "okay") || !strcmp(status, "ok");
}

const char *dt_compatible(struct dt_node node, unsigned index)
{
	return dt_string_at(node, "compatible", index);
}

bool dt_is_compatible(struct dt_node node, const char *compatible)
{
	return dt_exists(node) && !fdt_node_check_compatible(tree, node.offset, compatible);
}

const void *dt_property(struct dt_node node, const char *name, u32 *bytes)
{
	int length;
	const void *value = dt_exists(node) ? fdt_getprop(tree, node.offset, name, &length) : NULL;

	if (value && bytes)
		*bytes = (u32)length;
	return value;
}

bool dt_next_property(struct dt_node node, int *at, const char **name, const void **value,
		      u32 *bytes)
{
	int length;

	if (!dt_exists(node))
		return false;
	*at = *at < 0 ? fdt_first_property_offset(tree, node.offset) :
		fdt_next_property_offset(tree, *at);
	*value = *at < 0 ? NULL : fdt_getprop_by_offset(tree, *at, name, &length);
	if (!*value)
		return false;
	*bytes = (u32)length;
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

const char *dt_string_at(struct dt_node node, const char *name, unsigned index)
{
	u32 bytes;
	const char *value = dt_property(node, name, &bytes), *end = value ? value + bytes : NULL;

	while (value < end) {
		const char *nul = memchr(value, 0, (size_t)(end - value));

		if (!nul)
			return NULL;
		if (!index--)
			return value;
		value = nul + 1;
	}
	return NULL;
}

int dt_string_index(struct dt_node node, const char *name, const char *string)
{
	const char *each;

	for (int i = 0; (each = dt_string_at(node, name, (unsigned)i)); i++)
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
