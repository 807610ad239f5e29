/* SPDX-License-Identifier: BSD-2-Clause */
/* Which cache lines a range of bytes touches: every line that holds one of them, and no other. */
#pragma once
#include "arch/types.h"

struct cache_lines {
	uintptr_t at;		/* address of the next line */
	size_t left;
};

/* @line_bytes: a power of two. The range may end at the last byte there is. */
static inline struct cache_lines cache_lines(uintptr_t start, size_t bytes, size_t line_bytes)
{
	uintptr_t first = start & -(uintptr_t)line_bytes;
	uintptr_t last = start + bytes - 1;

	return (struct cache_lines){ first, bytes ? (last - first) / line_bytes + 1 : 0 };
}

/* cache_lines_for_each(line, start, bytes, line_bytes) clean(line.at); */
#define cache_lines_for_each(line, start, bytes, line_bytes) \
	for (struct cache_lines line = cache_lines(start, bytes, line_bytes); line.left; \
	     line.left--, line.at += (line_bytes))
