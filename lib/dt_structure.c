/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dt_structure.h"

#include <libfdt.h>
#include <string.h>

static const u8 *structure;
static const char *strings;

void dt_structure_adopt(const void *blob)
{
	structure = (const u8 *)blob + fdt_off_dt_struct(blob);
	strings = (const char *)blob + fdt_off_dt_strings(blob);
}

/* Is the word there @token? Compared as it lies there. */
static inline bool is(int at, u32 token)
{
	return *(const fdt32_t *)(structure + at) == cpu_to_fdt32(token);
}

/* Words lie where a word may be loaded: libfdt's functions load bytes. */
static inline u32 word(int at)
{
	u32 w = *(const fdt32_t *)(structure + at);

	return w << 24 | (w & 0xff00) << 8 | (w >> 8 & 0xff00) | w >> 24;
}

static int aligned(u32 at)
{
	return (int)((at + FDT_TAGSIZE - 1) & -FDT_TAGSIZE);
}

/* Behind what is at @at. */
static int next(int at)
{
	u32 behind = (u32)at + FDT_TAGSIZE;

	if (is(at, FDT_BEGIN_NODE))
		return aligned(behind + (u32)strlen((const char *)structure + behind) + 1);
	if (is(at, FDT_PROP))
		return aligned(behind + 8 + word(at + FDT_TAGSIZE));
	return (int)behind;
}

/* @at itself, or what is behind the FDT_NOPs there, if it is a @token. */
static int expect(int at, u32 token)
{
	while (is(at, FDT_NOP))
		at += FDT_TAGSIZE;
	return is(at, token) ? at : -1;
}

int dt_structure_property(int node)
{
	return expect(next(node), FDT_PROP);
}

int dt_structure_next_property(int property)
{
	return expect(next(property), FDT_PROP);
}

const char *dt_structure_property_name(int property)
{
	return strings + word(property + 8);
}

const void *dt_structure_value(int property, u32 *bytes)
{
	*bytes = word(property + FDT_TAGSIZE);
	return structure + property + 12;
}

/* What most time is spent in, so nothing is called for those that are called otherwise. */
int dt_structure_find_property(int node, const char *name, size_t bytes)
{
	const char *names = strings;
	int at = next(node);

	for (;; at = aligned((u32)at + 12 + word(at + FDT_TAGSIZE))) {
		const char *each;

		at = expect(at, FDT_PROP);
		if (at < 0)
			return at;
		each = names + word(at + 8);
		if (each[0] == name[0] && !strncmp(each, name, bytes) && !each[bytes])
			return at;
	}
}

const char *dt_structure_name(int node)
{
	return (const char *)structure + node + FDT_TAGSIZE;
}

int dt_structure_next(int node, int *depth)
{
	int at = node;

	for (;;) {
		at = next(at);
		if (is(at, FDT_BEGIN_NODE)) {
			++*depth;
			return at;
		}
		if (is(at, FDT_END) || (is(at, FDT_END_NODE) && --*depth < 0))
			return -1;
	}
}

int dt_structure_child(int node)
{
	int depth = 0, child = dt_structure_next(node, &depth);

	return depth == 1 ? child : -1;
}

int dt_structure_sibling(int node)
{
	int depth = 1;

	do
		node = dt_structure_next(node, &depth);
	while (depth > 1);
	return depth == 1 ? node : -1;
}

int dt_structure_find(int parent, const char *name, size_t bytes)
{
	bool whole = memchr(name, '@', bytes);
	int node = dt_structure_child(parent);

	for (; node >= 0; node = dt_structure_sibling(node)) {
		const char *each = dt_structure_name(node);

		if (each[0] == name[0] && !strncmp(each, name, bytes) &&
		    (!each[bytes] || (!whole && each[bytes] == '@')))
			break;
	}
	return node;
}
