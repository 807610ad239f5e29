/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once

/* Which Plinth this is: the commit it was built from, "-dirty" behind it if that was changed. */
const char *plinth_version(void);
