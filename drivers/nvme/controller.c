/* SPDX-License-Identifier: BSD-2-Clause */
/* A controller's life: off, from whatever state firmware left it in; on, with queues; off again. */
#include <inttypes.h>
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "lib/memory.h"
#include "lib/time.h"

enum {
	TIMEOUT_UNIT_US = 500 * 1000,		/* of CAP.TO */
	TIMEOUT_UNSAID = 10,			/* such units, where it says 0 */
	TIMEOUT_MOST = 600,			/* where it says a lot */
	QUIRK_DELAY_US = 2300 * 1000,
	SHUTDOWN_TIMEOUT_US = 5 * 1000 * 1000,	/* if it does not ask for more */
	HOST_MEMORY_SHARE = 8,			/* of free memory, at most */
	SHADOWED = 4,				/* doorbells: two of each of our queue pairs */
};
#define HOST_MEMORY_MAX (64ull * 1024 * 1024)

/* ---- Registers ---- */

static u32 gone(struct nvme_controller *c)
{
	pci_present(c->function);	/* which notes it, if it is not */
	return NVME_GONE;
}

static u32 status(struct nvme_controller *c)
{
	u32 csts = mmio_read32(c->registers, NVME_CSTS);

	return csts == NVME_GONE ? gone(c) : csts;
}

int nvme_check(struct nvme_controller *c)
{
	u32 csts = status(c);

	return csts == NVME_GONE ? -ENXIO : csts & NVME_CSTS_CFS ? -EIO : 0;
}

static u32 ready_timeout_us(const struct nvme_controller *c)
{
	u32 units = nvme_cap_to(c->cap), more = 0;

	if (nvme_cap_crwms(c->cap))
		more = mmio_read32(c->registers, NVME_CRTO) & 0xffff;
	if (more > units)
		units = more < TIMEOUT_MOST ? more : TIMEOUT_MOST;
	return (units ? units + 1 : TIMEOUT_UNSAID) * TIMEOUT_UNIT_US;
}

/* Until CSTS shows @value in @mask; or that it has gone, or (unless @failed) has failed. */
static int wait_status(struct nvme_controller *c, u32 mask, u32 value, bool failed, u32 timeout_us)
{
	u32 csts;
	int late = poll_until(((csts = status(c)) & mask) == value || csts == NVME_GONE ||
			      (csts & NVME_CSTS_CFS && !failed), timeout_us);

	if (csts == NVME_GONE)
		return -ENXIO;
	if (late)
		return late;
	return (csts & mask) == value ? 0 : -EIO;
}

/* ---- Off ---- */

static int stop_mastering(struct nvme_controller *c)
{
	return pci_set_master(c->function, false) ? -EIO : -ETIMEDOUT;
}

/* On its way to be ready it must not be switched off (3.1.5, EN); unless it never gets there. */
int nvme_disable(struct nvme_controller *c)
{
	u32 cc = mmio_read32(c->registers, NVME_CC), csts = status(c);
	int error;

	if (csts == NVME_GONE)
		return -ENXIO;
	if (cc & NVME_CC_EN) {
		if (!(csts & (NVME_CSTS_RDY | NVME_CSTS_CFS)))
			wait_status(c, NVME_CSTS_RDY, NVME_CSTS_RDY, false, ready_timeout_us(c));
		mmio_write32(c->registers, NVME_CC, cc & ~(u32)NVME_CC_EN);
		if (c->quirks & NVME_QUIRK_DELAY)
			delay_us(QUIRK_DELAY_US);
	}
	error = wait_status(c, NVME_CSTS_RDY, 0, true, ready_timeout_us(c));
	/* A mask outlives this (QEMU's does), and the next one to drive it may not look. */
	if (!error)
		mmio_write32(c->registers, NVME_INTMC, ~0u);
	return error == -ETIMEDOUT ? stop_mastering(c) : error;
}

/* ---- On ---- */

static u32 configuration(const struct nvme_controller *c)
{
	u32 sets = nvme_cap_css(c->cap);
	bool several = !(sets & NVME_CSS_NVM) && sets & NVME_CSS_SEVERAL;

	return NVME_CC_EN | NVME_CC_IOSQES | NVME_CC_IOCQES | (several ? NVME_CC_CSS_SEVERAL : 0) |
		nvme_cap_mpsmin(c->cap) << NVME_CC_MPS_SHIFT;
}

