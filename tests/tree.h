/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Device trees for tests on the workstation. tests/unit/dts/NAME.dts is compiled and linked in;
 * TREE(NAME) opens it. tree_copy gives a copy that ends where readable memory ends, to damage.
 */
#pragma once
#include "lib/dt.h"

#include <stdlib.h>
#include <string.h>

#define TREE_BYTES(name) ({ \
	extern const u8 dtb_##name[], dtb_##name##_end[]; \
	(size_t)(dtb_##name##_end - dtb_##name); \
})
#define TREE_BLOB(name) ({ extern const u8 dtb_##name[]; dtb_##name; })

#define TREE(name) do { \
	const char *reason_ = NULL; \
	if (dt_open(TREE_BLOB(name), TREE_BYTES(name), &reason_)) \
		fail_msg(#name ".dts: %s", reason_); \
} while (0)

/* On the heap, so that a look behind its end is caught. The caller frees it. */
static inline void *tree_copy(const void *blob, size_t bytes)
{
	void *copy = malloc(bytes);

	if (!copy)
		abort();
	return memcpy(copy, blob, bytes);
}
