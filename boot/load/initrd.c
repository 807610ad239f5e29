/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Initrds: several become one, each beginning at a multiple of four bytes with zeroes before it
 * (Linux, Documentation/driver-api/early-userspace/buffer-format). They stay packed.
 */
#include <string.h>

#include "boot/load/loading.h"
#include "lib/time.h"

static u64 pad(u64 bytes)
{
	return (bytes + 3) & ~3ull;
}

int load_initrd_want(struct loading *l)
{
	struct want *want = &l->wants[LOAD_INITRD];
	struct load_file f;

	*want = (struct want){
		.what = "initrd", .align = 0x1000, .near = &l->wants[LOAD_KERNEL], .up = true,
	};
	for (const struct boot_part *p = l->entry->initrd; p; p = p->next) {
		int error = load_open(l, p, &f);

		if (error)
			return error;
		want->bytes = pad(want->bytes) + f.bytes;
	}
	return 0;
}

int load_initrd(struct loading *l)
{
	u8 *to = load_at(l, LOAD_INITRD);
	struct load_file f;

	for (const struct boot_part *p = l->entry->initrd; p; p = p->next) {
		u64 start = time_us();
		int error = load_open(l, p, &f);

		if (!error)
			error = load_bytes(l, &f, 0, to, f.bytes);
		if (error)
			return error;
		load_log(l, &f, start, f.bytes, "");
		if (p->next)
			memset(to + f.bytes, 0, (size_t)(pad(f.bytes) - f.bytes));
		to += pad(f.bytes);
	}
	return 0;
}
