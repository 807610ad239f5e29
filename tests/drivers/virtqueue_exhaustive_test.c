/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every interleaving of the driver of a virtqueue with its device, on tiny rings.
 *
 * The driver is the real one, on memory in two views (tests/sim/coherent.h); so is the device's
 * side. A state is all that both know, what is in memory, and what is on its way there. From each
 * state everything is tried that could happen next: what a user of the queue may do, what a device
 * may do, and that a store arrives. Inside virtqueue_ functions the device gets on at the barriers
 * before the driver looks at memory; elsewhere there is nothing that could tell the difference,
 * because stores arrive late.
 *
 * `make check` does this with two or three requests; `make test` with up to six, by an argument.
 */
#include "lib/errors.h"
#include "tests/drivers/virtqueue_moves.h"
#include "tests/sim/ram.h"

static bool thorough;

/* ---- In the middle of the driver ---- */

enum use { ADD, KICK, TAKE, WANT, UNWANT, SLEEP, WAKE, USES };
static unsigned decision;
static u64 so_far;			/* what the driver knows beyond its memory: its own hash */
static jmp_buf nothing_new;

/* What is broken on purpose. */
static bool without_fences, without_read_barriers, without_write_barriers;

static void decide(void)
{
	for (;;) {
		struct move moves[MOVES_MOST];
		unsigned choice;

		if (decision == decisions->count) {
			if (!is_new(mix(so_far, &(u64){ state_hash() }, sizeof(u64))))
				longjmp(nothing_new, 1);
			assert_true(decision < DECISIONS_MOST);
			decisions->choices[decision] = (u8)(1 + list_moves(moves));
			decisions->choice[decisions->count++] = 0;
		} else {
			list_moves(moves);
		}
		choice = decisions->choice[decision++];
		if (!choice)
			break;
		names[depth++] = make(moves[choice - 1]);
	}
	so_far = mix(so_far, s.coherent.ours, s.coherent.bytes);
}

/*
 * At a fence, something was published and something will be asked. What happens at other barriers
 * might as well happen before all of the function, unless memory is weak.
 */
static bool is_before_looking(enum sim_barrier kind)
{
	return kind == SIM_MB || (kind == SIM_RMB && weak);
}

static void barrier(enum sim_barrier kind)
{

	sim_coherent_note(&s.coherent);
	if (kind == SIM_MB && weak && decisions)
		decide();
	if (kind == SIM_MB && !without_fences)
		all_arrives();
	if (decisions && is_before_looking(kind))
		decide();
	while (kind == SIM_RMB && s.overdue && !without_read_barriers)
		see_late(0);
	if (kind == SIM_WMB ? !without_write_barriers : kind == SIM_MB && !without_fences)
		s.coherent.group++;
}

/* A register: what was stored before is there before. */
static void kicked(void)
{
	sim_coherent_note(&s.coherent);
	while (s.coherent.count)
		arrive(0);
	s.side.kicked = true;
}

/* ---- The user of the queue ---- */

static unsigned entries_in_flight(void)
{
	unsigned entries = 0;

	for (unsigned i = 0; i < s.user.added; i++)
		entries += s.user.entries[i];
	return entries;
}

/* An indirect table needs one entry, and may be used or not: by the driver's own judgement. */
static void add(void)
{
	struct virtqueue_segment segments[SEGMENTS_MOST];
	struct shape shape = shape_of(s.user.added);
	unsigned count = shape.readable + shape.writable, free = vq->free, taken;
	bool room = entries_in_flight() + (config.indirect ? 1 : count) <= config.size;

	for (unsigned i = 0; i < count; i++)
		segments[i] = segment_of(s.user.added, i);
	if (virtqueue_add(vq, segments, shape.readable, shape.writable, &tokens[s.user.added]) !=
	    (room ? 0 : -EAGAIN))
		wrong(room ? "there is room, and it is not used" : "there is no room");
	taken = free - vq->free;
	if (taken != (room ? count : 0) && !(room && config.indirect && taken == 1))
		wrong("it takes another number of entries");
	s.user.entries[s.user.added] = (u8)taken;
	s.user.added += room;
	s.user.to_kick |= room;
}

static void take(void)
{
	struct pushed *p = s.side.pushed;
	u16 used = config.packed ? vq->packed.used : vq->split.used;
	u32 written;
	u8 *token = virtqueue_take(vq, &written);

	if (virtqueue_broken(vq))
		wrong(virtqueue_broken(vq));
	if (!token)
		return;
	if (!s.side.pushed_count)
		wrong("what was not completed is taken");
	if (token != &tokens[p->request] || written != p->written)
		wrong("another request was completed, or other bytes");
	s.user.taken++;
	s.user.entries[p->request] = 0;
	s.side.pushed_count--;
	memmove(p, p + 1, (SIZE_MOST - 1) * sizeof *p);
	p[SIZE_MOST - 1] = (struct pushed){ 0 };
	if (!vq->in_batch)
		spoil_used(used);
	s.user.may_sleep = false;
}

