/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When what was reached between reset and the next stage, and how fast each file came.
 * Times count from where the machine's counter began, which is the reset on most machines.
 */
#pragma once
#include "arch/types.h"

/* Now. If it was reached before, this is another attempt: what came since then is forgotten. */
void timeline_reached(const char *what);

/* A file of an entry, read (and unpacked: @bytes is what came out) since @start_us. */
void timeline_file(const char *path, u64 start_us, u64 bytes);

/* Each step so far as a line for people, without newline. */
void timeline_walk(void (*each)(void *context, const char *line), void *context);

/* All of them in one text, a line each; cut where @size ends. The length. */
size_t timeline_text(char *to, size_t size);
