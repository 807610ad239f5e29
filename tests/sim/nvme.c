/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and the life of the controller (NVMe 1.4, 3.1, 7.6). */
#include <stdarg.h>
#include <stdio.h>
#include "arch/host/sim.h"
#include "drivers/pci/regs.h"
#include "lib/dma_oracle.h"
#include "tests/sim/nvme_internal.h"

enum {
	CAP = 0x00, VS = 0x08, INTMS = 0x0c, INTMC = 0x10, CC = 0x14, CSTS = 0x1c, NSSR = 0x20,
	AQA = 0x24, ASQ = 0x28, ACQ = 0x30, DOORBELLS = 0x1000,
};
enum { CC_SHN = 3 << 14, CC_MPS_SHIFT = 7, SHN_NORMAL = 1 << 14 };

const struct sim_nvme_format sim_nvme_formats[SIM_NVME_FORMATS] = {
	{ 9, 0 }, { 9, 8 }, { 12, 0 }, { 12, 8 }, { 12, 64 },
};

void blame(struct sim_nvme *s, const char *format, ...)
{
	char message[200];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	if (!s->tolerant)
		sim_fail("nvme: %s", message);
	s->csts |= CSTS_CFS;
}

u64 sim_now_us(void)
{
	return sim.ticks / (sim.ticks_per_second / 1000000);
}

u64 chance(struct sim_nvme *s)
{
	u64 z = s->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	return z ^ z >> 31;
}

u32 page_bytes(const struct sim_nvme *s)
{
	return 4096u << (s->cc >> CC_MPS_SHIFT & 15);
}

static u64 timeout_us(const struct sim_nvme *s)
{
	u64 units = s->cap >> 24 & 0xff;

	return (units ? units : 1) * 500000;
}

static unsigned stride(const struct sim_nvme *s)
{
	return 4u << (s->cap >> 32 & 15);
}

/* ---- Its life ---- */

void forget_everything(struct sim_nvme *s)
{
	memset(s->sq, 0, sizeof s->sq);
	memset(s->cq, 0, sizeof s->cq);
	s->held_count = s->post_count = s->hmb_count = s->granted = 0;
	s->half_posted = false;
	s->shadow = s->event = 0;
	s->cache_on = true;
}

static u64 later(u64 us)
{
	return us == SIM_NVME_NEVER ? us : sim_now_us() + us;
}

/* What takes time may be done by now. */
static void mature(struct sim_nvme *s)
{
	bool enabled = s->cc & CC_EN;

	if (sim_now_us() < s->change_us)
		return;
	if (enabled && (s->csts & CSTS_SHST) == SHST_BUSY) {
		s->csts = (s->csts & ~CSTS_SHST) | SHST_DONE;
		for (unsigned i = 0; i < SIM_NVME_NAMESPACES; i++)
			if (s->ns[i].cached)
				memset(s->ns[i].cached, 0, s->ns[i].blocks);
		s->shut_down = true;
		s->shutdowns++;
	}
	if (enabled && !(s->csts & (CSTS_RDY | CSTS_CFS)))
		s->csts |= CSTS_RDY;
	if (!enabled && s->csts & CSTS_RDY) {
		forget_everything(s);
		s->csts &= ~(CSTS_RDY | CSTS_SHST | (s->fatal_stays ? 0 : CSTS_CFS));
	}
	if (!enabled && !s->fatal_stays)
		s->csts &= ~CSTS_CFS;
}

static void admin_queues_begin(struct sim_nvme *s)
{
	u64 mask = page_bytes(s) - 1;

	if (s->asq & mask || s->acq & mask || !s->asq || !s->acq)
		blame(s, "enabled with admin queues at 0x%" PRIx64 " and 0x%" PRIx64, s->asq,
		      s->acq);
	if (!(s->aqa & 0xfff) || !(s->aqa >> 16 & 0xfff))
		blame(s, "enabled with admin queues of one entry (AQA 0x%" PRIx32 ")", s->aqa);
	s->sq[0] = (struct sim_nvme_queue){ .exists = true, .base = s->asq,
					    .size = (s->aqa & 0xfff) + 1 };
	s->cq[0] = (struct sim_nvme_queue){ .exists = true, .base = s->acq, .phase = true,
					    .size = (s->aqa >> 16 & 0xfff) + 1 };
}

