/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One sorted table of ranges that do not touch pages of each other: each page of RAM is in
 * exactly one. Neighbours of the same use and owner are one range.
 */
#include "lib/memory.h"
#include "arch/arch.h"
#include "lib/board.h"
#include "lib/dt.h"
#include "lib/errors.h"
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

enum { RANGES_MAX = 192 };

/* The last page there could be is never RAM: so no end of a range needs 65 bits. */
static const u64 top = -(u64)ARCH_PAGE_BYTES;

/* Sets of uses. */
enum {
	FREE = 1 << MEMORY_FREE,
	GIVEN = 1 << MEMORY_PLINTH | 1 << MEMORY_LOADED,
	ANY = ~0,
};

static struct memory_range table[RANGES_MAX];
static unsigned count;
static struct range window;		/* of memory_pages; no bytes: everywhere */

static u64 end_of(struct range r)
{
	return r.start + r.bytes;
}

/* The end of [start, start + bytes), however much that is, cut at the top. */
static u64 end_within(u64 start, u64 bytes)
{
	return start >= top || bytes > top - start ? top : start + bytes;
}

static u64 page_down(u64 address)
{
	return address & top;
}

static u64 page_up(u64 address)		/* address <= top */
{
	return (address + ARCH_PAGE_BYTES - 1) & top;
}

static struct range pages_touched(u64 start, u64 bytes)
{
	u64 first = page_down(start), end = page_up(end_within(start, bytes));

	return (struct range){ first, bytes && end > first ? end - first : 0 };
}

static struct range pages_inside(u64 start, u64 bytes)
{
	u64 end = page_down(end_within(start, bytes));
	u64 first = start > top ? top : page_up(start);

	return (struct range){ first, end > first ? end - first : 0 };
}

/* ---- The table ---- */

