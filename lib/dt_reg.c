/* SPDX-License-Identifier: BSD-2-Clause */
/* "reg" of a node, and its way up through the "ranges" of the buses above it (DT 2.3.5 to 2.3.8). */
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

/*
 * One bus up. -ENXIO: @node does not pass it on; -EINVAL: its ranges are malformed. Some trees (of
 * TI and NVIDIA) have entries that begin in a row and go on behind it: there they are cut.
 */
static int translate(struct dt_node node, struct dt_node parent, struct place *place, u64 *bytes)
{
	struct bus bus, above;
	u32 length;
	const fdt32_t *row = dt_property(node, "ranges", &length), *end;
	unsigned cells;

	if (!row)
		return -ENXIO;
	if (!length)
		return 0;
	if (bus_of(node, &bus) || bus_of(parent, &above) || !bus.address_cells ||
	    !bus.size_cells || !above.address_cells)
		return -EINVAL;
	cells = bus.address_cells + above.address_cells + bus.size_cells;
	if (length % (cells * 4))
		return -EINVAL;
	for (end = row + length / 4; row < end; row += cells) {
		struct place from = place_on(&bus, row);
		struct place to = place_on(&above, row + bus.address_cells);
		u64 size, into = place->offset - from.offset;

		if (number(row + bus.address_cells + above.address_cells, bus.size_cells, &size))
			return -EINVAL;
		if (place->space != from.space || place->offset < from.offset || into >= size)
			continue;
		if (to.offset > UINT64_MAX - into)
			return -EINVAL;
		to.offset += into;
		*place = to;
		if (*bytes > size - into)
			*bytes = size - into;
		return 0;
	}
	return -ENXIO;
}

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

/* Nothing ends beyond the last address there is. */
static int answer(const struct place *place, u64 bytes, u64 *address, u64 *size)
{
	if (place->space || (bytes && bytes - 1 > UINT64_MAX - place->offset))
		return -EINVAL;
	*address = place->offset;
	*size = bytes;
	return 0;
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
	const char *each;

	for (unsigned i = 0; (each = dt_string_at(node, "reg-names", i)); i++)
		if (!strcmp(each, name))
			return dt_reg(node, i, cpu_address, bytes);
	return -ENOENT;
}

int dt_range(struct dt_node node, unsigned index, struct dt_range *range)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain), err = 0;
	struct bus bus, above;
	u32 length;
	const fdt32_t *row = dt_property(node, "ranges", &length);
	struct place to;
	unsigned cells;

	if (count < 2 || !row)
		return -ENOENT;
	if (bus_of(node, &bus) || bus_of(chain[count - 2], &above) || !bus.address_cells ||
	    !bus.size_cells || !above.address_cells)
		return -EINVAL;
	cells = bus.address_cells + above.address_cells + bus.size_cells;
	if (length % (cells * 4))
		return -EINVAL;
	if (index >= length / 4 / cells)
		return -ENOENT;
	row += index * cells;
	range->flags = bus.address_cells == 3 ? fdt32_ld(row) : 0;
	range->bus = place_on(&bus, row).offset;
	to = place_on(&above, row + bus.address_cells);
	if (number(row + bus.address_cells + above.address_cells, bus.size_cells, &range->bytes))
		return -EINVAL;
	for (int i = count - 2; !err && i > 0; i--)
		err = translate(chain[i], chain[i - 1], &to, &range->bytes);
	return err ? err : answer(&to, range->bytes, &range->cpu, &range->bytes);
}
