/* SPDX-License-Identifier: BSD-2-Clause */
/* A small device tree, written by a test: tree_begin(), nodes and properties, tree_end(). */
#pragma once
#include <libfdt.h>
#include <stdarg.h>
#include <string.h>
#include "arch/types.h"

enum { TREE_BYTES = 8192 };

static inline void *tree_begin(void)
{
	static _Alignas(8) char blob[TREE_BYTES];

	fdt_create(blob, TREE_BYTES);
	fdt_finish_reservemap(blob);
	fdt_begin_node(blob, "");
	return blob;
}

static inline void tree_string(void *fdt, const char *name, const char *value)
{
	fdt_property(fdt, name, value, (int)strlen(value) + 1);
}

static inline void tree_cells(void *fdt, const char *name, int count, ...)
{
	fdt32_t cells[32];
	va_list values;

	va_start(values, count);
	for (int i = 0; i < count; i++)
		cells[i] = cpu_to_fdt32(va_arg(values, unsigned));
	va_end(values);
	fdt_property(fdt, name, cells, count * 4);
}

static inline const void *tree_end(void *fdt)
{
	fdt_end_node(fdt);
	fdt_finish(fdt);
	return fdt;
}

/* A host with buses from 0 on, to be gone on with and ended. */
static inline void tree_pci_host(void *fdt, u32 ecam, u32 ecam_bytes)
{
	fdt_begin_node(fdt, "pcie");
	tree_string(fdt, "compatible", "pci-host-ecam-generic");
	tree_string(fdt, "device_type", "pci");
	tree_cells(fdt, "#address-cells", 1, 3);
	tree_cells(fdt, "#size-cells", 1, 2);
	tree_cells(fdt, "reg", 4, 0, ecam, 0, ecam_bytes);
}
