/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In order, each to where it would like to be: that nearly always works. If not, every order is
 * tried, from both ends of each piece of free memory: what can be placed at all can be pushed down
 * until it touches the end of a piece or of another.
 */
#include <inttypes.h>
#include <stdio.h>

#include "arch/arch.h"
#include "boot/plan.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/size.h"

enum {
	FREE_MAX = 96,			/* pieces of free memory looked at, from the lowest */
	STEPS_MAX = 200 * 1000,		/* a map that needs more is not one of a machine */
};
enum { TREE_BLOCK = 2 << 20 };

/* Kernel and initrd lie in such a window (Linux, Documentation/arm64/booting.rst, 4). */
static const u64 WINDOW_ALIGN = 1ull << 30, WINDOW_BYTES = 32ull << 30;

/* Each piece is looked at in these ways, one after the other. */
enum way { RATHER, PREFERRED, OTHER_END, WAYS };

struct search {
	struct want *w;
	size_t count;
	const struct range *free;
	size_t free_count;
	bool everything;
	unsigned placed;		/* 1 << n: of those, w[n].at holds */
	unsigned steps;
};

static u64 page_down(u64 n)
{
	return n & -(u64)ARCH_PAGE_BYTES;
}

/* Behind the last page of it; no memory ends in the last page of the address space. */
static u64 page_end(const struct want *w)
{
	return page_down(w->at + w->bytes - 1) + ARCH_PAGE_BYTES;
}

/* What else lies in the pages of @w, where it is now. */
static const struct want *in_the_way(const struct search *s, const struct want *w)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->placed & 1u << i && s->w[i].bytes && s->w[i].at < page_end(w) &&
		    w->at < page_end(&s->w[i]))
			return &s->w[i];
	return NULL;
}

/* The part of @piece in which @w may lie, beside what is placed already. */
static void bounds(const struct search *s, const struct want *w, const struct range *piece,
		   enum way way, u64 *low, u64 *high)
{
	*low = w->low > piece->start ? w->low : piece->start;
	*high = piece->start + piece->bytes;
	if (w->high && w->high < *high)
		*high = w->high;
	if (way == RATHER && w->rather_below < *high)
		*high = w->rather_below;
	for (size_t i = 0; i < s->count; i++) {
		const struct want *other = &s->w[i];
		u64 first, end;

		if (!(s->placed & 1u << i) || !other->bytes ||
		    (w->near != other && other->near != w))
			continue;
		end = (other->at & -WINDOW_ALIGN) + WINDOW_BYTES;
		first = (other->at + other->bytes + WINDOW_ALIGN - 1) & -WINDOW_ALIGN;
		if (end < *high)
			*high = end;
		if (first > WINDOW_BYTES && first - WINDOW_BYTES > *low)
			*low = first - WINDOW_BYTES;
	}
}

/* Put @w as far down in @piece as it can be, or up. */
static bool place(struct search *s, struct want *w, const struct range *piece, enum way way)
{
	bool up = w->up ^ (way == OTHER_END);
	const struct want *other;
	u64 low, high;

	s->steps++;
	bounds(s, w, piece, way, &low, &high);
	for (;;) {
		if (high < low || high - low < w->bytes)
			return false;
		w->at = up ? high - w->bytes : low;
		w->at += up ? -((w->at - w->offset) & (w->align - 1)) :
			      (w->offset - w->at) & (w->align - 1);
		if (w->at < low || w->at > high - w->bytes)
			return false;
		other = in_the_way(s, w);
		if (!other)
			return true;
		if (up)
			high = page_down(other->at);
		else
			low = page_end(other);
	}
}

static bool place_all(struct search *s);

static bool place_with_rest(struct search *s, size_t index, bool *found)
{
	struct want *w = &s->w[index];
	size_t most = s->free_count;

	for (enum way way = w->rather_below ? RATHER : PREFERRED; way < WAYS; way++) {
		if (way == OTHER_END && !s->everything)
			break;
		for (size_t n = 0; n < most && s->steps < STEPS_MAX; n++) {
			if (!place(s, w, &s->free[w->up ? most - 1 - n : n], way))
				continue;
			*found = true;
			s->placed |= 1u << index;
			if (place_all(s))
				return true;
			s->placed &= ~(1u << index);
		}
	}
	return false;
}

