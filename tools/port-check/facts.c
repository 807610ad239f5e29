/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "lib/board.h"
#include "drivers/console.h"
#include "lib/memory.h"
#include "tools/port-check/port_check.h"

enum { ECAM_BUS_SHIFT = 20 };

const char *coherency_name(enum coherency coherency)
{
	static const char *const names[] = {
		[COHERENT] = "coherent", [MAINTAINED] = "maintained", [UNUSABLE] = "unusable",
	};

	return names[coherency];
}

/* What surely reads and writes memory itself: by what it is, or by what its node says of it. */
static bool is_master(struct dt_node node, enum node_class class)
{
	static const char *const signs[] = {
		"dma-coherent", "dma-noncoherent", "iommus", "iommu-map", "#dma-cells",
	};

	if (class_stores(class) || class == CLASS_ETHERNET || class == CLASS_DMA)
		return true;
	if (dt_property(node, "ranges", NULL) || !dt_property(node, "reg", NULL))
		return false;		/* a bus says it for what is on it */
	for (unsigned i = 0; i < sizeof(signs) / sizeof(*signs); i++)
		if (dt_property(node, signs[i], NULL))
			return true;
	return false;
}

static void add_dma(struct node_facts *n, const struct cpu_facts *cpu)
{
	struct dt_node bus = n->kind.class == CLASS_PCIE ? n->node : dt_dma_parent(n->node);

	n->coherency = dt_dma_coherent(n->node) ? COHERENT :
		       cpu->cache_backend ? MAINTAINED : UNUSABLE;
	n->dma_range_count = dt_dma_ranges(bus, n->dma_ranges);
}

/* A bus takes 1 MiB; what "bus-range" names need not fit. */
static unsigned ecam_buses(const struct node_facts *n)
{
	u64 first = dt_u32_at(n->node, "bus-range", 0, 0),
	    last = dt_u32_at(n->node, "bus-range", 1, 255);
	u64 room = n->bytes >> ECAM_BUS_SHIFT, wanted = last >= first ? last - first + 1 : 0;

	return (unsigned)(room < wanted ? room : wanted);
}

static void add_node(struct facts *f, struct dt_node node)
{
	struct node_facts *n = realloc(f->nodes, (f->node_count + 1) * sizeof(*n));

	if (!n)
		abort();
	f->nodes = n;
	n += f->node_count++;
	*n = (struct node_facts){
		.node = node, .compatible = dt_compatible(node, 0), .kind = kind_of(node),
	};
	if (dt_full_path(node, n->path, sizeof(n->path)))
		snprintf(n->path, sizeof(n->path), ".../%s", dt_name(node));
	discovery_ask(node, n);
	n->reg_error = dt_reg(node, 0, &n->address, &n->bytes);
	if (!n->reg_error && n->kind.class == CLASS_PCIE && n->kind.ecam)
		n->buses = ecam_buses(n);
	n->dma = is_master(node, n->kind.class);
	if (n->dma)
		add_dma(n, &f->cpu);
}

static void add_nodes_below(struct facts *f, struct dt_node parent)
{
	dt_for_each_child(node, parent) {
		if (dt_compatible(node, 0))
			add_node(f, node);
		add_nodes_below(f, node);
	}
}

bool is_enabled(struct dt_node node)
{
	for (; dt_exists(node); node = dt_parent(node))
		if (!dt_enabled(node))
			return false;
	return true;
}

static void add_console(struct facts *f)
{
	struct console_facts *c = &f->console;
	struct dt_node node = console_stdout(&c->path, &c->options);

	c->guessed = !c->path;
	for (unsigned i = 0; !c->node && i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (c->path ? n->node.offset == node.offset :
		    n->kind.class == CLASS_UART && n->binding == WOULD_BIND)
			c->node = n;
	}
}

void facts_collect(struct facts *f)
{
	const char *model = dt_string(dt_root(), "model");

	cpu_facts(&f->cpu);
	f->model = model ? model : "";
	f->board = board()->name;
	f->board_generic = !board()->compatible;
	memory_init();
	discovery_run();
	add_nodes_below(f, dt_root());
	add_console(f);
	plan_collect(f);
}
