/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>

#include "tests/sim/virtio_mmio.h"

/* ---- Reading ---- */

static u64 read_queue(struct sim_virtio *s, u64 offset)
{
	const struct sim_virtio_queue *q = sim_virtio_queue(s);

	switch (offset) {
	case 0x034:
		return q ? s->queue_max : 0;
	case 0x040:
		return q ? q->page : 0;
	default:
		return q ? q->enabled : 0;
	}
}

static u64 read_register(struct sim_virtio *s, u64 offset)
{
	switch (offset) {
	case 0x010:
		return sim_virtio_offered(s);
	case 0x034:
		return read_queue(s, offset);
	case 0x060:
		return s->interrupts;
	case 0x070:
		return sim_virtio_status(s);
	case 0x040:
		if (s->legacy)
			return read_queue(s, offset);
		break;
	case 0x044:
		if (!s->legacy)
			return read_queue(s, offset);
		break;
	case 0x0fc:
		if (!s->legacy)
			return s->generation;
		break;
	}
	sim_fail("virtio-mmio: register 0x%03" PRIx64 " cannot be read", offset);
}

static u64 read(void *state, u64 offset, unsigned width)
{
	struct sim_virtio_mmio *m = state;
	struct sim_virtio *s = m->device;

	if (s->gone) {
		s->looks_when_gone++;
		return UINT64_MAX;
	}
	if (offset >= 0x100 && s->type)
		return sim_virtio_config(s, offset - 0x100, width);
	if (width != 4)
		sim_fail("virtio-mmio: register 0x%03" PRIx64 " read %u bytes wide", offset, width);
	switch (offset) {
	case 0x000:
		return m->magic;
	case 0x004:
		return m->version;
	case 0x008:
		return s->type;
	}
	if (!s->type)
		sim_fail("virtio-mmio: register 0x%03" PRIx64 " of an empty slot read", offset);
	return read_register(s, offset);
}

/* ---- Writing ---- */

static void set_half(u64 *address, u64 offset, u32 value)
{
	unsigned shift = offset % 8 ? 32 : 0;

	*address = (*address & ~((u64)UINT32_MAX << shift)) | (u64)value << shift;
}

static bool write_legacy(struct sim_virtio *s, u64 offset, u32 value)
{
	struct sim_virtio_queue *q;

	switch (offset) {
	case 0x028:
		s->page_bytes = value;
		return true;
	case 0x03c:
		sim_virtio_setup(s)->align = value;
		return true;
	case 0x040:
		q = sim_virtio_setup(s);
		if (!s->page_bytes || !q->align)
			sim_fail("virtio-mmio: a queue without a page size, or an alignment");
		sim_virtio_enable(s);
		q->page = q->enabled ? value : 0;
		return true;
	default:
		return false;
	}
}

static bool write_modern(struct sim_virtio *s, u64 offset, u32 value)
{
	switch (offset) {
	case 0x044:
		sim_virtio_enable(s);
		return value == 1;
	case 0x080:
	case 0x084:
		set_half(&sim_virtio_setup(s)->descriptors, offset, value);
		return true;
	case 0x090:
	case 0x094:
		set_half(&sim_virtio_setup(s)->driver, offset, value);
		return true;
	case 0x0a0:
	case 0x0a4:
		set_half(&sim_virtio_setup(s)->device, offset, value);
		return true;
	default:
		return false;
	}
}

static void write_register(struct sim_virtio *s, u64 offset, u32 value)
{
	switch (offset) {
	case 0x014:
		s->offered_select = value;
		break;
	case 0x020:
		sim_virtio_accept(s, value);
		break;
	case 0x024:
		s->accepted_select = value;
		break;
	case 0x030:
		s->queue_select = value;
		break;
	case 0x038:
		sim_virtio_setup(s)->size = value;
		break;
	case 0x050:
		sim_virtio_ring(s, value);
		break;
	case 0x064:
		if (value & ~s->interrupts)
			sim_fail("virtio-mmio: interrupts 0x%" PRIx32 " acknowledged", value);
		s->interrupts &= ~value;
		break;
	case 0x070:
		sim_virtio_set_status(s, (u8)value);
		break;
	default:
		if (!(s->legacy ? write_legacy : write_modern)(s, offset, value))
			sim_fail("virtio-mmio: register 0x%03" PRIx64 " cannot be written", offset);
	}
}

static void write(void *state, u64 offset, unsigned width, u64 value)
{
	struct sim_virtio *s = ((struct sim_virtio_mmio *)state)->device;

	if (s->gone) {
		s->looks_when_gone++;
		return;
	}
	if (offset >= 0x100 && s->type) {
		sim_virtio_write_config(s, offset - 0x100, width, value);
		return;
	}
	if (!s->type || width != 4 || (s->resetting && offset != 0x070))
		sim_fail("virtio-mmio: 0x%03" PRIx64 " written, %u bytes wide%s", offset, width,
			 s->resetting ? ", before the reset was done" : "");
	write_register(s, offset, (u32)value);
}

static const struct sim_mmio_ops ops = { read, write };

void sim_virtio_mmio_add(struct sim_virtio_mmio *m, struct sim_virtio *device, u64 base, u64 bytes)
{
	*m = (struct sim_virtio_mmio){ device, 0x74726976, device->legacy ? 1 : 2 };
	sim_mmio_add(base, bytes, &ops, m);
}
