/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/symbols.h"
#include "arch/arch.h"

struct function {
	u32 address, name;
};

struct symbol_table {
	u32 count;
	struct function functions[];
};

/* Weak: the first link of an image, and programs on the workstation, have no table. */
extern const struct symbol_table __start_symbol_table __attribute__((weak, visibility("hidden")));

const char *symbol_lookup(uintptr_t address, size_t *offset)
{
	const struct symbol_table *table = &__start_symbol_table;
	struct arch_image image;

	arch_image(&image);
	if (!table || address - image.text.start >= image.text.bytes)
		return NULL;

	/* The functions below @low begin at or before the address, those from @high on after it. */
	u32 distance = address - image.text.start, low = 0, high = table->count;

	while (low < high) {
		u32 middle = low + (high - low) / 2;

		if (table->functions[middle].address <= distance)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;

	const struct function *function = &table->functions[low - 1];

	if (offset)
		*offset = distance - function->address;
	return (const char *)&table->functions[table->count] + function->name;
}
