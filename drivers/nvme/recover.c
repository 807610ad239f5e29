/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When things go wrong. In this order: a command that is late is asked to end; if it does not, the
 * controller is switched off, and only then memory is returned; on again; and what it was not to
 * blame for is tried once more. Each step has an end.
 */
#include "drivers/nvme/nvme.h"
#include "lib/log.h"
#include "lib/time.h"

enum {
	ABORT_TIMEOUT_US = 500 * 1000,		/* of the Abort command, and of what it leads to */
	RESETS_MAX = 1,				/* that a request lives through */
};

static void fail(struct nvme_controller *c, unsigned index, bool off, int status, const char *cause)
{
	struct nvme_slot *slot = &c->slots[index];
	struct block_request *r = slot->request;

	if (off)
		nvme_data_return(c, slot);
	slot->request = NULL;
	nvme_queue_return_slot(&c->io, index);
	block_done(r, status, cause);
}

void nvme_fail_all(struct nvme_controller *c, bool off, int status, const char *why)
{
	c->dead = why;
	for (unsigned i = 0; i < c->io.slots; i++)
		if (c->slots[i].request)
			fail(c, i, off, status, why);
		else if (off)
			nvme_data_return(c, &c->slots[i]);
	for (struct nvme_namespace *n = c->namespaces; n; n = n->next)
		block_die(&n->block, status, why);
}

/* ---- Reset ---- */

static int restart(struct nvme_controller *c, const char **why)
{
	int error = nvme_disable(c);

	*why = nvme_words(error);
	if (!error)
		error = nvme_enable(c, why);
	if (!error)
		error = nvme_begin_io(c, why);
	return error;
}

int nvme_reset(struct nvme_controller *c, const struct block_device *of, int status,
	       const char *cause)
{
	const char *why = nvme_words(-ENXIO);
	int error = status == -ENXIO ? -ENXIO : restart(c, &why);

	c->resets++;
	if (error) {
		bool off = nvme_disable(c) != -EIO;

		log_error("%s: lost: %s; a reset did not help: %s", c->name, cause, why);
		nvme_fail_all(c, off, error < 0 ? error : -EIO, why);
		return error < 0 ? error : -EIO;
	}
	c->dead = NULL;
	if (!of)			/* else whoever asked for it tells */
		log_warning("%s: reset: %s", c->name, cause);
	for (unsigned i = 0; i < c->io.slots; i++) {
		struct nvme_slot *slot = &c->slots[i];

		if (!slot->request)
			continue;
		if (&slot->namespace->block == of)
			fail(c, i, true, status, cause);
		else if (slot->resets++ < RESETS_MAX)
			nvme_queue_submit(&c->io, i, &slot->command);
		else
			fail(c, i, true, -EIO, "it was reset again and again");
	}
	nvme_queue_ring(&c->io, true);
	return 0;
}

int nvme_ask(struct nvme_controller *c, struct nvme_command *command, void *data, size_t bytes,
	     u32 timeout_us, u32 *result)
{
	int error;

	if (c->dead)
		return -ENODEV;
	error = data ? nvme_admin_data(c, command, data, bytes, false, result) :
		       nvme_admin(c, command, timeout_us, result);
	if (error < 0)
		nvme_reset(c, NULL, error, nvme_words(error));
	return error;
}

/* ---- Abort ---- */

static bool is_late(const struct nvme_slot *slot, u64 now_us)
{
	return slot->request && slot->request->deadline_us && slot->request->deadline_us <= now_us;
}

/* Whether it has an end, by itself or by this. */
static bool ended(struct nvme_controller *c, const struct nvme_slot *slot,
		  const struct block_request *r)
{
	nvme_poll(c);
	return slot->request != r;
}

static bool abort_one(struct nvme_controller *c, unsigned index)
{
	struct nvme_slot *slot = &c->slots[index];
	struct block_request *r = slot->request;
	struct nvme_command command = {
		.opcode = NVME_ABORT,
		.cdw10 = le32_put((u32)c->io.cids[index] << 16 | c->io.id),
	};

	return !nvme_admin(c, &command, ABORT_TIMEOUT_US, NULL) &&
		!poll_until(ended(c, slot, r), ABORT_TIMEOUT_US);
}

void nvme_abort_late(struct nvme_controller *c, u64 now_us)
{
	for (unsigned i = 0; i < c->io.slots && !c->dead; i++)
		if (is_late(&c->slots[i], now_us) && !abort_one(c, i))
			return;
}
