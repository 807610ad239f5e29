/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI hierarchy of the fuzzer's making: functions anywhere, any register, any bit of it writable
 * or not, registers that read as something else each time. Looking at it ends, touches nothing
 * but configuration space, and places BARs inside the host's windows only.
 */
#include <stdlib.h>

#include "drivers/pci/internal.h"
#include "lib/assert.h"
#include "tests/sim/pci_host.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { FUNCTIONS = 48 };

static const u8 *input;
static size_t left;

static u32 take(void)
{
	if (!left)
		return 0;
	left--;
	return *input++;
}

/* Anything, from the end of the input to its beginning, for as long as there is some. */
static u32 read_anything(struct sim_pci_function *f, unsigned offset, u32 value)
{
	(void)f;
	if (offset == PCI_VENDOR || !left)
		return value;
	return value ^ input[--left] << offset % 24;
}

static void add(struct sim_pci *p, struct sim_pci_function *bridge)
{
	u32 place = take(), kind = take();
	struct sim_pci_function *f;

	if (p->count == FUNCTIONS)
		return;
	f = sim_pci_add(p, bridge, place & 31, place >> 5, 0x1b36, (u16)kind,
			kind & 1 ? 0x060400 : 0x020000);
	if (kind & 1)
		sim_pci_bridge(f, kind >> 1 & 1 ? 32 : 16, kind >> 2 & 1 ? 64 : 0);
	if (kind & 8)
		sim_pci_express(f, kind >> 4);
}

static void change(struct sim_pci_function *f, u32 what)
{
	u32 at = take(), value = take();

	switch (what) {
	case 0:
		sim_pci_bar(f, at % (SIM_PCI_BARS - 1), value % 5, 1ull << (2 + at / 6 % 40));
		break;
	case 1:
		if (f->next_capability < 0xc0)
			sim_pci_capability(f, (u8)at, 4 + value % 60);
		break;
	case 2:
		if (f->next_extended < 0xe00)
			sim_pci_extended_capability(f, (u16)at, value & 15, 4 + value / 2);
		break;
	case 3:
		f->config[at % 64] = (u8)value;
		break;
	case 4:
		f->writable[at % 64] = (u8)value;
		break;
	case 5:
		f->config[at << 4 & 0xfff] = (u8)value;
		break;
	case 6:
		f->not_ready = value & 1 ? SIM_PCI_FOREVER : at;
		f->all_slots = value & 2;
		f->gone = value & 4;
		break;
	default:
		f->read = read_anything;
	}
}

static void check_ranges(const struct pci_host *host, const struct pci_function *f)
{
	for (const struct plan_range *r = f->bars; r < f->bars + PCI_BARS; r++) {
		const struct pci_window *w = host->windows;

		if (!r->given.start)
			continue;
		while (w < host->windows + host->window_count &&
		       !((w->kind == PLAN_IO) == (r->kind == PLAN_IO) && r->given.start >= w->bus &&
			 r->bytes <= w->bytes && r->given.start - w->bus <= w->bytes - r->bytes))
			w++;
		assert(w < host->windows + host->window_count);
		assert(r->given.start % r->bytes == 0);
	}
}

static void look(struct pci_host *host)
{
	pci_scan(host);
	pci_place(host);
	for (struct pci_function *f = host->functions; f; f = f->next) {
		struct pci_capability c = { 0 };

		check_ranges(host, f);
		while (pci_next_capability(f, &c))
			;
		pci_set_master(f, true);
		f->added = true;
	}
	pci_host_quiesce(host);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	static struct sim_pci pci;
	struct pci_host host;

	input = data;
	left = bytes;
	sim_pci_host_begin(&host, &pci, 0, (u8)take());
	sim.ticks_step = 100000;
	while (left) {
		u32 op = take();
		struct sim_pci_function *f = pci.count ? &pci.functions[op / 8 % pci.count] : NULL;

		if (op % 8 == 0 || !f)
			add(&pci, f && op >= 8 ? f : NULL);
		else if (op == 255)
			break;
		else
			change(f, op % 8 - 1 + (op >= 128 && op % 8 == 7));
	}
	look(&host);
	look(&host);
	pci_forget_all(&host);
	return 0;
}
