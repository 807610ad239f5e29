/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that can be asked of the open tree, for trees that lie: the sanitizers judge. */
#pragma once
#include "lib/assert.h"
#include "lib/board.h"
#include "lib/dt.h"
#include "lib/dt_edit.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/options.h"

#include <stdlib.h>
#include <string.h>

enum { WALK_STEPS_MAX = 2000 };		/* some questions take a walk of the tree each */

/* So that a sanitizer sees each byte used. */
static inline unsigned dt_walk_sum(const void *value, size_t bytes)
{
	const u8 *each = value;
	unsigned sum = 0;

	while (bytes--)
		sum += *each++;
	return sum;
}

static inline unsigned dt_walk_properties(struct dt_node node, unsigned *steps)
{
	const char *name, *text;
	const void *value;
	unsigned sum = 0;
	int at = -1;
	u32 bytes;

	while (*steps && dt_next_property(node, &at, &name, &value, &bytes)) {
		--*steps;
		sum += dt_walk_sum(name, strlen(name)) + dt_walk_sum(value, bytes);
		sum += dt_u32(node, name, 1) + (unsigned)dt_u64(node, name, 2);
		sum += dt_exists(dt_by_phandle(dt_u32(node, name, 0)));
		for (unsigned i = 0; i < 4 && (text = dt_string_at(node, name, i)); i++)
			sum += strlen(text) + dt_exists(dt_path(text));
	}
	return sum;
}

/* To the CPU, to memory, to interrupt controllers. */
static inline unsigned dt_walk_ways(struct dt_node node)
{
	struct dt_range ranges[DT_DMA_RANGES_MAX];
	struct dt_reference to;
	unsigned sum = dt_dma_coherent(node);
	int count = dt_dma_ranges(node, ranges);

	assert(count <= DT_DMA_RANGES_MAX);
	for (int i = 0; i < count; i++) {
		assert(ranges[i].bytes && ranges[i].cpu + (ranges[i].bytes - 1) >= ranges[i].cpu);
		assert(ranges[i].bus + (ranges[i].bytes - 1) >= ranges[i].bus);
	}
	for (unsigned i = 0; i < 4 && !dt_range(node, i, &ranges[0]); i++)
		assert(!ranges[0].bytes || ranges[0].cpu + (ranges[0].bytes - 1) >= ranges[0].cpu);
	for (unsigned i = 0; i < 4 && !dt_interrupt(node, i, &to); i++)
		sum += dt_exists(to.node) + dt_walk_sum(to.cells, to.count * sizeof(*to.cells));
	if (!dt_interrupt_pci(node, 1 << 11, 1, &to))
		sum += dt_exists(to.node) + dt_walk_sum(to.cells, to.count * sizeof(*to.cells));
	if (!dt_reference_at(node, "clocks", "#clock-cells", 1, &to))
		sum += dt_exists(to.node) + dt_walk_sum(to.cells, to.count * sizeof(*to.cells));
	return sum;
}

static inline unsigned dt_walk_node(struct dt_node node, unsigned *steps)
{
	char path[512];
	const char *compatible;
	u64 start, bytes;
	unsigned sum = dt_walk_properties(node, steps);

	if (!*steps)
		return sum;
	--*steps;
	for (unsigned i = 0; i < 16; i++) {
		int err = dt_reg(node, i, &start, &bytes);

		if (!err)
			assert(!bytes || start + (bytes - 1) >= start);
		if (err == -ENOENT)
			break;
		dt_reg_on_bus(node, i, &start, &bytes);
	}
	dt_reg_by_name(node, "config", &start, &bytes);
	sum += dt_walk_ways(node);
	compatible = dt_compatible(node, 0);
	if (compatible) {
		assert(dt_is_compatible(node, compatible));
		sum += dt_exists(dt_compatible_node(node, compatible));
	}
	sum += dt_enabled(node) + strlen(dt_name(node));
	/* it may lead elsewhere: to another node of the same name, or to what is before a colon */
	if (!dt_full_path(node, path, sizeof path))
		sum += dt_exists(dt_path(path));
	dt_for_each_child(child, node) {
		if (!*steps)
			break;
		assert(dt_parent(child).offset == node.offset);
		sum += dt_walk_node(child, steps);
	}
	return sum;
}

static inline void dt_walk_memory(void)
{
	const struct memory_range *r;
	struct range row;
	u64 end = 0, sum = 0, start;

	for (unsigned i = 0; i < 10000 && !dt_memory_reservation(i, &row); i++)
		;
	if (memory_init())
		return;
	for (unsigned i = 0; (r = memory_at(i)); i++) {
		assert(r->range.bytes && r->range.start >= end);
		assert(!((r->range.start | r->range.bytes) % 4096));
		end = r->range.start + r->range.bytes;
		assert(end > r->range.start);
		sum += r->range.bytes + dt_walk_sum(r->owner, strlen(r->owner)) * 0;
		assert(memory_find(r->range.start) == r && memory_find(end - 1) == r);
	}
	assert(memory_total() == sum && memory_free() <= sum);
	if (!memory_take(0x5000, 0x2000, 0, ~0ull, MEMORY_PLINTH, "test", &start)) {
		assert(memory_find(start)->use == MEMORY_PLINTH);
		assert(!memory_release(start, 0x5000));
	}
}

static inline void dt_walk_edit(void)
{
	size_t bytes = dt_edit_bytes(64);
	void *copy = malloc(bytes);
	const char *reason;

	assert(copy);
	if (!dt_edit_begin(copy, bytes)) {
		dt_edit_bootargs(copy, NULL);
		dt_edit_bootargs(copy, "root=/dev/vda plinth.log=debug quiet");
		dt_edit_initrd(copy, 0x80000000, 0x1000);
		dt_edit_reserve(copy, 0x1000, 0x2000);
		dt_edit_initrd(copy, 0, 0);
		bytes = dt_edit_end(copy);
		assert(!dt_check(copy, bytes, &reason));
	}
	free(copy);
}

/* The open tree becomes a part of itself. */
static inline void dt_walk_overlay(void)
{
	size_t tree_bytes, bytes;
	const void *tree = dt_blob(&tree_bytes);
	const char *reason;
	void *copy;

	bytes = dt_edit_bytes(2 * tree_bytes);
	copy = malloc(bytes);
	assert(copy);
	if (!dt_edit_begin(copy, bytes) && !dt_edit_overlay(copy, tree, tree_bytes, "itself")) {
		bytes = dt_edit_end(copy);
		assert(!dt_check(copy, bytes, &reason));
	}
	free(copy);
}

static inline void dt_walk_everything(void)
{
	unsigned steps = WALK_STEPS_MAX;
	char value[16];

	dt_walk_node(dt_root(), &steps);
	assert(board()->name);
	option("log", value, sizeof value);
	option("", value, 1);
	dt_walk_memory();
	dt_walk_edit();
	dt_walk_overlay();
}
