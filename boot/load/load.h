/* SPDX-License-Identifier: BSD-2-Clause */
/* From an entry to the first instruction of what it boots. */
#pragma once
#include "boot/entries/entry.h"

/*
 * Read what the entry names to where it is to lie, prepare the tree, stop all devices, enter.
 * Returns only if that cannot be: -errno, after a log line that says which file and why; what was
 * claimed is free again. Files go straight to their places; nobody has to know an address.
 */
int boot_load(const struct boot_entry *e);

/* The same up to the tree: @look sees it, and then all memory is free again. */
int boot_load_tree(const struct boot_entry *e, void (*look)(const void *tree));
