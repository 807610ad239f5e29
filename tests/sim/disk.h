/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk directly behind drivers/block.h, for tests of the engine and of what uses disks. It starts
 * on requests when kicked, and touches memory in the moment in which they complete, from its poll:
 * what is touched later than allowed is a failure that the sanitizers see.
 *
 *	static struct sim_disk disk;
 *	sim_disk_init(&disk, "sim0", 512, 65536);
 *	disk.block.limits.max_segments = 3;		(before it is registered)
 *	block_register(&disk.block);
 *	...
 *	sim_disk_end(&disk);
 *
 * What an engine must not let through (limits, a flush without a cache, a request to a dead device)
 * ends the test through sim_fail.
 */
#pragma once
#include "drivers/block.h"

enum { SIM_DISK_FLIGHT = 256 };

/* What the disk has done, in the order in which it did it. */
struct sim_disk_event {
	enum block_op op;
	bool fua;			/* of a write: it is on the medium by itself */
	u64 lba;
	u32 blocks;
	u8 *data;			/* of a write: what was written; else NULL */
};

struct sim_disk_flight {
	struct block_request *request;
	bool started;			/* kicked */
	unsigned polls;			/* left, before it may complete */
};

enum sim_disk_order { SIM_DISK_FIRST, SIM_DISK_LAST, SIM_DISK_RANDOM };

struct sim_disk {
	struct block_device block;
	u8 *data;			/* block_count * block_size bytes, sparse, zeroed */

	/* Instead of @data, if set: contents made up, or kept elsewhere. */
	void (*read)(struct sim_disk *d, u64 lba, u32 blocks, u8 *to);
	void (*write)(struct sim_disk *d, u64 lba, u32 blocks, const u8 *from);
	void *context;

	/* How it behaves; to be changed at any time. */
	enum sim_disk_order order;
	unsigned room;			/* requests it holds; more: -EAGAIN */
	unsigned delay;			/* polls until a request completes */
	unsigned at_a_time;		/* completions in a poll; 0: all there are */
	u32 again_above;		/* larger requests get -EAGAIN always; 0: none do */
	bool stuck;			/* nothing completes */
	u64 stuck_lba;			/* requests that touch it do not; UINT64_MAX: none */
	u64 bad_lba;			/* requests that touch it fail; UINT64_MAX: none */
	unsigned bad_ops;		/* 1 << op: these fail */
	int bad_status;			/* -EIO */
	const char *bad_cause;
	int refuse;			/* submit gives this back, if not 0 */
	int reset_error;		/* reset gives this back */

	/* What happened. */
	unsigned submits, kicks, resets, flushes, most_in_flight;
	u64 largest;			/* blocks in one request */
	bool keep_log;
	struct sim_disk_event *log;
	size_t log_count, log_room;

	struct sim_disk_flight flight[SIM_DISK_FLIGHT];
	unsigned in_flight;
	u64 random;
};

/* Not registered yet, with limits that a virtio disk has. */
void sim_disk_init(struct sim_disk *d, const char *name, u32 block_size, u64 block_count);

/* Unregistered if it was registered, and its memory given back. */
void sim_disk_end(struct sim_disk *d);

void sim_disk_forget_log(struct sim_disk *d);

/*
 * A power failure: do on @data, a disk's contents from before, what an event did. Writes behind the
 * last flush may be left out, in any choice; those with fua and those before it may not.
 */
void sim_disk_redo(const struct sim_disk *d, const struct sim_disk_event *e, u8 *data);
