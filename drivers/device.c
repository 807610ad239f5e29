/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "drivers/device.h"
#include "lib/log.h"
#include "lib/memory.h"

static struct device *oldest, *newest;

/* ---- Binding ---- */

static int probe(struct device *dev, const struct driver *driver, const struct device_id *id)
{
	int error;

	dev->reason[0] = '\0';
	error = driver->probe(dev, id);
	if (error == 0) {
		dev->driver = driver;
		dev->reason[0] = '\0';
		log_debug("%s: driven by %s", dev->name, driver->name);
	} else if (error != -ENODEV && !dev->reason[0]) {
		device_refuse(dev, error, "%s: %s", driver->name, error_text(error));
	}
	return error;
}

/* How specific matches can be, best first: how many ranks there are, and whether @id is of one. */
static unsigned rank_count(const struct device *dev)
{
	unsigned count = 0;

	if (dev->id.bus != BUS_DT)
		return dev->id.bus == BUS_PCI ? 2 : 1;
	while (dt_compatible(dev->node, count))
		count++;
	return count;
}

static bool matches_pci(const struct device_id *has, const struct device_id *wants, unsigned rank)
{
	bool product = wants->product != DEVICE_ANY;

	return product == (rank == 0) && (wants->vendor == DEVICE_ANY || wants->vendor == has->vendor) &&
		(!product || wants->product == has->product) &&
		(has->class_code & wants->class_mask) == wants->class_code;
}

static bool matches(const struct device *dev, const struct device_id *id, unsigned rank)
{
	if (id->bus != dev->id.bus)
		return false;
	switch (id->bus) {
	case BUS_PCI:
		return matches_pci(&dev->id, id, rank);
	case BUS_VIRTIO:
		return id->virtio_type == dev->id.virtio_type;
	default:
		return !strcmp(id->compatible, dt_compatible(dev->node, rank));
	}
}

/* All drivers that match so well; -ENODEV: none of them takes it. */
static int bind_rank(struct device *dev, unsigned rank)
{
	table_for_each(drivers, struct driver, driver) {
		for (unsigned i = 0; i < driver->id_count; i++) {
			int error;

			if (!matches(dev, &driver->ids[i], rank))
				continue;
			error = probe(dev, driver, &driver->ids[i]);
			if (error != -ENODEV)
				return error;
		}
	}
	return -ENODEV;
}

static int bind(struct device *dev)
{
	unsigned ranks = rank_count(dev);
	int error = -ENODEV;

	if (dev->id.bus == BUS_DT && !dt_enabled(dev->node)) {
		snprintf(dev->reason, sizeof dev->reason, "disabled in the device tree (status)");
		return -ENODEV;
	}
	for (unsigned rank = 0; rank < ranks && error == -ENODEV; rank++)
		error = bind_rank(dev, rank);
	if (error == -ENODEV && !dev->reason[0] && dev->id.bus == BUS_DT)
		snprintf(dev->reason, sizeof dev->reason, "no driver for %s",
			 ranks ? dt_compatible(dev->node, 0) : "a node without a compatible string");
	return error;
}

int device_add(struct device *dev)
{
	dev->next = NULL;
	dev->previous = newest;
	if (newest)
		newest->next = dev;
	else
		oldest = dev;
	newest = dev;

	dev->error = -EBUSY;
	dev->error = bind(dev);
	return dev->error;
}

/* A bus comes before the devices on it, which may carry its node too. */
static struct device *device_of(struct dt_node node)
{
	for (struct device *dev = oldest; dev; dev = dev->next)
		if (dev->node.offset == node.offset)
			return dev;
	return NULL;
}

int device_bind_node(struct dt_node node, struct device **out)
{
	struct device *dev;

	if (!dt_exists(node))
		return -ENOENT;
	dev = device_of(node);
	if (!dev) {
		dev = calloc(1, sizeof *dev);
		if (!dev)
			return -ENOMEM;
		dev->node = node;
		snprintf(dev->name, sizeof dev->name, "%s", dt_name(node));
		device_add(dev);
	}
	if (out)
		*out = dev;
	return dev->error;
}

static void discover_below(struct dt_node parent)
{
	dt_for_each_child(node, parent) {
		if (!dt_enabled(node))
			continue;
		if (dt_compatible(node, 0) && device_bind_node(node, NULL) == -ENOMEM)
			log_error("%s: no memory for another device", dt_name(node));
		discover_below(node);
	}
}

void devices_discover(void)
{
	discover_below(dt_root());
}

/* ---- What there is, and its end ---- */

struct device *device_first(void)
{
	return oldest;
}

int devices_quiesce(void)
{
	int first_error = 0;

	for (struct device *dev = newest; dev; dev = dev->previous) {
		int error = 0;

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
		return device_refuse(dev, error, "no parent bus maps entry %u of \"reg\" (ranges)", index);
	if (error)
		return device_refuse(dev, error, "\"reg\", entry %u: %s", index, error_text(error));
	if (is_memory(address) || is_memory(address + bytes - 1))
		return device_refuse(dev, -EINVAL, "its registers at 0x%" PRIx64 " would lie in memory",
				     address);
	error = mmio_map(out, address, bytes, dev->name);
	if (error)
		return device_refuse(dev, error, "cannot map %" PRIu64 " bytes of registers at 0x%" PRIx64
				     ": %s", bytes, address, error_text(error));
	return 0;
}
