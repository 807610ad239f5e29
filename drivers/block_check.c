/* SPDX-License-Identifier: BSD-2-Clause */
/* What may be asked of a disk, and how a failure is told. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/block_internal.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/time.h"

enum {
	BLOCK_BYTES_MAX = 65536,
	ALIGN_MAX = 4096,			/* what pages of memory have */
	SEGMENT_BYTES_MIN = 4096,		/* or a block, where that is less */
	LINES_MAX = 10, LINES_US = 10 * 1000 * 1000,	/* error lines, in how long */
};

static bool is_power_of_two(u32 n, u32 max)
{
	return n && n <= max && !(n & (n - 1));
}

const char *block_limits_nonsense(const struct block_limits *l)
{
	u32 least = l->block_size < SEGMENT_BYTES_MIN ? l->block_size : SEGMENT_BYTES_MIN;
	u32 cut = l->max_segment_bytes & -l->segment_align;

	if (!is_power_of_two(l->block_size, BLOCK_BYTES_MAX) || l->block_size < 512)
		return "its block size is not a power of two from 512 to 65536";
	if (l->block_count > UINT64_MAX / l->block_size)
		return "it has more than 2^64 bytes";
	if (!is_power_of_two(l->segment_align, ALIGN_MAX) ||
	    !is_power_of_two(l->buffer_align, l->segment_align))
		return "it wants an alignment that cannot be";
	if (!l->max_blocks || !l->max_segments || !l->depth || l->max_segment_bytes < least ||
	    (u64)l->max_segments * cut < l->block_size)
		return "what it takes at a time is less than a block";
	return NULL;
}

/* ---- A request ---- */

/* Why not such a gap. */
static const char *check_gap(const struct block_limits *l, const struct block_request *r, u32 bytes)
{
	if (r->op != BLOCK_READ)
		return "a gap, and it is no read";
	if (bytes > l->max_gap_bytes)
		return l->max_gap_bytes ? "too large a gap" : "it cannot read into gaps";
	return "a gap that ends inside a unit of memory";
}

/*
 * Memory ends and begins again on a multiple of segment_align; it begins on one of buffer_align.
 * Scattered files have a few segments for every 4 KiB, hence one loop and no calls.
 */
static int check_memory(const struct block_limits *l, const struct block_request *r,
			const char **cause)
{
	unsigned count = r->segment_count;
	u32 most = l->max_segment_bytes, most_gap = r->op == BLOCK_READ ? l->max_gap_bytes : 0;
	uintptr_t inner = l->segment_align - 1, mask = l->buffer_align - 1;
	u64 bytes = 0;

	*cause = count > l->max_segments ? "too many segments" : NULL;
	for (unsigned i = 0; i < count && !*cause; i++, mask = inner) {
		const struct block_segment *s = &r->segments[i];
		uintptr_t start = (uintptr_t)s->buffer, end = start + s->bytes;
		bool last = i + 1 == count;

		bytes += s->bytes;
		if (!s->bytes)
			*cause = "a segment without bytes";
		else if (!start && (s->bytes > most_gap || (i && !last && (s->bytes & inner))))
			*cause = check_gap(l, r, s->bytes);
		else if (start && s->bytes > most)
			*cause = "too large a segment";
		else if (start && (end < start || (start & mask) || (!last && (end & inner))))
			*cause = "memory that is not aligned as it wants";
	}
	if (!*cause && bytes != (u64)r->blocks * l->block_size)
		*cause = "its segments are not as long as its blocks";
	return *cause ? -EINVAL : 0;
}

static u32 most_blocks(const struct block_limits *l, enum block_op op)
{
	switch (op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		return l->max_blocks;
	case BLOCK_COMPARE:
		return l->can_compare ? l->max_blocks : 0;
	case BLOCK_DISCARD:
		return l->max_discard_blocks;
	case BLOCK_WRITE_ZEROES:
		return l->max_zeroes_blocks;
	case BLOCK_SECURE_ERASE:
		return l->max_erase_blocks;
	default:
		return 0;
	}
}

static int check_writable(const struct block_device *b, const char **cause)
{
	if (b->limits.read_only) {
		*cause = "it is read-only";
		return -EROFS;
	}
	if (b->flush_failed) {
		*cause = "read-only since a flush failed: what was written before may be lost";
		return -EROFS;
	}
	return 0;
}

int block_check(const struct block_device *b, const struct block_request *r, const char **cause)
{
	const struct block_limits *l = &b->limits;
	u32 most = most_blocks(l, r->op);
	bool has_memory = r->op == BLOCK_READ || r->op == BLOCK_WRITE || r->op == BLOCK_COMPARE;
	int error = 0;

	if (b->dead) {
		*cause = b->why_dead;
		return b->dead;
	}
	if (!has_memory && r->segment_count) {
		*cause = "memory that it has no use for";
		return -EINVAL;
	}
	if (r->op == BLOCK_FLUSH)
		return 0;
	if (!most) {
		*cause = "it cannot do that";
		return -ENOTSUP;
	}
	if (r->op != BLOCK_READ && r->op != BLOCK_COMPARE)
		error = check_writable(b, cause);
	if (error)
		return error;
	if (!r->blocks || r->blocks > most) {
		*cause = r->blocks ? "too many blocks for one request" : "no blocks";
		return -EINVAL;
	}
	if (r->lba >= l->block_count || r->blocks > l->block_count - r->lba) {
		*cause = "beyond its end";
		return -ERANGE;
	}
	return has_memory ? check_memory(l, r, cause) : 0;
}

/* ---- Words ---- */

const char *block_op_name(enum block_op op)
{
	static const char *const names[BLOCK_OPS] = {
		[BLOCK_READ] = "reading", [BLOCK_WRITE] = "writing",
		[BLOCK_FLUSH] = "flushing its cache", [BLOCK_DISCARD] = "discarding",
		[BLOCK_WRITE_ZEROES] = "zeroing", [BLOCK_SECURE_ERASE] = "erasing for good",
		[BLOCK_COMPARE] = "comparing",
	};

	return (unsigned)op < BLOCK_OPS ? names[op] : "an unknown operation";
}

/* Of thousands that fail alike, the first ones are enough; the counters know the rest. */
static bool is_one_of_many(struct block_device *b)
{
	u64 now = time_us();

	if (now - b->errors_since_us >= LINES_US) {
		b->errors_since_us = now;
		b->error_lines = 0;
	}
	return b->error_lines++ >= LINES_MAX;
}

void block_log_failure(struct block_device *b, enum block_op op, u64 lba, u64 blocks, int status,
		       const char *cause)
{
	char where[64] = "";

	if (is_one_of_many(b))
		return;
	if (op != BLOCK_FLUSH)
		snprintf(where, sizeof where, " %" PRIu64 " block%s at lba %" PRIu64, blocks,
			 blocks == 1 ? "" : "s", lba);
	log_error("%s: %s%s: %s%s%s", b->name, block_op_name(op), where,
		  cause ? cause : error_text(status),
		  op == BLOCK_FLUSH ? "; what was written since the last flush may be lost" : "",
		  b->error_lines == LINES_MAX ? " (more are only counted for a while)" : "");
}
