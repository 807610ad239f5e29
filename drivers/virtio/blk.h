/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the two halves of the virtio-blk driver: blk.c carries requests, blk_start.c makes a
 * device ready for them. Section numbers are those of virtio 1.2.
 */
#pragma once
#include "drivers/block.h"
#include "drivers/virtio/virtqueue.h"
#include "lib/endian.h"

/* 5.2.3 */
#define BLK_F_SIZE_MAX		((u64)1 << 1)
#define BLK_F_SEG_MAX		((u64)1 << 2)
#define BLK_F_RO		((u64)1 << 5)
#define BLK_F_BLK_SIZE		((u64)1 << 6)
#define BLK_F_FLUSH		((u64)1 << 9)
#define BLK_F_TOPOLOGY		((u64)1 << 10)
#define BLK_F_CONFIG_WCE	((u64)1 << 11)
#define BLK_F_MQ		((u64)1 << 12)
#define BLK_F_DISCARD		((u64)1 << 13)
#define BLK_F_WRITE_ZEROES	((u64)1 << 14)
#define BLK_F_SECURE_ERASE	((u64)1 << 16)

enum { BLK_CONFIG_CAPACITY = 0, BLK_CONFIG_WRITEBACK = 32 };	/* 5.2.4 */
enum { BLK_SECTOR_SHIFT = 9 };	/* the unit of all numbers of sectors, whatever blk_size is */
enum { BLK_ID_BYTES = 20 };

/* What we write for a request, each slot its own: 5.2.6. */
struct blk_header {
	le32 type, reserved;
	le64 sector;
};
struct blk_range {			/* of discard and its like */
	le64 sector;
	le32 sectors, flags;
};
struct blk_written {
	struct blk_header header;
	struct blk_range range;
};
_Static_assert(sizeof(struct blk_header) == 16 && sizeof(struct blk_range) == 16, "5.2.6");

/* A segment on loan. */
struct blk_loan {
	struct dma_mapping map;
	struct blk_loan *next;
};

/* A request in flight; the virtqueue's token. */
struct blk_slot {
	struct block_request *request;	/* NULL: our own, which asks for the identity */
	struct blk_loan *loans;
	struct blk_slot *next;
	u32 written_at, status_at;	/* in the disk's memory */
};

struct blk_disk {
	struct block_device block;
	struct virtio_device *virtio;
	const struct dma_domain *domain;
	const char *why_split;		/* it offers packed rings, and has a split one; or NULL */
	struct virtqueue *queue;	/* NULL: it is stopped, and there is none of what follows */

	/*
	 * One area, by who writes the lines: what slots write; the statuses of all slots and the
	 * identity; what nobody wants to read.
	 */
	struct dma_memory memory;
	u32 id_at, sink_at;

	struct blk_slot *slots, *free;
	/* As many as all requests need that have few segments; more than one ever needs. */
	struct blk_loan *loans, *free_loans;
	struct virtqueue_segment *segments;	/* of the request that is being submitted */

	unsigned sector_shift;		/* sectors in a block */
	u32 in_flight, quiet_polls;
	u16 queues;			/* the device has; one is used */
	u64 capacity;			/* in sectors */
	bool write_through;		/* wanted, where there is a choice */
	bool runaway;			/* it did not stop: what it was lent is not used again */
	bool asking;			/* for its identity */
	char id[BLK_ID_BYTES + 1];
};

extern const struct block_ops virtio_blk_ops;
#define VIRTIO_BLK_GONE "it does not answer any more"

/*
 * From a reset to DRIVER_OK, with limits and all memory. 0, or it is refused in words, and
 * virtio_blk_give_up() is what is left.
 */
int virtio_blk_start(struct blk_disk *d);

/*
 * Reset it; then what was in flight fails, and all memory is given back. 0, also where it has gone.
 * Or it does not stop, as virtio_reset says: then nothing of what it was lent is used again.
 */
int virtio_blk_stop(struct blk_disk *d, int status, const char *cause);

/* It could not be started: stopped, and FAILED. false: it runs on, and *d has to stay. */
bool virtio_blk_give_up(struct blk_disk *d);

void virtio_blk_describe(struct blk_disk *d);

/* Its configuration may have changed. */
void virtio_blk_resize(struct blk_disk *d);

/* Where there is a choice (CONFIG_WCE), make it. */
int virtio_blk_set_cache(struct blk_disk *d);

/* Of blk.c: what was in flight fails. Only if the device has @stopped, the loans end. */
void virtio_blk_fail(struct blk_disk *d, bool stopped, int status, const char *cause);
