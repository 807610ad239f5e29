/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes of the device tree are looked at, and why a node has no driver. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "drivers/device.h"
#include "lib/log.h"

/*
 * Nodes that are there for the sake of the nodes in them. A "soc" of some old trees has no
 * compatible string, only addresses to pass on. Others that pass on addresses (a PCI host, a
 * wrapper around a USB controller) are devices: without their driver, what is behind them cannot be
 * used.
 */
bool device_is_bus(struct dt_node node)
{
	static const char *const buses[] = { "simple-bus", "simple-mfd", "simple-pm-bus", "isa",
					     "arm,amba-bus" };

	const char *text;

	if (node.offset == dt_root().offset)
		return true;
	for (unsigned n = 0; (text = dt_compatible(node, n)); n++)
		for (unsigned i = 0; i < sizeof buses / sizeof buses[0]; i++)
			if (!strcmp(text, buses[i]))
				return true;
	return !dt_property(node, "compatible", NULL) && dt_property(node, "ranges", NULL);
}

static void walk_on(struct dt_node bus, void (*each)(struct dt_node node))
{
	dt_for_each_child(node, bus) {
		each(node);
		if (device_is_bus(node))
			walk_on(node, each);
	}
}

void device_nodes_walk(void (*each)(struct dt_node node))
{
	walk_on(dt_root(), each);
}

static void discover(struct dt_node node)
{
	struct device *dev;

	if (device_bind_node(node, &dev) == -ENOMEM && !dev)
		log_error("%s: no memory for another device", dt_name(node));
}

void devices_discover(void)
{
	device_nodes_walk(discover);
}

/* ---- Reasons ---- */

struct text {
	char *at;
	size_t room;
};

static void __attribute__((format(printf, 2, 3))) append(struct text *t, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(t->at, t->room, format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= t->room)
		n = (int)t->room - 1;
	t->at += n;
	t->room -= (size_t)n;
}

static void append_disabled(struct text *t, struct dt_node node)
{
	const char *status = dt_string(node, "status");

	append(t, "its status in the device tree is \"%s\"", status ? status : "?");
}

static void append_no_driver(struct text *t, struct dt_node node)
{
	const char *compatible = dt_compatible(node, 0), *next;

	append(t, "no driver for %s",
	       compatible ? compatible : "a node without a compatible string");
	for (unsigned i = 1; compatible && (compatible = dt_compatible(node, i)); i++) {
		next = dt_compatible(node, i + 1);
		append(t, "%s%s", next ? ", " : " or ", compatible);
	}
}

/* Why @node itself is not driven. false: it is, or is a bus, or nothing known forbids it. */
static bool append_own(struct text *t, struct dt_node node)
{
	struct device *dev = device_of_node(node);

	if (!dt_enabled(node))
		append_disabled(t, node);
	else if (dev && dev->error == -EBUSY)
		append(t, "its probe is running");
	else if (dev && dev->error)
		append(t, "%s", dev->reason);
	else if (!dev && !device_is_bus(node) && !device_driver_for(node))
		append_no_driver(t, node);
	else
		return false;
	return true;
}

/* Why nobody looks for what is in @node. false: that is done. */
static bool append_dead_end(struct text *t, struct dt_node node)
{
	struct device *dev = device_of_node(node);
	bool enabled = dt_enabled(node);

	if (enabled && device_is_bus(node) && !(dev && dev->error))
		return false;
	append(t, "it is part of %s, ", dt_name(node));
	if (dev && !dev->error) {
		append(t, "and %s, which drives that, does not look for it", dev->driver->name);
	} else if (enabled && !dt_property(node, "compatible", NULL)) {
		append(t, "which is no bus");
	} else {
		append(t, "which is not bound: ");
		append_own(t, node);
	}
	return true;
}

bool device_why_not(struct dt_node node, char why[DEVICE_WHY_BYTES])
{
	struct dt_node chain[DT_DEPTH_MAX];
	struct text t = { why, DEVICE_WHY_BYTES };
	int count = dt_ancestors(node, chain);

	*why = '\0';
	if (count < 0)
		append(&t, "the device tree has no such node");
	if (count < 0 || append_own(&t, node))
		return true;
	if (device_of_node(node))
		return false;
	for (int i = 1; i < count - 1; i++)	/* the nearest to the root keeps out all below it */
		if (append_dead_end(&t, chain[i]))
			return true;
	if (device_is_bus(node))
		return false;
	append(&t, "nobody has looked for devices so far");
	return true;
}
