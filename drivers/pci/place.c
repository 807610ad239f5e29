/* SPDX-License-Identifier: BSD-2-Clause */
/* From the functions of a host to the planner's question, and from its answer to the registers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/pci/internal.h"
#include "lib/log.h"

static int index_of(const struct pci_host *host, const struct pci_function *bridge)
{
	int index = 0;

	if (!bridge)
		return PLAN_ROOT;
	for (const struct pci_function *f = host->functions; f != bridge; f = f->next)
		index++;
	return index;
}

static void ask(const struct pci_host *host, struct pci_function *f, struct plan_function *p)
{
	p->name = f->device.name;
	p->bridge = index_of(host, f->bridge);
	p->live = f->added;
	memcpy(p->bars, f->bars, sizeof(p->bars));
	memcpy(p->windows, f->windows, sizeof(p->windows));
	for (unsigned i = 0; f->broken && i < PCI_BARS; i++)
		p->bars[i].present = false;
}

static bool has_bars(const struct pci_function *f, bool io)
{
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (f->bars[i].present && (f->bars[i].kind == PLAN_IO) == io)
			return true;
	return false;
}

static bool has_open_window(const struct pci_function *f, bool io)
{
	if (io)
		return f->windows[PLAN_IO].given.start;
	return f->windows[PLAN_MEMORY].given.start || f->windows[PLAN_PREFETCH].given.start;
}

static void report(const struct pci_function *f, enum log_level level)
{
	if (!f->added)
		log_line(level, "%s: %s", f->device.name, f->problem);
}

static bool set_bars(struct pci_function *f, const struct plan_function *p, bool io)
{
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!f->bars[i].present || (f->bars[i].kind == PLAN_IO) != io)
			continue;
		if (!pci_set_bar(f, i, p->bars[i].start)) {
			snprintf(f->problem, sizeof(f->problem),
				 "BAR %u does not keep the address 0x%" PRIx64
				 " that was written to it",
				 i, p->bars[i].start);
			report(f, LOG_WARNING);
			return false;
		}
	}
	return true;
}

/* Many devices have I/O BARs for the PCs of long ago, and work without them. */
static void explain(struct pci_function *f, const struct pci_plan *plan, int index, bool io)
{
	if (!io || !f->problem[0])
		pci_plan_explain(plan, index, io, f->problem, sizeof(f->problem));
	report(f, io ? LOG_DEBUG : LOG_WARNING);
}

/* One bit of the command register enables all memory BARs, and what a bridge forwards. */
static bool enables(struct pci_function *f, const struct pci_plan *plan, int index, bool io)
{
	const struct plan_function *p = &plan->functions[index];
	bool placed = has_bars(f, io) && !f->broken;

	if (placed && !p->admitted[io]) {
		explain(f, plan, index, io);
		placed = false;
	} else if (placed) {
		placed = set_bars(f, p, io);
	}
	for (unsigned i = 0; i < PCI_BARS && !placed; i++)
		if ((f->bars[i].kind == PLAN_IO) == io)
			f->bars[i].given = (struct range){ 0, 0 };
	return placed || has_open_window(f, io);
}

static void set_windows(struct pci_function *f, const struct plan_function *p)
{
	static const char *const names[PLAN_KINDS] = { "I/O", "memory", "prefetchable" };

	for (unsigned k = 0; k < PLAN_KINDS; k++) {
		const struct plan_range *w = &p->windows[k];

		if (pci_set_window(f, k, w->start, w->bytes))
			continue;
		snprintf(f->problem, sizeof(f->problem),
			 "what is behind it may not work: its %s window does "
			 "not keep 0x%" PRIx64 "-0x%" PRIx64,
			 names[k], w->start, w->start + w->bytes - 1);
		report(f, LOG_WARNING);
	}
}

static void carry_out(struct pci_function *f, const struct pci_plan *plan, int index)
{
	u16 command = pci_read16(f, PCI_COMMAND), wanted = command;

	if (f->problem[0])
		report(f, LOG_WARNING);
	if (f->is_bridge)
		set_windows(f, &plan->functions[index]);
	if (!f->added || f->is_bridge) {
		if (enables(f, plan, index, false))
			wanted |= PCI_COMMAND_MEMORY;
		if (enables(f, plan, index, true))
			wanted |= PCI_COMMAND_IO;
	}
	if (wanted != command)
		pci_write16(f, PCI_COMMAND, wanted);
}

int pci_place(struct pci_host *host)
{
	struct plan_window windows[PCI_WINDOWS_MAX];
	struct pci_plan plan = { .windows = windows, .window_count = host->window_count };
	int i = 0, error;

	for (struct pci_function *f = host->functions; f; f = f->next)
		plan.function_count++;
	if (!plan.function_count)
		return 0;
	plan.functions = calloc((size_t)plan.function_count, sizeof(*plan.functions));
	if (!plan.functions)
		return -ENOMEM;
	for (unsigned w = 0; w < host->window_count; w++)
		windows[w] = (struct plan_window){
			host->windows[w].kind, { host->windows[w].bus, host->windows[w].bytes }
		};
	for (struct pci_function *f = host->functions; f; f = f->next)
		ask(host, f, &plan.functions[i++]);

	error = pci_plan_make(&plan);
	i = 0;
	for (struct pci_function *f = host->functions; f && !error; f = f->next)
		carry_out(f, &plan, i++);
	free(plan.functions);
	return error;
}
