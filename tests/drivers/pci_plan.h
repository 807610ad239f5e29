/* SPDX-License-Identifier: BSD-2-Clause */
/* Hierarchies for the planner, and what must hold of its plans, whatever it thinks. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/plan.h"

#define KiB 1024ull
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

enum { FUNCTIONS_MAX = 96 };

static struct plan_function functions[FUNCTIONS_MAX];
static char names[FUNCTIONS_MAX][16];
static struct plan_window windows[4];
static struct pci_plan plan;
static unsigned seed;

static inline void begin(void)
{
	memset(functions, 0, sizeof(functions));
	plan = (struct pci_plan){ .windows = windows, .functions = functions };
}

static inline void window(enum plan_kind kind, u64 start, u64 bytes)
{
	windows[plan.window_count++] = (struct plan_window){ kind, { start, bytes } };
}

/* What QEMU's virt machine for riscv64 has. */
static inline void usual_windows(void)
{
	window(PLAN_IO, 0, 64 * KiB);
	window(PLAN_MEMORY, 0x40000000, GiB);
	window(PLAN_MEMORY, 0x400000000, 16 * GiB);
}

static inline int function(int bridge)
{
	int i = plan.function_count++;

	snprintf(names[i], sizeof(names[i]), "f%d", i);
	functions[i].name = names[i];
	functions[i].bridge = bridge;
	return i;
}

static inline void bar(int f, unsigned index, enum plan_kind kind, bool wide, u64 bytes)
{
	functions[f].bars[index] = (struct plan_range){
		.kind = kind, .wide = wide, .present = true, .bytes = bytes,
	};
}

static inline int bridge(int above, bool io, bool prefetch, bool wide)
{
	int f = function(above);

	functions[f].windows[PLAN_MEMORY].present = true;
	functions[f].windows[PLAN_IO].present = io;
	functions[f].windows[PLAN_PREFETCH].present = prefetch;
	functions[f].windows[PLAN_PREFETCH].wide = wide;
	return f;
}

/* ---- Invariants ---- */

#define check(condition) do { \
	if (!(condition)) \
		fail_msg("topology %u: %s", seed, #condition); \
} while (0)

static inline bool contains(u64 start, u64 bytes, u64 inner, u64 inner_bytes)
{
	return inner >= start && inner + (inner_bytes - 1) <= start + (bytes - 1);
}

static inline bool kind_suits(enum plan_kind window, enum plan_kind contents)
{
	return window == contents || (contents == PLAN_PREFETCH && window == PLAN_MEMORY);
}

static inline bool inside_above(const struct plan_function *f, const struct plan_range *r)
{
	const struct plan_range *w;

	if (f->bridge == PLAN_ROOT) {
		for (unsigned i = 0; i < plan.window_count; i++)
			if (kind_suits(windows[i].kind, r->kind) &&
			    contains(windows[i].range.start, windows[i].range.bytes, r->start,
				     r->bytes))
				return true;
		return false;
	}
	for (unsigned k = 0; k < PLAN_KINDS; k++) {
		w = &functions[f->bridge].windows[k];
		if (w->start && kind_suits(k, r->kind) &&
		    contains(w->start, w->bytes, r->start, r->bytes))
			return true;
	}
	return false;
}

static inline void check_range(const struct plan_function *f, const struct plan_range *r, u64 align)
{
	u64 last = r->start + (r->bytes - 1);

	check(r->present);
	check(r->start % align == 0);
	check(r->bytes % align == 0);
	check(last >= r->start);
	check(r->wide || last <= (r->kind == PLAN_IO ? UINT16_MAX : UINT32_MAX));
	check(inside_above(f, r));
}

static inline const struct plan_range *range_of(const struct plan_function *f, unsigned i)
{
	return i < PLAN_BARS ? &f->bars[i] : &f->windows[i - PLAN_BARS];
}

static inline void check_apart(const struct plan_range *a, const struct plan_range *b)
{
	if (a == b || !a->start || !b->start || (a->kind == PLAN_IO) != (b->kind == PLAN_IO))
		return;
	check(a->start + (a->bytes - 1) < b->start || b->start + (b->bytes - 1) < a->start);
}

