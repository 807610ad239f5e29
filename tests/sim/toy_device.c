/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "tests/sim/toy.h"

static u16 read16(const struct toy_device *d, size_t offset)
{
	u16 value;

	d->ops->read(d->base + offset, &value, sizeof value);
	return value;
}

static u8 perform(struct toy_device *d, const struct toy_descriptor *desc)
{
	struct toy_header header;
	u8 data[TOY_STORE];

	d->ops->read(d->base + d->layout.headers + desc->header * d->layout.line, &header,
		     sizeof header);
	if (header.at > TOY_STORE || desc->bytes > TOY_STORE - header.at)
		return TOY_BAD;
	switch (header.op) {
	case TOY_READ:
		d->ops->write(desc->addr, d->store + header.at, desc->bytes);
		return TOY_OK;
	case TOY_WRITE:
		d->ops->read(desc->addr, data, desc->bytes);
		memcpy(d->store + header.at, data, desc->bytes);
		return TOY_OK;
	}
	return TOY_BAD;
}

static void complete(struct toy_device *d, u16 slot)
{
	struct toy_element element = { slot, 1 };
	size_t entry = offsetof(struct toy_used, ring[d->used % TOY_SIZE]);

	d->ops->write(d->base + d->layout.used + entry, &element, sizeof element);
	d->used++;
	d->ops->write(d->base + d->layout.used, &d->used, sizeof d->used);
}

bool toy_device_step(struct toy_device *d)
{
	struct toy_descriptor desc;
	size_t entry = offsetof(struct toy_available, ring[d->available % TOY_SIZE]);
	u16 slot;
	u8 status;

	if (read16(d, d->layout.available) == d->available) {
		d->ops->write(d->base + d->layout.event, &d->available, sizeof d->available);
		d->ops->fence();
		if (read16(d, d->layout.available) == d->available)
			return false;
	}
	slot = read16(d, d->layout.available + entry) % TOY_SIZE;
	d->available++;
	d->ops->read(d->base + slot * sizeof desc, &desc, sizeof desc);
	desc.header %= TOY_SIZE;
	status = perform(d, &desc);
	d->ops->write(d->base + d->layout.statuses + desc.status % TOY_SIZE * d->layout.line,
		      &status, 1);
	complete(d, slot);
	return true;
}
