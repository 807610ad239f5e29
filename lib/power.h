/* SPDX-License-Identifier: BSD-2-Clause */
/* Reset and power off: through the firmware, or what a driver registered (syscon). */
#pragma once

enum power_action { POWER_OFF, POWER_RESET };

/* A driver's way, tried after the firmware's. It may return (it did not work). @name stays. */
void power_register(enum power_action action, const char *name, void (*act)(void *state),
		    void *state);

/* Returns only if no way worked, with a log line for each that was tried. The last one's error. */
int power(enum power_action action);
