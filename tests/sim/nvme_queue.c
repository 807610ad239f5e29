/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands out of submission queues, completions into completion queues, and what may go wrong. */
#include "arch/host/sim.h"
#include "drivers/pci/regs.h"
#include "tests/sim/nvme_internal.h"

enum { ENTRY = 64, COMPLETION = 16, FETCHES = 4, RUBBISH_BYTES = 64, ASYNC_EVENT = 0x0c };
enum { SHUFFLE_US = 20, PATIENCE = 64 };

/* Without the bus it can do nothing. */
static bool works(const struct sim_nvme *s)
{
	return !s->function->gone && s->csts & CSTS_RDY && !(s->csts & CSTS_CFS) &&
		sim_pci_get(s->function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

static bool due(u64 at_us)
{
	return at_us != SIM_NVME_NEVER && sim_now_us() >= at_us;
}

static unsigned stride(const struct sim_nvme *s)
{
	return 4u << (s->cap >> 32 & 15);
}

unsigned sim_nvme_in_flight(const struct sim_nvme *s)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < SIM_NVME_QUEUES; i++)
		for (unsigned k = 0; s->sq[i].exists && k < sizeof s->sq[i].in_flight; k++)
			bits += (unsigned)__builtin_popcount(s->sq[i].in_flight[k]);
	return bits;
}

/* ---- Completions ---- */

static struct sim_nvme_post *post_add(struct sim_nvme *s, const struct sim_nvme_post *p)
{
	if (s->post_count == SIM_NVME_POSTS)
		sim_fail("nvme: more completions than the simulation has room for");
	s->posts[s->post_count] = *p;
	return &s->posts[s->post_count++];
}

static struct sim_nvme_post *post_command(struct sim_nvme *s, u16 queue, u16 id, u16 status,
					  u32 result)
{
	return post_add(s, &(struct sim_nvme_post){
		.queue = queue, .id = id, .status = status, .result = result, .said_queue = queue,
	});
}

void complete(struct sim_nvme *s, u16 queue, u16 id, u16 status, u32 result)
{
	post_command(s, queue, id, status, result);
}

static void entry_of(struct sim_nvme *s, const struct sim_nvme_post *p, u8 entry[COMPLETION])
{
	const struct sim_nvme_queue *sq = &s->sq[p->queue], *cq = &s->cq[sq->completion];

	put(entry, 0, 4, p->result);
	put(entry, 4, 4, 0);
	put(entry, 8, 2, p->lies_head ? p->said_head : sq->head);
	put(entry, 10, 2, p->said_queue);
	put(entry, 12, 2, p->id);
	put(entry, 14, 2, (u16)(p->status << 1) | (cq->phase ^ p->wrong_phase));
	if (s->twist)
		s->twist(s, SIM_NVME_SAYS_COMPLETION, p->queue, entry, COMPLETION);
}

/* The event index of a completion queue says: ring when you have made room. */
static bool has_room(struct sim_nvme *s, u16 id)
{
	struct sim_nvme_queue *q = &s->cq[id];
	u64 shadow = s->shadow + (2 * id + 1) * stride(s);
	u32 head = q->head;

	if ((q->tail + 1u) % q->size != q->head)
		return true;
	if (!s->shadow || !id)
		return false;
	memory_write(s, s->event + (2 * id + 1) * stride(s), &head, sizeof head);
	memory_read(s, shadow, &head, sizeof head);
	if (head >= q->size) {
		blame(s, "the shadow of completion queue %u says %" PRIu32, id, head);
		return false;
	}
	q->head = (u16)head;
	return (q->tail + 1u) % q->size != q->head;
}

static void post_remove(struct sim_nvme *s, unsigned i)
{
	memmove(&s->posts[i], &s->posts[i + 1], (--s->post_count - i) * sizeof *s->posts);
}

void posts_drop(struct sim_nvme *s, u16 completion_queue)
{
	for (unsigned i = s->post_count; i-- > 0;)
		if (s->sq[s->posts[i].queue].completion == completion_queue) {
			s->half_posted &= i > 0;
			post_remove(s, i);
		}
}

static void posted(struct sim_nvme *s, unsigned index)
{
	const struct sim_nvme_post *p = &s->posts[index];
	struct sim_nvme_queue *sq = &s->sq[p->queue], *cq = &s->cq[sq->completion];

	sq->in_flight[p->id / 8] &= (u8)~(1 << p->id % 8);
	cq->tail = (u16)((cq->tail + 1u) % cq->size);
	cq->phase ^= !cq->tail;
	s->half_posted = false;
	post_remove(s, index);
}

