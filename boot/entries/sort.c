/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "boot/entries/sort.h"

static int compare_strings(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Those that used up their tries last; those with a sort key first; newer before older. */
static int compare(const struct boot_entry *a, const struct boot_entry *b)
{
	int order = (a->tries_left == 0) - (b->tries_left == 0);

	if (!order)
		order = !a->sort_key - !b->sort_key;
	if (!order && a->sort_key) {
		order = strcmp(a->sort_key, b->sort_key);
		if (!order)
			order = compare_strings(a->machine_id, b->machine_id);
		if (!order)
			order = version_compare(b->version, a->version);
	}
	if (!order)
		order = version_compare(b->id, a->id);
	if (!order)		/* more tries left is better; then whatever, but always the same */
		order = b->tries_left - a->tries_left;
	return order ? order : strcmp(b->source, a->source);
}

void entries_sort(struct boot_scan *s)
{
	struct boot_entry **link = &s->all->first, *left = s->first, *sorted = NULL;

	if (s->count < 2)
		return;
	while (*link != s->first)
		link = &(*link)->next;
	while (left) {
		struct boot_entry **at = &sorted, *e = left;

		left = e->next;
		while (*at && compare(*at, e) <= 0)
			at = &(*at)->next;
		e->next = *at;
		*at = e;
	}
	*link = s->first = sorted;
	while (*link)
		link = &(*link)->next;
	s->all->last = link;
}
