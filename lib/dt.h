/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Read-only view of the flattened device tree (Devicetree specification 0.4, "DT" below). One
 * tree at a time. Every offset and length is checked; lies end in "no such thing" and a log line.
 */
#pragma once
#include "arch/types.h"

struct dt_node { int offset; };		/* negative: no such node */
enum { DT_DEPTH_MAX = 64 };		/* nodes from the root to any node, both included */

/*
 * Look at the whole blob (header, reservations, structure, strings; DT 5), trusting nothing.
 * @limit: bytes that may be read there. 0, or -EINVAL with *reason in words ("it begins with ...",
 * for behind "the device tree at ... cannot be used: "; valid until the next call).
 */
int dt_check(const void *blob, size_t limit, const char **reason);
/* The same, and make it the tree; it must stay where it is. */
int dt_open(const void *blob, size_t limit, const char **reason);
/* The same, of a blob that dt_check has passed (or a copy of it). */
void dt_adopt(const void *blob);
const void *dt_blob(size_t *bytes);	/* NULL: none yet */

/*
 * Trees come with any amount of empty space behind (QEMU's take 1 MiB). The bytes that are in use,
 * and a copy of just those, 8-byte aligned.
 */
size_t dt_used_bytes(void);
void dt_copy(void *to);

static inline bool dt_exists(struct dt_node node)
{
	return node.offset >= 0;
}
struct dt_node dt_root(void);
/* "/soc/uart@0", "serial0" (alias), "serial0/x"; ":115200" behind is skipped. */
struct dt_node dt_path(const char *path);
struct dt_node dt_by_phandle(u32 phandle);
struct dt_node dt_first_child(struct dt_node parent);
struct dt_node dt_next_sibling(struct dt_node node);
struct dt_node dt_parent(struct dt_node node);
/* Root first, @node last; how many, or -ENOENT. */
int dt_ancestors(struct dt_node node, struct dt_node chain[DT_DEPTH_MAX]);
/* The next one; dt_root() to begin. */
struct dt_node dt_compatible_node(struct dt_node after, const char *compatible);

const char *dt_name(struct dt_node node);	/* "virtio_mmio@10001000"; "/" for the root */
int dt_full_path(struct dt_node node, char *to, size_t bytes);	/* -ENOSPC: too long */
bool dt_enabled(struct dt_node node);	/* status is absent, "ok" or "okay" (2.3.4) */
const char *dt_compatible(struct dt_node node, unsigned index);	/* [0] most specific; NULL: past */
bool dt_is_compatible(struct dt_node node, const char *compatible);
/* Is this blob, not checked yet, a tree whose root calls itself that before all else? */
bool dt_blob_compatible(const void *blob, size_t bytes, const char *compatible);

const void *dt_property(struct dt_node node, const char *name, u32 *bytes);	/* NULL: none */
/* Zeroes in place of its value, in the blob: something secret. It must lie in memory of ours. */
void dt_erase(struct dt_node node, const char *name);
/* *at = -1 first. */
bool dt_next_property(struct dt_node node, int *at, const char **name, const void **value,
		      u32 *bytes);
u32 dt_u32(struct dt_node node, const char *name, u32 otherwise);	/* exactly one cell */
/* Cell @index of several. */
u32 dt_u32_at(struct dt_node node, const char *name, unsigned index, u32 otherwise);
u64 dt_u64(struct dt_node node, const char *name, u64 otherwise);	/* one cell or two */
const char *dt_string(struct dt_node node, const char *name);	/* NULL: none, or not terminated */
const char *dt_string_at(struct dt_node node, const char *name, unsigned index);
/* Which one it is; -ENOENT. */
int dt_string_index(struct dt_node node, const char *name, const char *string);

/* What an entry of a list of phandles says: a node, and the cells that follow its phandle. */
enum { DT_CELLS_MAX = 16 };
struct dt_reference {
	struct dt_node node;
	unsigned count;
	u32 cells[DT_CELLS_MAX];
};

/*
 * Entry @index of the property @list. Each is a phandle and as many cells as the node it names says
 * in @cells_name ("#clock-cells"; NULL: none). -ENOENT: no such entry, or an empty one (0);
 * -EINVAL: malformed.
 */
int dt_reference_at(struct dt_node node, const char *list, const char *cells_name, unsigned index,
		    struct dt_reference *to);

/*
 * Entry @index of "reg" as a CPU physical address, through the "ranges" of every parent (2.3.6,
 * 2.3.8). -ENOENT: no such entry; -ENXIO: some parent does not map it (no ranges, a hole, PCI
 * configuration space); -EINVAL: malformed. *bytes is 0 where the bus has no sizes, and less than
 * the entry says where that goes beyond a row of "ranges".
 */
int dt_reg(struct dt_node node, unsigned index, u64 *cpu_address, u64 *bytes);
/* The entry that reg-names calls @name. */
int dt_reg_by_name(struct dt_node node, const char *name, u64 *cpu_address, u64 *bytes);
/* Not translated: as its parent numbers it (CPUs, chip selects). */
int dt_reg_on_bus(struct dt_node node, unsigned index, u64 *address, u64 *bytes);

/*
 * Row @index of the "ranges" of @bus: addresses that a host bridge passes on, the CPU's translated
 * through every parent. -ENOENT: no such row (an empty "ranges" has none); -ENXIO: a parent does
 * not map it; -EINVAL: malformed.
 */
struct dt_range {
	u32 flags;		/* the first of three address cells, the space on PCI; else 0 */
	u64 bus, cpu, bytes;
};
int dt_range(struct dt_node bus, unsigned index, struct dt_range *range);

/*
 * What a device on @bus reaches: through the "dma-ranges" of it and of every bus above (2.3.9), as
 * windows that each lie in one row of each. How many; 0: no bus has rows, so all of memory, at the
 * CPU's addresses. A bus without the property passes everything on, like one where it is empty: the
 * specification would have it pass nothing, but most trees leave it out and Linux reads them so.
 * -ENXIO: nothing is in reach; -ENOSPC: too many windows; -EINVAL: malformed.
 */
enum { DT_DMA_RANGES_MAX = 16 };
int dt_dma_ranges(struct dt_node bus, struct dt_range ranges[DT_DMA_RANGES_MAX]);

/* The bus that carries the DMA of a node: its parent, or the interconnect called "dma-mem". */
struct dt_node dt_dma_parent(struct dt_node node);

/* Does DMA of the node see our caches? It or the nearest bus above says, or the architecture. */
bool dt_dma_coherent(struct dt_node node);

/*
 * Interrupt @index of a node (2.4): the controller in to->node, and the cells it wants, through
 * every "interrupt-map" on the way. -ENOENT: it has no such interrupt; -EINVAL: malformed, or the
 * way leads to no controller.
 */
int dt_interrupt(struct dt_node node, unsigned index, struct dt_reference *to);

/*
 * The same for pin @pin (1 to 4: INTA to INTD) of a function on the first bus of a PCI host, which
 * need not have a node. @address: its bus << 16 | slot << 11 | number << 8.
 */
int dt_interrupt_pci(struct dt_node host, u32 address, unsigned pin, struct dt_reference *to);

/* Rows of /memreserve/ (5.3). -ENOENT past the last. */
int dt_memory_reservation(unsigned index, struct range *r);

#define dt_for_each_child(node, parent) \
	for (struct dt_node node = dt_first_child(parent); dt_exists(node); \
	     node = dt_next_sibling(node))
