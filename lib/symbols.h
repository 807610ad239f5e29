/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of this image's functions, for backtraces. The build (tools/symbols) makes the table
 * from the linked image and links it in; it lies read-only between __start_ and
 * __stop_symbol_table, every number in the byte order of the target:
 *
 *   u32 count
 *   count times, by rising address:
 *       u32 address		bytes from image_start to the function
 *       u32 name		bytes from the first name to this one
 *   the names, each with its terminating zero
 */
#pragma once
#include "arch/types.h"

/*
 * The function that @address lies in, and how far (*offset, may be NULL). NULL for what is not in
 * the text of the image. Needs nothing but the stack: it is called while a fault is reported.
 */
const char *symbol_lookup(uintptr_t address, size_t *offset);
