/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "tests/sim/console.h"

char sim_console_text[SIM_CONSOLE_BYTES];
const char *sim_console_typed = "";
static size_t length;

static void keep(void *state, const char *text, size_t bytes)
{
	(void)state;
	if (bytes > SIM_CONSOLE_BYTES - 1 - length)
		bytes = SIM_CONSOLE_BYTES - 1 - length;
	memcpy(sim_console_text + length, text, bytes);
	length += bytes;
	sim_console_text[length] = '\0';
}

static int typed(void *state)
{
	(void)state;
	return *sim_console_typed ? (u8)*sim_console_typed++ : -EAGAIN;
}

const struct console_ops sim_console = { "simulated console", keep, typed };

void sim_console_clear(void)
{
	length = 0;
	sim_console_text[0] = '\0';
	sim_console_typed = "";
}
