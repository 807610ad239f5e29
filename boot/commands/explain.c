/* SPDX-License-Identifier: BSD-2-Clause */
/* Why devices are not there; and all that is known of one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/monitor/monitor.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/size.h"

enum { WRAP_COLUMNS = 78, NAME_BYTES = 128 };

/* ---- Everything that is not bound ---- */

/* Neighbours of one reason share a line: the first, how many more, and why. */
struct lines {
	char name[40], reason[DEVICE_WHY_BYTES + 40];
	unsigned more;
	unsigned count;
};

static void flush(struct lines *l)
{
	if (l->name[0] && l->more)
		console_print("  %s and %u more: %s\n", l->name, l->more, l->reason);
	else if (l->name[0])
		console_print("  %s: %s\n", l->name, l->reason);
	l->name[0] = '\0';
	l->more = 0;
}

static void say(struct lines *l, const char *name, const char *reason)
{
	if (!l->count++)
		console_print("Not bound:\n");
	if (l->name[0] && !strcmp(l->reason, reason)) {
		l->more++;
		return;
	}
	flush(l);
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->reason, sizeof(l->reason), "%s", reason);
}

static unsigned devices_in(struct dt_node node)
{
	unsigned count = 0;

	dt_for_each_child(child, node)
		count += (dt_compatible(child, 0) != NULL) + devices_in(child);
	return count;
}

static void say_node(struct lines *l, struct dt_node node, const char *why)
{
	char reason[sizeof(l->reason)];
	unsigned inside = devices_in(node);

	if (inside)
		snprintf(reason, sizeof(reason), "%s (and %u in it)", why, inside);
	else
		snprintf(reason, sizeof(reason), "%s", why);
	say(l, dt_name(node), reason);
}

/* The nodes that describe devices: of a bus that is looked at, with a compatible string. */
static void say_nodes_on(struct lines *l, struct dt_node bus)
{
	char why[DEVICE_WHY_BYTES];

	dt_for_each_child(node, bus) {
		if (!dt_enabled(node) || (!dt_compatible(node, 0) && !device_is_bus(node)))
			continue;
		if (device_why_not(node, why))
			say_node(l, node, why);
		else if (device_is_bus(node))
			say_nodes_on(l, node);
	}
}

static void say_disabled_on(struct dt_node bus, unsigned *column)
{
	dt_for_each_child(node, bus) {
		unsigned length = (unsigned)strlen(dt_name(node));

		if (dt_enabled(node)) {
			if (device_is_bus(node))
				say_disabled_on(node, column);
			continue;
		}
		if (!*column)
			console_print("Disabled in the device tree (status):\n");
		if (!*column || *column + 2 + length > WRAP_COLUMNS) {
			console_print("%s  %s", *column ? ",\n" : "", dt_name(node));
			*column = 2 + length;
		} else {
			console_print(", %s", dt_name(node));
			*column += 2 + length;
		}
	}
}

static int explain_all(void)
{
	struct lines lines = { .count = 0 };
	unsigned bound = 0, column = 0;

	for (struct device *dev = device_first(); dev; dev = dev->next)
		bound += dev->driver != NULL;
	console_print("%u device%s bound; `devices` lists %s.\n", bound,
		      bound == 1 ? " is" : "s are", bound == 1 ? "it" : "them");
	say_nodes_on(&lines, dt_root());
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (!dev->driver && dev->id.bus != BUS_DT)
			say(&lines, dev->name, dev->reason);
	flush(&lines);
	say_disabled_on(dt_root(), &column);
	if (column)
		console_print("\n");
	return 0;
}

/* ---- One ---- */

static void label(const char *text)
{
	console_print("  %-10s  ", text);
}

static void print_strings(struct dt_node node, const char *property)
{
	const char *each;

	if (!dt_string(node, property))
		return;
	label(property);
	for (unsigned i = 0; (each = dt_string_at(node, property, i)); i++)
		console_print("%s%s", i ? ", " : "", each);
	console_print("\n");
}

static void print_registers(struct dt_node node)
{
	u64 address, bytes;
	int error;

	for (unsigned i = 0; (error = dt_reg(node, i, &address, &bytes)) != -ENOENT; i++) {
		const char *name = dt_string_at(node, "reg-names", i);
		char size[SIZE_TEXT_BYTES];

		label(i ? "" : "registers");
		if (!error)
			console_print("0x%" PRIx64 ", %s", address, size_text(bytes, size));
		else if (!dt_reg_on_bus(node, i, &address, &bytes))
			console_print("0x%" PRIx64 " on its bus, which the CPU does not see",
				      address);
		else
			console_print("%s", error_text(error));
		console_print(name ? " (%s)\n" : "\n", name);
		if (error == -EINVAL)
			return;
	}
}

