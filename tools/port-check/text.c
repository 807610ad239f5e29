/* SPDX-License-Identifier: BSD-2-Clause */
/* For people about to port: what starts, what does not, why, and what to do about it. */
#include <inttypes.h>
#include <string.h>
#include "lib/memory.h"
#include "lib/size.h"
#include "tools/port-check/port_check.h"
#include "tools/port-check/words.h"

static const char *image_of(const struct facts *f)
{
	return f->cpu.isa == ISA_RISCV64 ? "build/riscv64/plinth.bin" : "build/aarch64/plinth.bin";
}

static bool console_works(const struct facts *f)
{
	return f->console.node && f->console.node->binding == WOULD_BIND;
}

/* ---- In short ---- */

static void print_short(const struct facts *f)
{
	unsigned usable = 0, total = 0;

	for (unsigned i = 0; i < f->node_count; i++)
		if (class_stores(f->nodes[i].kind.class) && f->nodes[i].binding != DISABLED) {
			total++;
			usable += f->nodes[i].binding == WOULD_BIND;
		}
	heading("In short");
	say("starts", "yes, with %s", image_of(f));
	if (console_works(f))
		say("console", "yes, by %s", f->console.node->driver);
	else if (f->cpu.isa == ISA_RISCV64)
		say("console", "yes, the firmware's (SBI)");
	else
		say("console", "no: you would see nothing");
	if (usable)
		say("storage", "%u of %u controllers", usable, total);
	else
		say("storage", total ? "none of %u controllers" : "none", total);
}

/* ---- The machine ---- */

static void print_caches(const struct cpu_facts *c)
{
	char path[PATH_BYTES];

	if (c->cache_line_bytes)
		say("caches", "operations by address (%s, %u bytes at a time): what is not "
		    "coherent can be used", c->cache_backend, c->cache_line_bytes);
	else if (c->cache_backend)
		say("caches", "operations by address (%s): what is not coherent can be used",
		    c->cache_backend);
	else
		say("caches", "no operations by address (the tree promises neither Zicbom nor "
		    "T-Head's): what is not coherent cannot be used");
	if (c->zicbom_without_size)
		say("", "the CPU says Zicbom, but not how large its blocks are: without "
		    "riscv,cbom-block-size it is not used");
	if (dt_exists(c->cache_controller) &&
	    !dt_full_path(c->cache_controller, path, sizeof(path)))
		say("", "last level: %s (%s)", path, dt_compatible(c->cache_controller, 0));
}

static void print_cpu(const struct cpu_facts *c)
{
	const char *core = c->core ? c->core : "a CPU without a name";

	if (c->isa == ISA_AARCH64) {
		say("CPU", "%u x %s", c->count, core);
		return;
	}
	say("CPU", "%u x %s, %s, %s%s", c->count, core, c->isa_text ? c->isa_text : "no riscv,isa",
	    c->mmu ? c->mmu : "no mmu-type", c->svpbmt ? ", Svpbmt" : "");
	if (!c->timebase_hz)
		say("", "the tree has no timebase-frequency in /cpus: time would run wrong");
}

/* Where it is and how its registers lie, for who writes a driver or an EARLY_UART. */
static const char *uart_text(const struct node_facts *n, char *to, size_t bytes)
{
	snprintf(to, bytes, "%s at 0x%" PRIx64, n->compatible, n->address);
	if (dt_property(n->node, "reg-shift", NULL))
		append(to, bytes, ", reg-shift %u", dt_u32(n->node, "reg-shift", 0));
	if (dt_property(n->node, "reg-io-width", NULL))
		append(to, bytes, ", reg-io-width %u", dt_u32(n->node, "reg-io-width", 0));
	return to;
}

static void print_console(const struct facts *f)
{
	const struct console_facts *c = &f->console;
	const struct node_facts *n = c->node;
	char uart[256];

	if (c->path && n)
		say("console", "%s%s%s (stdout-path)", n->path, *c->options ? ", " : "",
		    c->options);
	else if (c->path)
		say("console", "stdout-path is \"%s\", but the tree has no such node", c->path);
	else if (n)
		say("console", "%s, the first that would bind: /chosen has no stdout-path",
		    n->path);
	else
		say("console", "/chosen has no stdout-path, and no UART would bind");
	if (!n)
		return;
	uart_text(n, uart, sizeof(uart));
	if (n->binding == WOULD_BIND)
		say("", "%s; driven by %s", uart, n->driver);
	else
		say("", "%s; %s%s", uart, n->binding == REFUSED ? "refused: " : "", n->reason);
}

