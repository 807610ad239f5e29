/* SPDX-License-Identifier: BSD-2-Clause */
/* The order of entries that have none by themselves (UAPI.1, "Sorting"). Private to the formats. */
#pragma once
#include "boot/entries/scan.h"

/* Sort what this format found on this volume. */
void entries_sort(struct boot_scan *s);