static void enable(struct sim_nvme *s, u32 value)
{
	u32 mps = value >> CC_MPS_SHIFT & 15;

	if (s->csts & CSTS_RDY)
		blame(s, "enabled while it is still ready (3.1.5)");
	if (mps < (s->cap >> 48 & 15) || mps > (s->cap >> 52 & 15))
		blame(s, "enabled with pages of 2^%" PRIu32 " bytes", 12 + mps);
	/* all command sets that it knows (NVMe 2.0): only where CAP offers that */
	if ((value >> 4 & 7 && ((value >> 4 & 7) != 6 || !(s->cap >> 43 & 1))) || value >> 11 & 7)
		blame(s, "enabled with another command set or arbitration: CC 0x%" PRIx32, value);
	forget_everything(s);
	s->csts &= s->fatal_stays ? ~0u : ~(u32)CSTS_CFS;
	s->cc = value;
	admin_queues_begin(s);
	s->change_us = later(s->ready_us);
	s->shut_down = false;
	s->resets++;
}

static void disable(struct sim_nvme *s, u32 value)
{
	bool known = s->change_us != SIM_NVME_NEVER && s->ready_us != SIM_NVME_NEVER;

	if (!(s->csts & (CSTS_RDY | CSTS_CFS)) && known &&
	    sim_now_us() < s->change_us + timeout_us(s))
		blame(s, "disabled before it was ready (3.1.5)");
	s->cc = value;
	s->change_us = later(s->disable_us);
	if (!(s->csts & CSTS_RDY)) {
		forget_everything(s);
		s->change_us = 0;
	}
}

static void write_cc(struct sim_nvme *s, u32 value)
{
	u32 changed = s->cc ^ value;

	if (changed & CC_EN)
		s->blind_until_us = sim_now_us() + s->blind_us;
	if (changed & value & CC_EN) {
		enable(s, value);
	} else if (changed & CC_EN) {
		s->left_unseen = s->cq[0].head != s->cq[0].tail;
		disable(s, value);
	} else {
		/* the sizes of I/O queue entries may be set later */
		if (value & CC_EN && changed & ~(u32)(CC_SHN | 0xff << 16))
			blame(s, "CC changed from 0x%" PRIx32 " to 0x%" PRIx32 " while enabled",
			      s->cc, value);
		s->cc = value;
	}
	if (value & CC_EN && changed & value & CC_SHN) {
		if ((value & CC_SHN) != SHN_NORMAL)
			blame(s, "an abrupt shutdown, without need");
		s->csts = (s->csts & ~CSTS_SHST) | SHST_BUSY;
		s->change_us = later(s->shutdown_us);
	}
	mature(s);
}

void sim_nvme_power_cycle(struct sim_nvme *s)
{
	if (s->resets && !s->shut_down)
		s->unsafe_shutdowns++;
	forget_everything(s);
	s->cc = s->csts = s->aqa = s->intms = 0;
	s->asq = s->acq = s->change_us = 0;
}

/* ---- Doorbells (3.1.24, 3.1.25) ---- */

static void doorbell(struct sim_nvme *s, u64 offset, unsigned width, u64 value)
{
	u64 number = (offset - DOORBELLS) / stride(s), id = number / 2;
	struct sim_nvme_queue *q;

	if (width != 4 || (offset - DOORBELLS) % stride(s) || id >= SIM_NVME_QUEUES)
		return blame(s, "%u bytes written to 0x%" PRIx64 ", which is no doorbell", width,
			     offset);
	if (!(s->csts & CSTS_RDY))
		return blame(s, "a doorbell rung, but it is not ready");
	q = number % 2 ? &s->cq[id] : &s->sq[id];
	if (!q->exists || value >= q->size)
		return blame(s, "%" PRIu64 " written to the doorbell of %s queue %" PRIu64
			     " of %" PRIu32, value, number % 2 ? "completion" : "submission", id,
			     q->size);
	*(number % 2 ? &s->cq_rings : &s->sq_rings) += 1;
	if (s->shadow && id) {
		u32 told;

		memory_read(s, s->shadow + number * stride(s), &told, sizeof told);
		if (told != value)
			blame(s, "a doorbell says %" PRIu64 ", its shadow %" PRIu32, value, told);
	}
	if (number % 2) {
		if ((value + q->size - q->head) % q->size >
		    (u32)(q->tail + q->size - q->head) % q->size)
			return blame(s, "completion queue %" PRIu64 ": head %" PRIu64
				     " is beyond what was posted", id, value);
		q->head = (u16)value;
		return;
	}
	if ((value + q->size - q->head) % q->size < (u32)(q->tail + q->size - q->head) % q->size)
		return blame(s, "submission queue %" PRIu64 ": tail %" PRIu64 " went back from %u",
			     id, value, q->tail);
	q->tail = (u16)value;
	q->awake = true;
}

/* ---- Registers ---- */

static u64 read_register(struct sim_nvme *s, u64 offset)
{
	switch (offset) {
	case CAP:
		return s->cap;
	case VS:
		return s->vs;
	case INTMS:
	case INTMC:
		return s->intms;
	case CC:
		return s->cc;
	case CSTS:
		return s->csts;
	case AQA:
		return s->aqa;
	case ASQ:
		return s->asq;
	case ACQ:
		return s->acq;
	}
	return 0;
}

