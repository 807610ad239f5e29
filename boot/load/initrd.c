/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initrds: several become one, each beginning at a multiple of four bytes with zeroes before it
 * (Linux, Documentation/driver-api/early-userspace/buffer-format). They stay packed.
 */
#include <string.h>

#include "boot/load/loading.h"
#include "lib/errors.h"
#include "lib/size.h"

/* arm64 wants kernel and initrd within one window of 32 GiB that begins at a multiple of 1 GiB. */
static const u64 WINDOW_ALIGN = 1ull << 30, WINDOW_BYTES = 32ull << 30;

static u64 pad(u64 bytes)
{
	return (bytes + 3) & ~3ull;
}

int load_initrd(struct loading *l)
{
	u64 low = l->kernel.start & -WINDOW_ALIGN, total = 0;
	char size[SIZE_TEXT_BYTES];
	struct load_file f;
	u8 *to;
	int error;

	for (const struct boot_part *p = l->entry->initrd; p; p = p->next) {
		error = load_open(l, p, &f);
		if (error)
			return error;
		total = pad(total) + f.bytes;
	}
	if (!total)
		return 0;
	error = load_take(l, total, low, low + WINDOW_BYTES, "initrd", &l->initrd.start);
	if (error)
		return load_fail(l, l->entry->initrd->path, error,
				 "no free piece of memory is large enough for it (%s)",
				 size_text(total, size));
	l->initrd.bytes = total;
	to = (u8 *)(uintptr_t)l->initrd.start;
	for (const struct boot_part *p = l->entry->initrd; p; p = p->next) {
		error = load_open(l, p, &f);
		if (!error)
			error = load_read(l, &f, to);
		if (error)
			return error;
		if (p->next)
			memset(to + f.bytes, 0, (size_t)(pad(f.bytes) - f.bytes));
		to += pad(f.bytes);
	}
	return 0;
}
