/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/power.h"
#include "lib/time.h"

enum { MAX_WAYS = 8 };
enum { POWER_EFFECT_US = 200 * 1000 };	/* a power chip may be asked over a slow bus */

static struct way {
	enum power_action action;
	const char *name;
	void (*act)(void *state);
	void *state;
} ways[MAX_WAYS];
static unsigned way_count;

void power_register(enum power_action action, const char *name, void (*act)(void *state),
		    void *state)
{
	if (way_count == MAX_WAYS) {
		log_warning("%s: one way too many to reset or power off; it is not used", name);
		return;
	}
	ways[way_count++] = (struct way){ action, name, act, state };
}

int power(enum power_action action)
{
	const char *words = action == POWER_RESET ? "reset" : "power off";
	int error = action == POWER_RESET ? arch_reset() : arch_power_off();

	log_warning("%s through the firmware: %s", words, error_text(error));
	for (unsigned i = 0; i < way_count; i++) {
		if (ways[i].action != action)
			continue;
		ways[i].act(ways[i].state);
		delay_us(POWER_EFFECT_US);
		log_warning("%s through %s had no effect", words, ways[i].name);
		error = -EIO;
	}
	return error;
}
