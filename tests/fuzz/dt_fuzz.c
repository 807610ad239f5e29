/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a device tree: refused with a reason, or everything can be asked of it. */
#include "tests/dt_walk.h"
#include "tests/tree.h"

/* And as an overlay for a tree that has what overlays refer to. */
static void overlay(const void *blob, size_t bytes)
{
	static u64 copy[8192];

	dt_adopt(TREE_BLOB(linux_overlay_base));
	if (!dt_edit_begin(copy, sizeof(copy)))
		dt_edit_overlay(copy, blob, bytes, "fuzz");
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	void *copy = tree_copy(data, bytes);
	const char *reason = NULL;

	if (dt_open(copy, bytes, &reason))
		assert(reason && *reason);
	else
		dt_walk_everything();
	overlay(copy, bytes);
	free(copy);
	return 0;
}
