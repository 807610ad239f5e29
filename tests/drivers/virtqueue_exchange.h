/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of every shape go through the queue of virtqueue_machine.h and come back. The device
 * sleeps when there is nothing to do, and takes its time; the driver polls, or sleeps, too. Who is
 * not woken up, or gets a thing twice, or another thing, fails the test.
 */
#pragma once
#include "tests/drivers/virtqueue_machine.h"

enum { STALLED = 400, BATCH_MAX = 12, TOKENS = VIRTIO_QUEUE_SIZE_MAX, NOT_USED = UINT32_MAX };

/* What a segment of a request is: its address and bytes say which one of which request. */
static inline struct virtqueue_segment segment_of(u32 request, unsigned index)
{
	return (struct virtqueue_segment){ { (u64)(request + 1) << 16 | index << 4 },
		1 + (request + index) % 5000 };
}

static inline u32 written_for(u32 request, u64 writable)
{
	return (u32)(request % (writable + 1));
}

/* ---- The device ---- */

static struct {
	bool awake, interrupt;
	unsigned rung;				/* kicks that it has seen */
	u16 held[TOKENS];			/* ids that it has not completed */
	u32 written[TOKENS];
	unsigned held_count, most_held;
} d;

static inline bool device_pop(void)
{
	struct sim_segment s[SEGMENTS_MAX];
	struct sim_chain c;
	u32 request;

	if (!sim_virtqueue_pop(&m.device, &c, s, SEGMENTS_MAX))
		return false;
	request = (u32)(s[0].addr >> 16) - 1;
	for (unsigned i = 0; i < (unsigned)c.readable + c.writable; i++) {
		assert_int_equal(s[i].addr, segment_of(request, i).addr.bus);
		assert_int_equal(s[i].bytes, segment_of(request, i).bytes);
	}
	d.written[d.held_count] = written_for(request, c.writable_bytes);
	d.held[d.held_count++] = c.id;
	return true;
}

static inline void device_push(void)
{
	unsigned which = m.device.in_order ? 0 : (unsigned)rand() % d.held_count, count = 1;

	if (m.device.in_order && rand() % 2) {
		count = 1 + (unsigned)rand() % d.held_count;
		sim_virtqueue_push_all(&m.device, d.held[count - 1], d.written[count - 1]);
	} else {
		sim_virtqueue_push(&m.device, d.held[which], d.written[which]);
	}
	d.held_count -= count;
	memmove(d.held + which, d.held + which + count, (d.held_count - which) * sizeof(*d.held));
	memmove(d.written + which, d.written + which + count,
		(d.held_count - which) * sizeof(*d.written));
	if (sim_virtqueue_wants_interrupt(&m.device))
		d.interrupt = true;
}

static inline void device_step(void)
{
	if (m.rung != d.rung) {
		d.rung = m.rung;
		if (!d.awake)
			sim_virtqueue_listen(&m.device, false);
		d.awake = true;
	}
	if (d.held_count && (rand() % 3 == 0 || d.held_count > d.most_held))
		device_push();
	else if (d.awake && !device_pop())
		d.awake = !sim_virtqueue_sleep(&m.device);
}

/* ---- The driver ---- */

static u32 tokens[TOKENS];			/* of which request */
static u16 readable_of[TOKENS], count_of[TOKENS];

static inline int driver_add(u32 request, unsigned max_segments)
{
	struct virtqueue_segment s[SEGMENTS_MAX];
	unsigned place = request % TOKENS, count = 1 + (unsigned)rand() % max_segments;

	count_of[place] = (u16)count;
	readable_of[place] = (u16)((unsigned)rand() % (count + 1));
	tokens[place] = request;
	for (unsigned i = 0; i < count; i++)
		s[i] = segment_of(request, i);
	return virtqueue_add(m.vq, s, readable_of[place], (u16)(count - readable_of[place]),
			     &tokens[place]);
}

static inline void driver_end(u32 *token, u32 written)
{
	unsigned place = (unsigned)(token - tokens);
	u64 writable = 0;

	assert_in_range(place, 0, TOKENS - 1);
	assert_int_not_equal(*token, NOT_USED);
	for (unsigned i = readable_of[place]; i < count_of[place]; i++)
		writable += segment_of(*token, i).bytes;
	if (!m.device.in_order || written != writable)
		assert_int_equal(written, written_for(*token, writable));
	*token = NOT_USED;
}

static inline unsigned driver_take(void)
{
	unsigned taken = 0;
	u32 written, *token;

	for (; (token = virtqueue_take(m.vq, &written)); taken++)
		driver_end(token, written);
	if (virtqueue_broken(m.vq))
		fail_msg("%s", virtqueue_broken(m.vq));
	return taken;
}

/* Until an interrupt comes; something is in flight. */
static inline void driver_sleep(void)
{
	unsigned turns = 0;

	d.interrupt = false;
	if (virtqueue_want_interrupt(m.vq, true))
		return;
	for (int i = rand() % 4; i > 0; i--)
		device_step();
	while (!d.interrupt && ++turns < STALLED) {
		arch_relax();
		device_step();
	}
	if (!d.interrupt)
		fail_msg("no interrupt came");
	if (rand() % 2)
		virtqueue_want_interrupt(m.vq, false);
}

/* All of @requests, each with @max_segments at most. */
static inline void exchange(u32 requests, unsigned max_segments)
{
	u32 begun = 0, ended = 0, stalled = 0;

	memset(&d, 0, sizeof(d));
	d.awake = true;
	d.most_held = m.queue.size / 2;
	while (ended < requests) {
		unsigned batch = (unsigned)rand() % BATCH_MAX, taken;

		while (batch-- && begun < requests && !driver_add(begun, max_segments))
			begun++;
		virtqueue_kick(m.vq);
		for (int i = rand() % 8; i > 0; i--)
			device_step();
		taken = driver_take();
		ended += taken;
		if (begun != ended && rand() % 8 == 0)
			driver_sleep();
		arch_relax();
		stalled = taken || begun == ended ? 0 : stalled + 1;
		if (stalled == STALLED)
			fail_msg("nothing gets on: %u begun, %u ended", begun, ended);
	}
	assert_int_equal(begun, requests);
	assert_false(virtqueue_kick(m.vq));
}
