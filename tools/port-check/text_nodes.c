/* SPDX-License-Identifier: BSD-2-Clause */
/* The part of the text that goes node by node. */
#include <inttypes.h>
#include "lib/memory.h"
#include "lib/size.h"
#include "tools/port-check/port_check.h"
#include "tools/port-check/words.h"

enum { LINE_BYTES = 1024 };

/* ---- DMA ---- */

static bool reaches(const struct node_facts *n, u64 start, u64 bytes)
{
	for (int i = 0; i < n->dma_range_count; i++) {
		const struct dt_range *r = &n->dma_ranges[i];

		if (start >= r->cpu && start - r->cpu < r->bytes &&
		    bytes <= r->bytes - (start - r->cpu))
			return true;
	}
	return !n->dma_range_count;
}

static bool reaches_all(const struct node_facts *n)
{
	const struct memory_range *m;

	for (unsigned i = 0; (m = memory_at(i)); i++)
		if (m->use == MEMORY_FREE && !reaches(n, m->range.start, m->range.bytes))
			return false;
	return true;
}

static void append_reach(char *line, const struct node_facts *n)
{
	char bytes[SIZE_TEXT_BYTES];

	if (n->dma_range_count < 0) {
		append(line, LINE_BYTES, "; reaches no memory: %s (dma-ranges)",
		       error_text(n->dma_range_count));
		return;
	}
	for (int i = 0; i < n->dma_range_count; i++) {
		const struct dt_range *r = &n->dma_ranges[i];

		append(line, LINE_BYTES, "%s %s at 0x%" PRIx64, i ? "," : "; reaches",
		       size_text(r->bytes, bytes), r->cpu);
		if (r->bus != r->cpu)
			append(line, LINE_BYTES, " (as 0x%" PRIx64 ")", r->bus);
	}
	if (!reaches_all(n))
		append(line, LINE_BYTES, "; what is elsewhere in memory is copied there first");
}

static void print_dma(const struct facts *f, const struct node_facts *n)
{
	char line[LINE_BYTES] = "", path[PATH_BYTES];
	bool controller = dt_exists(f->cpu.cache_controller) &&
		!dt_full_path(f->cpu.cache_controller, path, sizeof(path));

	if (n->coherency == COHERENT)
		append(line, LINE_BYTES, "coherent: needs nothing");
	else if (n->coherency == MAINTAINED)
		append(line, LINE_BYTES, "not coherent: maintained with %s", f->cpu.cache_backend);
	else if (controller)
		append(line, LINE_BYTES, "not coherent, and the CPU has no operations for that: it "
		       "takes a driver in drivers/cache/ for %s (%s)", path,
		       dt_compatible(f->cpu.cache_controller, 0));
	else
		append(line, LINE_BYTES, "not coherent, and the CPU has no operations for that: "
		       "cannot be used");
	append_reach(line, n);
	say("  DMA", "%s", line);
}

/* ---- Storage ---- */

static void print_windows(const struct node_facts *n)
{
	enum { SPACE = 3 << 24, IO = 1 << 24, PREFETCH = 1 << 30 };
	char line[LINE_BYTES] = "", bytes[SIZE_TEXT_BYTES];
	struct dt_range r;

	if (n->buses)
		append(line, LINE_BYTES, "configuration of %u buses at 0x%" PRIx64, n->buses,
		       n->address);
	for (unsigned i = 0; !dt_range(n->node, i, &r); i++) {
		if (!(r.flags & SPACE))
			continue;
		append(line, LINE_BYTES, "%s%s %s at 0x%" PRIx64, *line ? ", " : "",
		       (r.flags & SPACE) == IO ? "I/O" :
		       r.flags & PREFETCH ? "prefetchable" : "memory",
		       size_text(r.bytes, bytes), r.cpu);
		if (r.cpu != r.bus)
			append(line, LINE_BYTES, " (as 0x%" PRIx64 ")", r.bus);
	}
	if (*line)
		say("  windows", "%s", line);
}

static void print_one(const struct facts *f, const struct node_facts *n, bool new_advice)
{
	say_wide("%s", n->path);
	say("  kind", "%s%s%s", n->kind.words, new_advice ? "; " : "",
	    new_advice ? n->kind.advice : "");
	say("  driver", "%s%s", n->binding == REFUSED ? "refused: " : "",
	    n->binding == WOULD_BIND ? n->driver : n->reason);
	if (n->kind.class == CLASS_PCIE)
		print_windows(n);
	print_dma(f, n);
}

static void print_storage(const struct facts *f)
{
	const char *advice = NULL;		/* the last, which hosts of one kind share */
	unsigned disabled = 0, shown = 0;

	heading("Storage");
	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (!class_stores(n->kind.class))
			continue;
		if (n->binding == DISABLED) {
			disabled++;
			continue;
		}
		print_one(f, n, n->kind.advice && n->kind.advice != advice);
		if (n->kind.advice)
			advice = n->kind.advice;
		shown++;
	}
	if (!shown)
		say_wide("No controller that could lead to a disk is enabled.");
	if (disabled)
		say_wide("%u more, disabled in the tree (ALL=1 names them)", disabled);
}

/* ---- All devices ---- */

static unsigned count(const struct facts *f, enum binding binding)
{
	unsigned found = 0;

	for (unsigned i = 0; i < f->node_count; i++)
		found += f->nodes[i].binding == binding;
	return found;
}

static void print_list(const struct facts *f, const char *title, enum binding binding)
{
	if (!count(f, binding))
		return;
	heading(title);
	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (n->binding != binding)
			continue;
		if (binding == WOULD_BIND)
			printf("  %-12s  %s\n", n->driver, n->path);
		else
			printf("  %s\n      %s\n", n->path, n->reason);
	}
}

static void print_other_masters(const struct facts *f)
{
	unsigned by_verdict[UNUSABLE + 1] = { 0 };
	char line[LINE_BYTES] = "";

	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (n->dma && !class_stores(n->kind.class) && n->binding != DISABLED)
			by_verdict[n->coherency]++;
	}
	if (by_verdict[COHERENT])
		append(line, LINE_BYTES, "%u coherent", by_verdict[COHERENT]);
	if (by_verdict[MAINTAINED])
		append(line, LINE_BYTES, "%s%u maintained with %s", *line ? ", " : "",
		       by_verdict[MAINTAINED], f->cpu.cache_backend);
	if (by_verdict[UNUSABLE])
		append(line, LINE_BYTES, "%s%u not coherent and not usable", *line ? ", " : "",
		       by_verdict[UNUSABLE]);
	if (*line)
		say_wide("Other devices with DMA: %s", line);
}

void print_nodes(const struct facts *f, bool all)
{
	print_storage(f);
	print_other_masters(f);
	print_list(f, "Would bind", WOULD_BIND);
	print_list(f, "Refused by a driver", REFUSED);
	if (all) {
		print_list(f, "Known once what it is part of runs", BEHIND);
		print_list(f, "Without a driver", NO_DRIVER);
		print_list(f, "Disabled in the tree", DISABLED);
	} else {
		say_wide("and %u nodes without a driver, %u disabled (ALL=1 says why, for each)",
			 count(f, NO_DRIVER), count(f, DISABLED));
	}
}