static void print_interrupts(struct dt_node node)
{
	struct dt_reference to;
	int error;

	for (unsigned i = 0; (error = dt_interrupt(node, i, &to)) != -ENOENT; i++) {
		label(i ? "" : "interrupts");
		if (error) {
			console_print("entry %u leads to no controller\n", i);
			return;
		}
		for (unsigned c = 0; c < to.count; c++)
			console_print(to.cells[c] < 10000 ? "%s%" PRIu32 : "%s0x%" PRIx32,
				      c ? " " : "<", to.cells[c]);
		console_print("> of %s\n", dt_name(to.node));
	}
}

static void print_dma(struct dt_node node)
{
	struct dt_range ranges[DT_DMA_RANGES_MAX];
	int count = dt_dma_ranges(dt_dma_parent(node), ranges);

	label("DMA");
	console_print("%s", dt_dma_coherent(node) ? "coherent" : "not coherent");
	if (count < 0)
		console_print(", reaches no memory: %s", error_text(count));
	for (int i = 0; i < count; i++)
		console_print("%s 0x%" PRIx64 " to 0x%" PRIx64 " at 0x%" PRIx64,
			      i ? "," : ", reaches", ranges[i].cpu,
			      ranges[i].cpu + ranges[i].bytes - 1, ranges[i].bus);
	console_print("\n");
}

static void print_device(const struct device *dev)
{
	label("driver");
	console_print("%s%s%s\n", dev->driver->name, dev->about[0] ? ", " : "", dev->about);
}

static void explain_node(struct dt_node node)
{
	struct device *dev = device_of_node(node);
	char text[DEVICE_WHY_BYTES];

	if (dt_full_path(node, text, sizeof(text)))
		snprintf(text, sizeof(text), "%s", dt_name(node));
	console_print("%s\n", text);
	print_strings(node, "compatible");
	print_strings(node, "status");
	if (device_why_not(node, text)) {
		label("not bound");
		console_print("%s\n", text);
	} else if (dev) {
		print_device(dev);
	} else {
		label("bus");
		console_print("what is on it is looked for\n");
	}
	print_registers(node);
	print_interrupts(node);
	print_dma(node);
}

/* On a bus of its own; its node, if any, is that of its host. */
static void explain_device(const struct device *dev)
{
	console_print("%s\n", dev->name);
	if (dev->parent) {
		label("behind");
		console_print("%s\n", dev->parent->name);
	}
	if (dev->driver) {
		print_device(dev);
	} else {
		label("not bound");
		console_print("%s\n", dev->reason);
	}
}

/* ---- By name ---- */

static unsigned explain_nodes_called(struct dt_node parent, const char *name)
{
	unsigned count = 0;

	dt_for_each_child(node, parent) {
		if (monitor_interrupted())
			return count + 1;
		if (!strncmp(dt_name(node), name, strlen(name))) {
			explain_node(node);
			count++;
		}
		count += explain_nodes_called(node, name);
	}
	return count;
}

static int explain_called(const char *name)
{
	struct dt_node node = dt_path(name);
	unsigned count = 0;

	if (dt_exists(node)) {
		explain_node(node);
		return 0;
	}
	if (name[0] != '/')
		count = explain_nodes_called(dt_root(), name);
	for (struct device *dev = device_first(); dev; dev = dev->next)
		if (dev->id.bus != BUS_DT && !strncmp(dev->name, name, strlen(name))) {
			explain_device(dev);
			count++;
		}
	if (count)
		return 0;
	console_print("no device, node or alias begins with \"%s\"\n", name);
	return -ENOENT;
}

static int run(int argc, char **argv)
{
	char name[NAME_BYTES] = "";

	if (argc == 1)
		return explain_all();
	for (int i = 1; i < argc; i++) {	/* "pci 00:02.0" is one name */
		size_t used = strlen(name);

		snprintf(name + used, sizeof(name) - used, "%s%s", i > 1 ? " " : "", argv[i]);
	}
	return explain_called(name);
}

static void offer_nodes(struct line_completion *c, struct dt_node parent)
{
	dt_for_each_child(node, parent) {
		if (dt_compatible(node, 0))
			line_offer(c, dt_name(node), ' ');
		offer_nodes(c, node);
	}
}

static void complete(struct line_completion *c, size_t from)
{
	if (c->word == from + strspn(c->line + from, " "))
		offer_nodes(c, dt_root());
}

COMMAND(explain) = {
	.name = "explain",
	.arguments = "[name]",
	.summary = "why devices have no driver; what is known of one",
	.details = "A name is the beginning of a device's or node's name, a path, or an alias.",
	.complete = complete,
	.run = run,
};