int nvme_enable(struct nvme_controller *c, const char **why)
{
	struct nvme_queue *q = &c->admin;
	bool failed = status(c) & NVME_CSTS_CFS;
	int error;

	*why = "no memory for its queues";
	nvme_queue_destroy(q);
	q->shadow = NULL;
	error = nvme_queue_create(q);
	if (error)
		return error;
	*why = "it cannot be made a bus master";
	error = pci_set_master(c->function, true);
	if (error)
		return error;
	mmio_write32(c->registers, NVME_INTMS, ~0u);
	mmio_write32(c->registers, NVME_AQA, (u32)(q->entries - 1) << 16 | (q->entries - 1));
	mmio_write64_split(c->registers, NVME_ASQ, q->sq.addr.bus);
	mmio_write64_split(c->registers, NVME_ACQ, q->cq.addr.bus);
	mmio_write32(c->registers, NVME_CC, configuration(c));
	if (c->quirks & NVME_QUIRK_DELAY)
		delay_us(QUIRK_DELAY_US);
	/* A failure of before this may be seen until it is ready. */
	error = wait_status(c, NVME_CSTS_RDY, NVME_CSTS_RDY, failed, ready_timeout_us(c));
	if (!error)
		error = nvme_check(c);
	*why = error == -ETIMEDOUT ? "it does not become ready (CSTS.RDY)" : nvme_words(error);
	return error;
}

static int set_feature(struct nvme_controller *c, enum nvme_feature feature, u32 value)
{
	struct nvme_command command = {
		.opcode = NVME_SET_FEATURES,
		.cdw10 = le32_put(feature),
		.cdw11 = le32_put(value),
	};

	return nvme_admin(c, &command, NVME_ADMIN_TIMEOUT_US, NULL);
}

static void note_cache(struct nvme_controller *c, bool on)
{
	c->write_through = !on;
	for (struct nvme_namespace *n = c->namespaces; n; n = n->next)
		n->block.limits.volatile_cache = on;
}

int nvme_set_cache(struct nvme_controller *c, bool on)
{
	int error = set_feature(c, NVME_FEATURE_CACHE, on);

	if (!error)
		note_cache(c, on);
	return error;
}

/* A reset has switched it on. If it will not be off again, it wants flushes again. */
static int restore_cache(struct nvme_controller *c)
{
	if (!c->write_through)
		return 0;
	note_cache(c, true);
	return nvme_set_cache(c, false);
}

/* ---- Memory that it may use for its own purposes (8.9) ---- */

/* As much as it likes, if there is, or half of it, ...; behind it, where it finds it. */
static void alloc_host_memory(struct nvme_controller *c)
{
	u64 bytes = c->host_memory_bytes, most = memory_free() / HOST_MEMORY_SHARE;

	if (most > HOST_MEMORY_MAX)
		most = HOST_MEMORY_MAX;
	if (bytes > most)
		bytes = most & -(u64)c->page_bytes;
	while (bytes && bytes >= c->host_memory_least &&
	       dma_alloc(&c->host_memory, c->domain, bytes + c->page_bytes, c->page_bytes,
			 DMA_OWNED))
		bytes = bytes / 2 & -(u64)c->page_bytes;
}

static int give_host_memory(struct nvme_controller *c)
{
	struct dma_memory *m = &c->host_memory;
	size_t at = m->bytes - c->page_bytes;
	u64 list = dma_at(m, at).bus;
	struct nvme_command command = {
		.opcode = NVME_SET_FEATURES,
		.cdw10 = le32_put(NVME_FEATURE_HOST_MEMORY),
		.cdw11 = le32_put(1),
		.cdw12 = le32_put((u32)(at / c->page_bytes)),
		.cdw13 = le32_put((u32)list),
		.cdw14 = le32_put((u32)(list >> 32)),
		.cdw15 = le32_put(1),
	};

	*(struct nvme_host_memory *)((char *)m->cpu + at) = (struct nvme_host_memory){
		.address = le64_put(m->addr.bus),
		.pages = command.cdw12,
	};
	dma_give(m, at, sizeof(struct nvme_host_memory));
	return nvme_admin(c, &command, NVME_ADMIN_TIMEOUT_US, NULL);
}

static int offer_host_memory(struct nvme_controller *c)
{
	int error;

	if (!c->host_memory_bytes)
		return 0;
	if (!c->host_memory.cpu)
		alloc_host_memory(c);
	if (!c->host_memory.cpu)
		return 0;		/* it works without, if slower */
	error = give_host_memory(c);
	if (error > 0)
		dma_free(&c->host_memory);
	return error;
}

