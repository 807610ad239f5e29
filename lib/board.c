/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of the linked-in boards the tree describes. */
#include "lib/board.h"
#include "lib/dt.h"

#include <string.h>

/* Any machine whose tree says enough. */
static const struct board generic = { .name = "generic" };

static bool lists(const struct board *b, const char *compatible)
{
	for (const char *const *each = b->compatible; each && *each; each++)
		if (!strcmp(*each, compatible))
			return true;
	return false;
}

static const struct board *find(const char *compatible)
{
	table_for_each(boards, struct board, b)
		if (lists(b, compatible))
			return b;
	return NULL;
}

const struct board *board(void)
{
	const struct board *found = NULL;
	const char *compatible;

	for (unsigned i = 0; !found && (compatible = dt_compatible(dt_root(), i)); i++)
		found = find(compatible);
	return found ? found : &generic;
}
