/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands on files share. Paths are "volume:/path"; volume_find() says what names one. */
#pragma once
#include "fs/fs.h"

struct line_completion;

/*
 * Mount what @word names; *path is the rest, "" for the root. 0, or an error that has been told on
 * the console. files_end takes it away again, and gives back @error, or its own.
 */
int files_begin(const char *word, struct filesystem **fs, const char **path);
int files_end(struct filesystem *fs, int error);

/* On the console: what went wrong with @path. Gives back @error. */
int files_complain(const struct filesystem *fs, const char *path, int error);

/* "2026-11-20 13:37" */
enum { DATE_TEXT_BYTES = 64 };
const char *date_text(s64 seconds, char to[static DATE_TEXT_BYTES]);

/* struct command's complete, where arguments are paths. */
void files_complete(struct line_completion *c, size_t from);
