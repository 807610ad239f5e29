/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include "arch/pagetable.h"

enum { TABLE_ENTRIES = 512, PAGE_SHIFT = 12, LEVEL_SHIFT = 9 };

/* What one entry of a table at this level spans. */
static u64 span(unsigned level)
{
	return 1ull << (PAGE_SHIFT + LEVEL_SHIFT * level);
}

static unsigned slot_index(u64 virt, unsigned level)
{
	return (virt >> (PAGE_SHIFT + LEVEL_SHIFT * level)) % TABLE_ENTRIES;
}

static u64 *table_at(const struct pagetable *t, u64 entry)
{
	return (u64 *)(uintptr_t)t->format->address(entry);
}

/* One aligned store, after everything stored so far: a walk that sees a table sees its entries. */
static void entry_store(u64 *slot, u64 entry)
{
	__atomic_store_n(slot, entry, __ATOMIC_RELEASE);
}

static u64 entry_load(const u64 *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

static void entry_replace(const struct pagetable *t, u64 *slot, u64 entry)
{
	if (t->replace && t->format->is_valid(entry_load(slot)))
		t->replace(slot, entry);
	else
		entry_store(slot, entry);
}

/*
 * Fill a table with what one leaf of the level above it maps. The format does not tell the kind
 * of an entry, so it is found by spelling the same entry with each.
 */
static void table_fill(const struct pagetable *t, u64 *table, u64 leaf, unsigned level)
{
	const struct pagetable_format *f = t->format;
	u64 physical = f->address(leaf);
	enum arch_map_kind kind = ARCH_MAP_DATA;

	while (kind < ARCH_MAP_DEVICE && f->leaf(physical, kind, level) != leaf)
		kind++;
	for (unsigned i = 0; i < TABLE_ENTRIES; i++)
		entry_store(&table[i], f->leaf(physical + i * span(level - 1), kind, level - 1));
}

/* Put a table in the slot, which holds a leaf or nothing. */
static int table_insert(struct pagetable *t, u64 *slot, unsigned level)
{
	u64 entry = entry_load(slot);
	u64 *table = t->page();

	if (!table)
		return -ENOMEM;
	if (t->format->is_valid(entry))
		table_fill(t, table, entry, level);
	entry_replace(t, slot, t->format->table((uintptr_t)table));
	return 0;
}

static int table_map(struct pagetable *t, u64 *table, unsigned level, u64 virt, u64 physical,
		     u64 bytes, enum arch_map_kind kind);

/* [virt, virt + bytes) lies within the one entry. */
static int entry_map(struct pagetable *t, u64 *slot, unsigned level, u64 virt, u64 physical,
		     u64 bytes, enum arch_map_kind kind)
{
	const struct pagetable_format *f = t->format;
	u64 entry = entry_load(slot);
	u64 inside = virt % span(level);
	bool valid = f->is_valid(entry);
	int error;

	if (!valid && kind == ARCH_MAP_NONE)
		return 0;
	if (valid && !f->is_leaf(entry, level))
		return table_map(t, table_at(t, entry), level - 1, virt, physical, bytes, kind);
	if (valid && kind != ARCH_MAP_NONE && f->address(entry) + inside == physical &&
	    f->leaf(f->address(entry), kind, level) == entry)
		return 0;
	if (bytes == span(level) && kind == ARCH_MAP_NONE) {
		entry_replace(t, slot, 0);
		return 0;
	}
	if (bytes == span(level) && level < t->block_levels && physical % bytes == 0) {
		entry_replace(t, slot, f->leaf(physical, kind, level));
		return 0;
	}
	error = table_insert(t, slot, level);
	if (error)
		return error;
	return table_map(t, table_at(t, entry_load(slot)), level - 1, virt, physical, bytes, kind);
}

static int table_map(struct pagetable *t, u64 *table, unsigned level, u64 virt, u64 physical,
		     u64 bytes, enum arch_map_kind kind)
{
	while (bytes) {
		u64 here = span(level) - virt % span(level);
		int error;

		if (here > bytes)
			here = bytes;
		error = entry_map(t, &table[slot_index(virt, level)], level, virt, physical, here,
				  kind);
		if (error)
			return error;
		virt += here;
		physical += here;
		bytes -= here;
	}
	return 0;
}

int pagetable_map(struct pagetable *t, u64 virt, u64 physical, u64 bytes, enum arch_map_kind kind)
{
	const struct pagetable_format *f = t->format;
	u64 reach = span(t->levels);
	u64 last;

	if (kind == ARCH_MAP_NONE)
		physical = 0;
	if ((virt | physical | bytes) % ARCH_PAGE_BYTES)
		return -EINVAL;
	if (bytes > reach || virt > reach - bytes)
		return -ERANGE;
	if (bytes == 0)
		return 0;
	if (kind != ARCH_MAP_NONE) {
		if (physical > UINT64_MAX - (bytes - 1))
			return -ERANGE;
		last = physical + bytes - ARCH_PAGE_BYTES;
		if (!f->leaf(last, kind, 0))
			return -ENOTSUP;
		if (f->address(f->leaf(last, kind, 0)) != last)
			return -ERANGE;
	}
	return table_map(t, t->root, t->levels - 1, virt, physical, bytes, kind);
}

u64 pagetable_lookup(const struct pagetable *t, u64 virt, unsigned *level)
{
	const u64 *table = t->root;

	if (virt >= span(t->levels))
		return 0;
	for (unsigned at = t->levels - 1;; at--) {
		u64 entry = entry_load(&table[slot_index(virt, at)]);

		if (!t->format->is_valid(entry))
			return 0;
		if (t->format->is_leaf(entry, at)) {
			*level = at;
			return entry;
		}
		if (at == 0)
			return 0;
		table = table_at(t, entry);
	}
}