/* At its numbered access; before that has an effect. false: nobody is there any more. */
static bool accessed(struct sim_nvme *s)
{
	s->accesses++;
	if (s->accesses == s->fatal_at)
		s->csts |= CSTS_CFS;
	if (s->accesses == s->vanishes_at)
		s->function->gone = true;
	if (s->function->gone)
		return false;
	mature(s);
	return true;
}

static u64 read(void *state, u64 offset, unsigned width)
{
	struct sim_nvme *s = state;
	u64 value, whole = offset & -(u64)8;

	if (!accessed(s))
		return UINT64_MAX;
	if (sim_now_us() < s->blind_until_us)
		blame(s, "looked at too early");
	if (offset >= DOORBELLS || width < 4)
		blame(s, "%u bytes read at 0x%" PRIx64, width, offset);
	if (whole == CAP || whole == ASQ || whole == ACQ)
		value = read_register(s, whole) >> 8 * (offset - whole);
	else
		value = read_register(s, offset);
	if (s->twist)
		s->twist(s, SIM_NVME_SAYS_REGISTER, offset, &value, width);
	return width == 8 ? value : (u32)value;
}

static void write_base(struct sim_nvme *s, u64 *base, unsigned width, u64 offset, u64 value)
{
	if (s->cc & CC_EN)
		blame(s, "an admin queue moved while it is enabled");
	if (width == 8)
		*base = value;
	else if (offset % 8)
		*base = (u32)*base | value << 32;
	else
		*base = (*base & ~(u64)UINT32_MAX) | (u32)value;
}

static void write(void *state, u64 offset, unsigned width, u64 value)
{
	struct sim_nvme *s = state;

	if (!accessed(s))
		return;
	if (offset >= DOORBELLS)
		return doorbell(s, offset, width, value);
	if ((offset & -(u64)8) == ASQ)
		return write_base(s, &s->asq, width, offset, value);
	if ((offset & -(u64)8) == ACQ)
		return write_base(s, &s->acq, width, offset, value);
	if (width != 4)
		return blame(s, "%u bytes written to 0x%" PRIx64, width, offset);
	switch (offset) {
	case INTMS:
		s->intms |= (u32)value;
		break;
	case INTMC:
		s->intms &= ~(u32)value;
		break;
	case CC:
		write_cc(s, (u32)value);
		break;
	case AQA:
		if (s->cc & CC_EN)
			blame(s, "AQA written while it is enabled");
		s->aqa = (u32)value;
		break;
	default:
		blame(s, "0x%" PRIx64 " written to 0x%" PRIx64, value, offset);
	}
}

static const struct sim_mmio_ops ops = { read, write };

/* ---- Building ---- */

void sim_nvme_begin(struct sim_nvme *s, struct sim_pci *pci, struct sim_pci_function *bridge,
		    unsigned slot)
{
	struct sim_pci_function *f = sim_pci_add(pci, bridge, slot, 0, 0x1234, 0x5678,
						 SIM_NVME_CLASS);

	/* 1024 entries, contiguous queues, 10 s, the NVM command set, pages of 4 KiB to 64 KiB */
	*s = (struct sim_nvme){
		.function = f, .cap = 1023 | 1 << 16 | 20 << 24 | (u64)1 << 37 | (u64)4 << 52,
		.vs = 0x00010400, .mdts = 7, .oncs = 0x0d, .oacs = 0x02, .vwc = true, .nn = 1,
		.queue_pairs = SIM_NVME_QUEUES - 1, .ready_us = 100, .disable_us = 100,
		.shutdown_us = 100, .random = 1, .cache_on = true,
	};
	s->ns[0] = (struct sim_nvme_namespace){ .nsid = 1, .blocks = 1 << 20 };
	sim_pci_bar(f, 0, SIM_PCI_64, 0x10000);
	sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	f->ops[0] = &ops;
	f->state[0] = s;
}

static struct sim_nvme *hooked[SIM_NVME_HOOKED];
static unsigned hooked_count;

static void get_on(void)
{
	static bool busy;

	if (busy)
		return;
	busy = true;
	for (unsigned i = 0; i < hooked_count; i++)
		sim_nvme_step(hooked[i]);
	busy = false;
}

void sim_nvme_hook(struct sim_nvme *s)
{
	if (!s) {
		hooked_count = 0;
		return;
	}
	if (hooked_count == SIM_NVME_HOOKED)
		sim_fail("nvme: too many that get on by themselves");
	hooked[hooked_count++] = s;
	dma_oracle_device = get_on;
	if (!dma_oracle())
		arch_turn_hook = get_on;
}