static bool may(enum use use)
{
	const struct user *u = &s.user;

	switch (use) {
	case ADD:	return !u->asleep && u->added < requests;
	case KICK:	return !u->asleep && u->to_kick;
	case TAKE:	return !u->asleep && u->taken < u->added;
	case WANT:	return !u->asleep && !u->may_sleep && u->taken < u->added;
	case UNWANT:	return !u->asleep && u->wants && !u->may_sleep;
	case SLEEP:	return !u->asleep && u->may_sleep && !u->to_kick && u->taken < u->added;
	default:	return u->asleep && u->interrupted;
	}
}

static void use(enum use use)
{
	switch (use) {
	case ADD:
		add();
		break;
	case KICK:
		virtqueue_kick(vq);
		s.user.to_kick = false;
		break;
	case TAKE:
		if (weak)
			decide();
		take();
		break;
	case WANT:
		s.user.may_sleep = !virtqueue_want_interrupt(vq, true);
		s.user.wants = true;
		break;
	case UNWANT:
		virtqueue_want_interrupt(vq, false);
		s.user.wants = s.user.may_sleep = false;
		break;
	case SLEEP:
		s.user.asleep = true;
		break;
	default:
		s.user.asleep = s.user.interrupted = s.user.may_sleep = false;
	}
	sim_coherent_note(&s.coherent);
}

/* ---- What must never be ---- */

static void check(void)
{
	const struct user *u = &s.user;

	if (!u->to_kick && s.side.pc == ASLEEP && !s.side.kicked && !until_looked_at() &&
	    sim_virtqueue_ready(&s.q))
		wrong("the device sleeps, and will not be kicked for what it was given");
	if (u->asleep && !u->interrupted && !s.side.to_ask && !until_looked_at() &&
	    s.side.pushed_count)
		wrong("the user sleeps, and no interrupt comes for what has completed");
}

/* All is done: there is as much room as in the beginning. */
static void check_end(void)
{
	struct virtqueue_segment segment = segment_of(0, 0);

	if (s.user.taken < requests)
		return;
	for (unsigned i = 0; i < config.size; i++)
		if (virtqueue_add(vq, &segment, 1, 0, tokens))
			wrong("descriptors have leaked");
	if (virtqueue_add(vq, &segment, 1, 0, tokens) != -EAGAIN)
		wrong("there are more descriptors than entries");
}

/* ---- All of it ---- */

static void explore(void);

static void go_on(void)
{
	check();
	forget_ended();
	if (!is_new(state_hash()))
		return;
	explore();
}

/* The next way through what happens in the middle of a use; false: there are no more. */
static bool next_way(struct decisions *d)
{
	while (d->count && d->choice[d->count - 1] + 1 == d->choices[d->count - 1])
		d->count--;
	if (!d->count)
		return false;
	d->choice[d->count - 1]++;
	return true;
}

static void explore_use(enum use which, const struct snapshot *before)
{
	static const char *const words[USES] = {
		"add", "kick", "take", "want interrupts", "want none", "sleep", "wake",
	};
	struct decisions d = { .count = 0 };
	unsigned base = depth;

	do {
		restore(before);
		depth = base;
		names[depth++] = words[which];
		decisions = &d;
		decision = 0;
		so_far = mix(which + 2, &(u64){ driver_hash() }, sizeof(u64));
		if (!setjmp(nothing_new)) {
			use(which);
			decisions = NULL;
			go_on();
		}
	} while (next_way(&d));
	decisions = NULL;
	depth = base;
}

static struct snapshot *snapshots[DEPTH_MOST];
static unsigned level;

static struct snapshot *next_snapshot(void)
{
	assert_true(level < DEPTH_MOST && depth < DEPTH_MOST);
	if (!snapshots[level])
		snapshots[level] = malloc(sizeof **snapshots);
	assert_non_null(snapshots[level]);
	return snapshots[level++];
}

static void explore(void)
{
	struct snapshot *before = next_snapshot();
	struct move moves[MOVES_MOST];
	unsigned count = list_moves(moves);

	save(before);
	for (unsigned i = 0; i < count; i++) {
		restore(before);
		names[depth++] = make(moves[i]);
		go_on();
		depth--;
	}
	for (enum use u = 0; u < USES; u++) {
		restore(before);
		if (may(u))
			explore_use(u, before);
	}
	restore(before);
	level--;
	check_end();
}

static void failed(const char *message)
{
	wrong(message);
}

static u64 features(void)
{
	return (config.packed ? VIRTIO_F_RING_PACKED : 0) |
		(config.indirect ? VIRTIO_F_INDIRECT_DESC : 0) |
		(config.event_index ? VIRTIO_F_EVENT_IDX : 0) |
		(config.in_order ? VIRTIO_F_IN_ORDER : 0);
}

