/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * References from node to node, and the tree that interrupts form beside the tree of buses: from
 * a device through nexus nodes ("interrupt-map") to a controller (DT 2.4).
 */
#include "lib/dt.h"
#include "lib/errors.h"

#include <libfdt.h>
#include <string.h>

enum { STEPS_MAX = DT_DEPTH_MAX };	/* on a way that may lie in a circle */

/* A property as cells. */
struct cells {
	const fdt32_t *at;
	unsigned count;
};

static bool cells_of(struct dt_node node, const char *name, struct cells *cells)
{
	u32 bytes;

	cells->at = dt_property(node, name, &bytes);
	cells->count = cells->at ? bytes / 4 : 0;
	return cells->at && bytes % 4 == 0;
}

/* @count cells move from @from to @to. */
static int take(struct cells *from, unsigned count, u32 *to)
{
	if (count > from->count || count > DT_CELLS_MAX)
		return -EINVAL;
	for (unsigned i = 0; i < count; i++)
		to[i] = fdt32_ld(from->at + i);
	from->at += count;
	from->count -= count;
	return 0;
}

/* A phandle and what follows it. -ENOENT: the entry is empty. */
static int take_reference(struct cells *from, const char *cells_name, struct dt_reference *to)
{
	u32 phandle;

	if (take(from, 1, &phandle))
		return -EINVAL;
	to->count = 0;
	if (!phandle)
		return -ENOENT;
	to->node = dt_by_phandle(phandle);
	if (!dt_exists(to->node))
		return -EINVAL;
	if (cells_name)
		to->count = dt_u32(to->node, cells_name, DT_CELLS_MAX + 1);
	return take(from, to->count, to->cells);
}

int dt_reference_at(struct dt_node node, const char *list, const char *cells_name, unsigned index,
		    struct dt_reference *to)
{
	struct cells cells;
	int err = 0;

	if (!dt_property(node, list, NULL))
		return -ENOENT;
	if (!cells_of(node, list, &cells))
		return -EINVAL;
	for (unsigned i = 0; cells.count; i++) {
		err = take_reference(&cells, cells_name, to);
		if (i == index || err == -EINVAL)
			return err;
	}
	return -ENOENT;
}

/* ---- Interrupts ---- */

/* An interrupt on its way: what the node @at calls it. */
struct interrupt {
	struct dt_reference at;
	u32 unit[DT_CELLS_MAX];		/* the address of whoever raises it, for maps to look at */
	unsigned unit_cells;
};

/* Who takes the interrupts of @node: the first with "#interrupt-cells" on the way up (2.4.1.1). */
static struct dt_node parent_of(struct dt_node node)
{
	for (unsigned i = 0; i < STEPS_MAX && dt_exists(node); i++) {
		u32 phandle = dt_u32(node, "interrupt-parent", 0);

		node = phandle ? dt_by_phandle(phandle) : dt_parent(node);
		if (dt_property(node, "#interrupt-cells", NULL))
			return node;
	}
	return (struct dt_node){ -1 };
}

/* Of a nexus. Old trees leave it out where a node above says it (as for "reg"). */
static unsigned address_cells(struct dt_node nexus)
{
	while (dt_exists(nexus) && !dt_property(nexus, "#address-cells", NULL))
		nexus = dt_parent(nexus);
	return dt_u32(nexus, "#address-cells", 2);
}

/* A row of "interrupt-map": unit address, specifier, and both of them at a parent (2.4.3.1). */
struct row {
	u32 unit[DT_CELLS_MAX], specifier[DT_CELLS_MAX];
	struct interrupt parent;
};

static int take_row(struct cells *map, unsigned unit_cells, unsigned cells, struct row *row)
{
	struct dt_reference *parent = &row->parent.at;
	u32 phandle;

	if (take(map, unit_cells, row->unit) || take(map, cells, row->specifier) ||
	    take(map, 1, &phandle))
		return -EINVAL;
	parent->node = dt_by_phandle(phandle);
	parent->count = dt_u32(parent->node, "#interrupt-cells", DT_CELLS_MAX + 1);
	row->parent.unit_cells = dt_u32(parent->node, "#address-cells", 0);
	if (!dt_exists(parent->node) || take(map, row->parent.unit_cells, row->parent.unit))
		return -EINVAL;
	return take(map, parent->count, parent->cells);
}

