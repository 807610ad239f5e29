/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue pair: commands go out through its submission queue, completions come in through its
 * completion queue. Which command is whose is decided on our own notes alone: what a completion
 * says is only believed where it names a command that is out there.
 */
#pragma once
#include "drivers/nvme/wire.h"
#include "lib/dma.h"
#include "lib/mmio.h"

enum { NVME_SLOTS_MAX = 64 };		/* commands in flight */

struct nvme_queue_counters {
	u64 commands, tail_bells, head_bells;
	u64 refused;			/* completions that name no command in flight */
};

struct nvme_queue {
	/* set by the owner, before nvme_queue_create */
	struct mmio registers;
	const struct dma_domain *domain;
	u16 id;				/* 0: the admin queues */
	u16 entries, slots;		/* of each of the two; so many in flight, which is less */
	u32 stride;			/* of doorbells, in bytes */
	u32 page_bytes;			/* CC.MPS */
	/*
	 * Doorbells in memory, and up to where they need not be rung (5.6): as the doorbells lie,
	 * each in lines of its own writer. NULL: none.
	 */
	struct dma_memory *shadow, *events;

	struct nvme_queue_counters counters;

	/* its own */
	struct dma_memory sq, cq;
	u16 tail, rung;			/* where the next command goes; what the device knows */
	u16 head, acknowledged;		/* the same of completions */
	u16 phase;
	u16 in_device;			/* commands it knows of */
	u16 free_count;
	u8 free[NVME_SLOTS_MAX];
	u16 cids[NVME_SLOTS_MAX];	/* as last used by each slot */
	bool busy[NVME_SLOTS_MAX];
};

/* 0; -ENOMEM. The device is told where sq and cq are, or its controller is off. */
int nvme_queue_create(struct nvme_queue *q);
void nvme_queue_destroy(struct nvme_queue *q);

/*
 * The device has forgotten everything: commands, and what it wrote. Slots that were taken stay so.
 * 0; -ENOMEM.
 */
int nvme_queue_restart(struct nvme_queue *q);

/* A slot is taken for a request, and used for one command after the other. -EAGAIN: none is left */
int nvme_queue_take_slot(struct nvme_queue *q);
void nvme_queue_return_slot(struct nvme_queue *q, unsigned slot);

/* Its identifier is set here. The device may not know before nvme_queue_ring. */
void nvme_queue_submit(struct nvme_queue *q, unsigned slot, struct nvme_command *command);

/*
 * Tell the device. A few commands are held back while it has many more to do, unless it has been
 * @idle; so this is called after each poll, too.
 */
void nvme_queue_ring(struct nvme_queue *q, bool idle);

/* The slot of a command that has completed, which is then out no more; -EAGAIN: none has. */
int nvme_queue_poll(struct nvme_queue *q, struct nvme_completion *completion);
