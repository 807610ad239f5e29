/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * port-check: Plinth's own discovery, run on a workstation over the device tree of any board. First
 * all that can be known is collected here; then one of the printers shows it.
 */
#pragma once
#include <stdio.h>
#include "drivers/device.h"

/* ---- The CPU ---- */

enum isa { ISA_UNKNOWN, ISA_RISCV64, ISA_AARCH64 };

struct cpu_facts {
	enum isa isa;
	const char *reason;		/* why no image of Plinth runs there; NULL: one does */
	unsigned count;			/* nodes of CPUs that are enabled */
	const char *core;		/* the boot CPU's first compatible; NULL: none */
	const char *isa_text, *mmu;	/* riscv,isa (or its base) and mmu-type; NULL: not said */
	u64 timebase_hz;		/* 0: not said */
	const char *cache_backend;	/* arch_cache_backend() as it would be there; NULL: none */
	u32 cache_line_bytes;		/* 0: only the CPU itself knows */
	bool zicbom_without_size, svpbmt;
	struct dt_node cache_controller;	/* it could maintain memory for devices, too */
};

/* Reads the tree, and makes arch/host answer as that CPU would. */
void cpu_facts(struct cpu_facts *cpu);

/* ---- Nodes ---- */

enum node_class {
	CLASS_NONE, CLASS_PCIE, CLASS_NVME, CLASS_SATA, CLASS_UFS, CLASS_MMC, CLASS_VIRTIO,
	CLASS_USB, CLASS_ETHERNET, CLASS_UART, CLASS_INTERRUPTS, CLASS_DMA, CLASS_OTHER,
};

struct kind {
	enum node_class class;
	const char *words;		/* "PCIe: DesignWare" */
	const char *advice;		/* what it takes to use it; NULL: nothing in particular */
	bool ecam;			/* its configuration space is memory (PCIe 7.2.2) */
};
struct kind kind_of(struct dt_node node);
const char *class_name(enum node_class class);	/* "pcie", for scripts */
static inline bool class_stores(enum node_class class)
{
	return class >= CLASS_PCIE && class <= CLASS_USB;
}

enum binding {
	WOULD_BIND,
	BEHIND,		/* something that would bind looks for it */
	BUS,		/* needs no driver: only what is on it does */
	REFUSED,	/* by a driver, in its words */
	NO_DRIVER,	/* or it is part of what has none */
	DISABLED,	/* or part of what is */
};
const char *binding_name(enum binding binding);

enum coherency { COHERENT, MAINTAINED, UNUSABLE };
const char *coherency_name(enum coherency coherency);

enum { PATH_BYTES = 240 };

struct node_facts {
	struct dt_node node;
	char path[PATH_BYTES];
	const char *compatible;		/* the first; NULL: none */
	struct kind kind;
	enum binding binding;
	const char *driver;		/* its name, where it would bind */
	char reason[DEVICE_WHY_BYTES];	/* where it would not */
	int reg_error;			/* of the first entry of "reg"; then: */
	u64 address, bytes;
	unsigned buses;			/* PCIe with ECAM: how many there is room for */
	bool dma;			/* it, or what is behind it, accesses memory itself */
	enum coherency coherency;
	struct dt_range dma_ranges[DT_DMA_RANGES_MAX];
	int dma_range_count;		/* 0: all of memory; or -errno */
};

/* ---- The board ---- */

struct console_facts {
	const char *path, *options;	/* of stdout-path; NULL: it is not there */
	const struct node_facts *node;	/* NULL: none, or not one that devices can have */
	bool guessed;			/* the tree names none: the first that would bind */
};

struct plan_facts {
	const char *reason;		/* why there is none; NULL: there is */
	struct range nest, load, tree;
	bool moved;			/* booti moves the image away from where it is loaded */
};

struct facts {
	const char *file;
	const char *model;		/* "" where the tree has none */
	struct cpu_facts cpu;
	const char *board;		/* that of the board file */
	bool board_generic;		/* there is none */
	struct node_facts *nodes;
	unsigned node_count;
	struct console_facts console;
	struct plan_facts plan;
};

/* Of the open tree, through all of discovery. */
void facts_collect(struct facts *f);
void plan_collect(struct facts *f);
const char *memory_add(struct range memory);	/* to the open tree; NULL, or what is wrong */

/* Discovery, and then what became of a node: binding, driver, reason. */
void discovery_run(void);
void discovery_ask(struct dt_node node, struct node_facts *facts);
bool is_enabled(struct dt_node node);		/* and all that it is part of */

/* ---- Printers ---- */

void print_text(const struct facts *f, bool all);
void print_todo(const struct facts *f);				/* parts of the text */
void print_nodes(const struct facts *f, bool all);
void print_json(const struct facts *f);
void print_json_error(const char *file, const char *reason);
void print_skeleton(const struct facts *f);
void print_table_head(void);
void print_table_row(const struct facts *f);
void print_table_error(const char *file, const char *reason);
