/* SPDX-License-Identifier: BSD-2-Clause */
/* What commands name by "volume:/path". Whatever is wrong is said on the console, here. */
#pragma once
#include "fs/fs.h"

struct place {
	struct filesystem *fs;		/* mounted for this command */
	char path[256];			/* "/boot/x"; "" or "/": the root */
};

/* "virtio0p1:/boot/x", "LABEL=x:/y", "2:": any name that volume_find takes. -EINVAL: no ':'. */
int place_open(struct place *p, const char *word);
/* Unmounts; says what @error (or its own) was about, unless it is 0, and gives it back. */
int place_close(struct place *p, int error);
/* The same without the end. */
int place_explain(const struct place *p, int error);

/* "/a" and "b": "/a/b"; -ENAMETOOLONG. */
int place_enter(struct place *p, const char *name);

/* Whether a word is -f, which is taken away. */
bool take_force(int *argc, char **argv);
/* @force, or the answer to the question is y. */
bool confirm(bool force, const char *format, ...) __attribute__((format(printf, 2, 3)));
