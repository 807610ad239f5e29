/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reset and power off by writing a value to a register of some other device
 * (Linux, Documentation/devicetree/bindings/power/reset/syscon-{poweroff,reboot}.yaml).
 */
#include <stdlib.h>
#include "drivers/device.h"
#include "lib/power.h"

struct syscon {
	struct mmio regs;
	u32 offset, value, mask;
};

/* A register that is written whole is not read: it may be one that cannot be. */
static void act(void *state)
{
	const struct syscon *s = state;
	u32 old = s->mask == UINT32_MAX ? 0 : mmio_read32(s->regs, s->offset) & ~s->mask;

	mmio_write32(s->regs, s->offset, old | (s->value & s->mask));
}

/* What is written: value in the bits of mask. Old trees only have a mask, meant as the value. */
static int read_value(struct device *dev, struct syscon *s)
{
	bool value = dt_property(dev->node, "value", NULL);
	bool mask = dt_property(dev->node, "mask", NULL);

	if (!value && !mask)
		return device_refuse(dev, -EINVAL, "the node has neither value nor mask");
	s->mask = value ? dt_u32(dev->node, "mask", UINT32_MAX) : UINT32_MAX;
	s->value = dt_u32(dev->node, value ? "value" : "mask", 0);
	return 0;
}

/* The registers are those of the node that regmap points to, or of the parent. */
static int map(struct device *dev, struct syscon *s)
{
	u32 phandle = dt_u32(dev->node, "regmap", 0);
	struct dt_node node = phandle ? dt_by_phandle(phandle) : dt_parent(dev->node);
	u64 address, bytes;
	int error = dt_reg(node, 0, &address, &bytes);

	if (!error)
		error = mmio_map(&s->regs, address, bytes, dev->name);
	if (error)
		return device_refuse(dev, error, "cannot map the registers that regmap names: %s",
				     error_text(error));
	s->offset = dt_u32(dev->node, "offset", dt_u32(dev->node, "reg", UINT32_MAX));
	if (s->offset % 4 || bytes < 4 || s->offset > bytes - 4)
		return device_refuse(dev, -EINVAL,
				     "offset 0x%x is not in the registers that regmap names",
				     s->offset);
	return 0;
}

static int probe(struct device *dev, const struct device_id *id)
{
	const enum power_action *action = id->data;
	struct syscon *s = calloc(1, sizeof *s);
	int error;

	if (!s)
		return -ENOMEM;
	error = read_value(dev, s);
	if (!error)
		error = map(dev, s);
	if (error) {
		free(s);
		return error;
	}
	dev->state = s;
	power_register(*action, dev->name, act, s);
	return 0;
}

static const enum power_action off = POWER_OFF, reset = POWER_RESET;
static const struct device_id ids[] = {
	{ .bus = BUS_DT, .compatible = "syscon-poweroff", .data = &off },
	{ .bus = BUS_DT, .compatible = "syscon-reboot", .data = &reset },
};

DRIVER(syscon_power) = {
	.name = "syscon_power",
	.ids = ids,
	.id_count = sizeof ids / sizeof ids[0],
	.probe = probe,
};
