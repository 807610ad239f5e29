/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/device.h"
#include "lib/log.h"
#include "lib/memory.h"

/*
 * All devices. A parent stands before its children, and what a device requires before the device,
 * so newest first is the order in which they can be stopped.
 */
static struct device *oldest, *newest;

/* ---- Matching ---- */

typedef int (*try_fn)(struct device *dev, const struct driver *driver, const struct device_id *id);

/* How specific matches can be, best first: is there such a rank, and is @id of it? */
static bool has_rank(struct device *dev, unsigned rank)
{
	if (dev->id.bus != BUS_DT)
		return rank < (dev->id.bus == BUS_PCI ? 2 : 1);
	dev->id.compatible = dt_compatible(dev->node, rank);
	return dev->id.compatible;
}

static bool matches_pci(const struct device_id *has, const struct device_id *wants, unsigned rank)
{
	bool product = wants->product != DEVICE_ANY;

	return product == (rank == 0) &&
	       (wants->vendor == DEVICE_ANY || wants->vendor == has->vendor) &&
	       (!product || wants->product == has->product) &&
	       (has->class_code & wants->class_mask) == wants->class_code;
}

static bool matches(const struct device_id *has, const struct device_id *id, unsigned rank)
{
	if (id->bus != has->bus)
		return false;
	switch (id->bus) {
	case BUS_PCI:
		return matches_pci(has, id, rank);
	case BUS_VIRTIO:
		return id->virtio_type == has->virtio_type;
	default:
		/* most differ here already, and there are thousands */
		return *id->compatible == *has->compatible &&
		       !strcmp(id->compatible, has->compatible);
	}
}

/* All drivers that match so well, until one does not say -ENODEV: none of this. */
static int try_rank(struct device *dev, unsigned rank, try_fn try)
{
	table_for_each(drivers, struct driver, driver) {
		for (unsigned i = 0; i < driver->id_count; i++) {
			int error;

			if (!matches(&dev->id, &driver->ids[i], rank))
				continue;
			error = try(dev, driver, &driver->ids[i]);
			if (error != -ENODEV)
				return error;
		}
	}
	return -ENODEV;
}

static int try_all(struct device *dev, try_fn try)
{
	int error = -ENODEV;

	for (unsigned rank = 0; error == -ENODEV && has_rank(dev, rank); rank++)
		error = try_rank(dev, rank, try);
	return error;
}

static int note(struct device *dev, const struct driver *driver, const struct device_id *id)
{
	(void)id;
	dev->driver = driver;
	return 0;
}

const struct driver *device_driver_for(struct dt_node node)
{
	struct device dev = { .id.bus = BUS_DT, .node = node };

	try_all(&dev, note);
	return dev.driver;
}

/* ---- Binding ---- */

static int probe(struct device *dev, const struct driver *driver, const struct device_id *id)
{
	int error;

	dev->reason[0] = '\0';
	error = driver->probe(dev, id);
	if (error == 0) {
		dev->driver = driver;
		log_info("%s: %s%s%s", dev->name, driver->name, dev->about[0] ? ", " : "",
			 dev->about);
	} else if (error != -ENODEV && !dev->reason[0]) {
		device_refuse(dev, error, "%s: %s", driver->name, error_text(error));
	}
	return error;
}

static int add_before(struct device *dev, struct device *next)
{
	dev->next = next;
	dev->previous = next ? next->previous : newest;
	*(dev->previous ? &dev->previous->next : &oldest) = dev;
	*(next ? &next->previous : &newest) = dev;

	dev->error = -EBUSY;
	dev->error = try_all(dev, probe);
	return dev->error;
}

int device_add(struct device *dev)
{
	return add_before(dev, NULL);
}

/* ---- Nodes of the tree ---- */

/* A bus comes before the devices on it, which may carry its node too. */
struct device *device_of_node(struct dt_node node)
{
	for (struct device *dev = oldest; dev; dev = dev->next)
		if (dev->node.offset == node.offset)
			return dev;
	return NULL;
}

static int bind_parents(struct dt_node node, struct device *requirer, struct device **parent);

/* *out is the device, or stays as it is where there is none: no driver, or out of reach. */
static int bind_node(struct dt_node node, struct device *requirer, struct device **out)
{
	struct device *dev, *parent = NULL;
	int error;

	if (!dt_exists(node))
		return -ENOENT;
	dev = device_of_node(node);
	if (!dev && !device_driver_for(node))
		return -ENODEV;
	if (!dev) {
		error = bind_parents(node, requirer, &parent);
		if (error)
			return error;
		dev = device_of_node(node);	/* a parent may have wanted it meanwhile */
	}
	if (!dev) {
		dev = calloc(1, sizeof *dev);
		if (!dev)
			return -ENOMEM;
		for (struct device *above = parent; above; above = above->parent)
			if (above == requirer)
				requirer = NULL;	/* a part of it, that goes with it */
		dev->node = node;
		dev->parent = parent;
		snprintf(dev->name, sizeof dev->name, "%s", dt_name(node));
		if (add_before(dev, requirer) == -ENODEV && !dev->reason[0])
			snprintf(dev->reason, sizeof dev->reason, "its driver does not take it");
	}
	*out = dev;
	return dev->error;
}

