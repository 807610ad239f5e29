/* SPDX-License-Identifier: BSD-2-Clause */
/* Which entry: by itself after a time, or by somebody at the console. */
#pragma once
#include "boot/entries/entry.h"

/*
 * Look for entries and boot the default one, as configured; a key that means something (Enter,
 * Space, Escape, arrows, digits, d, e) brings the menu first. Returns when nothing could be booted,
 * having said why, or when the monitor is wanted.
 */
void boot_by_itself(void);

/* The menu, without a countdown, until something boots or the monitor is wanted. */
void boot_menu(struct boot_entries *all);
