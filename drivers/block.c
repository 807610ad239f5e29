/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of requests. One is on one list at a time: in flight, in order of submission, from
 * submit to block_done; then finished, until block_poll calls its done. A write with BLOCK_FUA that
 * the device cannot do, and a flush where nothing is volatile, are on flush_next in between, and
 * on flush_now while the engine's own flush for them is in flight.
 */
#include <inttypes.h>
#include <string.h>

#include "drivers/block_internal.h"
#include "lib/assert.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/time.h"

/* Reading the clock is slow on some machines: one look at it for so many polls. */
enum { POLLS_PER_LOOK = 256 };

static struct block_device *devices;

/* ---- Lists ---- */

static void append(struct block_request ***last, struct block_request *r)
{
	r->next = NULL;
	r->link = *last;
	**last = r;
	*last = &r->next;
}

static void remove_from_flight(struct block_device *b, struct block_request *r)
{
	if (b->unstamped == r)
		b->unstamped = r->next;
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	else
		b->last = r->link;
}

static void finish(struct block_device *b, struct block_request *r, int result, const char *cause)
{
	r->result = result;
	r->cause = cause;
	append(&b->finished_last, r);
}

/* All of @list, in order. */
static void finish_list(struct block_device *b, struct block_request **list, int result,
			const char *cause)
{
	struct block_request *r;

	while ((r = *list)) {
		*list = r->next;
		finish(b, r, result, cause);
	}
}

static void push_last(struct block_request **list, struct block_request *r)
{
	while (*list)
		list = &(*list)->next;
	r->next = NULL;
	*list = r;
}

/* ---- Submit ---- */

static int hand_over(struct block_device *b, struct block_request *r)
{
	int error;

	r->device = b;
	r->deadline_us = 0;		/* of what it was used for before */
	append(&b->last, r);
	if (!b->unstamped)
		b->unstamped = r;
	error = b->ops->submit(b, r);
	if (error) {
		remove_from_flight(b, r);
		return error;
	}
	b->kick_wanted = true;
	return 0;
}

static bool wants_flush_behind(const struct block_device *b, const struct block_request *r)
{
	return r->op == BLOCK_WRITE && r->flags & BLOCK_FUA && b->limits.volatile_cache &&
	       !b->limits.can_fua;
}

int block_submit(struct block_device *b, struct block_request *r)
{
	int error = block_check(b, r, &r->cause);

	if (error)
		return error;
	r->cause = NULL;
	r->status = -EINPROGRESS;
	if (r->op == BLOCK_FLUSH && !b->limits.volatile_cache)
		finish(b, r, 0, NULL);
	else
		error = hand_over(b, r);
	if (error) {
		r->status = error;
		return error;
	}
	b->counters.requests++;
	b->counters.segments += r->segment_count;
	if (r->segment_count)
		b->counters.bytes += (u64)r->blocks * b->limits.block_size;
	return 0;
}

void block_kick(struct block_device *b)
{
	if (!b->kick_wanted)
		return;
	b->kick_wanted = false;
	b->counters.kicks++;
	b->ops->kick(b);
}

/* ---- Completion ---- */

void block_done(struct block_request *r, int status, const char *cause)
{
	struct block_device *b = r->device;

	remove_from_flight(b, r);
	if (!status && wants_flush_behind(b, r))
		push_last(&b->flush_next, r);
	else
		finish(b, r, status, cause);
}

/* Of the engine's own flush: it carries those that waited for it. */
static void flush_done(struct block_request *flush)
{
	struct block_device *b = flush->context;

	finish_list(b, &b->flush_now, flush->status, flush->cause);
}

/* One at a time; those that come meanwhile share the next one. */
static void flush_behind(struct block_device *b)
{
	int error;

	if (!b->flush_next || b->flush_now)
		return;
	b->flush = (struct block_request){ .op = BLOCK_FLUSH, .done = flush_done, .context = b };
	error = block_submit(b, &b->flush);
	if (error == -EAGAIN && b->in_flight)
		return;
	b->flush_now = b->flush_next;
	b->flush_next = NULL;
	if (error)
		finish_list(b, &b->flush_now, error, b->flush.cause);
}