static void begin(struct config c)
{
	static const struct dma_domain coherent = { .coherent = true };

	config = c;
	sim_reset();
	sim.failed = failed;
	sim.cache_line_bytes = 16;
	sim_ram(SIM_RAM_AT, 1 << 20);
	sim_bare_begin(&bare, c.size, features(), kicked);
	assert_int_equal(virtqueue_create(&vq, &bare.v, &coherent, 0, 0,
					  c.size < SEGMENTS_MOST ? c.size : SEGMENTS_MOST), 0);
	tables = vq->free_tables;
	memset(&s, 0, sizeof s);
	s.coherent = (struct sim_coherent){
		vq->memory.cpu, known, s.theirs, (vq->memory.bytes + 7) & ~7ul, 0, 0, { { 0 } },
	};
	assert_true(s.coherent.bytes <= AREA);
	memcpy(known, vq->memory.cpu, s.coherent.bytes);
	memcpy(s.theirs, vq->memory.cpu, s.coherent.bytes);
	sim_bare_queue(&bare, &s.q, &memory_ops, s.entries);
	sim.barrier = barrier;
	depth = level = 0;
	decisions = NULL;
}

static void end(void)
{
	sim.barrier = NULL;
	free(seen.table);
	memset(&seen, 0, sizeof seen);
	while (virtqueue_forget(vq))
		;
	virtqueue_destroy(vq);
}

/* Until the 16 bits of the indices are about to wrap. */
static void begin_late(void)
{
	struct virtqueue_segment segment = segment_of(0, 0);
	struct sim_segment popped[SEGMENTS_MOST];
	struct sim_chain chain;

	for (unsigned i = 0; i < 0x10000 - 2; i++) {
		assert_int_equal(virtqueue_add(vq, &segment, 1, 0, tokens), 0);
		virtqueue_kick(vq);
		assert_true(sim_virtqueue_pop(&s.q, &chain, popped, SEGMENTS_MOST));
		sim_virtqueue_push(&s.q, chain.id, 0);
		sim_virtqueue_wants_interrupt(&s.q);
		assert_ptr_equal(virtqueue_take(vq, NULL), tokens);
		assert_true(sim_virtqueue_sleep(&s.q));
		all_arrives();
	}
	s.side.kicked = false;
}

static void explore_all_of(struct config c)
{
	begin(c);
	if (thorough && !c.packed && c.size == 2 && !weak)
		begin_late();
	go_on();
	print_message("size %u, %s, %u requests: %zu states\n", c.size, virtqueue_format(vq),
		      requests, seen.count);
	end();
}

/*
 * As many as can be waited for: 15 million states in all. What completes out of order, has events
 * to wait for, and takes one entry each, multiplies.
 */
static unsigned requests_for(struct config c)
{
	unsigned factors = !c.in_order + c.event_index + c.indirect;

	if (weak && thorough)
		return c.size == 1 || c.event_index ? 2 : 1;
	if (weak)
		return c.size == 1 && c.event_index && c.in_order ? 2 : 1;
	if (!thorough)
		return c.size == 1 || (c.size == 2 && !c.indirect) ? 3 : 2;
	if (c.size == 1 || (c.size == 2 && !c.indirect))
		return 6;
	if (c.size == 2)
		return 7 - factors;
	return factors == 3 && c.size == 4 ? 3 : factors == 0 ? 5 : 4;
}

static void explore_all(void **state)
{
	bool packed = *(const bool *)*state;
	u16 most = weak ? 2 : SIZE_MOST;	/* two requests find room in two entries */

	for (u16 size = 1; size <= most; size += packed ? 1 : size)
		for (unsigned f = 0; f < 8; f++) {
			struct config c = { packed, f & 1, f & 2, f & 4, size };

			requests = requests_for(c);
			explore_all_of(c);
		}
}

static void explore_all_weak(void **state)
{
	weak = true;
	explore_all(state);
	weak = false;
}

/* ---- Broken on purpose, it is found ---- */

static void is_found(bool *broken, bool packed, bool event_index)
{
	requests = 2;
	begin((struct config){ packed, true, event_index, false, 2 });
	*broken = to_be_found = true;
	if (!setjmp(found)) {
		go_on();
		fail_msg("nothing is found in %zu states", seen.count);
	}
	*broken = to_be_found = false;
	end();
}

static void without_barriers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4; i += thorough ? 1 : 3) {
		is_found(&without_fences, i & 1, i & 2);
		weak = true;
		is_found(&without_write_barriers, i & 1, i & 2);
		is_found(&without_read_barriers, i & 1, i & 2);
		weak = false;
	}
}

int main(int argc, char **argv)
{
	static bool no = false, yes = true;
	const struct CMUnitTest tests[] = {
		{ "split", explore_all, NULL, NULL, &no },
		{ "packed", explore_all, NULL, NULL, &yes },
		{ "split, weak memory", explore_all_weak, NULL, NULL, &no },
		{ "packed, weak memory", explore_all_weak, NULL, NULL, &yes },
		cmocka_unit_test(without_barriers),
	};

	thorough = argc > 1 && !strcmp(argv[1], "thorough");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
