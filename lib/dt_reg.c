/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From addresses on a bus to addresses of the CPU, through the rows of "ranges" of every bus above
 * (DT 2.3.5 to 2.3.8); and from a device to memory, through "dma-ranges" (2.3.9).
 */
#include "arch/arch.h"
#include "lib/dt.h"
#include "lib/errors.h"

#include <libfdt.h>
#include <string.h>

enum { CELLS_MAX = 4 };

/* How a node numbers its children. */
struct bus {
	unsigned address_cells, size_cells;
	bool pci;
};

/*
 * An address on a bus. Where it has more than two cells, those above say which space it is in,
 * and only addresses of one space can be compared. On PCI they also hold flags and the number
 * of a function, which say nothing about the place (PCI bus binding to IEEE 1275, 2.2.1.1).
 */
struct place {
	u64 space, offset;
};

enum pci_space { PCI_IO = 1, PCI_MEMORY, PCI_CONFIGURATION };

static int cells(struct dt_node node, const char *name, unsigned otherwise, unsigned *count)
{
	*count = dt_property(node, name, NULL) ? dt_u32(node, name, CELLS_MAX + 1) : otherwise;
	return *count > CELLS_MAX ? -EINVAL : 0;
}

static int bus_of(struct dt_node node, struct bus *bus)
{
	const char *type = dt_string(node, "device_type");
	int err = cells(node, "#address-cells", 2, &bus->address_cells);

	if (!err)
		err = cells(node, "#size-cells", 1, &bus->size_cells);
	bus->pci = bus->address_cells == 3 && type &&
		(!strcmp(type, "pci") || !strcmp(type, "pciex"));
	return err;
}

/* The number in @count cells; -EINVAL: it needs more than 64 bits. */
static int number(const fdt32_t *at, unsigned count, u64 *value)
{
	*value = 0;
	for (unsigned i = 0; i < count; i++) {
		if (*value >> 32)
			return -EINVAL;
		*value = *value << 32 | fdt32_ld(at + i);
	}
	return 0;
}

static struct place place_on(const struct bus *bus, const fdt32_t *at)
{
	unsigned above = bus->address_cells > 2 ? bus->address_cells - 2 : 0;
	struct place place;

	number(at, above, &place.space);
	number(at + above, bus->address_cells - above, &place.offset);
	if (bus->pci) {
		static const enum pci_space spaces[] = {
			PCI_CONFIGURATION, PCI_IO, PCI_MEMORY, PCI_MEMORY
		};
		place.space = spaces[place.space >> 24 & 3];
	}
	return place;
}

/* ---- Rows of "ranges" and "dma-ranges" ---- */

struct rows {
	struct bus bus, above;
	const fdt32_t *first;
	unsigned count, cells;
};

struct row {
	u32 flags;		/* the first of three address cells, else 0 */
	struct place from, to;	/* on the bus, and on the one above */
	u64 bytes;
};

/* No rows where the property is empty. -ENXIO: there is none; -EINVAL: it is malformed. */
static int rows_of(struct dt_node node, struct dt_node parent, const char *property,
		   struct rows *rows)
{
	u32 length;

	rows->count = 0;
	rows->first = dt_property(node, property, &length);
	if (!rows->first)
		return -ENXIO;
	if (!length)
		return 0;
	if (bus_of(node, &rows->bus) || bus_of(parent, &rows->above) || !rows->bus.address_cells ||
	    !rows->bus.size_cells || !rows->above.address_cells)
		return -EINVAL;
	rows->cells = rows->bus.address_cells + rows->above.address_cells + rows->bus.size_cells;
	if (length % (rows->cells * 4))
		return -EINVAL;
	rows->count = length / 4 / rows->cells;
	return 0;
}

static int row_at(const struct rows *rows, unsigned index, struct row *row)
{
	const fdt32_t *at = rows->first + index * rows->cells;

	row->flags = rows->bus.address_cells == 3 ? fdt32_ld(at) : 0;
	row->from = place_on(&rows->bus, at);
	at += rows->bus.address_cells;
	row->to = place_on(&rows->above, at);
	return number(at + rows->above.address_cells, rows->bus.size_cells, &row->bytes);
}

