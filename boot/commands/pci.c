/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>

#include "drivers/pci/pci.h"
#include "lib/command.h"
#include "lib/console.h"
#include "lib/errors.h"
#include "lib/size.h"

static const char *place_of(const struct pci_function *f)
{
	return f->device.name + strlen("pci ");
}

/* ---- Everything, as a tree ---- */

static unsigned depth_of(const struct pci_function *f)
{
	unsigned depth = 0;

	for (const struct pci_function *b = f; b; b = b->bridge)
		depth++;
	return depth;
}

static void print_function(const struct pci_function *f)
{
	const struct device_id *id = &f->device.id;

	console_print("%*s%s  %04x:%04x  %s", 2 * depth_of(f), "", place_of(f), id->vendor,
		      id->product, pci_class_name(id->class_code));
	if (f->secondary == f->subordinate && f->secondary)
		console_print(", bus %02x", f->secondary);
	else if (f->secondary)
		console_print(", buses %02x to %02x", f->secondary, f->subordinate);
	if (f->device.driver)
		console_print("  [%s]", f->device.driver->name);
	if (f->problem[0])
		console_print("  (!)");
	console_print("\n");
}

static void print_host(const struct pci_host *host)
{
	static const char *const kinds[PLAN_KINDS] = { "I/O", "memory", "prefetchable" };

	console_print("%s: buses %02x to %02x\n", host->device->name, host->first_bus,
		      host->last_bus);
	for (unsigned i = 0; i < host->window_count; i++) {
		const struct pci_window *w = &host->windows[i];
		char size[SIZE_TEXT_BYTES];

		console_print("  window %" PRIx64 ", %s of %s", w->bus, size_text(w->bytes, size),
			      kinds[w->kind]);
		console_print(w->cpu == w->bus ? "\n" : ", at %" PRIx64 " for the CPU\n", w->cpu);
	}
	for (const struct pci_function *f = host->functions; f; f = f->next)
		print_function(f);
}

/* ---- One function ---- */

static void print_range(const struct plan_range *r)
{
	static const char *const kinds[PLAN_KINDS] = { "I/O", "memory", "prefetchable memory" };
	char size[SIZE_TEXT_BYTES];

	console_print("%s of %s%s", size_text(r->bytes, size),
		      r->kind == PLAN_IO ? "" : r->wide ? "64-bit " : "32-bit ", kinds[r->kind]);
	if (r->given.start)
		console_print(" at %" PRIx64, r->given.start);
	else
		console_print(", not placed");
	console_print("\n");
}

static void print_windows(const struct pci_function *f)
{
	static const char *const kinds[PLAN_KINDS] = { "I/O", "memory", "prefetchable" };
	char size[SIZE_TEXT_BYTES];

	for (unsigned k = 0; k < PLAN_KINDS; k++) {
		const struct range *r = &f->windows[k].given;

		if (r->start)
			console_print("  forwards %s %" PRIx64 ", %s\n", kinds[k], r->start,
				      size_text(r->bytes, size));
	}
}

static void print_speed(unsigned speed, unsigned width)
{
	static const char *const rates[] = { "?", "2.5", "5", "8", "16", "32", "64" };

	console_print("%s GT/s x%u", rates[speed < sizeof(rates) / sizeof(*rates) ? speed : 0],
		      width);
}

/* Speed in the low four bits, width in the six above, in both registers (PCIe 7.5.3.6, 7.5.3.8). */
static void print_link(struct pci_function *f)
{
	u16 at = pci_find_capability(f, PCI_CAPABILITY_EXPRESS);
	u32 can, does;

	if (!at || at > PCI_CONFIG_EXTENDED - PCI_EXPRESS_LINK_STATUS - 2)
		return;
	can = pci_read32(f, at + PCI_EXPRESS_LINK_CAPABILITIES);
	does = pci_read16(f, at + PCI_EXPRESS_LINK_STATUS);
	if (!(can >> 4 & 0x3f))
		return;			/* integrated: there is no link */
	console_print("  link: ");
	print_speed(does & 0xf, does >> 4 & 0x3f);
	console_print(", of ");
	print_speed(can & 0xf, can >> 4 & 0x3f);
	console_print("\n");
}

static void print_capabilities(struct pci_function *f)
{
	struct pci_capability c = { 0 };

	while (pci_next_capability(f, &c)) {
		const char *name = pci_capability_name(c.id, c.extended);

		console_print("  %03x  ", c.offset);
		if (name)
			console_print("%s\n", name);
		else
			console_print("%scapability %02x\n", c.extended ? "extended " : "", c.id);
	}
}

static void print_details(struct pci_function *f)
{
	const struct device_id *id = &f->device.id;

	console_print("%s: %04x:%04x revision %02x, class %06x, %s\n", place_of(f), id->vendor,
		      id->product, f->revision, id->class_code, pci_class_name(id->class_code));
	if (f->device.driver)
		console_print("  driven by %s\n", f->device.driver->name);
	else
		console_print("  %s\n", f->device.reason);
	if (f->problem[0])
		console_print("  %s\n", f->problem);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!f->bars[i].present)
			continue;
		console_print("  BAR %u: ", i);
		print_range(&f->bars[i]);
	}
	print_windows(f);
	print_link(f);
	print_capabilities(f);
}

/* ---- The command ---- */

static struct pci_function *find(const char *place)
{
	for (struct pci_host *host = pci_host_first(); host; host = host->next)
		for (struct pci_function *f = host->functions; f; f = f->next)
			if (!strcmp(place_of(f), place))
				return f;
	return NULL;
}

/* What came and went has been logged. */
static int rescan(void)
{
	unsigned count = 0;
	int error = pci_rescan();

	for (struct pci_host *host = pci_host_first(); host; host = host->next)
		for (struct pci_function *f = host->functions; f; f = f->next)
			count++;
	console_print("%u function%s now%s\n", count, count == 1 ? "" : "s",
		      error ? "; not all could be placed" : "");
	return error;
}

static int run(int argc, char **argv)
{
	struct pci_function *f;

	if (argc > 2)
		return -EINVAL;
	if (argc == 1) {
		if (!pci_host_first())
			console_print("no PCI host bridge is driven here\n");
		for (struct pci_host *host = pci_host_first(); host; host = host->next)
			print_host(host);
		return 0;
	}
	if (!strcmp(argv[1], "rescan"))
		return rescan();
	f = find(argv[1]);
	if (!f) {
		console_print("there is no function %s; pci lists those there are\n", argv[1]);
		return -ENOENT;
	}
	print_details(f);
	return 0;
}

COMMAND(pci) = {
	.name = "pci",
	.arguments = "[function|rescan]",
	.summary = "PCI functions, as a tree; one in detail; look for changes",
	.details = "(!) in the tree: something of it does not work, and pci <function> says what.",
	.run = run,
};
