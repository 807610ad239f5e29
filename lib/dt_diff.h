/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between two device trees. */
#pragma once
#include "arch/types.h"

/*
 * @added: the second tree has it; else the first one has. @path is a node's; "" is the root. NULL
 * for @property: the node itself: of one that was added follows all that is in it. Reservations
 * come as nodes, "/memreserve/ <start> <bytes>".
 */
typedef void dt_diff_each(bool added, const char *path, const char *property, const void *value,
			  u32 bytes);

/* Both came through dt_check or dt_edit. What changed is told as removed, then added. */
void dt_diff(const void *first, const void *second, dt_diff_each *each);
