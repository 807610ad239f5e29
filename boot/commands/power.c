/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/device.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/power.h"

/*
 * Memory may outlive a reset, and so may what a device has in flight: they stop first. One that
 * does not is told of, and keeps nobody from a reset, which may be what it needs.
 */
static int act(int argc, enum power_action action, const char *what)
{
	int error;

	if (argc != 1)
		return -EINVAL;
	devices_quiesce();
	error = power(action);
	console_print("no way to %s this machine worked: %s\n", what, error_text(error));
	return -EIO;
}

static int reset(int argc, char **argv)
{
	(void)argv;
	return act(argc, POWER_RESET, "reset");
}

static int power_off(int argc, char **argv)
{
	(void)argv;
	return act(argc, POWER_OFF, "power off");
}

COMMAND(reset_command) = {
	.name = "reset",
	.arguments = "",
	.summary = "restart the machine",
	.run = reset,
};

COMMAND(poweroff_command) = {
	.name = "poweroff",
	.arguments = "",
	.summary = "switch the machine off",
	.run = power_off,
};
