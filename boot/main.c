/* SPDX-License-Identifier: BSD-2-Clause */
#include "drivers/console.h"
#include "lib/console.h"
#include "lib/log.h"
#include "lib/version.h"

int main(void);

int main(void)
{
	console_open();
	console_print("Plinth %s\n", plinth_version());
	panic("This image has no monitor.");
}
