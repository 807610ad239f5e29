/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block devices: whole disks and NVMe namespaces. Partitions are fs/volume.h.
 *
 * Below this header everything counts in blocks; above fs/volume.h everything counts in bytes.
 *
 * Nothing here sleeps on interrupts: a request gets on when somebody polls. Everything is called
 * from one CPU. Two halves: what users of disks call, and what drivers of disks provide.
 */
#pragma once
#include "arch/types.h"

struct block_device;
struct block_request;

enum block_op {
	BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH,
	BLOCK_DISCARD,			/* contents no longer matter */
	BLOCK_WRITE_ZEROES,
	BLOCK_SECURE_ERASE,		/* gone from the medium, copies included */
	BLOCK_COMPARE,			/* with what is in memory; unequal: -EILSEQ */
};
enum { BLOCK_OPS = BLOCK_COMPARE + 1 };

enum { BLOCK_FUA = 1 << 0 };		/* a write: on the medium before the request completes */

/* A piece of memory that takes part in one request. */
struct block_segment {
	void *buffer;			/* NULL, reading: thrown away (a gap) */
	u32 bytes;
};

/*
 * From submit until done is called, the device owns the memory, the segments and this struct.
 * The segments together are blocks * block_size bytes: one request fills many buffers, so a
 * scattered file is read straight to where it belongs, without a copy. Flush has neither blocks nor
 * segments; discard, write zeroes and secure erase have no segments.
 */
struct block_request {
	enum block_op op;
	u32 flags;
	u64 lba;			/* in blocks of limits.block_size */
	u32 blocks;
	const struct block_segment *segments;
	u16 segment_count;
	u32 timeout_us;			/* 0: BLOCK_TIMEOUT_US */

	int status;			/* -EINPROGRESS, then 0 or an error ... */
	const char *cause;		/* ... and the reason in words; NULL: none but the status */
	void (*done)(struct block_request *r);	/* from block_poll; may submit again; may be NULL */
	void *context;			/* the submitter's */

	/* of the engine */
	struct block_device *device;
	struct block_request *next, **link;	/* in flight, in order of submission */
	u64 deadline_us;			/* set by one of the first polls; 0 until then */
	int result;
};

enum { BLOCK_TIMEOUT_US = 10 * 1000 * 1000 };

/* What one request may ask. Whoever builds requests respects these; block_submit checks them. */
struct block_limits {
	u32 block_size;			/* bytes; a power of two, 512..65536 */
	u32 physical_block_size, optimal_bytes;	/* hints; 0: none */
	u64 block_count;
	u32 max_blocks;			/* of one read, write or compare */
	u16 max_segments;		/* gaps count, too */
	u32 max_segment_bytes;
	u32 max_gap_bytes;		/* of a segment without a buffer; 0: no gaps */
	/*
	 * Where one segment ends and the next begins, in memory, is a multiple of this; so is the
	 * length of a gap, but where it is the first or the last: 1 (virtio), 4 (NVMe SGL), a page
	 * (NVMe PRP). The first may begin at any multiple of buffer_align.
	 */
	u32 segment_align, buffer_align;
	/* of one request; 0: it cannot */
	u32 max_discard_blocks, max_zeroes_blocks, max_erase_blocks;
	bool can_compare;
	u16 depth;			/* requests in flight */
	bool read_only;
	bool volatile_cache;		/* a write is safe after a flush, or with BLOCK_FUA */
	bool can_fua;			/* else the engine flushes after such a write */
};

/* Counted always; shown by the monitor, asserted by tests: cost without a clock. */
struct block_counters {
	u64 requests, segments, bytes, kicks, errors, timeouts, resets;
};

/* ---- What drivers provide ---- */

struct block_ops {
	/*
	 * Hand the (checked) request to the device; nothing completes in here. 0; -EAGAIN: full, or
	 * no memory to lend through before others complete; other errors: it cannot be done, and
	 * nothing of it is lent. It gets a flush only where there is a volatile cache, and no
	 * BLOCK_FUA where it cannot do that.
	 */
	int (*submit)(struct block_device *b, struct block_request *r);
	void (*kick)(struct block_device *b);	/* tell the device, once after a batch of submits */
	/*
	 * Finish what is finished with block_done. May find the device broken, and calls
	 * block_reset then.
	 */
	void (*poll)(struct block_device *b);
	/*
	 * For block_reset alone. The device stops touching memory; then every request in flight is
	 * failed (block_done, @status and @cause); then it is made usable again. 0, or why it is
	 * not: every further request fails at once.
	 */
	int (*reset)(struct block_device *b, int status, const char *cause);
	/*
	 * Requests with a deadline_us of @now_us or before are late: try to end just those, with
	 * block_done. Where one stays in flight, reset follows. NULL: there is no way.
	 */
	void (*abort)(struct block_device *b, u64 now_us);

