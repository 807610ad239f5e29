/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of a block device become commands of a namespace, and completions their results. */
#include <inttypes.h>
#include <stdio.h>

#include "drivers/nvme/nvme.h"

enum {
	FAILURES_MAX = 3,		/* tries of a command that may do better next time */
	IDLE_POLLS = 64,		/* that find nothing: it is not busy */
	WORRIED_POLLS = 1024,		/* for one look at the status register */
};

static struct nvme_namespace *namespace_of(struct block_device *b)
{
	return b->driver;
}

/* ---- From a request to a command ---- */

static u8 opcode_of(enum block_op op)
{
	static const u8 opcodes[BLOCK_OPS] = {
		[BLOCK_READ] = NVME_READ,
		[BLOCK_WRITE] = NVME_WRITE,
		[BLOCK_FLUSH] = NVME_FLUSH,
		[BLOCK_DISCARD] = NVME_DATASET_MANAGEMENT,
		[BLOCK_WRITE_ZEROES] = NVME_WRITE_ZEROES,
		[BLOCK_COMPARE] = NVME_COMPARE,
	};

	return opcodes[op];
}

static void set_range(struct nvme_command *command, const struct block_request *r, u32 control)
{
	command->cdw10 = le32_put((u32)r->lba);
	command->cdw11 = le32_put((u32)(r->lba >> 32));
	command->cdw12 = le32_put((r->blocks - 1) | control |
				  (r->flags & BLOCK_FUA ? NVME_RW_FUA : 0));
}

/* Metadata that nobody wants goes to the sink; what is written for it has always been zeroes. */
static void set_metadata(const struct nvme_namespace *n, struct nvme_command *command, bool reading)
{
	struct nvme_controller *c = n->controller;

	if (n->metadata_aside)
		command->mptr = le64_put(dma_at(&c->sink, reading ? 0 : c->sink.bytes / 2).bus);
	if (n->reference_tags)
		command->cdw14 = command->cdw10;
}

static int build(struct nvme_namespace *n, struct nvme_slot *slot, const struct block_request *r)
{
	struct nvme_command *command = &slot->command;
	bool reading = r->op == BLOCK_READ;

	*command = (struct nvme_command){
		.opcode = opcode_of(r->op),
		.nsid = le32_put(n->id),
	};
	switch (r->op) {
	case BLOCK_FLUSH:
		return 0;
	case BLOCK_DISCARD:
		command->cdw11 = le32_put(NVME_DSM_DEALLOCATE);
		return nvme_data_range(n->controller, slot, r->lba, r->blocks);
	case BLOCK_WRITE_ZEROES:
		set_range(command, r, n->write_control);
		set_metadata(n, command, false);
		return 0;
	default:
		set_range(command, r, reading ? n->read_control : n->write_control);
		set_metadata(n, command, reading);
		return nvme_data_lend(n->controller, slot, r);
	}
}

static int submit(struct block_device *b, struct block_request *r)
{
	struct nvme_namespace *n = namespace_of(b);
	struct nvme_controller *c = n->controller;
	int index = nvme_queue_take_slot(&c->io), error;
	struct nvme_slot *slot = &c->slots[index];

	if (index < 0)
		return index;
	error = build(n, slot, r);
	if (error) {
		nvme_queue_return_slot(&c->io, (unsigned)index);
		/* What others have may be what it wants. */
		return error == -ENOMEM && c->io.free_count < c->io.slots ? -EAGAIN : error;
	}
	slot->namespace = n;
	slot->request = r;
	slot->failures = slot->resets = 0;
	nvme_queue_submit(&c->io, (unsigned)index, &slot->command);
	return 0;
}

static void kick(struct block_device *b)
{
	nvme_queue_ring(&namespace_of(b)->controller->io, false);
}

/* ---- From a completion to a result ---- */

/* What it was asked to abort was late; and what it calls transient may go better next time. */
static bool try_again(struct nvme_slot *slot, u16 status)
{
	u16 code = status & NVME_STATUS_CODE;

	return code && code != NVME_ABORTED && !(status & NVME_STATUS_DNR) &&
		nvme_status_error(status) == -EIO && slot->failures++ < FAILURES_MAX;
}

static void finish(struct nvme_controller *c, unsigned index, u16 status)
{
	struct nvme_slot *slot = &c->slots[index];
	struct block_request *r = slot->request;

	if (try_again(slot, status)) {
		nvme_queue_submit(&c->io, index, &slot->command);
		return;
	}
	nvme_data_return(c, slot);
	slot->request = NULL;
	nvme_queue_return_slot(&c->io, index);
	block_done(r, nvme_status_error(status),
		   status & NVME_STATUS_CODE ? nvme_status_words(status) : NULL);
}

/*
 * Nothing comes: what was held back for a busy controller is held back no longer; and is it still
 * well? Asking takes longer than looking, so not each time.
 */
static void look_after(struct nvme_controller *c)
{
	int error;

	if (c->io.free_count == c->io.slots || ++c->idle_polls % IDLE_POLLS)
		return;
	nvme_queue_ring(&c->io, true);
	error = c->idle_polls % WORRIED_POLLS ? 0 : nvme_check(c);
	if (error)
		nvme_reset(c, NULL, error, nvme_words(error));
}

void nvme_poll(struct nvme_controller *c)
{
	struct nvme_completion completion;
	bool any = false;
	int index;

	while ((index = nvme_queue_poll(&c->io, &completion)) >= 0) {
		finish(c, (unsigned)index, le16_get(completion.status) >> 1);
		any = true;
	}
	if (any)
		nvme_queue_ring(&c->io, false);
	else
		look_after(c);
}

static void poll(struct block_device *b)
{
	struct nvme_controller *c = namespace_of(b)->controller;

	if (!c->dead)
		nvme_poll(c);
}

static void end_late(struct block_device *b, u64 now_us)
{
	nvme_abort_late(namespace_of(b)->controller, now_us);
}

static int set_cache(struct block_device *b, bool write_back)
{
	struct nvme_controller *c = namespace_of(b)->controller;
	int error;

	if (c->dead || !c->volatile_cache)
		return c->dead ? -ENODEV : -ENOTSUP;
	error = nvme_set_cache(c, write_back);
	if (error < 0)
		nvme_reset(c, NULL, error, nvme_words(error));
	return error <= 0 ? error : nvme_status_error((u16)error);
}

/* ---- What only the driver knows ---- */

static bool describe(struct block_device *b, unsigned index, char *to, size_t bytes)
{
	struct nvme_controller *c = namespace_of(b)->controller;
	const struct nvme_queue_counters *k = &c->io.counters;
	char dma[80];

	switch (index) {
	case 0:
		snprintf(to, bytes, "queue: %u in flight%s%s, DMA %s", c->io.slots,
			 c->sgls ? ", SGL" : "", c->io.shadow ? ", shadow doorbells" : "",
			 dma_describe(c->domain, dma, sizeof(dma)));
		return true;
	case 1:
		snprintf(to, bytes, "doorbells: %" PRIu64 " for %" PRIu64 " commands, %" PRIu64
			 " for completions, %" PRIu64 " of those refused", k->tail_bells,
			 k->commands, k->head_bells, k->refused);
		return true;
	default:
		return false;
	}
}

static int reset(struct block_device *b, int status, const char *cause)
{
	return nvme_reset(namespace_of(b)->controller, b, status, cause);
}

const struct block_ops nvme_block_ops = {
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.reset = reset,
	.abort = end_late,
	.set_cache = set_cache,
	.describe = describe,
};
