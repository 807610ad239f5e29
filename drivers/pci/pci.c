/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts and what becomes of their functions: bound, looked at again, removed, silenced. */
#include <stdio.h>
#include <stdlib.h>

#include "drivers/pci/internal.h"
#include "lib/log.h"

static struct pci_host *hosts;

struct pci_host *pci_host_first(void)
{
	return hosts;
}

/* ---- From a function to a device ---- */

static const struct pci_window *window_of(const struct pci_host *host, const struct plan_range *r)
{
	for (unsigned i = 0; i < host->window_count; i++) {
		const struct pci_window *w = &host->windows[i];

		if ((w->kind == PLAN_IO) == (r->kind == PLAN_IO) && r->given.start >= w->bus &&
		    r->given.start - w->bus < w->bytes)
			return w;
	}
	return NULL;
}

static int map_bar(struct device *dev, unsigned index, struct mmio *out)
{
	struct pci_function *f = pci_function_of(dev);
	const struct plan_range *r = index < PCI_BARS ? &f->bars[index] : NULL;
	const struct pci_window *w;
	int error;

	if (!r || !r->present)
		return device_refuse(dev, -ENOENT, "it has no BAR %u", index);
	w = window_of(f->host, r);
	if (!r->given.start || !w)
		return device_refuse(dev, -ENOSPC, "BAR %u has no address: %s", index, f->problem);
	error = mmio_map(out, w->cpu + (r->given.start - w->bus), r->bytes, dev->name);
	if (error)
		return device_refuse(dev, error, "cannot map BAR %u: %s", index, error_text(error));
	return 0;
}

static const struct device_bus pci_bus = { .map = map_bar };

static void bind_functions(struct pci_host *host)
{
	for (struct pci_function *f = host->functions; f; f = f->next) {
		struct device *dev = &f->device;

		if (f->added || dev->gone)
			continue;
		f->added = true;
		dev->bus = &pci_bus;
		if (device_add(dev) == -ENODEV && !dev->reason[0])
			snprintf(dev->reason, sizeof(dev->reason),
				 "no driver for %04x:%04x, class %06x (%s)", dev->id.vendor,
				 dev->id.product, dev->id.class_code,
				 pci_class_name(dev->id.class_code));
	}
}

static int find_and_bind(struct pci_host *host)
{
	int found = pci_scan(host), placed = pci_place(host);

	if (placed)
		log_error("%s: no memory to plan with; what is new has no addresses",
			  host->device->name);
	bind_functions(host);
	return found ? found : placed;
}

void pci_host_add(struct pci_host *host)
{
	struct pci_host **at = &hosts;

	while (*at)
		at = &(*at)->next;
	*at = host;
	find_and_bind(host);
}

/* ---- Looking again ---- */

/* What was replaced, or has lost what was written to it, is another device as far as drivers go. */
static bool is_same(struct pci_function *f)
{
	const struct device_id *id = &f->device.id;

	if (!pci_present(f) || pci_read16(f, PCI_VENDOR) != id->vendor ||
	    pci_read16(f, PCI_PRODUCT) != id->product ||
	    pci_read32(f, PCI_REVISION) != (id->class_code << 8 | f->revision))
		return false;
	if (f->secondary && (pci_read8(f, PCI_SECONDARY) != f->secondary ||
			     pci_read8(f, PCI_SUBORDINATE) != f->subordinate))
		return false;
	for (unsigned i = 0; i < PCI_BARS; i++)
		if (f->bars[i].given.start && !pci_bar_holds(f, i))
			return false;
	return true;
}

/* The last one in the list, so that nothing is left behind a bridge that goes. */
static bool remove_one_gone(struct pci_host *host)
{
	struct pci_function **last = NULL, *gone;

	for (struct pci_function **at = &host->functions; *at; at = &(*at)->next)
		if ((*at)->device.gone)
			last = at;
	if (!last)
		return false;
	gone = *last;
	*last = gone->next;
	log_info("%s: removed", gone->device.name);
	if (gone->added)
		device_remove(&gone->device);
	free(gone);
	return true;
}

static int rescan(struct pci_host *host)
{
	pci_attend_slots(host);
	for (struct pci_function *f = host->functions; f; f = f->next)
		if (!is_same(f))
			for (struct pci_function *g = f; g && pci_is_behind(g, f); g = g->next)
				g->device.gone = true;
	while (remove_one_gone(host))
		;
	return find_and_bind(host);
}

int pci_rescan(void)
{
	int first_error = 0;

	for (struct pci_host *host = hosts; host; host = host->next) {
		int error = rescan(host);

		if (!first_error)
			first_error = error;
	}
	return first_error;
}

/* ---- The end ---- */

/* Bridges last: until then they pass on what their devices have in flight. */
int pci_host_quiesce(struct pci_host *host)
{
	int error = 0;

	for (unsigned bridges = 0; bridges < 2; bridges++)
		for (struct pci_function *f = host->functions; f; f = f->next)
			if (f->is_bridge == bridges && pci_set_master(f, false))
				error = -EIO;
	return error;
}