static bool place_all(struct search *s)
{
	bool done = true;

	for (size_t i = 0; i < s->count; i++) {
		bool found = false;

		if (s->placed & 1u << i)
			continue;
		done = false;
		if (place_with_rest(s, i, &found))
			return true;
		if (!found || !s->everything)
			break;
	}
	return done;
}

static bool fits(struct want *w, size_t count, const struct range *free, size_t free_count)
{
	struct search s = { .w = w, .count = count, .free = free, .free_count = free_count };
	unsigned nothing = 0;

	for (size_t i = 0; i < count; i++)
		nothing |= w[i].bytes ? 0 : 1u << i;
	s.placed = nothing;
	if (place_all(&s))
		return true;
	s.everything = true;
	s.placed = nothing;
	s.steps = 0;
	return place_all(&s);
}

const struct want *plan_make(struct want *w, size_t count, const struct range *free,
			     size_t free_count)
{
	size_t n = 1;

	while (!fits(w, count, free, free_count)) {
		u64 less = page_down(w->bytes / 8 * 7);

		if (!w->less || !less) {
			while (n < count && fits(w, n, free, free_count))
				n++;
			return &w[n - 1];
		}
		w->bytes = less;
	}
	return NULL;
}

/* ---- In the memory of this machine ---- */

static size_t list_free(struct range *list, u64 *largest)
{
	const struct memory_range *m;
	size_t count = 0;

	*largest = 0;
	for (unsigned i = 0; count < FREE_MAX && (m = memory_at(i)); i++)
		if (m->use == MEMORY_FREE) {
			list[count++] = m->range;
			if (m->range.bytes > *largest)
				*largest = m->range.bytes;
		}
	return count;
}

/* For one that must be in a certain place: what is there, if that is it. */
static bool say_who(const struct want *w, char *why)
{
	const struct memory_range *m;

	for (u64 at = w->low; at < w->high; at = m->range.start + m->range.bytes) {
		m = memory_find(at);
		if (m && m->use == MEMORY_FREE)
			continue;
		if (m)
			snprintf(why, PLAN_WHY_BYTES, "the %s wants to be at 0x%" PRIx64 " - 0x%"
				 PRIx64 ", where %.60s is", w->what, w->low, w->high - 1, m->owner);
		else
			snprintf(why, PLAN_WHY_BYTES, "the %s wants to be at 0x%" PRIx64
				 ", and there is no RAM at 0x%" PRIx64, w->what, w->low, at);
		return true;
	}
	return false;
}

int plan_take(struct want *w, size_t count, char why[static PLAN_WHY_BYTES])
{
	char size[SIZE_TEXT_BYTES], most[SIZE_TEXT_BYTES];
	struct range free[FREE_MAX];
	u64 largest;
	const struct want *refused = plan_make(w, count, free, list_free(free, &largest));

	if (refused) {
		if (refused->high - refused->low != refused->bytes || !say_who(refused, why))
			snprintf(why, PLAN_WHY_BYTES, "there is no place for the %s (%s) in free "
				 "memory, whose largest piece has %s", refused->what,
				 size_text(refused->bytes, size), size_text(largest, most));
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		if (!w[i].bytes)
			continue;
		if (memory_claim(w[i].at, w[i].bytes, MEMORY_LOADED, w[i].what)) {
			snprintf(why, PLAN_WHY_BYTES, "memory is in too many pieces");
			plan_give_back(w, count);
			return -ENOMEM;
		}
		w[i].taken = true;
	}
	return 0;
}

void plan_give_back(struct want *w, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (w[i].taken)
			memory_release(w[i].at, w[i].bytes);
		w[i].taken = false;
	}
}

/* ---- Usual wants ---- */

struct want want_fixed(const char *what, u64 start, u64 bytes)
{
	return (struct want){
		.what = what, .bytes = bytes, .align = 1, .low = start, .high = start + bytes,
	};
}

/*
 * Kernels map the 2 MiB around it, none of which may want a mapping of another kind (booting.rst,
 * 2); old ones want it not to cross their border, or below 4 GiB.
 */
struct want want_tree(u64 bytes)
{
	return (struct want){
		.what = "device tree", .bytes = (bytes + TREE_BLOCK - 1) & -(u64)TREE_BLOCK,
		.align = TREE_BLOCK, .rather_below = 1ull << 32, .up = true,
	};
}
