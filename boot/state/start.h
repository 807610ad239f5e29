/* SPDX-License-Identifier: BSD-2-Clause */
/* Booting an entry, with what has to be remembered of it. */
#pragma once
#include "boot/entries/entry.h"

/*
 * What is remembered for one boot is forgotten, and a try of @e is counted, before anything of it
 * is loaded; then boot_load. If that cannot be written, it is said, and @e boots all the same:
 * except what was to be booted once (all->once), which would be booted for ever, unless @asked by
 * somebody at the console.
 */
int boot_start(struct boot_entries *all, struct boot_entry *e, bool asked);

/*
 * Start the preferred entry, which nobody asked for; returns when it could not be booted. Then one
 * that is on trial (counted, or to be booted once) has a place to fall back to: true, and that is
 * all->preferred.
 */
bool boot_preferred(struct boot_entries *all);

/*
 * Remember @e as "default", or for "once"; NULL: forget it. Creates what there is not, on the
 * volume of @e. 0, or an error that has been logged.
 */
int boot_remember(struct boot_entries *all, const char *key, const struct boot_entry *e);
