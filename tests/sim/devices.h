/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Drivers for the nodes of tests/unit/dts/devices.dts. Include it in one source of a test.
 *   acme,works   is bound
 *   acme,needs   binds the node in its property "needs" first
 *   acme,broken  is refused with a reason, and acme,empty without one
 */
#pragma once
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "drivers/device.h"

/* Names, with a blank behind each: of what was probed to the end, and of what was stopped. */
static char sim_devices_probed[512];
static char sim_devices_stopped[512];

static void sim_devices_say(char text[512], struct device *dev)
{
	size_t n = strlen(text);

	snprintf(text + n, 512 - n, "%s ", dev->name);
}

static int sim_works_probe(struct device *dev, const struct device_id *id)
{
	u64 address, bytes;

	sim_devices_say(sim_devices_probed, dev);
	if (!dt_reg(dev->node, 0, &address, &bytes))
		device_describe(dev, "%s at 0x%" PRIx64, id->compatible, address);
	return 0;
}

static int sim_needs_probe(struct device *dev, const struct device_id *id)
{
	struct device *needed;
	int error = device_require_phandle(dev, "needs", NULL, 0, &needed);

	(void)id;
	sim_devices_say(sim_devices_probed, dev);
	return error;
}

static int sim_broken_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	sim_devices_say(sim_devices_probed, dev);
	return device_refuse(dev, -EPROTO, "its version is %u; versions 1 to 3 are known", 7);
}

static int sim_empty_probe(struct device *dev, const struct device_id *id)
{
	(void)id;
	sim_devices_say(sim_devices_probed, dev);
	snprintf(dev->reason, sizeof(dev->reason), "empty slot");
	return -ENODEV;
}

static int sim_devices_stop(struct device *dev)
{
	sim_devices_say(sim_devices_stopped, dev);
	return 0;
}

#define SIM_DRIVER(symbol, name_, probe_, ...) \
	static const struct device_id symbol##_ids[] = { __VA_ARGS__ }; \
	DRIVER(symbol) = { \
		.name = name_, \
		.ids = symbol##_ids, \
		.id_count = sizeof(symbol##_ids) / sizeof(*symbol##_ids), \
		.probe = probe_, \
		.quiesce = sim_devices_stop, \
	}
SIM_DRIVER(sim_works, "works", sim_works_probe, MATCH_DT("acme,works"), MATCH_DT("acme,works-2"));
SIM_DRIVER(sim_needs, "needs", sim_needs_probe, MATCH_DT("acme,needs"));
SIM_DRIVER(sim_broken, "broken", sim_broken_probe, MATCH_DT("acme,broken"));
SIM_DRIVER(sim_empty, "empty", sim_empty_probe, MATCH_DT("acme,empty"));
