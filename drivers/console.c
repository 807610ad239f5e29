/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "arch/arch.h"
#include "drivers/console.h"
#include "drivers/device.h"
#include "lib/console.h"
#include "lib/log.h"

static struct dt_node wanted = { -1 };
static const char *wanted_options;
static struct device *opened;

bool console_wanted(struct dt_node node, const char **options)
{
	*options = wanted_options;
	return dt_exists(node) && node.offset == wanted.offset;
}

/* Bind the node's device; its driver finds it wanted, and calls console_set. */
static int open_node(struct dt_node node, const char *options)
{
	struct device *dev;
	int error;

	wanted = node;
	wanted_options = options;
	error = device_bind_node(node, &dev);
	wanted.offset = -1;
	if (!error && !console_present())
		error = -ENODEV;
	if (!error)
		opened = dev;
	return error;
}

struct device *console_device(void)
{
	return opened;
}

struct dt_node console_stdout(const char **path, const char **options)
{
	struct dt_node chosen = dt_path("/chosen");
	const char *colon;

	*path = dt_string(chosen, "stdout-path");
	if (!*path)
		*path = dt_string(chosen, "linux,stdout-path");	/* before DT 0.2 */
	if (!*path)
		return (struct dt_node){ -1 };
	colon = strchr(*path, ':');
	*options = colon ? colon + 1 : "";
	return dt_path(*path);
}

static void open_stdout(void)
{
	const char *path, *options;
	struct dt_node node = console_stdout(&path, &options);
	char why[DEVICE_WHY_BYTES];
	int error;

	if (!path) {
		log_info("the device tree names no console (/chosen has no stdout-path)");
		return;
	}
	if (!dt_exists(node)) {
		log_warning("stdout-path \"%s\": the device tree has no such node or alias", path);
		return;
	}
	error = open_node(node, options);
	if (error)
		log_warning("stdout-path \"%s\": %s", path,
			    device_why_not(node, why) ? why : "that is no UART");
}

static void firmware_write(void *state, const char *text, size_t bytes)
{
	const struct arch_console *firmware = state;

	firmware->write(text, bytes);
}

static int firmware_read(void *state)
{
	const struct arch_console *firmware = state;

	return firmware->read();
}

static void open_firmware(void)
{
	static struct console_ops ops = { NULL, firmware_write, firmware_read };
	const struct arch_console *firmware = arch_firmware_console();

	if (!firmware)
		return;
	ops.name = firmware->name;
	console_set(&ops, (void *)firmware);
}

/*
 * Discovery begins early, and ends with the first device that turns out to be a UART: names and
 * compatible strings do not tell which ones are.
 */
static void open_any(struct dt_node parent)
{
	dt_for_each_child(node, parent) {
		if (!dt_enabled(node))
			continue;
		if (dt_compatible(node, 0))
			open_node(node, "");
		if (!console_present())
			open_any(node);
		if (console_present())
			return;
	}
}

int console_open(void)
{
	open_stdout();
	if (!console_present())
		open_firmware();
	if (!console_present())
		open_any(dt_root());
	return console_present() ? 0 : -ENODEV;
}