/*
 * What @node is a part of comes first, where that has a driver. *parent is the nearest such device;
 * one whose probe is running has asked for @node itself.
 */
static int bind_parents(struct dt_node node, struct device *requirer, struct device **parent)
{
	struct dt_node chain[DT_DEPTH_MAX];
	int count = dt_ancestors(node, chain);

	for (int i = 0; i < count; i++)
		if (!dt_enabled(chain[i]))
			return -ENODEV;
	for (int i = count - 2; i >= 0 && !*parent; i--) {
		int error = bind_node(chain[i], requirer, parent);

		if (error && error != -EBUSY && (*parent || error != -ENODEV))
			return error;
	}
	return 0;
}

int device_bind_node(struct dt_node node, struct device **out)
{
	struct device *dev = NULL;
	int error = bind_node(node, NULL, &dev);

	if (out)
		*out = dev;
	return error;
}

int device_require(struct device *dev, struct dt_node node, struct device **out)
{
	struct device *needed = NULL;
	char why[DEVICE_WHY_BYTES];
	int error = bind_node(node, dev, &needed);

	if (!error) {
		*out = needed;
		return 0;
	}
	if (error == -EBUSY)
		return device_refuse(dev, -ELOOP, "it needs %s, which needs it in turn",
				     dt_name(node));
	device_why_not(node, why);
	return device_refuse(dev, error, "it needs %s: %s", dt_name(node), why);
}

int device_require_phandle(struct device *dev, const char *list, const char *cells_name,
			   unsigned index, struct device **out)
{
	struct dt_reference to;
	int error = dt_reference_at(dev->node, list, cells_name, index, &to);

	if (error)
		return device_refuse(dev, error, "entry %u of \"%s\" %s", index, list,
				     error == -ENOENT ? "is missing" :
				     "names no node, or not as that wants it");
	return device_require(dev, to.node, out);
}

/* ---- What there is, and its end ---- */

struct device *device_first(void)
{
	return oldest;
}

static bool is_below(const struct device *dev, const struct device *above)
{
	while (dev && dev != above)
		dev = dev->parent;
	return dev;
}

/* NULL: all. */
static int quiesce(const struct device *above)
{
	int first_error = 0;

	for (struct device *dev = newest; dev; dev = dev->previous) {
		int error = 0;

		if (above && (dev == above || !is_below(dev, above)))
			continue;
		if (dev->driver && dev->driver->quiesce && !dev->gone)
			error = dev->driver->quiesce(dev);
		if (error)
			log_error("%s: may still access memory, it did not stop: %s", dev->name,
				  error_text(error));
		if (!first_error)
			first_error = error;
	}
	return first_error;
}

int device_quiesce_below(struct device *above)
{
	return quiesce(above);
}

int devices_quiesce(void)
{
	int error = quiesce(NULL);

	dma_leaks();
	return error;
}

void device_remove(struct device *dev)
{
	struct device *previous;

	dev->gone = true;
	for (struct device *child = newest; child; child = previous) {
		previous = child->previous;
		if (child->parent == dev)
			device_remove(child);
	}
	if (dev->driver && dev->driver->remove)
		dev->driver->remove(dev);
	*(dev->previous ? &dev->previous->next : &oldest) = dev->next;
	*(dev->next ? &dev->next->previous : &newest) = dev->previous;
}

/* ---- For probes ---- */

int device_refuse(struct device *dev, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(dev->reason, sizeof dev->reason, format, arguments);
	va_end(arguments);
	log_warning("%s: %s", dev->name, dev->reason);
	return error;
}

void device_describe(struct device *dev, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(dev->about, sizeof dev->about, format, arguments);
	va_end(arguments);
}

/* RAM that somebody uses or may use. What is reserved may be anything, so also registers. */
static bool is_memory(u64 address)
{
	const struct memory_range *m = memory_find(address);

	return m && m->use != MEMORY_RESERVED && m->use != MEMORY_NO_MAP;
}

int device_map(struct device *dev, unsigned index, struct mmio *out)
{
	u64 address, bytes;
	int error;

	if (dev->bus)
		return dev->bus->map(dev, index, out);
	error = dt_reg(dev->node, index, &address, &bytes);
	if (error == -ENOENT)
		return device_refuse(dev, error, "\"reg\" has no entry %u", index);
	if (error == -ENXIO)
		return device_refuse(dev, error, "no parent bus maps entry %u of \"reg\" (ranges)",
				     index);
	if (error)
		return device_refuse(dev, error, "\"reg\", entry %u: %s", index, error_text(error));
	if (is_memory(address) || is_memory(address + bytes - 1))
		return device_refuse(dev, -EINVAL,
				     "its registers at 0x%" PRIx64 " would lie in memory", address);
	error = mmio_map(out, address, bytes, dev->name);
	if (error)
		return device_refuse(dev, error,
				     "cannot map %" PRIu64 " bytes of registers at 0x%" PRIx64
				     ": %s",
				     bytes, address, error_text(error));
	return 0;
}
