/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of this boot, for who comes after: /plinth/boot.log. */
#pragma once
#include "boot/entries/entry.h"

/* All that is in the log; only where there is a folder /plinth. What goes wrong is logged. */
void boot_log_write(struct filesystem *fs, const struct boot_entry *e);