	/*
	 * Line @index of what only the driver knows, for people: "ring: split, 256 entries". false:
	 * there are no more. May ask the device. NULL: nothing.
	 */
	bool (*describe)(struct block_device *b, unsigned index, char *to, size_t bytes);
	/*
	 * Are writes finished in a volatile cache, or on the medium? With nothing in flight. 0, and
	 * limits.volatile_cache is what is wanted; or why not. NULL: there is no choice.
	 */
	int (*set_cache)(struct block_device *b, bool write_back);
};

struct device;

struct block_device {
	char name[40];			/* "virtio0", "nvme0n1", "ram0" */
	const struct block_ops *ops;
	void *driver;
	struct device *device;		/* whose it is; NULL: of none (ram0) */
	struct block_limits limits;

	/* of the engine */
	struct block_counters counters;
	int dead;			/* an error: every request fails with it at once, ... */
	const char *why_dead;		/* ... and this reason */
	bool kick_wanted;
	/*
	 * A flush failed, so what was written before may be lost and nobody knows what: writing is
	 * refused from then on. Whoever has reset the device on purpose, knowing that, clears it.
	 */
	bool flush_failed;
	struct block_request *in_flight, **last;
	struct block_request *unstamped;	/* the first in flight without a deadline */
	u64 earliest_us;			/* no deadline in flight is before this */
	u32 polls;
	struct block_request *finished, **finished_last;	/* until done is called */
	struct block_request *flush_next, *flush_now;		/* waiting for &flush */
	struct block_request flush;
	u64 errors_since_us;			/* how many error lines since then */
	u32 error_lines;
	struct block_device *next;
};

/* Names are unique; limits are checked against nonsense: -EINVAL, and the log says what. */
int block_register(struct block_device *b);

/*
 * Fails what is still in flight (the driver has stopped the device before) and forgets it. Not from
 * within the driver's poll or reset.
 */
void block_unregister(struct block_device *b, int status, const char *cause);

/*
 * It is finished: the device touches nothing of it any more. @cause: static, or NULL. Its own done
 * is called later, when the driver's poll or reset has returned.
 */
void block_done(struct block_request *r, int status, const char *cause);

/*
 * Reset it now; what is in flight fails with @status and @cause, which the log tells. 0, or why it
 * is dead now.
 */
int block_reset(struct block_device *b, int status, const char *cause);

/*
 * For lending memory to the device: segments from @first on, which has a buffer, lie together,
 * whatever gaps are between them. Where the first is that does not; and their bytes.
 */
static inline unsigned block_segments_together(const struct block_request *r, unsigned first,
					       u32 *bytes)
{
	const struct block_segment *s = r->segments;
	const u8 *end = s[first].buffer;
	unsigned i = first;

	for (; i < r->segment_count && (!s[i].buffer || s[i].buffer == end); i++)
		if (s[i].buffer)
			end += s[i].bytes;
	*bytes = (u32)(end - (const u8 *)s[first].buffer);
	return i;
}

/* From now on every request fails with this; those in flight are the driver's to fail. */
void block_die(struct block_device *b, int status, const char *cause);

/* ---- What users of disks call ---- */

struct block_device *block_first(void);
struct block_device *block_find(const char *name);	/* NULL: none */

/*
 * Checks limits and state, then queues. 0: done will be called, later, from block_poll (never from
 * here). -EAGAIN: full, poll and try again. Other errors: r->cause says why; done is not called.
 * Batches: submit, submit, ..., kick.
 *
 * Requests complete in any order, and there is no order between those in flight: a flush is for
 * the writes that have completed.
 */
int block_submit(struct block_device *b, struct block_request *r);
void block_kick(struct block_device *b);

/*
 * Completions; then one kick for what they submitted. And deadlines, which count from one of the
 * first polls, since the clock is looked at now and then: a request that misses its own resets the
 * device before anything is failed, so on every path nothing is still touching anybody's memory. A
 * request that failed is told to the log, in words.
 */
void block_poll(struct block_device *b);
int block_wait(struct block_device *b, struct block_request *r);	/* kicks; its status */

/*
 * The whole range, any length and any memory, kept in flight together. 0, or the first error, which
 * is in the log: device, operation, lba, cause. Nothing is in flight then, either.
 */
int block_read(struct block_device *b, u64 lba, u64 blocks, void *buffer);
int block_write(struct block_device *b, u64 lba, u64 blocks, const void *buffer);
int block_flush(struct block_device *b);
/* BLOCK_DISCARD, BLOCK_WRITE_ZEROES or BLOCK_SECURE_ERASE. */
int block_erase(struct block_device *b, enum block_op op, u64 lba, u64 blocks);

const char *block_op_name(enum block_op op);	/* "reading", "flushing its cache" */
