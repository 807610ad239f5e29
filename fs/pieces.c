/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pieces in the order of the disk. A file in disorder has tens of thousands, and comparing them
 * with each other would take longer than reading them: they are dealt out by the bytes of their
 * offsets, the highest first, within the array (American flag sort).
 */
#include "fs/gather.h"
#include "lib/errors.h"

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };
enum { FEW = 16 };			/* are sorted one by one */

static unsigned digit(const struct piece *p, unsigned shift)
{
	return p->offset >> shift & (DIGITS - 1);
}

static void sort_few(struct piece *pieces, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct piece p = pieces[i];
		size_t at = i;

		for (; at && pieces[at - 1].offset > p.offset; at--)
			pieces[at] = pieces[at - 1];
		pieces[at] = p;
	}
}

/* Those with the same digit lie together then; ends[d]: where those with digit d end. */
static void deal(struct piece *pieces, size_t count, unsigned shift, u32 ends[static DIGITS])
{
	u32 next[DIGITS] = { 0 }, start = 0;

	for (size_t i = 0; i < count; i++)
		next[digit(&pieces[i], shift)]++;
	for (unsigned d = 0; d < DIGITS; d++) {
		ends[d] = start + next[d];
		next[d] = start;
		start = ends[d];
	}
	for (unsigned d = 0; d < DIGITS; d++) {
		while (next[d] < ends[d]) {
			struct piece p = pieces[next[d]];
			unsigned its = digit(&p, shift);

			pieces[next[d]] = pieces[next[its]];
			pieces[next[its]++] = p;
		}
	}
}

/* All have the same bits above those from @shift on. */
static void sort(struct piece *pieces, size_t count, unsigned shift)
{
	u32 ends[DIGITS], start = 0;

	if (count <= FEW) {
		sort_few(pieces, count);
		return;
	}
	deal(pieces, count, shift, ends);
	for (unsigned d = 0; d < DIGITS && shift; start = ends[d++])
		if (ends[d] - start > 1)
			sort(pieces + start, ends[d] - start, shift - DIGIT_BITS);
}

int pieces_prepare(const struct volume *v, struct piece *pieces, size_t *count)
{
	u64 highest = 0;
	size_t kept = 0;
	bool sorted = true;
	unsigned shift = 0;

	for (size_t i = 0; i < *count; i++) {
		const struct piece *p = &pieces[i];

		if (p->offset > v->size || p->size > v->size - p->offset)
			return -ERANGE;
		if (!p->size)
			continue;
		if (p->offset > highest)
			highest = p->offset;
		else if (kept)
			sorted = false;
		if (kept++ != i)
			pieces[kept - 1] = *p;
	}
	*count = kept;
	while (highest >> shift >> DIGIT_BITS)
		shift += DIGIT_BITS;
	if (!sorted)
		sort(pieces, kept, shift);
	return 0;
}
