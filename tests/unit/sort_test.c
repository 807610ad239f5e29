/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/sort.h"

struct item { u32 key; u8 odd[3]; } __attribute__((packed));

static unsigned compared;

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	compared++;
	return (x->key > y->key) - (x->key < y->key);
}

/* Against the C library's, with few and with many equal keys. */
static void random_items(void **state)
{
	static struct item ours[300], theirs[300];

	(void)state;
	srand(1);
	for (unsigned round = 0; round < 2000; round++) {
		size_t count = (size_t)rand() % 300;
		unsigned keys = 1 + (unsigned)rand() % (round % 2 ? 10 : 100000);

		for (size_t i = 0; i < count; i++) {
			ours[i].key = (u32)rand() % keys;
			memset(ours[i].odd, (int)ours[i].key, sizeof(ours[i].odd));
		}
		memcpy(theirs, ours, sizeof(ours));
		sort_items(ours, count, sizeof(*ours), by_key);
		qsort(theirs, count, sizeof(*theirs), by_key);
		assert_memory_equal(ours, theirs, sizeof(ours));
	}
}

static void no_bad_order(void **state)
{
	enum { COUNT = 1 << 14 };
	static struct item items[COUNT];

	(void)state;
	for (unsigned order = 0; order < 3; order++) {
		for (u32 i = 0; i < COUNT; i++)
			items[i].key = order == 0 ? i : order == 1 ? COUNT - i : 7;
		compared = 0;
		sort_items(items, COUNT, sizeof(*items), by_key);
		assert_in_range(compared, 1, 2 * 15 * COUNT);
		for (u32 i = 1; i < COUNT; i++)
			assert_true(items[i - 1].key <= items[i].key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_items),
		cmocka_unit_test(no_bad_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
