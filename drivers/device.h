/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices, drivers, and the single place they meet.
 *
 * A device comes from a device-tree node (later: a PCI function, a virtio transport). Whoever finds one
 * calls device_add(); that looks for a driver and probes it, and the probe of a bus driver
 * finds more devices. Discovery is this recursion and nothing else: there are no init levels.
 */
#pragma once
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/mmio.h"
#include "lib/table.h"

struct device;

enum bus_type { BUS_DT };

/* How a device names itself, and how a driver says what it drives. */
struct device_id {
	enum bus_type bus;
	const char *compatible;		/* BUS_DT */
	const void *data;		/* the driver's own note on this entry */
};
#define MATCH_DT(string)	{ .bus = BUS_DT, .compatible = (string) }

struct driver {
	const char *name;
	const struct device_id *ids;
	unsigned id_count;

	/* 0: bound. -ENODEV: not mine after all, silently. Anything else is reported. */
	int (*probe)(struct device *dev, const struct device_id *id);

	/* Stop all DMA and interrupts, in order. 0: the device never touches memory again. */
	int (*quiesce)(struct device *dev);
};

struct device {
	char name[40];			/* "virtio_mmio@10001000" */
	struct device *parent;
	struct device *next, *previous;	/* all devices, in order of discovery */
	struct dt_node node;		/* its own, or its parent's */
	const struct driver *driver;	/* NULL until bound */
	void *state;			/* the driver's */
	int error;			/* what device_add returned; -EBUSY while it still probes */
	char reason[120];		/* why it is not bound, in words */
};

/*
 * Bind now, the driver of the most specific compatible string first. 0, or the probe's error;
 * -ENODEV: nothing drives it, or its node is disabled. The device stays listed in any case, so it must stay where it is.
 */
int device_add(struct device *dev);

/*
 * Bind the device of a node on demand, with all its neighbours still unknown: an interrupt
 * controller that somebody needs, the console. Once: later calls give the first one's result. -EBUSY:
 * its probe is running, so it needs itself. @dev (may be NULL) is set unless the result is -ENOENT (no node) or -ENOMEM.
 */
int device_bind_node(struct dt_node node, struct device **dev);

/* Every enabled node with a compatible string becomes a device, and is bound if something drives it. */
void devices_discover(void);

struct device *device_first(void);
int devices_quiesce(void);		/* newest first; the first error, after all were asked */

/*
 * For a probe to return: remembers the reason (what it was, why, what to do), logs it, and gives
 * back @error.
 */
int device_refuse(struct device *dev, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Map entry @index of "reg". Refuses in words. */
int device_map(struct device *dev, unsigned index, struct mmio *out);

/* Adding a driver is adding a file: the linker collects these. */
#define DRIVER(symbol) \
	static const struct driver symbol; \
	TABLE_ENTRY(drivers, struct driver, symbol); \
	static const struct driver symbol