/* One of them, or half of one. */
static bool post(struct sim_nvme *s)
{
	u8 entry[COMPLETION];
	unsigned i = 0;
	u64 at;
	const struct sim_nvme_queue *cq;
	u16 id;

	while (i < s->post_count && !s->half_posted && !due(s->posts[i].due_us))
		i++;
	if (i == s->post_count)
		return false;
	id = s->sq[s->posts[i].queue].completion;
	cq = &s->cq[id];
	if (!s->half_posted && !has_room(s, id))
		return false;
	at = cq->base + (u64)cq->tail * COMPLETION;
	entry_of(s, &s->posts[i], entry);
	if (s->torn && !s->half_posted) {
		struct sim_nvme_post first = s->posts[i];

		memmove(&s->posts[1], &s->posts[0], i * sizeof first);
		s->posts[0] = first;
		memory_write(s, at + 12, entry + 12, 4);
		s->half_posted = true;
		return true;
	}
	memory_write(s, at, entry, sizeof entry);
	posted(s, i);
	return true;
}

/* ---- What is held ---- */

struct sim_nvme_command *held_find(struct sim_nvme *s, u16 queue, u16 id)
{
	for (unsigned i = 0; i < s->held_count; i++)
		if (s->held[i].queue == queue && get16(s->held[i].entry, 2) == id)
			return &s->held[i];
	return NULL;
}

void held_drop(struct sim_nvme *s, struct sim_nvme_command *c)
{
	*c = s->held[--s->held_count];
}

static void hold(struct sim_nvme *s, u16 queue, const u8 *entry, u64 delay_us, bool event)
{
	struct sim_nvme_command *c = &s->held[s->held_count++];

	if (s->held_count > SIM_NVME_HELD)
		sim_fail("nvme: more commands held than the simulation has room for");
	memcpy(c->entry, entry, ENTRY);
	c->queue = queue;
	c->event = event;
	c->due_us = delay_us == SIM_NVME_NEVER ? delay_us : sim_now_us() + delay_us;
}

static void execute(struct sim_nvme *s, u16 queue, const u8 *entry)
{
	u32 result = 0;
	u16 id = get16(entry, 2);
	u16 status = queue ? io_execute(s, entry) : admin_execute(s, entry, &result);

	if (s->sq[queue].exists)
		complete(s, queue, id, status, result);
}

/* It is in the midst of it: its lists are read, and its memory written or read. */
static void touch(struct sim_nvme *s, const struct sim_nvme_command *c)
{
	static struct data d;
	u8 rubbish[RUBBISH_BYTES];
	bool to_host;
	u64 bytes = c->queue ? io_bytes(s, c->entry, &to_host) :
		admin_bytes(s, c->entry, &to_host);
	const struct place *p;
	u32 n;

	if (c->event || !bytes || !data_find(s, c->entry, !c->queue, to_host, bytes, &d))
		return;
	p = &d.places[chance(s) % d.count];
	if (p->bucket)
		return;
	n = p->bytes < sizeof rubbish ? p->bytes : (u32)sizeof rubbish;
	memset(rubbish, 0xdb, sizeof rubbish);
	if (to_host)
		memory_write(s, p->at + chance(s) % (p->bytes - n + 1), rubbish, n);
	else
		memory_read(s, p->at, rubbish, n);
}

static bool go_on_with_held(struct sim_nvme *s)
{
	unsigned i = s->held_count ? (unsigned)(chance(s) % s->held_count) : 0;
	struct sim_nvme_command c;

	if (!s->held_count)
		return false;
	c = s->held[i];
	if (!due(c.due_us)) {
		touch(s, &c);
		return false;
	}
	held_drop(s, &s->held[i]);
	execute(s, c.queue, c.entry);
	return true;
}

/* ---- Trouble ---- */

static struct sim_nvme_fault *fault_for(struct sim_nvme *s, u16 queue, u8 opcode)
{
	for (unsigned i = 0; i < SIM_NVME_FAULTS; i++) {
		struct sim_nvme_fault *f = &s->faults[i];

		if (f->trouble == SIM_NVME_FINE || f->admin != !queue ||
		    (f->opcode != SIM_NVME_ANY && f->opcode != opcode))
			continue;
		if (f->skip) {
			f->skip--;
			continue;
		}
		return f;
	}
	return NULL;
}

