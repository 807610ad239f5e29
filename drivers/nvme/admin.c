/* SPDX-License-Identifier: BSD-2-Clause */
/* Admin commands: one at a time, and waited for. */
#include <string.h>

#include "drivers/nvme/nvme.h"
#include "lib/time.h"

enum { LOOKS = 64 };		/* at the queue, for one at the status register */

const char *nvme_words(int result)
{
	if (result > 0)
		return nvme_status_words((u16)result);
	return result == -ENXIO ? "it has gone" :
	       result == -EIO ? "it says that it has failed (CSTS.CFS)" :
	       result == -ETIMEDOUT ? "no answer in time" : error_text(result);
}

static int look(struct nvme_controller *c, unsigned *looks)
{
	return ++*looks % LOOKS ? 0 : nvme_check(c);
}

int nvme_admin(struct nvme_controller *c, struct nvme_command *command, u32 timeout_us, u32 *result)
{
	struct nvme_queue *q = &c->admin;
	struct nvme_completion completion;
	int slot = nvme_queue_take_slot(q), error = 0, late;
	unsigned looks = 0;

	if (slot < 0)
		return -EIO;		/* the last one was not answered */
	nvme_queue_submit(q, (unsigned)slot, command);
	nvme_queue_ring(q, true);
	late = poll_until(nvme_queue_poll(q, &completion) >= 0 || (error = look(c, &looks)),
			  timeout_us);
	if (late || error)
		return late ? late : error;
	nvme_queue_return_slot(q, (unsigned)slot);
	if (result)
		*result = le32_get(completion.dw0);
	return le16_get(completion.status) >> 1 & NVME_STATUS_CODE;
}

int nvme_admin_data(struct nvme_controller *c, struct nvme_command *command, void *data,
		    size_t bytes, bool told, u32 *result)
{
	int error;

	command->prp1 = le64_put(c->page.addr.bus);
	if (told) {
		memcpy(c->page.cpu, data, bytes);
		dma_give(&c->page, 0, bytes);
	}
	error = nvme_admin(c, command, NVME_ADMIN_TIMEOUT_US, result);
	if (!error && !told) {
		dma_take(&c->page, 0, bytes);
		memcpy(data, c->page.cpu, bytes);
	}
	return error;
}

int nvme_identify(struct nvme_controller *c, enum nvme_cns cns, u32 namespace, void *data)
{
	struct nvme_command command = {
		.opcode = NVME_IDENTIFY,
		.nsid = le32_put(namespace),
		.cdw10 = le32_put(cns),
	};

	return nvme_admin_data(c, &command, data, NVME_IDENTIFY_BYTES, false, NULL);
}
