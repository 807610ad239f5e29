/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The structure block of the open tree (DT 5.4), for lib/dt*.c. dt_check has seen every word of it,
 * so nothing is looked at twice here: libfdt, which trusts no call, takes ten times as long.
 *
 * Places are libfdt's: bytes from the beginning of the block. Negative: there is no such thing.
 */
#pragma once
#include "arch/types.h"

void dt_structure_adopt(const void *blob);

const char *dt_structure_name(int node);
int dt_structure_child(int node);	/* the first one */
int dt_structure_sibling(int node);	/* the next one */
/* The node behind, in the order of the tree. *depth counts along; -1 when that falls below 0. */
int dt_structure_next(int node, int *depth);
/* The child that is called so: @bytes characters, with its unit address or without (DT 2.2.3). */
int dt_structure_find(int parent, const char *name, size_t bytes);

/* Properties: of a node the first, the next one, and the one with a name of so many characters. */
int dt_structure_property(int node);
int dt_structure_next_property(int property);
int dt_structure_find_property(int node, const char *name, size_t bytes);
const char *dt_structure_property_name(int property);
const void *dt_structure_value(int property, u32 *bytes);