static unsigned index_of(u64 address)	/* the first range that ends behind @address */
{
	unsigned low = 0, high = count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (end_of(table[middle].range) > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

static void insert(unsigned index, struct memory_range r)
{
	for (unsigned i = count++; i > index; i--)
		table[i] = table[i - 1];
	table[index] = r;
}

static bool is_inside(u64 address)	/* of a range, not between two or at the start of one */
{
	unsigned index = index_of(address);

	return index < count && table[index].range.start < address;
}

/* Let @address be inside of no range. The caller knows that there is room. */
static void split(u64 address)
{
	unsigned index = index_of(address);
	struct memory_range low;

	if (!is_inside(address))
		return;
	low = table[index];
	low.range.bytes = address - low.range.start;
	table[index].range.start = address;
	table[index].range.bytes -= low.range.bytes;
	insert(index, low);
}

static void join_neighbours(void)
{
	unsigned kept = 0;

	for (unsigned i = 1; i < count; i++) {
		struct memory_range *last = &table[kept], *r = &table[i];

		if (end_of(last->range) == r->range.start && last->use == r->use &&
		    !strcmp(last->owner, r->owner))
			last->range.bytes += r->range.bytes;
		else if (++kept != i)
			table[kept] = *r;
	}
	count = count ? kept + 1 : 0;
}

/* Give RAM in @r that is now of one of the uses in @over a new use. */
static int paint(struct range r, int over, enum memory_use use, const char *owner)
{
	if (count + is_inside(r.start) + is_inside(end_of(r)) > RANGES_MAX)
		return -ENOSPC;
	split(r.start);
	split(end_of(r));
	for (unsigned i = index_of(r.start);
	     i < count && table[i].range.start < end_of(r); i++)
		if (over & 1 << table[i].use) {
			table[i].use = use;
			table[i].owner = owner;
		}
	join_neighbours();
	return 0;
}

/* ---- What the tree says ---- */

static int add_ram(struct range r)
{
	while (r.bytes) {
		unsigned index = index_of(r.start);
		struct range piece = r;

		if (index < count && table[index].range.start <= r.start) {
			u64 end = end_of(table[index].range);	/* said twice */

			if (end >= end_of(r))
				break;
			r = (struct range){ end, end_of(r) - end };
			continue;
		}
		if (count == RANGES_MAX)
			return -ENOSPC;
		if (index < count && table[index].range.start < end_of(r))
			piece.bytes = table[index].range.start - r.start;
		insert(index, (struct memory_range){ piece, MEMORY_FREE, "RAM" });
		r = (struct range){ end_of(piece), r.bytes - piece.bytes };
	}
	join_neighbours();
	return 0;
}

/* DT 3.4. Nodes by that device_type, below the root. */
static int add_memory_nodes(void)
{
	dt_for_each_child(node, dt_root()) {
		const char *type = dt_string(node, "device_type");
		u64 start, bytes;
		int err = 0;

		if (!type || strcmp(type, "memory") || !dt_enabled(node))
			continue;
		for (unsigned i = 0; !err; i++) {
			err = dt_reg(node, i, &start, &bytes);
			if (!err)
				err = add_ram(pages_inside(start, bytes));
		}
		if (err == -ENOSPC)
			return err;
		if (err != -ENOENT)
			log_warning("%s: the rest of its reg is not understood (%s), that memory"
				    " is not used", dt_name(node), error_text(err));
	}
	return 0;
}

/* Where two claim a page, who says that it must not be touched at all wins, else the first. */
static int reserve(u64 start, u64 bytes, enum memory_use use, const char *owner)
{
	struct range r = pages_touched(start, bytes);
	int over = use == MEMORY_NO_MAP ? ANY & ~(1 << MEMORY_NO_MAP) : FREE;

	return r.bytes ? paint(r, over, use, owner) : 0;
}

/* DT 3.5. Without a reg it is a pool for an operating system to place: it takes nothing from us. */
static int reserve_node(struct dt_node node)
{
	enum memory_use use = dt_property(node, "no-map", NULL) ? MEMORY_NO_MAP : MEMORY_RESERVED;
	u64 start, bytes;
	int err = 0;

	if (!dt_enabled(node))
		return 0;
	if (!dt_property(node, "reg", NULL)) {
		log_debug("reserved-memory: %s (0x%llx bytes) is for the next stage to place",
			  dt_name(node), (unsigned long long)dt_u64(node, "size", 0));
		return 0;
	}
	for (unsigned i = 0; !err; i++) {
		err = dt_reg(node, i, &start, &bytes);
		/* "ranges" of the parent forgotten: then surely no other numbering is meant */
		if (err == -ENXIO)
			err = dt_reg_on_bus(node, i, &start, &bytes);
		if (!err)
			err = reserve(start, bytes, use, dt_name(node));
	}
	if (err == -EINVAL)
		log_warning("reserved-memory: the reg of %s is malformed, nothing is kept for it",
			    dt_name(node));
	return err == -ENOSPC ? err : 0;
}

static int reserve_initrd(void)
{
	struct dt_node chosen = dt_path("/chosen");
	u64 start = dt_u64(chosen, "linux,initrd-start", 0);
	u64 end = dt_u64(chosen, "linux,initrd-end", 0);

	if (start == end)
		return 0;
	if (start > end) {
		log_warning("/chosen: linux,initrd-end 0x%llx is before linux,initrd-start"
			    " 0x%llx: ignored", (unsigned long long)end,
			    (unsigned long long)start);
		return 0;
	}
	return reserve(start, end - start, MEMORY_LOADED, "initrd");
}

static int reserve_all(void)
{
	const struct board *b = board();
	struct range r;
	int err = 0;

	for (unsigned i = 0; !err && i < b->keep_out_count; i++)
		err = reserve(b->keep_out[i].start, b->keep_out[i].bytes, MEMORY_NO_MAP, b->name);
	dt_for_each_child(node, dt_path("/reserved-memory"))
		if (!err)
			err = reserve_node(node);
	for (unsigned i = 0; !err && !dt_memory_reservation(i, &r); i++)
		err = reserve(r.start, r.bytes, MEMORY_RESERVED, "/memreserve/");
	if (!err)
		err = reserve_initrd();
	/* Where RAM begins at 0, its first page is left out, so that a null pointer faults. */
	return err ? err : reserve(0, ARCH_PAGE_BYTES, MEMORY_NO_MAP,
				   "page 0, kept to catch null pointers");
}

int memory_init(void)
{
	int err;

	count = 0;
	err = add_memory_nodes();
	if (!err && !count) {
		log_error("The device tree lists no usable memory: it has no enabled node with"
			  " device_type = \"memory\" and a reg of at least a page.");
		return -EINVAL;
	}
	if (!err)
		err = reserve_all();
	if (err == -ENOSPC)
		log_error("The device tree splits memory into more than %d ranges: too many to"
			  " keep track of.", RANGES_MAX);
	return err;
}

/* ---- Who has what ---- */

/* All of [start, start + bytes) must be RAM of one of the uses in @over. */
static int change(u64 start, u64 bytes, int over, enum memory_use use, const char *owner)
{
	struct range r = pages_touched(start, bytes);
	u64 at = r.start;

	if (!bytes || bytes > top || start > top - bytes)
		return -EINVAL;
	for (unsigned i = index_of(at); at < end_of(r); i++) {
		if (i == count || table[i].range.start > at)
			return -ENXIO;
		if (!(over & 1 << table[i].use))
			return -EBUSY;
		at = end_of(table[i].range);
	}
	return paint(r, over, use, owner);
}

int memory_claim(u64 start, u64 bytes, enum memory_use use, const char *owner)
{
	return change(start, bytes, FREE, use, owner);
}

int memory_release(u64 start, u64 bytes)
{
	return change(start, bytes, GIVEN, MEMORY_FREE, "RAM");
}

int memory_take(u64 bytes, u64 align, u64 low, u64 high, enum memory_use use, const char *owner,
		u64 *start)
{
	if (align < ARCH_PAGE_BYTES)
		align = ARCH_PAGE_BYTES;
	if (!bytes || bytes > top || (align & (align - 1)))
		return -EINVAL;
	bytes = page_up(bytes);
	for (unsigned i = count; i--;) {
		struct range r = table[i].range;
		u64 first = r.start > low ? r.start : low;
		u64 end = end_of(r) < high ? end_of(r) : high;
		u64 place;

		if (table[i].use != MEMORY_FREE || end < first || end - first < bytes)
			continue;
		place = (end - bytes) & -align;
		if (place < first)
			continue;
		*start = place;
		return memory_claim(place, bytes, use, owner);
	}
	return -ENOMEM;
}

void memory_pages_within(struct range r)
{
	window = r;
}

void *memory_pages(size_t pages, const char *owner)
{
	u64 high = window.bytes ? end_within(window.start, window.bytes) : top, start;
	void *memory;

	if (pages > SIZE_MAX / ARCH_PAGE_BYTES ||
	    memory_take((u64)pages * ARCH_PAGE_BYTES, ARCH_PAGE_BYTES, window.start, high,
			MEMORY_PLINTH, owner, &start))
		return NULL;
	memory = (void *)(uintptr_t)start;
	return memset(memory, 0, pages * ARCH_PAGE_BYTES);
}

void memory_free_pages(void *start, size_t pages)
{
	int err = memory_release((uintptr_t)start, (u64)pages * ARCH_PAGE_BYTES);

	if (err)
		panic("memory: %zu pages at %p are given back, but they were not taken (%s)",
		      pages, start, error_text(err));
}

const struct memory_range *memory_at(unsigned index)
{
	return index < count ? &table[index] : NULL;
}

const struct memory_range *memory_find(u64 address)
{
	unsigned index = index_of(address);

	return index < count && table[index].range.start <= address ? &table[index] : NULL;
}

static u64 sum(int uses)
{
	u64 bytes = 0;

	for (unsigned i = 0; i < count; i++)
		if (uses & 1 << table[i].use)
			bytes += table[i].range.bytes;
	return bytes;
}

u64 memory_total(void)
{
	return sum(ANY);
}

u64 memory_free(void)
{
	return sum(FREE);
}

const char *memory_use_name(enum memory_use use)
{
	static const char *const names[] = {
		[MEMORY_FREE] = "free", [MEMORY_RESERVED] = "reserved",
		[MEMORY_NO_MAP] = "no-map", [MEMORY_PLINTH] = "Plinth",
		[MEMORY_LOADED] = "loaded",
	};

	return (unsigned)use < sizeof names / sizeof *names ? names[use] : "?";
}