static inline void check_functions_apart(const struct plan_function *f,
					 const struct plan_function *g)
{
	for (unsigned i = 0; i < 9; i++)
		for (unsigned j = 0; j < 9; j++)
			check_apart(range_of(f, i), range_of(g, j));
}

static inline void check_function(const struct plan_function *f)
{
	static const u64 granules[PLAN_KINDS] = { 4 * KiB, MiB, MiB };

	for (unsigned i = 0; i < PLAN_BARS; i++) {
		const struct plan_range *r = &f->bars[i];

		check(!r->start || f->admitted[r->kind == PLAN_IO]);
		check(r->start || !r->present || !f->admitted[r->kind == PLAN_IO]);
		if (r->start)
			check_range(f, r, r->bytes);
	}
	for (unsigned k = 0; k < PLAN_KINDS; k++)
		if (f->windows[k].start)
			check_range(f, &f->windows[k], granules[k]);
}

static inline void check_plan(void)
{
	for (int i = 0; i < plan.function_count; i++) {
		check_function(&functions[i]);
		for (int j = i; j < plan.function_count; j++)
			if (functions[i].bridge == functions[j].bridge)
				check_functions_apart(&functions[i], &functions[j]);
	}
}

static inline bool is_free_on_root(const struct plan_range *want, u64 at)
{
	u64 highest = want->wide ? UINT64_MAX : want->kind == PLAN_IO ? UINT16_MAX : UINT32_MAX;

	if (at + (want->bytes - 1) > highest)
		return false;
	for (int i = 0; i < plan.function_count; i++) {
		for (unsigned j = 0; functions[i].bridge == PLAN_ROOT && j < 9; j++) {
			const struct plan_range *o = range_of(&functions[i], j);

			if (o->start && (o->kind == PLAN_IO) == (want->kind == PLAN_IO) &&
			    at <= o->start + (o->bytes - 1) && o->start <= at + (want->bytes - 1))
				return false;
		}
	}
	return true;
}

/* Is there a place left for this BAR on the root bus? Tried at each aligned address, stupidly. */
static inline bool root_has_room(const struct plan_range *want)
{
	for (unsigned w = 0; w < plan.window_count; w++) {
		const struct range *r = &windows[w].range;
		u64 lowest = r->start ? r->start : want->kind == PLAN_IO ? 4 * KiB : MiB;
		u64 at = (lowest + want->bytes - 1) & ~(want->bytes - 1);

		if (!kind_suits(windows[w].kind, want->kind) || at < r->start)
			continue;
		for (unsigned tries = 0; tries < 4096; tries++, at += want->bytes)
			if (contains(r->start, r->bytes, at, want->bytes) &&
			    is_free_on_root(want, at))
				return true;
	}
	return false;
}

/* A function of the root bus with one BAR is not left out while there is a hole it fits in. */
static inline void check_nothing_forgotten(void)
{
	for (int i = 0; i < plan.function_count; i++) {
		const struct plan_range *r = &functions[i].bars[0];

		if (functions[i].bridge == PLAN_ROOT && r->present && !r->start &&
		    !functions[i].bars[1].present && !functions[i].bars[2].present &&
		    r->bytes >= MiB)
			check(!root_has_room(r));
	}
}

/* What the plan says becomes what is set, as after writing it to the hardware. */
static inline void carry_out(void)
{
	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < 9; j++) {
			struct plan_range *r = (struct plan_range *)range_of(&functions[i], j);

			r->given = (struct range){ r->start, r->start ? r->bytes : 0 };
		}
}

static inline unsigned placed_count(void)
{
	unsigned count = 0;

	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < PLAN_BARS; j++)
			count += functions[i].bars[j].start != 0;
	return count;
}

static inline unsigned bar_count(void)
{
	unsigned count = 0;

	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < PLAN_BARS; j++)
			count += functions[i].bars[j].present;
	return count;
}

static inline void make(void)
{
	assert_int_equal(pci_plan_make(&plan), 0);
	check_plan();
}

static inline void check_unchanged(void)
{
	for (int i = 0; i < plan.function_count; i++)
		for (unsigned j = 0; j < 9; j++) {
			const struct plan_range *r = range_of(&functions[i], j);

			check(r->start == r->given.start);
			check(!r->start || r->bytes == r->given.bytes);
		}
}
