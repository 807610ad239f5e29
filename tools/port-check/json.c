/* SPDX-License-Identifier: BSD-2-Clause */
/* For scripts: one object, with the members docs/porting.md describes. Addresses are strings. */
#include <inttypes.h>
#include <string.h>
#include "lib/memory.h"
#include "tools/port-check/port_check.h"

static unsigned depth;
static bool first = true;

static void line(const char *name)
{
	printf("%s\n%*s", first ? "" : ",", (int)depth * 2, "");
	first = false;
	if (name)
		printf("\"%s\": ", name);
}

static void open(const char *name, char bracket)
{
	if (depth)
		line(name);
	putchar(bracket);
	depth++;
	first = true;
}

static void close(char bracket)
{
	depth--;
	if (!first)
		printf("\n%*s", (int)depth * 2, "");
	putchar(bracket);
	first = false;
}

static void text(const char *name, const char *value)
{
	line(name);
	if (!value) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			putchar('\\');
		if ((unsigned char)*value < ' ' || (unsigned char)*value > '~')
			printf("\\u%04x", (unsigned char)*value);
		else
			putchar(*value);
	}
	putchar('"');
}

static void number(const char *name, u64 value)
{
	line(name);
	printf("%" PRIu64, value);
}

static void address(const char *name, u64 value)
{
	line(name);
	printf("\"0x%" PRIx64 "\"", value);
}

static void truth(const char *name, bool value)
{
	line(name);
	fputs(value ? "true" : "false", stdout);
}

static void span(const char *name, struct range r)
{
	open(name, '{');
	address("start", r.start);
	number("bytes", r.bytes);
	close('}');
}

static void cpu(const struct cpu_facts *c)
{
	char path[PATH_BYTES];

	open("cpu", '{');
	text("architecture", c->isa == ISA_RISCV64 ? "riscv64" : "aarch64");
	number("count", c->count);
	text("core", c->core);
	text("isa", c->isa_text);
	text("mmu", c->mmu);
	text("cache_backend", c->cache_backend);
	if (c->cache_line_bytes)
		number("cache_line_bytes", c->cache_line_bytes);
	text("cache_controller", dt_exists(c->cache_controller) &&
	     !dt_full_path(c->cache_controller, path, sizeof(path)) ? path : NULL);
	close('}');
}

static void dma(const struct node_facts *n)
{
	open("dma", '{');
	text("coherency", coherency_name(n->coherency));
	text("error", n->dma_range_count < 0 ? error_text(n->dma_range_count) : NULL);
	open("ranges", '[');
	for (int i = 0; i < n->dma_range_count; i++) {
		open(NULL, '{');
		address("bus", n->dma_ranges[i].bus);
		address("cpu", n->dma_ranges[i].cpu);
		number("bytes", n->dma_ranges[i].bytes);
		close('}');
	}
	close(']');
	close('}');
}

static void node(const struct node_facts *n)
{
	open(NULL, '{');
	text("path", n->path);
	text("compatible", n->compatible);
	text("class", class_name(n->kind.class));
	text("kind", n->kind.words);
	text("binding", binding_name(n->binding));
	text("driver", n->driver);
	text("reason", n->binding == WOULD_BIND ? NULL : n->reason);
	if (!n->reg_error) {
		address("address", n->address);
		number("bytes", n->bytes);
	}
	if (n->kind.class == CLASS_PCIE) {
		truth("ecam", n->kind.ecam);
		number("ecam_buses", n->buses);
	}
	if (n->dma)
		dma(n);
	close('}');
}

static void memory(void)
{
	const struct memory_range *m;

	open("memory", '[');
	for (unsigned i = 0; (m = memory_at(i)); i++) {
		open(NULL, '{');
		address("start", m->range.start);
		number("bytes", m->range.bytes);
		text("use", memory_use_name(m->use));
		text("owner", m->owner);
		close('}');
	}
	close(']');
}

static void plan(const struct plan_facts *p)
{
	open("plan", '{');
	text("reason", p->reason);
	if (!p->reason) {
		span("plinth", p->nest);
		span("load", p->load);
		span("tree", p->tree);
	}
	close('}');
}

void print_json(const struct facts *f)
{
	const char *compatible;

	open(NULL, '{');
	text("file", f->file);
	text("model", f->model);
	open("compatible", '[');
	for (unsigned i = 0; (compatible = dt_compatible(dt_root(), i)); i++)
		text(NULL, compatible);
	close(']');
	text("board", f->board_generic ? NULL : f->board);
	cpu(&f->cpu);
	open("console", '{');
	text("stdout_path", f->console.path);
	text("node", f->console.node ? f->console.node->path : NULL);
	text("driver", f->console.node ? f->console.node->driver : NULL);
	close('}');
	memory();
	plan(&f->plan);
	open("nodes", '[');
	for (unsigned i = 0; i < f->node_count; i++)
		node(&f->nodes[i]);
	close(']');
	close('}');
	putchar('\n');
}

void print_json_error(const char *file, const char *reason)
{
	open(NULL, '{');
	text("file", file);
	text("error", reason);
	close('}');
	putchar('\n');
}
