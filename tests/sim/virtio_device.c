/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "drivers/virtio/virtio.h"
#include "tests/sim/virtio_device.h"

/* ---- Status (2.1, 2.4, 3.1.1) ---- */

static void finish_reset(struct sim_virtio *s)
{
	s->resetting = false;
	s->status = 0;
	s->accepted = 0;
	s->page_bytes = 0;
	s->offered_select = s->accepted_select = s->queue_select = UINT32_MAX;
	memset(s->queues, 0, sizeof(s->queues));
	s->resets++;
	if (s->was_reset)
		s->was_reset(s);
}

u8 sim_virtio_status(struct sim_virtio *s)
{
	if (s->resetting && s->slow_reset != SIM_VIRTIO_FOREVER && --s->slow_reset == 0)
		finish_reset(s);
	return s->status;
}

static void check_order(u8 status, u8 bit, u8 wanted)
{
	if ((status & bit) && (status & wanted) != wanted)
		sim_fail("virtio: status 0x%02x has bit 0x%02x before 0x%02x", status, bit, wanted);
}

void sim_virtio_set_status(struct sim_virtio *s, u8 status)
{
	u8 added = status & ~s->status;

	if (!status) {
		s->resetting = true;
		if (!s->slow_reset || !s->status)
			finish_reset(s);
		return;
	}
	if (s->resetting || (s->status & ~status))
		sim_fail("virtio: status 0x%02x written over 0x%02x", status, s->status);
	if (s->legacy && (status & VIRTIO_STATUS_FEATURES_OK))
		sim_fail("virtio: a legacy device knows no FEATURES_OK");
	check_order(status, VIRTIO_STATUS_DRIVER, VIRTIO_STATUS_ACKNOWLEDGE);
	check_order(status, VIRTIO_STATUS_FEATURES_OK, VIRTIO_STATUS_DRIVER);
	check_order(status, VIRTIO_STATUS_DRIVER_OK,
		    s->legacy ? VIRTIO_STATUS_DRIVER : VIRTIO_STATUS_FEATURES_OK);

	s->status = status;
	if (s->insists & ~s->accepted)
		s->status &= ~(added & VIRTIO_STATUS_FEATURES_OK);
	if (added & s->fails_at)
		s->status |= VIRTIO_STATUS_NEEDS_RESET;
	if (added & s->vanishes_at)
		s->gone = true;
}

/* ---- Features (2.2) ---- */

u32 sim_virtio_offered(struct sim_virtio *s)
{
	if (s->offered_select == UINT32_MAX)
		sim_fail("virtio: features read before they were selected");
	return s->offered_select < 2 ? (u32)(s->offers >> (32 * s->offered_select)) : 0;
}

void sim_virtio_accept(struct sim_virtio *s, u32 features)
{
	if (s->accepted_select > (s->legacy ? 0 : 1))
		sim_fail("virtio: features written that cannot be (select 0x%" PRIx32 ")",
			 s->accepted_select);
	if (!(s->status & VIRTIO_STATUS_DRIVER) ||
	    (s->status & (VIRTIO_STATUS_FEATURES_OK | VIRTIO_STATUS_DRIVER_OK)))
		sim_fail("virtio: features written at status 0x%02x", s->status);
	s->accepted &= ~((u64)UINT32_MAX << (32 * s->accepted_select));
	s->accepted |= (u64)features << (32 * s->accepted_select);
	if (s->accepted & ~s->offers)
		sim_fail("virtio: features 0x%" PRIx64 " accepted, of 0x%" PRIx64, s->accepted,
			 s->offers);
}

/* ---- Configuration (2.5) ---- */

u64 sim_virtio_config(struct sim_virtio *s, u64 offset, unsigned width)
{
	u64 value = 0;

	if (width > 4)
		sim_fail("virtio: %u bytes of configuration read at once", width);
	if (offset < SIM_VIRTIO_CONFIG)
		memcpy(&value, &s->config[offset], width);
	if (s->restless) {
		s->restless -= s->restless != SIM_VIRTIO_FOREVER;
		s->generation++;
		for (unsigned i = 0; i < SIM_VIRTIO_CONFIG; i++)
			s->config[i]++;
	}
	return value;
}

void sim_virtio_write_config(struct sim_virtio *s, u64 offset, unsigned width, u64 value)
{
	if (!s->config_written || !(s->status & VIRTIO_STATUS_DRIVER))
		sim_fail("virtio: configuration written at 0x%" PRIx64, offset);
	s->config_written(s, offset, width, value);
}

/* ---- Queues ---- */

struct sim_virtio_queue *sim_virtio_queue(struct sim_virtio *s)
{
	if (s->queue_select == UINT32_MAX)
		sim_fail("virtio: a queue was looked at before one was selected");
	return s->queue_select < s->queue_count ? &s->queues[s->queue_select] : NULL;
}

struct sim_virtio_queue *sim_virtio_setup(struct sim_virtio *s)
{
	struct sim_virtio_queue *q = sim_virtio_queue(s);

	if (!q || q->enabled || q->page)
		sim_fail("virtio: queue %" PRIu32 " does not exist, or is in use", s->queue_select);
	if (!(s->status & (s->legacy ? VIRTIO_STATUS_DRIVER : VIRTIO_STATUS_FEATURES_OK)) ||
	    (s->status & VIRTIO_STATUS_DRIVER_OK))
		sim_fail("virtio: a queue set up at status 0x%02x", s->status);
	return q;
}

void sim_virtio_enable(struct sim_virtio *s)
{
	struct sim_virtio_queue *q = sim_virtio_setup(s);

	if (!q->size || q->size > s->queue_max)
		sim_fail("virtio: a queue of %" PRIu32 " entries, of %" PRIu32, q->size,
			 s->queue_max);
	if (!s->legacy && (!q->descriptors || !q->driver || !q->device))
		sim_fail("virtio: a queue without all its areas");
	q->enabled = !s->refuses_queues;
}

void sim_virtio_ring(struct sim_virtio *s, u64 index)
{
	if (!(s->status & VIRTIO_STATUS_DRIVER_OK))
		sim_fail("virtio: a queue notified at status 0x%02x", s->status);
	if (index >= s->queue_count || !s->queues[index].enabled)
		sim_fail("virtio: queue %" PRIu64 " notified, which is not enabled", index);
	s->queues[index].rung++;
	if (s->kicked)
		s->kicked(s, (unsigned)index);
}

void sim_virtio_queue_begin(struct sim_virtio *s, unsigned index, struct sim_virtqueue *q,
			    const struct sim_memory_ops *ops, struct sim_virtqueue_entry *entries)
{
	struct sim_virtio_queue areas = s->queues[index];

	if (!areas.enabled)
		sim_fail("sim: queue %u begins, which is not enabled", index);
	if (s->legacy) {	/* 2.7.2 */
		areas.descriptors = (u64)areas.page * s->page_bytes;
		areas.driver = areas.descriptors + 16 * (u64)areas.size;
		areas.device = areas.driver + 6 + 2 * (u64)areas.size + areas.align - 1;
		areas.device &= -(u64)areas.align;
	}
	sim_virtqueue_begin(q, ops, entries, (u16)areas.size, s->accepted, areas.descriptors,
			    areas.driver, areas.device);
}
