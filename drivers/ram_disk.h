/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk image that somebody put in memory, as /chosen says of an initrd (QEMU's -initrd, the
 * second argument of U-Boot's booti): the block device "ram0". So a board can start without a
 * driver for its storage. What is written to it is gone with the memory.
 */
#pragma once
#include "lib/errors.h"

/* Once, with the memory map made. 0; -ENOENT: nothing there; others have told the log why not. */
int ram_disk_find(void);
