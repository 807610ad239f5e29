/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices, drivers, and the single place they meet.
 *
 * A device comes from a device-tree node, a PCI function, or a virtio transport. Whoever finds one
 * calls device_add(); that looks for a driver and probes it, and the probe of a bus driver
 * finds more devices. Discovery is this recursion and nothing else: there are no init levels.
 */
#pragma once
#include "lib/dma.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/mmio.h"
#include "lib/table.h"

struct device;

enum bus_type { BUS_DT, BUS_PCI, BUS_VIRTIO };

/* How a device names itself, and how a driver says what it drives. */
struct device_id {
	enum bus_type bus;
	const char *compatible;		/* BUS_DT; of a device: its node says */
	u16 vendor, product;		/* BUS_PCI; DEVICE_ANY matches all */
	u32 class_code, class_mask;	/* BUS_PCI: class, sub-class, interface; mask 0: all */
	u32 virtio_type;		/* BUS_VIRTIO */
	const void *data;		/* the driver's own note on this entry */
};
#define DEVICE_ANY 0xffff
#define MATCH_DT(string)	{ .bus = BUS_DT, .compatible = (string) }
#define MATCH_PCI(v, p)		{ .bus = BUS_PCI, .vendor = (v), .product = (p) }
#define MATCH_PCI_CLASS(c)	{ .bus = BUS_PCI, .vendor = DEVICE_ANY, .product = DEVICE_ANY, \
				  .class_code = (c), .class_mask = 0xffffff }
#define MATCH_VIRTIO(t)		{ .bus = BUS_VIRTIO, .virtio_type = (t) }

struct driver {
	const char *name;
	const struct device_id *ids;
	unsigned id_count;

	/* 0: bound. -ENODEV: not mine after all, silently. Anything else is reported. */
	int (*probe)(struct device *dev, const struct device_id *id);

	/* Stop all DMA and interrupts, in order. 0: the device never touches memory again. */
	int (*quiesce)(struct device *dev);

	/*
	 * The device has vanished: fail what is in flight, touch no register, free everything. What
	 * it found itself (its children) is removed already. NULL: nothing to do.
	 */
	void (*remove)(struct device *dev);
};

/* What a device's bus does for it; NULL for those of the tree. */
struct device_bus {
	int (*map)(struct device *dev, unsigned index, struct mmio *out);	/* device_map */
};

struct device {
	char name[40];			/* "virtio_mmio@10001000", "pci 00:02.0" */
	struct device_id id;
	const struct device_bus *bus;
	struct device *parent;
	struct device *next, *previous;	/* all devices, in order of discovery */
	struct dt_node node;		/* its own, or its parent's */
	const struct driver *driver;	/* NULL until bound */
	const struct dma_domain *dma;	/* NULL until device_dma() */
	void *state;			/* the driver's */
	bool gone;			/* it has vanished; registers read all ones */
	int error;			/* what device_add returned; -EBUSY while it still probes */
	union {
		char reason[160];	/* why it is not bound, in words */
		char about[160];	/* bound: what its driver says of it, beside its name */
	};
};

/*
 * Bind now, the most specific match first: DT: the order of the compatible strings; PCI: a product,
 * then a class. 0, or the probe's error; -ENODEV: nothing drives it. The device stays listed in any
 * case, so it must stay where it is until device_remove().
 */
int device_add(struct device *dev);

/* It has vanished, and what it found (newest first) too. Afterwards its memory is the caller's. */
void device_remove(struct device *dev);

/* ---- The device tree ---- */

/*
 * Every enabled node of the root and of its buses is bound, if a driver matches one of its
 * compatible strings. For the many others there is no struct device; device_why_not() says what
 * they lack.
 */
void devices_discover(void);

/* The nodes that this tries to bind, for @each to do something else with. */
void device_nodes_walk(void (*each)(struct dt_node node));

/* Does it only lead to what is on it, so its children are looked for? "simple-bus" and the like. */
bool device_is_bus(struct dt_node node);

/*
 * Bind the device of a node on demand, before others: the console, an interrupt controller that
 * somebody needs. First come the devices it is a part of. Once: later calls give the first one's
 * result. -EBUSY: its probe is running; -ENODEV: nothing drives it, or it is disabled; -ENOENT: no
 * node. @dev (may be NULL) is NULL where there is no device.
 */
int device_bind_node(struct dt_node node, struct device **dev);

struct device *device_of_node(struct dt_node node);		/* NULL: none so far */
/* that would be asked first; NULL: none */
const struct driver *device_driver_for(struct dt_node node);

/* Why nothing drives @node, in words. false: something does, or it is a bus. */
enum { DEVICE_WHY_BYTES = 320 };
bool device_why_not(struct dt_node node, char why[DEVICE_WHY_BYTES]);

/* ---- What there is, and its end ---- */

struct device *device_first(void);
int devices_quiesce(void);		/* newest first; the first error, after all were asked */
int device_quiesce_below(struct device *above);		/* the same, of what it found */

/* ---- For probes ---- */

/*
 * For a probe to return: remembers the reason (what it was, why, what to do), logs it, and gives
 * back @error.
 */
int device_refuse(struct device *dev, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Worth knowing of it once it is bound: "64 MiB, read-only". When nothing can fail any more. */
void device_describe(struct device *dev, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Bind what @dev cannot do without, and has not added itself. It is then stopped later than @dev
 * is, unless @dev has added other devices that need it too: so ask before. 0, or @dev is refused:
 * "it needs plic@c000000: no driver for ...".
 */
int device_require(struct device *dev, struct dt_node node, struct device **needed);
/* @list, @cells_name and @index: as dt_reference_at has them. */
int device_require_phandle(struct device *dev, const char *list, const char *cells_name,
			   unsigned index, struct device **needed);

/* Map entry @index of "reg", or BAR @index. Refuses in words. */
int device_map(struct device *dev, unsigned index, struct mmio *out);

/*
 * How its DMA reaches memory: as its parent in the tree says, the host of a PCI function, the
 * transport of a virtio device. Binds the cache controller that this may want. Refuses in words: a
 * device whose DMA cannot be served is not driven.
 */
int device_dma(struct device *dev, const struct dma_domain **domain);

/* Adding a driver is adding a file: the linker collects these. */
#define DRIVER(symbol) \
	static const struct driver symbol; \
	TABLE_ENTRY(drivers, struct driver, symbol); \
	static const struct driver symbol