/* ---- Queues ---- */

static int create_io_queue(struct nvme_controller *c, enum nvme_admin_opcode opcode,
			   const struct dma_memory *m, u32 flags)
{
	struct nvme_command command = {
		.opcode = opcode,
		.prp1 = le64_put(m->addr.bus),
		.cdw10 = le32_put((u32)(c->io.entries - 1) << 16 | c->io.id),
		.cdw11 = le32_put(flags | NVME_QUEUE_CONTIGUOUS),
	};

	return nvme_admin(c, &command, NVME_ADMIN_TIMEOUT_US, NULL);
}

static int delete_io_queue(struct nvme_controller *c, enum nvme_admin_opcode opcode)
{
	struct nvme_command command = { .opcode = opcode, .cdw10 = le32_put(c->io.id) };

	return nvme_admin(c, &command, NVME_ADMIN_TIMEOUT_US, NULL);
}

/* In fresh memory, since the lines of the one are ours and those of the other the controller's. */
static int begin_shadow(struct nvme_controller *c)
{
	struct nvme_command command = { .opcode = NVME_DOORBELL_BUFFER_CONFIG };
	int error;

	dma_free(&c->shadow);
	dma_free(&c->events);
	c->io.shadow = NULL;
	if (!(c->oacs & NVME_OACS_DOORBELL_BUFFER) || SHADOWED * c->io.stride > c->page_bytes)
		return 0;
	error = dma_alloc(&c->shadow, c->domain, c->page_bytes, c->page_bytes, DMA_OWNED);
	if (!error)
		error = dma_alloc(&c->events, c->domain, c->page_bytes, c->page_bytes, DMA_OWNED);
	if (error)
		return 0;		/* it works without, if slower */
	command.prp1 = le64_put(c->shadow.addr.bus);
	command.prp2 = le64_put(c->events.addr.bus);
	error = nvme_admin(c, &command, NVME_ADMIN_TIMEOUT_US, NULL);
	if (!error) {
		c->admin.shadow = c->io.shadow = &c->shadow;
		c->io.events = &c->events;
	}
	return error < 0 ? error : 0;
}

/* How many it grants is of no interest: one it always does. */
static int ask_for_queues(struct nvme_controller *c)
{
	int error = set_feature(c, NVME_FEATURE_QUEUES, 0);

	return error < 0 ? error : 0;
}

int nvme_begin_io(struct nvme_controller *c, const char **why)
{
	int error = ask_for_queues(c);

	if (!error)
		error = begin_shadow(c);
	if (error >= 0 && (error = offer_host_memory(c)) > 0)
		error = 0;
	if (!error) {
		*why = "no memory for its queues";
		error = c->io.sq.cpu ? nvme_queue_restart(&c->io) : nvme_queue_create(&c->io);
		if (error)
			return error;
		error = create_io_queue(c, NVME_CREATE_CQ, &c->io.cq, 0);
	}
	if (!error)
		error = create_io_queue(c, NVME_CREATE_SQ, &c->io.sq, (u32)c->io.id << 16);
	if (!error && (error = restore_cache(c)) > 0)
		error = 0;
	*why = nvme_words(error);
	return error;
}

/* ---- The end (7.6.2) ---- */

/* What it does not do any more is no reason to leave it running. */
int nvme_shut_down(struct nvme_controller *c)
{
	u32 cc = mmio_read32(c->registers, NVME_CC);
	u32 timeout_us = c->shutdown_us > SHUTDOWN_TIMEOUT_US ? c->shutdown_us :
								SHUTDOWN_TIMEOUT_US;
	int error;

	if (nvme_check(c) || !(cc & NVME_CC_EN))
		return nvme_disable(c);
	error = delete_io_queue(c, NVME_DELETE_SQ);
	if (!error)
		error = delete_io_queue(c, NVME_DELETE_CQ);
	if (error >= 0 && c->host_memory.cpu)
		error = set_feature(c, NVME_FEATURE_HOST_MEMORY, 0);
	mmio_write32(c->registers, NVME_CC, (cc & ~(u32)NVME_CC_SHN) | NVME_CC_SHN_NORMAL);
	wait_status(c, NVME_CSTS_SHST, NVME_CSTS_SHST_DONE, false, timeout_us);
	return nvme_disable(c);
}
