/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errors.h"
#include "lib/mmio.h"

/* Only for naming an address in a fault report; a machine with more windows loses a name or two. */
enum { KNOWN_WINDOWS = 64 };
static struct {
	struct mmio window;
	const char *owner;
} known[KNOWN_WINDOWS];
static unsigned known_count;

int mmio_map(struct mmio *m, u64 physical, u64 bytes, const char *owner)
{
	uintptr_t base;

	if (bytes == 0 || bytes - 1 > UINT64_MAX - physical)
		return -EINVAL;
	base = arch_map_device(physical, bytes);
	if (!base)
		return -ENXIO;
	*m = (struct mmio){ base, bytes };
	known[known_count % KNOWN_WINDOWS].window = *m;
	known[known_count++ % KNOWN_WINDOWS].owner = owner;
	return 0;
}

const char *mmio_owner(u64 address, u64 *offset)
{
	for (unsigned i = 0; i < known_count && i < KNOWN_WINDOWS; i++) {
		*offset = address - known[i].window.base;
		if (*offset < known[i].window.size)
			return known[i].owner;
	}
	return NULL;
}
