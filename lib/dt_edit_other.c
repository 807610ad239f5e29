/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A tree from a file describes a board, but not how firmware left it: which RAM there is, what of
 * it is taken, what /chosen says. That is carried over.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/dt_edit_internal.h"
#include "lib/errors.h"
#include "lib/memory.h"

/* ---- Memory ---- */

#define ROW_BYTES_MAX	(1ull << 31)	/* of a size of one cell: a multiple of pages */

static int remove_memory(void *copy)
{
	int node, err = 0;

	while (!err && (node = fdt_node_offset_by_prop_value(copy, -1, "device_type", "memory",
							     sizeof("memory"))) >= 0)
		err = fdt_del_node(copy, node);
	return err;
}

/* One more row of "reg". */
static int add_row(void *copy, int node, int cells_address, int cells_size, struct range r)
{
	fdt32_t row[4];
	int n = 0;

	if (cells_address == 2)
		row[n++] = cpu_to_fdt32((u32)(r.start >> 32));
	row[n++] = cpu_to_fdt32((u32)r.start);
	if (cells_size == 2)
		row[n++] = cpu_to_fdt32((u32)(r.bytes >> 32));
	row[n++] = cpu_to_fdt32((u32)r.bytes);
	return fdt_appendprop(copy, node, "reg", row, n * (int)sizeof(*row));
}

/* As many rows as it takes where sizes have one cell; what one cell cannot address is left out. */
static int add_range(void *copy, int node, int cells_address, int cells_size, struct range r)
{
	u64 most = cells_size == 1 ? ROW_BYTES_MAX : UINT64_MAX, end = r.start + r.bytes;
	int err = 0;

	if (cells_address == 1 && end > 1ull << 32)
		end = 1ull << 32;
	for (u64 at = r.start, part; !err && at < end; at += part) {
		part = end - at < most ? end - at : most;
		err = add_row(copy, node, cells_address, cells_size, (struct range){ at, part });
	}
	return err;
}

/* All RAM, whoever has it: neighbours are one piece. */
static int add_rows(void *copy, int node)
{
	int cells_address = fdt_address_cells(copy, 0), cells_size = fdt_size_cells(copy, 0), err;
	const struct memory_range *m = memory_at(0);
	struct range r = m->range;

	if (cells_address < 1 || cells_address > 2 || cells_size < 1 || cells_size > 2)
		return -FDT_ERR_BADNCELLS;
	for (unsigned i = 1; (m = memory_at(i)); i++) {
		if (m->range.start == r.start + r.bytes) {
			r.bytes += m->range.bytes;
			continue;
		}
		err = add_range(copy, node, cells_address, cells_size, r);
		if (err)
			return err;
		r = m->range;
	}
	return add_range(copy, node, cells_address, cells_size, r);
}

static int add_memory(void *copy)
{
	char name[32];
	int node;

	snprintf(name, sizeof(name), "memory@%llx", (unsigned long long)memory_at(0)->range.start);
	node = fdt_add_subnode(copy, 0, name);
	if (node < 0)
		return node;
	return fdt_setprop_string(copy, node, "device_type", "memory") ?: add_rows(copy, node);
}

static int reserve(void *copy)
{
	const struct memory_range *m;
	int err = 0;

	for (unsigned i = 0; !err && (m = memory_at(i)); i++)
		if (m->use == MEMORY_RESERVED || m->use == MEMORY_NO_MAP)
			err = fdt_add_mem_rsv(copy, m->range.start, m->range.bytes);
	return err;
}

/* ---- /chosen ---- */

static int take_chosen(void *copy)
{
	size_t bytes;
	const void *ours = dt_blob(&bytes), *value;
	int from = fdt_path_offset(ours, "/chosen"), property, length, to, err = 0;
	const char *name;

	if (from < 0)
		return 0;
	fdt_for_each_property_offset(property, ours, from) {
		to = dt_edit_chosen(copy);
		if (to < 0)
			return to;
		value = fdt_getprop_by_offset(ours, property, &name, &length);
		if (value && !fdt_getprop(copy, to, name, NULL))
			err = fdt_setprop(copy, to, name, value, length);
		if (err)
			return err;
	}
	return 0;
}

int dt_edit_begin_other(void *copy, size_t bytes, const void *blob)
{
	int err = bytes > INT32_MAX ? -FDT_ERR_NOSPACE : fdt_open_into(blob, copy, (int)bytes);

	if (!err)
		err = remove_memory(copy);
	if (!err)
		err = add_memory(copy);
	if (!err)
		err = reserve(copy);
	if (!err)
		err = take_chosen(copy);
	return dt_edit_result(err, "take over what firmware knows");
}