static bool same(const u32 *a, const u32 *b, const u32 *mask, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if ((a[i] ^ b[i]) & mask[i])
			return false;
	return true;
}

/* Through the map of the node it is at. -EINVAL: it has no row there, or the map is malformed. */
static int pass_map(struct interrupt *interrupt)
{
	struct dt_node nexus = interrupt->at.node;
	unsigned unit_cells = address_cells(nexus), cells = interrupt->at.count;
	u32 mask[2 * DT_CELLS_MAX];
	struct cells map, masks;
	struct row row;

	if (unit_cells > DT_CELLS_MAX || !cells_of(nexus, "interrupt-map", &map))
		return -EINVAL;
	memset(mask, 0xff, sizeof(mask));
	if (dt_property(nexus, "interrupt-map-mask", NULL) &&
	    (!cells_of(nexus, "interrupt-map-mask", &masks) ||
	     take(&masks, unit_cells, mask) || take(&masks, cells, mask + unit_cells)))
		return -EINVAL;
	memset(interrupt->unit + interrupt->unit_cells, 0,
	       sizeof(interrupt->unit) - interrupt->unit_cells * sizeof(*interrupt->unit));
	while (map.count) {
		if (take_row(&map, unit_cells, cells, &row))
			return -EINVAL;
		if (same(row.unit, interrupt->unit, mask, unit_cells) &&
		    same(row.specifier, interrupt->at.cells, mask + unit_cells, cells) &&
		    dt_enabled(row.parent.at.node)) {
			*interrupt = row.parent;
			return 0;
		}
	}
	return -EINVAL;
}

/* Up to the controller. One that maps an interrupt to itself takes it (some PCIe hosts do). */
static int resolve(struct interrupt *interrupt, struct dt_reference *to)
{
	for (unsigned i = 0; i < STEPS_MAX && dt_exists(interrupt->at.node); i++) {
		struct dt_node node = interrupt->at.node;
		bool controls = dt_property(node, "interrupt-controller", NULL);
		bool maps = dt_property(node, "interrupt-map", NULL);

		if (interrupt->at.count != dt_u32(node, "#interrupt-cells", DT_CELLS_MAX + 1))
			return -EINVAL;
		if (maps && pass_map(interrupt))
			return -EINVAL;
		if (controls && interrupt->at.node.offset == node.offset) {
			*to = interrupt->at;
			return 0;
		}
		if (!maps)
			interrupt->at.node = parent_of(node);
	}
	return -EINVAL;
}

/* The address of a device for maps: what its "reg" begins with. */
static void read_unit(struct dt_node node, struct interrupt *interrupt)
{
	struct cells reg;

	interrupt->unit_cells = 0;
	if (!cells_of(node, "reg", &reg))
		return;
	interrupt->unit_cells = reg.count < DT_CELLS_MAX ? reg.count : DT_CELLS_MAX;
	take(&reg, interrupt->unit_cells, interrupt->unit);
}

int dt_interrupt(struct dt_node node, unsigned index, struct dt_reference *to)
{
	struct interrupt interrupt;
	struct cells cells;
	int err;

	if (dt_property(node, "interrupts-extended", NULL)) {
		err = dt_reference_at(node, "interrupts-extended", "#interrupt-cells", index,
				      &interrupt.at);
		if (err)
			return err;
	} else {
		if (!dt_property(node, "interrupts", NULL))
			return -ENOENT;
		interrupt.at.node = parent_of(node);
		interrupt.at.count = dt_u32(interrupt.at.node, "#interrupt-cells", 0);
		if (!cells_of(node, "interrupts", &cells) || !interrupt.at.count ||
		    cells.count % interrupt.at.count)
			return -EINVAL;
		if (index >= cells.count / interrupt.at.count)
			return -ENOENT;
		cells.at += index * interrupt.at.count;
		cells.count -= index * interrupt.at.count;
		if (take(&cells, interrupt.at.count, interrupt.at.cells))
			return -EINVAL;
	}
	read_unit(node, &interrupt);
	return resolve(&interrupt, to);
}

int dt_interrupt_pci(struct dt_node host, u32 address, unsigned pin, struct dt_reference *to)
{
	struct interrupt interrupt = {
		.at = { .node = host, .count = 1, .cells = { pin } },
		.unit = { address }, .unit_cells = 3,
	};

	if (!dt_property(host, "interrupt-map", NULL))
		return -ENOENT;
	return resolve(&interrupt, to);
}