static void suffer(struct sim_nvme *s, struct sim_nvme_fault fault, u16 queue, const u8 *entry)
{
	u16 id = get16(entry, 2), status;
	struct sim_nvme_post *p;
	u32 result = 0;

	switch (fault.trouble) {
	case SIM_NVME_FATAL:
		s->csts |= CSTS_CFS;
		return;
	case SIM_NVME_VANISH:
		s->function->gone = true;
		return;
	case SIM_NVME_LOST:
		return hold(s, queue, entry, SIM_NVME_NEVER, false);
	case SIM_NVME_LATE:
		return hold(s, queue, entry, fault.delay_us, false);
	case SIM_NVME_STATUS:
		return complete(s, queue, id, fault.value, 0);
	default:
		break;
	}
	status = queue ? io_execute(s, entry) : admin_execute(s, entry, &result);
	if (fault.trouble == SIM_NVME_UNREPORTED || !s->sq[queue].exists)
		return;
	p = post_command(s, queue, id, status, result);
	switch (fault.trouble) {
	case SIM_NVME_TWICE:
		post_command(s, queue, id, status, result)->due_us = sim_now_us() + fault.delay_us;
		break;
	case SIM_NVME_BAD_ID:
		p->id = fault.value;
		break;
	case SIM_NVME_BAD_QUEUE:
		p->said_queue = fault.value;
		break;
	case SIM_NVME_BAD_HEAD:
		p->lies_head = true;
		p->said_head = fault.value;
		break;
	default:
		p->wrong_phase = true;
	}
}

static void begin(struct sim_nvme *s, u16 queue, const u8 *entry)
{
	struct sim_nvme_queue *q = &s->sq[queue];
	struct sim_nvme_fault *f, fault;
	u16 id = get16(entry, 2);

	s->commands++;
	s->opcodes[queue != 0][entry[0]]++;
	if (q->in_flight[id / 8] & 1 << id % 8)
		blame(s, "command_id %u of queue %u is used twice", id, queue);
	q->in_flight[id / 8] |= (u8)(1 << id % 8);
	f = fault_for(s, queue, entry[0]);
	if (f) {
		fault = *f;
		f->count -= f->count > 0;
		if (!f->count)
			f->trouble = SIM_NVME_FINE;
		suffer(s, fault, queue, entry);
	} else if (!queue && entry[0] == ASYNC_EVENT) {
		hold(s, queue, entry, SIM_NVME_NEVER, true);
	} else if (s->shuffle && queue) {
		hold(s, queue, entry, chance(s) % SHUFFLE_US, false);
	} else {
		execute(s, queue, entry);
	}
}

/* ---- Submission queues ---- */

/*
 * A shadow doorbell is looked at while there is something to do, and a while longer. Then the
 * event index says up to where that was, and one more look follows: only from then on it wants to
 * be rung.
 */
static void look_at_shadow(struct sim_nvme *s, u16 id)
{
	struct sim_nvme_queue *q = &s->sq[id];
	u64 at = 2 * (u64)id * stride(s);
	u32 tail, event = q->tail;

	if (!s->shadow || !id || !q->awake)
		return;
	if (q->head == q->tail && !q->patience)
		memory_write(s, s->event + at, &event, sizeof event);
	memory_read(s, s->shadow + at, &tail, sizeof tail);
	if (tail >= q->size) {
		blame(s, "the shadow of submission queue %u says %" PRIu32, id, tail);
		return;
	}
	q->tail = (u16)tail;
	q->awake = q->head != q->tail || q->patience;
	q->patience -= q->patience > 0;
}

static bool fetch(struct sim_nvme *s, u16 id)
{
	struct sim_nvme_queue *q = &s->sq[id];
	u8 entry[ENTRY];

	if (!q->exists)
		return false;
	look_at_shadow(s, id);
	if (q->head == q->tail)
		return false;
	memory_read(s, q->base + (u64)q->head * ENTRY, entry, sizeof entry);
	q->head = (u16)((q->head + 1u) % q->size);
	q->patience = (unsigned)(chance(s) % PATIENCE);
	begin(s, id, entry);
	return true;
}

static void use_host_memory(struct sim_nvme *s)
{
	const struct sim_nvme_piece *p;
	u64 now = sim_now_us();

	if (!s->hmb_count)
		return;
	p = &s->hmb[chance(s) % s->hmb_count];
	memory_write(s, p->at + chance(s) % (p->bytes / 8) * 8, &now, sizeof now);
}

void sim_nvme_step(struct sim_nvme *s)
{
	if (!works(s))
		return;
	if (post(s))
		return;
	go_on_with_held(s);
	use_host_memory(s);
	for (unsigned i = 0; i < FETCHES && works(s); i++)
		if (fetch(s, (u16)(chance(s) % SIM_NVME_QUEUES)))
			return;
	for (u16 id = 0; id < SIM_NVME_QUEUES && works(s); id++)
		if (fetch(s, id))
			return;
}
