/* SPDX-License-Identifier: BSD-2-Clause */
/* Any bytes as a device tree: refused with a reason, or everything can be asked of it. */
#include "tests/dt_walk.h"
#include "tests/tree.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	void *copy = tree_copy(data, bytes);
	const char *reason = NULL;

	if (dt_open(copy, bytes, &reason))
		assert(reason && *reason);
	else
		dt_walk_everything();
	free(copy);
	return 0;
}
