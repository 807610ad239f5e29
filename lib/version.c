/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/version.h"

const char *plinth_version(void)
{
	return PLINTH_VERSION;
}
