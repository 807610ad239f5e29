/* SPDX-License-Identifier: BSD-2-Clause */
#include "boot/monitor/monitor.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/errors.h"

enum { NAME_COLUMNS = 30, INDENT = 2 };

/* What is not bound itself is shown if something behind it is: a bridge, say. */
static bool is_shown(const struct device *dev)
{
	if (dev->driver)
		return true;
	for (const struct device *child = dev->next; child; child = child->next)
		if (child->parent == dev && is_shown(child))
			return true;
	return false;
}

static void print(const struct device *dev, unsigned depth)
{
	console_print("%*s%-*s  ", (int)(depth * INDENT), "",
		      (int)(depth * INDENT < NAME_COLUMNS ? NAME_COLUMNS - depth * INDENT : 0),
		      dev->name);
	if (dev->driver)
		console_print("%s%s%s\n", dev->driver->name, dev->about[0] ? ", " : "", dev->about);
	else
		console_print("(no driver)\n");
}

/* Returns how many are bound. Children stand behind their parent in the list. */
static unsigned print_behind(const struct device *parent, const struct device *first,
			     unsigned depth)
{
	unsigned count = 0;

	for (const struct device *dev = first; dev; dev = dev->next) {
		if (dev->parent != parent || !is_shown(dev))
			continue;
		print(dev, depth);
		count += dev->driver != NULL;
		count += print_behind(dev, dev->next, depth + 1);
	}
	return count;
}

static int run(int argc, char **argv)
{
	unsigned count;

	(void)argv;
	if (argc != 1)
		return -EINVAL;
	count = print_behind(NULL, device_first(), 0);
	console_print("%u device%s; `explain` says why others are not here\n", count,
		      count == 1 ? "" : "s");
	return 0;
}

COMMAND(devices) = {
	.name = "devices",
	.arguments = "",
	.summary = "list what has a driver",
	.run = run,
};
