/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where Plinth would go on this board: the nest that it moves to itself, by the code that does it
 * there; and addresses for U-Boot to load to, out of the way of what else lies about.
 */
#include "arch/arch.h"
#include "lib/memory.h"
#include "lib/nest.h"
#include "tools/port-check/port_check.h"

enum {
	IMAGE_BYTES = 1 << 20,			/* an image with all that it zeroes: room to grow */
	ALIGN = 2 << 20,			/* of images, in both boot protocols */
	RISCV_OFFSET = 2 << 20,			/* booti puts it there behind the start of RAM */
	/* some keep more at the bottom than their trees say */
	ABOVE_FIRMWARE = 32 << 20,
};

static bool is_free(u64 start, u64 bytes)
{
	const struct memory_range *m = memory_find(start);

	return m && m->use == MEMORY_FREE && bytes <= m->range.bytes - (start - m->range.start);
}

/* The lowest aligned place at or behind @from. */
static bool place(u64 from, u64 bytes, u64 *start)
{
	const struct memory_range *m;

	for (unsigned i = 0; (m = memory_at(i)); i++) {
		u64 first = m->range.start > from ? m->range.start : from;

		first = (first + ALIGN - 1) & -(u64)ALIGN;
		if (first >= from && is_free(first, bytes)) {
			*start = first;
			return true;
		}
	}
	return false;
}

/* The tree goes behind the image, both below the nest: above it U-Boot itself lies. */
static bool place_for_u_boot(const struct facts *f, struct plan_facts *p, u64 ram)
{
	bool riscv = f->cpu.isa == ISA_RISCV64;

	p->load.bytes = IMAGE_BYTES;
	if (riscv && is_free(ram + RISCV_OFFSET, IMAGE_BYTES))
		p->load.start = ram + RISCV_OFFSET;
	else if (!place(ram + ABOVE_FIRMWARE, IMAGE_BYTES, &p->load.start) &&
		 !place(ram, IMAGE_BYTES, &p->load.start))
		return false;
	p->moved = riscv && p->load.start != ram + RISCV_OFFSET;
	return place(p->load.start + ABOVE_FIRMWARE, p->tree.bytes, &p->tree.start) ||
		place(p->load.start + ALIGN, p->tree.bytes, &p->tree.start);
}

void plan_collect(struct facts *f)
{
	struct plan_facts *p = &f->plan;
	size_t tree_bytes;

	dt_blob(&tree_bytes);
	p->tree.bytes = tree_bytes;
	if (!memory_at(0))
		p->reason = "the tree gives no size of memory";
	else if (nest_take(IMAGE_BYTES, tree_bytes, &p->nest))
		p->reason = "no piece of free memory is large enough";
	else if (!place_for_u_boot(f, p, memory_at(0)->range.start))
		p->reason = "no free memory is left to load the image to";
}
