/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks that are two registers and no more: QEMU's google,goldfish-rtc, nanoseconds since 1970,
 * and Arm's PL031 (DDI 0224), seconds. They are read, never set.
 */
#include <stdlib.h>
#include "drivers/device.h"
#include "lib/clock.h"

struct rtc {
	struct mmio regs;
	u64 (*seconds)(struct mmio regs);
};

/* Reading the lower half keeps the upper one for the read that follows. */
static u64 goldfish_seconds(struct mmio regs)
{
	enum { TIME_LOW = 0x00, TIME_HIGH = 0x04, NANOSECONDS = 1000000000 };
	u64 low = mmio_read32(regs, TIME_LOW);

	return ((u64)mmio_read32(regs, TIME_HIGH) << 32 | low) / NANOSECONDS;
}

static u64 pl031_seconds(struct mmio regs)
{
	enum { RTCDR = 0x00 };

	return mmio_read32(regs, RTCDR);
}

enum { REGISTER_BYTES = 8 };
struct kind {
	u64 (*seconds)(struct mmio regs);
};
static const struct kind goldfish = { goldfish_seconds }, pl031 = { pl031_seconds };

static u64 seconds(void *state)
{
	const struct rtc *r = state;

	return r->seconds(r->regs);
}

static int probe(struct device *dev, const struct device_id *id)
{
	const struct kind *kind = id->data;
	struct rtc *r = calloc(1, sizeof *r);
	int error;

	if (!r)
		return -ENOMEM;
	error = device_map(dev, 0, &r->regs);
	if (!error && r->regs.size < REGISTER_BYTES)
		error = device_refuse(dev, -EINVAL,
				      "\"reg\" has %zu bytes, too few for its registers",
				      r->regs.size);
	if (error) {
		free(r);
		return error;
	}
	r->seconds = kind->seconds;
	dev->state = r;
	clock_register(seconds, r);
	return 0;
}

static const struct device_id ids[] = {
	{ .bus = BUS_DT, .compatible = "google,goldfish-rtc", .data = &goldfish },
	{ .bus = BUS_DT, .compatible = "arm,pl031", .data = &pl031 },
};

DRIVER(rtc) = {
	.name = "rtc",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
