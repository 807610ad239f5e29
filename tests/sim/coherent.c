/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "tests/sim/coherent.h"

enum { WORD = 8, UNIT = 2 };

static u64 word_at(const u8 *view, size_t at)
{
	return *(const u64 *)(view + at);
}

static u16 unit_at(const u8 *view, size_t at)
{
	return *(const u16 *)(view + at);
}

static void note_unit(struct sim_coherent *c, u16 at)
{
	struct sim_store *s = c->stores;

	while (s < c->stores + c->count && (s->at != at || s->group != c->group))
		s++;
	if (s == c->stores + SIM_COHERENT_STORES) {
		sim_coherent_flush(c);
		s = c->stores;
	}
	if (s == c->stores + c->count)
		c->count++;
	*s = (struct sim_store){ at, unit_at(c->ours, at), c->group };
	memcpy(c->known + at, c->ours + at, UNIT);
}

void sim_coherent_note(struct sim_coherent *c)
{
	for (size_t at = 0; at < c->bytes; at += WORD) {
		if (word_at(c->ours, at) == word_at(c->known, at))
			continue;
		for (size_t unit = at; unit < at + WORD; unit += UNIT)
			if (unit_at(c->ours, unit) != unit_at(c->known, unit))
				note_unit(c, (u16)unit);
	}
}

static void store(struct sim_coherent *c, const struct sim_store *s)
{
	__atomic_store_n((u16 *)(c->theirs + s->at), s->value, __ATOMIC_RELEASE);
}

void sim_coherent_arrive(struct sim_coherent *c, unsigned index)
{
	store(c, &c->stores[index]);
	c->count--;
	memmove(&c->stores[index], &c->stores[index + 1],
		(c->count - index) * sizeof *c->stores);
}

/* The two halves of a word that were written together: they are seen together. */
static bool is_word(const struct sim_store *s)
{
	return s->at % 4 == 0 && s[1].at == s->at + UNIT && s[1].group == s->group;
}

void sim_coherent_flush(struct sim_coherent *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct sim_store *s = &c->stores[i];

		if (i + 1 == c->count || !is_word(s)) {
			store(c, s);
			continue;
		}
		__atomic_store_n((u32 *)(c->theirs + s->at), s->value | (u32)s[1].value << 16,
				 __ATOMIC_RELEASE);
		i++;
	}
	c->count = 0;
}

static bool on_its_way(const struct sim_coherent *c, size_t at)
{
	unsigned i = 0;

	while (i < c->count && c->stores[i].at != at)
		i++;
	return i < c->count;
}

void sim_coherent_fetch(struct sim_coherent *c)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	for (size_t at = 0; at < c->bytes; at += WORD) {
		u64 theirs = __atomic_load_n((u64 *)(c->theirs + at), __ATOMIC_RELAXED);

		if (theirs == word_at(c->known, at))
			continue;
		for (size_t unit = 0; unit < WORD; unit += UNIT) {
			if (on_its_way(c, at + unit))
				continue;
			memcpy(c->ours + at + unit, (u8 *)&theirs + unit, UNIT);
			memcpy(c->known + at + unit, (u8 *)&theirs + unit, UNIT);
		}
	}
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

void sim_coherent_barrier(struct sim_coherent *c, enum sim_barrier kind)
{
	sim_coherent_note(c);
	if (kind == SIM_MB) {
		sim_coherent_flush(c);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
	}
	if (kind != SIM_WMB)
		sim_coherent_fetch(c);
	if (kind != SIM_RMB)
		c->group++;
}
