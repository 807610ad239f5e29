/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the bytes of something to boot come from: a file, a section of one, memory. */
#pragma once
#include "arch/types.h"

struct image_source {
	/* All of it, or -errno. Never asked beyond @bytes. */
	int (*read)(void *context, u64 offset, void *to, size_t bytes);
	void *context;
	u64 bytes;
};

/* -ERANGE beyond its end. */
int image_read(const struct image_source *s, u64 offset, void *to, size_t bytes);

/* As many as there are, up to @bytes. How many, or -errno. */
int image_read_some(const struct image_source *s, u64 offset, void *to, size_t bytes);
