/* SPDX-License-Identifier: BSD-2-Clause */
/* Any machine whose tree says enough: matches where no board of its own does. */
#include "lib/board.h"

BOARD(generic) = {
	.name = "generic",
};
