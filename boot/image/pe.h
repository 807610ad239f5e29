/* SPDX-License-Identifier: BSD-2-Clause */
/* PE files (Microsoft's "PE Format"): nothing but where their sections are. */
#pragma once
#include "boot/image/source.h"

enum { PE_SECTIONS_MAX = 48 };

struct pe_section {
	char name[9];
	u64 offset, bytes;		/* in the file; what is only in memory is not counted */
};

struct pe {
	unsigned count;
	struct pe_section sections[PE_SECTIONS_MAX];	/* in the order of the file */
};

/* 0; -ENOEXEC, or -ERANGE: it is cut off, with *reason; or what reading said, with NULL. */
int pe_read(const struct image_source *s, struct pe *pe, const char **reason);
