/* SPDX-License-Identifier: BSD-2-Clause */
/* A line for each board, in columns that sort and awk understand: two or more blanks between. */
#include <string.h>
#include "tools/port-check/port_check.h"

#define COLUMNS	"%-44s  %-7s  %-12s  %-22s  %-34s  %-9s  %s\n"

void print_table_head(void)
{
	printf(COLUMNS, "# tree", "isa", "caches", "console", "pcie", "storage", "dma");
}

/* The last two parts of the path say which board it is. */
static const char *short_name(const char *file)
{
	const char *slash = strrchr(file, '/');

	while (slash && slash > file && slash[-1] != '/')
		slash--;
	return slash ? slash : file;
}

/* Of the enabled hosts, each kind once. */
static void list_pcie(const struct facts *f, char *to, size_t bytes)
{
	*to = '\0';
	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];
		const char *words;

		if (n->kind.class != CLASS_PCIE || n->binding == DISABLED)
			continue;
		words = n->kind.words + strlen("PCIe: ");
		if (strstr(to, words))
			continue;
		snprintf(to + strlen(to), bytes - strlen(to), "%s%s", *to ? ", " : "", words);
	}
}

void print_table_row(const struct facts *f)
{
	unsigned total = 0, bound = 0, dma[UNUSABLE + 1] = { 0 };
	const struct node_facts *uart = f->console.node;
	char pcie[80], storage[24];

	list_pcie(f, pcie, sizeof(pcie));
	for (unsigned i = 0; i < f->node_count; i++) {
		const struct node_facts *n = &f->nodes[i];

		if (n->binding == DISABLED || !class_stores(n->kind.class))
			continue;
		total++;
		bound += n->binding == WOULD_BIND;
		dma[n->coherency]++;
	}
	snprintf(storage, sizeof(storage), "%u of %u", bound, total);
	printf(COLUMNS, short_name(f->file), f->cpu.isa == ISA_RISCV64 ? "riscv64" : "aarch64",
	       f->cpu.cache_backend ? f->cpu.cache_backend : "-",
	       !uart ? "-" : uart->binding == WOULD_BIND ? uart->driver : uart->compatible,
	       *pcie ? pcie : "-", storage,
	       dma[UNUSABLE] ? "unusable" : dma[MAINTAINED] && dma[COHERENT] ? "some coherent" :
	       dma[MAINTAINED] ? "maintained" : dma[COHERENT] ? "coherent" : "-");
}

void print_table_error(const char *file, const char *reason)
{
	printf("%-44s  %s\n", short_name(file), reason);
}
