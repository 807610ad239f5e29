/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Discovery without the hardware: the same nodes are bound, by the drivers' own probes, each until
 * it touches a register. Up to there the tree has answered everything, and that is how far "would
 * bind" goes. The access is a fault that arch_catch ends the probe with; what it leaves behind is
 * half done, so its devices leave the list, and are remembered here.
 */
#include <stdlib.h>
#include "arch/host/sim.h"
#include "tools/port-check/port_check.h"

struct reached {
	struct reached *next;
	struct dt_node node;
};
static struct reached *reached_first;

static bool has_reached(struct dt_node node)
{
	for (struct reached *r = reached_first; r; r = r->next)
		if (r->node.offset == node.offset)
			return true;
	return false;
}

static void remember(struct dt_node node)
{
	struct reached *r = malloc(sizeof(*r));

	if (!r)
		abort();
	*r = (struct reached){ reached_first, node };
	reached_first = r;
}

/* The one that was asked for, and those it needed or that needed it: all were being probed. */
static void keep_reached(void)
{
	struct device *next;

	for (struct device *dev = device_first(); dev; dev = next) {
		next = dev->next;
		if (dev->error != -EBUSY)
			continue;
		if (!has_reached(dev->node))
			remember(dev->node);
		device_remove(dev);
	}
}

static void bind(void *node)
{
	device_bind_node(*(struct dt_node *)node, NULL);
}

static void try(struct dt_node node)
{
	if (!has_reached(node) && arch_catch(bind, &node, NULL))
		keep_reached();
}

void discovery_run(void)
{
	device_nodes_walk(try);
}

/* The nearest above @node that would be bound, and would find @node itself. */
static struct dt_node finder_of(struct dt_node node)
{
	while (dt_exists(node = dt_parent(node)))
		if (has_reached(node))
			break;
	return node;
}

void discovery_ask(struct dt_node node, struct node_facts *facts)
{
	struct dt_node finder = finder_of(node);
	struct device *dev = device_of_node(node);

	if (has_reached(node) || (dev && !dev->error)) {
		facts->binding = WOULD_BIND;
		facts->driver = has_reached(node) ? device_driver_for(node)->name
						  : dev->driver->name;
	} else if (dt_exists(finder) && dt_enabled(node)) {
		facts->binding = BEHIND;
		snprintf(facts->reason, sizeof(facts->reason), "%s finds it, or not, when it runs",
			 dt_name(finder));
	} else if (!device_why_not(node, facts->reason)) {
		facts->binding = BUS;
	} else {
		facts->binding = !is_enabled(node) ? DISABLED : dev ? REFUSED : NO_DRIVER;
	}
}

const char *binding_name(enum binding binding)
{
	static const char *const names[] = {
		[WOULD_BIND] = "would bind", [BEHIND] = "behind another", [BUS] = "bus",
		[REFUSED] = "refused", [NO_DRIVER] = "no driver", [DISABLED] = "disabled",
	};

	return names[binding];
}
