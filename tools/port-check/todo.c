/* SPDX-License-Identifier: BSD-2-Clause */
/* What is missing, in the order in which somebody who ports would do it. */
#include "lib/memory.h"
#include "tools/port-check/port_check.h"
#include "tools/port-check/words.h"

static unsigned step;

static const char *number(void)
{
	static char text[8];

	snprintf(text, sizeof(text), "%u.", ++step);
	return text;
}

static void console_steps(const struct facts *f)
{
	const struct node_facts *n = f->console.node;

	if (n && n->binding == NO_DRIVER && f->cpu.isa == ISA_AARCH64)
		say(number(), "A driver in drivers/uart/ for %s: without one there is nothing to "
		    "see. pl011.c is one to start from; a UART is about 100 lines.", n->compatible);
	else if (n && n->binding == REFUSED)
		say(number(), "The console's node, %s, is refused: %s.", n->path, n->reason);
	else if (!n && f->console.path)
		say(number(), "The tree's stdout-path (\"%s\") must name a node or an alias that "
		    "exists.",
		    f->console.path);
	else if (!n && f->cpu.isa == ISA_AARCH64)
		say(number(), "A console: stdout-path in /chosen must name a UART that is "
		    "enabled.");
}

static void cpu_steps(const struct facts *f)
{
	if (f->cpu.isa == ISA_RISCV64 && !f->cpu.timebase_hz)
		say(number(), "timebase-frequency in the tree's /cpus.");
	if (f->cpu.zicbom_without_size)
		say(number(), "riscv,cbom-block-size in the tree's CPUs.");
}

static void memory_steps(void)
{
	if (!memory_at(0))
		say(number(), "Memory: the firmware must write its size into the tree that it "
		    "passes on; most do.");
}

/* What leads to a disk with the least to write, first. */
static const struct node_facts *next_controller(const struct facts *f)
{
	static const enum node_class order[] = {
		CLASS_PCIE, CLASS_MMC, CLASS_VIRTIO, CLASS_SATA, CLASS_UFS, CLASS_USB, CLASS_NVME,
	};

	for (unsigned o = 0; o < sizeof(order) / sizeof(*order); o++)
		for (unsigned i = 0; i < f->node_count; i++)
			if (f->nodes[i].kind.class == order[o] && f->nodes[i].binding == NO_DRIVER)
				return &f->nodes[i];
	return NULL;
}

static void storage_steps(const struct facts *f)
{
	const struct node_facts *n = next_controller(f);
	bool unusable = false;

	for (unsigned i = 0; i < f->node_count; i++) {
		if (!class_stores(f->nodes[i].kind.class))
			continue;
		if (f->nodes[i].binding == WOULD_BIND)
			return;
		unusable |= f->nodes[i].binding != DISABLED && f->nodes[i].coherency == UNUSABLE;
	}
	if (n && n->kind.class == CLASS_PCIE)
		say(number(), "Storage: NVMe, once a host driver in drivers/pci/ knows %s: how to "
		    "reach configuration space is all it adds (ecam.c shows the rest).",
		    n->compatible);
	else if (n)
		say(number(), "Storage: a driver for %s (%s).", n->compatible, n->kind.words);
	else
		say(number(), "Storage: the tree enables no controller; does the board have one?");
	if (unusable && dt_exists(f->cpu.cache_controller))
		say(number(), "A driver in drivers/cache/ for %s: storage here is not coherent.",
		    dt_compatible(f->cpu.cache_controller, 0));
	say("", "Until then U-Boot can put a disk image into memory: booti IMAGE DISK:BYTES TREE.");
}

void print_todo(const struct facts *f)
{
	heading("To do");
	step = 0;
	console_steps(f);
	cpu_steps(f);
	storage_steps(f);
	memory_steps();
	if (!step)
		say_wide("Nothing: start it, and compare with what follows.");
}