static void print_interrupts(const struct facts *f)
{
	const char *label = "interrupts";

	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (n->kind.class != CLASS_INTERRUPTS || n->binding == DISABLED)
			continue;
		say(label, "%s (%s)%s%s", n->path, n->compatible,
		    n->driver ? ", driven by " : "", n->driver ? n->driver : "");
		label = "";
	}
}

static void print_machine(const struct facts *f)
{
	heading("The machine");
	if (f->board_generic)
		say("board file", "none, and none is needed (SKELETON=1 writes one to start from)");
	else
		say("board file", "%s", f->board);
	print_cpu(&f->cpu);
	print_caches(&f->cpu);
	print_console(f);
	print_interrupts(f);
}

/* ---- Memory, and the way in ---- */

static void print_memory(const struct facts *f)
{
	char total[SIZE_TEXT_BYTES], available[SIZE_TEXT_BYTES], bytes[SIZE_TEXT_BYTES];
	const struct memory_range *m;

	heading("Memory");
	if (!memory_at(0)) {
		say_wide("The tree does not say how much: the firmware fills that in before it "
			 "passes the tree on. For a plan, say it here: "
			 "MEMORY=0x40000000,0x80000000 (start, bytes).");
		return;
	}
	say_wide("%s, %s of it free:", size_text(memory_total(), total),
		 size_text(memory_free(), available));
	for (unsigned i = 0; (m = memory_at(i)); i++) {
		printf("    0x%010" PRIx64 "  %9s  ", m->range.start,
		       size_text(m->range.bytes, bytes));
		if (m->use == MEMORY_PLINTH)
			printf("Plinth, which moves here by itself\n");
		else if (m->use == MEMORY_FREE)
			printf("free\n");
		else
			printf("%s: %s\n", memory_use_name(m->use), m->owner);
	}
	if (f->plan.reason)
		say_wide("There is no place for Plinth: %s.", f->plan.reason);
}

/* Boards whose own firmware starts Linux images, without U-Boot in between. */
static void print_other_way(void)
{
	static const struct {
		const char *vendor, *way;
	} ways[] = {
		{ "raspberrypi,", "The Raspberry Pi's firmware starts it by itself: copy "
		  "plinth.bin to its boot partition as kernel8.img (on a Pi 5 "
		  "kernel_2712.img)." },
	};
	const char *compatible = dt_compatible(dt_root(), 0);

	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (compatible && !strncmp(compatible, ways[i].vendor, strlen(ways[i].vendor)))
			say_wide("%s", ways[i].way);
}

static void print_start(const struct facts *f)
{
	const struct plan_facts *p = &f->plan;
	const char *slash = strrchr(f->file, '/'), *file = slash ? slash + 1 : f->file;

	heading("Starting it from U-Boot");
	if (p->reason) {
		printf("    load mmc 0:1 ${kernel_addr_r} plinth.bin\n"
		       "    booti ${kernel_addr_r} - ${fdtcontroladdr}\n");
	} else {
		printf("    load mmc 0:1 0x%" PRIx64 " plinth.bin\n"
		       "    booti 0x%" PRIx64 " - ${fdtcontroladdr}\n",
		       p->load.start, p->load.start);
		say_wide("or with this tree instead of U-Boot's own:");
		printf("    load mmc 0:1 0x%" PRIx64 " plinth.bin\n"
		       "    load mmc 0:1 0x%" PRIx64 " %s\n"
		       "    booti 0x%" PRIx64 " - 0x%" PRIx64 "\n",
		       p->load.start, p->tree.start, file, p->load.start, p->tree.start);
		if (p->moved)
			say_wide("(booti itself moves the image, to 2 MiB behind the start of "
				 "memory.)");
	}
	say_wide("where plinth.bin is %s, and mmc 0:1 is what you put it on: it may be nvme 0:1 "
		 "(pci enum; nvme scan), usb 0:1 (usb start), or tftpboot.", image_of(f));
	print_other_way();
}

void print_text(const struct facts *f, bool all)
{
	char list[512] = "";
	const char *compatible;

	printf("%s\n", *f->model ? f->model : f->file);
	for (unsigned i = 0; (compatible = dt_compatible(dt_root(), i)); i++)
		append(list, sizeof(list), "%s%s", i ? ", " : "", compatible);
	say_wide("%s", list);
	print_short(f);
	print_todo(f);
	print_machine(f);
	print_nodes(f, all);
	print_memory(f);
	print_start(f);
}