/*
 * One bus up. -ENXIO: @node does not pass it on; -EINVAL: its ranges are malformed. Some trees (of
 * TI and NVIDIA) have entries that begin in a row and go on behind it: there they are cut.
 */
static int translate(struct dt_node node, struct dt_node parent, struct place *place, u64 *bytes)
{
	struct rows rows;
	struct row row;
	int err = rows_of(node, parent, "ranges", &rows);

	if (err || !rows.count)
		return err;
	for (unsigned i = 0; i < rows.count; i++) {
		u64 into;

		err = row_at(&rows, i, &row);
		if (err)
			return err;
		into = place->offset - row.from.offset;
		if (place->space != row.from.space || place->offset < row.from.offset ||
		    into >= row.bytes)
			continue;
		if (row.to.offset > UINT64_MAX - into)
			return -EINVAL;
		row.to.offset += into;
		*place = row.to;
		if (*bytes > row.bytes - into)
			*bytes = row.bytes - into;
		return 0;
	}
	return -ENXIO;
}

/* Nothing ends beyond the last address there is. */
static int answer(const struct place *place, u64 bytes, u64 *address, u64 *size)
{
	if (place->space || (bytes && bytes - 1 > UINT64_MAX - place->offset))
		return -EINVAL;
	*address = place->offset;
	*size = bytes;
	return 0;
}

int dt_range(struct dt_node node, unsigned index, struct dt_range *range)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain), err;
	struct rows rows;
	struct row row;

	if (count < 2)
		return -ENOENT;
	err = rows_of(node, chain[count - 2], "ranges", &rows);
	if (err == -ENXIO || (!err && index >= rows.count))
		return -ENOENT;
	if (!err)
		err = row_at(&rows, index, &row);
	for (int i = count - 2; !err && i > 0; i--)
		err = translate(chain[i], chain[i - 1], &row.to, &row.bytes);
	if (err)
		return err;
	range->flags = row.flags;
	range->bus = row.from.offset;
	return answer(&row.to, row.bytes, &range->cpu, &range->bytes);
}

/* ---- "reg" ---- */

/* Entry @index of "reg", as @parent numbers it. */
static int entry(struct dt_node node, struct dt_node parent, unsigned index, struct place *place,
		 u64 *bytes)
{
	struct bus bus;
	u32 length;
	const fdt32_t *reg = dt_property(node, "reg", &length);
	unsigned cells;

	if (!reg)
		return -ENOENT;
	if (bus_of(parent, &bus) || !bus.address_cells)
		return -EINVAL;
	cells = bus.address_cells + bus.size_cells;
	if (length % (cells * 4))
		return -EINVAL;
	if (index >= length / 4 / cells)
		return -ENOENT;
	reg += index * cells;
	*place = place_on(&bus, reg);
	return number(reg + bus.address_cells, bus.size_cells, bytes);
}

int dt_reg(struct dt_node node, unsigned index, u64 *cpu_address, u64 *bytes)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain), err;
	struct place place;
	u64 size;

	if (count < 2)
		return -ENOENT;
	err = entry(node, chain[count - 2], index, &place, &size);
	for (int i = count - 2; !err && i > 0; i--)
		err = translate(chain[i], chain[i - 1], &place, &size);
	return err ? err : answer(&place, size, cpu_address, bytes);
}

int dt_reg_on_bus(struct dt_node node, unsigned index, u64 *address, u64 *bytes)
{
	struct dt_node parent = dt_parent(node);
	struct place place;
	u64 size;
	int err = dt_exists(parent) ? entry(node, parent, index, &place, &size) : -ENOENT;

	return err ? err : answer(&place, size, address, bytes);
}

int dt_reg_by_name(struct dt_node node, const char *name, u64 *cpu_address, u64 *bytes)
{
	int index = dt_string_index(node, "reg-names", name);

	return index < 0 ? index : dt_reg(node, (unsigned)index, cpu_address, bytes);
}

/* ---- DMA ---- */

/* An address range that a device may use, and where that is, so far up. */
struct window {
	u64 bus, bytes;
	struct place up;
};

