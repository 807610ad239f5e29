/* SPDX-License-Identifier: BSD-2-Clause */
/* Heapsort. */
#include "lib/sort.h"

static void swap(u8 *a, u8 *b, size_t bytes)
{
	while (bytes--) {
		u8 t = a[bytes];

		a[bytes] = b[bytes];
		b[bytes] = t;
	}
}

/* Let the item at @i sink to where no child of it is larger. */
static void sink(u8 *items, size_t i, size_t count, size_t bytes,
		 int (*compare)(const void *, const void *))
{
	for (size_t child; (child = 2 * i + 1) < count; i = child) {
		if (child + 1 < count &&
		    compare(items + child * bytes, items + (child + 1) * bytes) < 0)
			child++;
		if (compare(items + i * bytes, items + child * bytes) >= 0)
			return;
		swap(items + i * bytes, items + child * bytes, bytes);
	}
}

void sort_items(void *items, size_t count, size_t bytes,
		int (*compare)(const void *, const void *))
{
	for (size_t i = count / 2; i-- > 0; )
		sink(items, i, count, bytes, compare);
	for (size_t end = count; end-- > 1; ) {
		swap(items, (u8 *)items + end * bytes, bytes);
		sink(items, 0, end, bytes, compare);
	}
}