/* Nothing touches @r after its done; without one, after its status is set. */
static void call_done(struct block_device *b, struct block_request *r)
{
	if (r->result) {
		b->counters.errors++;
		b->flush_failed |= r->op == BLOCK_FLUSH;
		block_log_failure(b, r->op, r->lba, r->blocks, r->result, r->cause);
	}
	r->status = r->result;
	if (r->done)
		r->done(r);
}

static void call_all_done(struct block_device *b)
{
	struct block_request *r;

	while ((r = b->finished)) {
		b->finished = r->next;
		if (!r->next)
			b->finished_last = &b->finished;
		call_done(b, r);
	}
}

/* ---- Deadlines ---- */

static void stamp(struct block_device *b, u64 now)
{
	for (struct block_request *r = b->unstamped; r; r = r->next) {
		r->deadline_us = now + (r->timeout_us ? r->timeout_us : BLOCK_TIMEOUT_US);
		if (r->deadline_us < b->earliest_us)
			b->earliest_us = r->deadline_us;
	}
	b->unstamped = NULL;
}

static void find_earliest(struct block_device *b)
{
	b->earliest_us = UINT64_MAX;
	for (struct block_request *r = b->in_flight; r; r = r->next)
		if (r->deadline_us < b->earliest_us)
			b->earliest_us = r->deadline_us;
}

/* The device is looked at once more behind the deadline: we may have been away, not it. */
static void check_deadlines(struct block_device *b)
{
	u64 now;

	if (!b->in_flight || ++b->polls % POLLS_PER_LOOK)
		return;
	now = time_us();
	stamp(b, now);
	if (now < b->earliest_us)
		return;
	b->ops->poll(b);
	find_earliest(b);
	if (now < b->earliest_us)
		return;
	b->counters.timeouts++;
	if (b->ops->abort) {
		b->ops->abort(b, now);
		find_earliest(b);
		if (now < b->earliest_us)
			return;
	}
	block_reset(b, -ETIMEDOUT, "no answer in time, it was reset");
}

void block_poll(struct block_device *b)
{
	b->ops->poll(b);
	check_deadlines(b);
	call_all_done(b);
	flush_behind(b);
	block_kick(b);
}

int block_wait(struct block_device *b, struct block_request *r)
{
	block_kick(b);
	while (r->status == -EINPROGRESS) {
		block_poll(b);
		arch_relax();
	}
	return r->status;
}

/* ---- Trouble ---- */

void block_die(struct block_device *b, int status, const char *cause)
{
	b->dead = status;
	b->why_dead = cause;
	b->kick_wanted = false;
}

int block_reset(struct block_device *b, int status, const char *cause)
{
	int error;

	b->counters.resets++;
	error = b->ops->reset(b, status, cause);
	assert(!b->in_flight);
	b->kick_wanted = false;
	if (!error) {
		b->dead = 0;
		log_warning("%s: reset: %s", b->name, cause);
		return 0;
	}
	if (error == status) {			/* gone, say: there is nothing new to tell */
		block_die(b, error, cause);
		log_error("%s: lost: %s", b->name, cause);
		return error;
	}
	block_die(b, error, "it could not be used again after a reset");
	log_error("%s: lost: %s; then resetting it failed: %s", b->name, cause, error_text(error));
	return error;
}

/* ---- Which there are ---- */

struct block_device *block_first(void)
{
	return devices;
}

struct block_device *block_find(const char *name)
{
	struct block_device *b = devices;

	while (b && strcmp(b->name, name))
		b = b->next;
	return b;
}

int block_register(struct block_device *b)
{
	const char *nonsense = block_limits_nonsense(&b->limits);
	struct block_device **last = &devices;

	if (!nonsense && block_find(b->name))
		nonsense = "there is one of that name";
	if (nonsense) {
		log_error("%s: not used: %s", b->name, nonsense);
		return -EINVAL;
	}
	b->last = &b->in_flight;
	b->finished_last = &b->finished;
	b->earliest_us = UINT64_MAX;
	while (*last)
		last = &(*last)->next;
	b->next = NULL;
	*last = b;
	return 0;
}

void block_unregister(struct block_device *b, int status, const char *cause)
{
	struct block_device **at = &devices;

	block_die(b, status, cause);
	while (b->in_flight)
		block_done(b->in_flight, status, cause);
	call_all_done(b);
	finish_list(b, &b->flush_next, status, cause);
	call_all_done(b);
	while (*at != b)
		at = &(*at)->next;
	*at = b->next;
}