struct windows {
	struct window at[DT_DMA_RANGES_MAX];
	unsigned count;
};

/* What @row passes on of [place, place + bytes) begins @skip bytes in. Returns how many. */
static u64 common(const struct row *row, const struct place *place, u64 bytes, u64 *skip)
{
	u64 first, last;

	if (!row->bytes || !bytes || row->from.space != place->space)
		return 0;
	first = row->from.offset > place->offset ? row->from.offset : place->offset;
	last = row->from.offset + (row->bytes - 1);
	if (last > place->offset + (bytes - 1))
		last = place->offset + (bytes - 1);
	*skip = first - place->offset;
	return first > last ? 0 : last - first + 1;
}

/* A row that goes beyond the last address ends there. */
static void cut(struct row *row)
{
	u64 highest = row->from.offset > row->to.offset ? row->from.offset : row->to.offset;

	if (row->bytes && row->bytes - 1 > UINT64_MAX - highest)
		row->bytes = UINT64_MAX - highest + 1;
}

static int add(struct windows *windows, u64 bus, u64 bytes, struct place up)
{
	if (!bytes)
		return 0;
	if (windows->count == DT_DMA_RANGES_MAX)
		return -ENOSPC;
	windows->at[windows->count++] = (struct window){ bus, bytes, up };
	return 0;
}

/* @windows become what @rows of the next bus up leave of them; at the @first, its rows. */
static int narrow(struct windows *windows, const struct rows *rows, bool first)
{
	struct windows old = *windows;
	int err = 0;

	windows->count = 0;
	for (unsigned r = 0; !err && r < rows->count; r++) {
		struct row row;
		u64 skip;

		err = row_at(rows, r, &row);
		if (err)
			break;
		cut(&row);
		if (first && !(rows->bus.pci && row.from.space == PCI_IO))
			err = add(windows, row.from.offset, row.bytes, row.to);
		for (unsigned i = 0; !err && !first && i < old.count; i++) {
			const struct window *w = &old.at[i];
			u64 bytes = common(&row, &w->up, w->bytes, &skip);
			struct place up = row.to;

			up.offset += w->up.offset + skip - row.from.offset;
			err = bytes ? add(windows, w->bus + skip, bytes, up) : 0;
		}
	}
	return err;
}

struct dt_node dt_dma_parent(struct dt_node node)
{
	int index = dt_string_index(node, "interconnect-names", "dma-mem");
	struct dt_reference way;

	if (index >= 0 && !dt_reference_at(node, "interconnects", "#interconnect-cells",
					   (unsigned)index, &way))
		return way.node;
	return dt_parent(node);
}

int dt_dma_ranges(struct dt_node bus, struct dt_range ranges[DT_DMA_RANGES_MAX])
{
	struct windows windows = { .count = 0 };
	bool first = true;
	struct rows rows;
	int err = 0;

	for (unsigned level = 0; dt_exists(bus) && dt_exists(dt_parent(bus)); level++) {
		if (level == DT_DEPTH_MAX)	/* interconnects in a circle */
			return -EINVAL;
		err = rows_of(bus, dt_parent(bus), "dma-ranges", &rows);
		if (!err && rows.count) {
			err = narrow(&windows, &rows, first);
			first = false;
		}
		if (err && err != -ENXIO)
			return err;
		bus = dt_dma_parent(bus);
	}
	for (unsigned i = 0; i < windows.count; i++) {
		const struct window *w = &windows.at[i];

		ranges[i] = (struct dt_range){ .bus = w->bus, .bytes = w->bytes };
		err = answer(&w->up, w->bytes, &ranges[i].cpu, &ranges[i].bytes);
		if (err)
			return err;
	}
	return first || windows.count ? (int)windows.count : -ENXIO;
}

bool dt_dma_coherent(struct dt_node node)
{
	for (unsigned level = 0; dt_exists(node) && level < DT_DEPTH_MAX; level++) {
		if (dt_property(node, "dma-coherent", NULL))
			return true;
		if (dt_property(node, "dma-noncoherent", NULL))
			return false;
		node = dt_dma_parent(node);
	}
	return arch_dma_coherent();
}
