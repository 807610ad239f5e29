/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtio disk (virtio 1.2, 5.2) behind the registers of virtio_mmio.h and virtio_pci.h. It judges
 * its driver: what the standard forbids, and what passes the limits it has stated, fails the test.
 *
 *	sim_virtio_blk_init(&disk, &sim_device, 512, 8192);
 *	disk.config.seg_max = 3;	(before the driver comes)
 */
#pragma once
#include "tests/sim/virtio_device.h"
#include "tests/sim/virtqueue_device.h"

/* 5.2.4, as it lies in memory. */
struct sim_virtio_blk_config {
	u64 capacity;
	u32 size_max, seg_max;
	u8 geometry[4];
	u32 blk_size;
	u8 physical_exponent, alignment_offset;
	u16 min_io_size;
	u32 opt_io_size;
	u8 writeback, unused0;
	u16 num_queues;
	u32 max_discard_sectors, max_discard_seg, discard_alignment;
	u32 max_zeroes_sectors, max_zeroes_seg;
	u8 zeroes_may_unmap, unused1[3];
	u32 max_erase_sectors, max_erase_seg, erase_alignment;
};
_Static_assert(sizeof(struct sim_virtio_blk_config) == 72, "5.2.4");

enum {
	SIM_BLK_SIZE_MAX = 1 << 1, SIM_BLK_SEG_MAX = 1 << 2, SIM_BLK_RO = 1 << 5,
	SIM_BLK_BLK_SIZE = 1 << 6, SIM_BLK_FLUSH = 1 << 9, SIM_BLK_TOPOLOGY = 1 << 10,
	SIM_BLK_CONFIG_WCE = 1 << 11, SIM_BLK_MQ = 1 << 12, SIM_BLK_DISCARD = 1 << 13,
	SIM_BLK_WRITE_ZEROES = 1 << 14, SIM_BLK_SECURE_ERASE = 1 << 16,
};

/* Types of requests, which are bits of the masks below, too. */
enum {
	SIM_BLK_IN = 0, SIM_BLK_OUT = 1, SIM_BLK_FLUSHES = 4, SIM_BLK_GET_ID = 8,
	SIM_BLK_DISCARDS = 11, SIM_BLK_ZEROES = 13, SIM_BLK_ERASES = 14, SIM_BLK_TYPES = 16,
};
enum { SIM_BLK_OK, SIM_BLK_IOERR, SIM_BLK_UNSUPP };

enum { SIM_BLK_ENTRIES = 1024, SIM_BLK_SECTOR = 512, SIM_BLK_DISCARDED = 0xdc };
enum { SIM_BLK_NOWHERE = -1 };

struct sim_virtio_blk {
	struct sim_virtio *virtio;
	struct sim_virtio_blk_config *config;	/* in @virtio */
	u8 *data;				/* what is on it */
	u64 sectors;				/* so much of that there is */
	char id[21];

	/* How it behaves; to be changed at any time. */
	bool lazy;			/* it works in sim_virtio_blk_step() only */
	bool backwards;			/* completes the latest first, if it may */
	bool all_at_once;		/* IN_ORDER: several completions as one */
	u64 bad_sector;			/* requests that touch it fail; SIM_BLK_NOWHERE: none */
	unsigned bad_types;		/* 1 << type: these fail */
	u8 bad_status;			/* with this */
	unsigned lost;			/* so many completions, from now on, never come */
	bool needs_reset;		/* it says so at the next kick, and does nothing */
	bool lies;			/* it says that it finished something else */

	/* What happened. */
	unsigned requests[SIM_BLK_TYPES], most_segments, most_waiting;

	bool started, lied;
	struct sim_virtqueue queue;
	struct sim_virtqueue_entry entries[SIM_BLK_ENTRIES];
	struct sim_chain waiting[SIM_BLK_ENTRIES];	/* popped, not pushed */
	unsigned waiting_count;
};

/* @virtio, which is set up but for its configuration, becomes a disk of so many @sectors. */
void sim_virtio_blk_init(struct sim_virtio_blk *d, struct sim_virtio *virtio, u32 block_size,
			 u64 sectors);
void sim_virtio_blk_end(struct sim_virtio_blk *d);

/* Take a request, do and complete it. false: there was none, and now it wants to be kicked. */
bool sim_virtio_blk_step(struct sim_virtio_blk *d);

/* Its capacity changes, and it says so. */
void sim_virtio_blk_resize(struct sim_virtio_blk *d, u64 sectors);
