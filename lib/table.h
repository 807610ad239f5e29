/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables that the linker collects: adding an entry is adding a file. An entry is a pointer in a
 * section named after the table; the order of entries has no meaning.
 */
#pragma once

#define TABLE_ENTRY(table, type, symbol) \
	static const type *const symbol##_##table##_entry \
		__attribute__((used, retain, section(#table))) = &symbol

/* for (const struct driver *d : drivers) */
#define table_for_each(table, type, entry) \
	extern const type *const __start_##table[] __attribute__((weak, visibility("hidden"))); \
	extern const type *const __stop_##table[] __attribute__((weak, visibility("hidden"))); \
	for (const type *const *entry##_at = __start_##table, *entry; \
	     entry##_at < __stop_##table && (entry = *entry##_at, true); entry##_at++)
