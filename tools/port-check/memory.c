/* SPDX-License-Identifier: BSD-2-Clause */
/* Fill in the size of memory, as the firmware of most boards does before it passes the tree on. */
#include <libfdt.h>
#include <stdlib.h>
#include "tools/port-check/port_check.h"

enum { ROOM_BYTES = 512 };

/* How many cells; 0: it does not fit in so few. */
static unsigned put(fdt32_t *to, unsigned cells, u64 number)
{
	if (cells == 1 && number >> 32)
		return 0;
	if (cells == 2)
		*to++ = cpu_to_fdt32((uint32_t)(number >> 32));
	*to = cpu_to_fdt32((uint32_t)number);
	return cells;
}

const char *memory_add(struct range memory)
{
	unsigned address_cells = dt_u32(dt_root(), "#address-cells", 2);
	unsigned size_cells = dt_u32(dt_root(), "#size-cells", 1), count;
	fdt32_t reg[4];
	size_t bytes;
	const void *blob = dt_blob(&bytes);
	void *copy = malloc(bytes + ROOM_BYTES);
	const char *reason;
	int node;

	if (!copy)
		return "no memory";
	if (address_cells < 1 || address_cells > 2 || size_cells < 1 || size_cells > 2)
		return "--memory: the #address-cells and #size-cells of its root are not 1 or 2";
	count = put(reg, address_cells, memory.start);
	count += put(reg + count, size_cells, memory.bytes);
	if (count != address_cells + size_cells)
		return "--memory: this tree counts memory in 32 bits, which these numbers do not "
		       "fit";
	if (fdt_open_into(blob, copy, (int)(bytes + ROOM_BYTES)) ||
	    (node = fdt_add_subnode(copy, 0, "memory-given")) < 0 ||
	    fdt_setprop_string(copy, node, "device_type", "memory") ||
	    fdt_setprop(copy, node, "reg", reg, (int)(count * 4)))
		return "--memory: the tree cannot be changed";
	return dt_open(copy, bytes + ROOM_BYTES, &reason) ? reason : NULL;
}
