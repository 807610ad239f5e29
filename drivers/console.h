/* SPDX-License-Identifier: BSD-2-Clause */
/* Which UART is the console (DT 3.6). What the console then does is lib/console.h. */
#pragma once
#include "drivers/device.h"

/*
 * Find and open a console: the UART that /chosen names (stdout-path, or linux,stdout-path), else
 * the firmware's console, else the first enabled UART that a driver takes. The firmware comes
 * before other UARTs because it is known to be where somebody looks. Says what did not work.
 * 0, or -ENODEV: there is none; what is logged then stays in the ring.
 */
int console_open(void);

struct device *console_device(void);	/* the UART; NULL: none, or the firmware's console */

/*
 * For a UART's probe: is the device of @node to be the console? Then *options is what stands
 * behind the colon of stdout-path ("115200n8"), "" where nothing does.
 */
bool console_wanted(struct dt_node node, const char **options);

/*
 * What /chosen says of it: the node of stdout-path. *path is the property (NULL: there is none),
 * *options as above. None where the tree has no such node.
 */
struct dt_node console_stdout(const char **path, const char **options);
