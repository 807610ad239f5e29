/* SPDX-License-Identifier: BSD-2-Clause */
/* plinth.oracle=jh7100,seed=3,line=128: what the oracle is asked to be. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/dma_oracle.h"
#include "lib/errors.h"
#include "lib/log.h"
#include "lib/options.h"

/*
 * How devices of real machines see memory: the dma-ranges of their buses in Linux's device trees,
 * as distances from the beginning of RAM. None of them is coherent; all have lines of 64 bytes.
 */
static const struct profile {
	const char *name;
	u64 offset, limit;
} profiles[] = {
	{ "jh7100", 0, 0x7a000000 },		/* starfive/jh7100-common.dtsi, soc */
	{ "k1", 0, 0x80000000 },		/* spacemit/k1.dtsi, storage-bus */
	{ "th1520", 0, 0 },			/* thead/th1520.dtsi: no dma-ranges */
	/* freescale/imx8mp.dtsi: RAM and windows begin at 0x40000000 */
	{ "imx8mp", 0, 0xc0000000 },
	{ "rpi4", 0xc0000000, 0x40000000 },	/* bcm2711.dtsi, soc and emmc2bus */
};

static const char known[] =
	"jh7100, k1, th1520, imx8mp, rpi4, seed=, line=, offset=, limit=, rate=";

/* "64", "0x40", "64M". */
static int number(const char *text, u64 *value)
{
	static const char units[] = "KMG";
	const char *unit;
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno || end == text)
		return -EINVAL;
	unit = *end ? strchr(units, *end) : NULL;
	if (unit) {
		*value <<= 10 * (unit - units + 1);
		end++;
	}
	return *end ? -EINVAL : 0;
}

static int set(struct dma_oracle_settings *s, const char *name, u64 value)
{
	if (!strcmp(name, "seed"))
		s->seed = value;
	else if (!strcmp(name, "line"))
		s->line_bytes = value;
	else if (!strcmp(name, "offset"))
		s->offset = value;
	else if (!strcmp(name, "limit"))
		s->limit = value;
	else if (!strcmp(name, "rate"))
		s->rate = (unsigned)value;
	else
		return -ENOENT;
	return 0;
}

static int word(struct dma_oracle_settings *s, char *text)
{
	char *value = strchr(text, '=');
	u64 n;

	if (value) {
		*value++ = '\0';
		return number(value, &n) ? -EINVAL : set(s, text, n);
	}
	for (unsigned i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		if (strcmp(text, profiles[i].name))
			continue;
		s->offset = profiles[i].offset;
		s->limit = profiles[i].limit;
		return 0;
	}
	return -ENOENT;
}

int dma_oracle_parse(const char *text, struct dma_oracle_settings *s, char *reason, size_t bytes)
{
	*s = dma_oracle_defaults;
	while (*text) {
		size_t length = strcspn(text, ",");
		char one[40];
		int error;

		snprintf(one, sizeof one, "%.*s", (int)length, text);
		error = length < sizeof one ? word(s, one) : -ENOENT;
		if (error == -ENOENT)
			snprintf(reason, bytes, "there is no \"%s\"; known: %s", one, known);
		else if (error)
			snprintf(reason, bytes, "what follows \"%s=\" is no number", one);
		if (error)
			return -EINVAL;
		text += length + (text[length] == ',');
	}
	return 0;
}

void dma_oracle_option(void)
{
	struct dma_oracle_settings s;
	char text[120], why[160];
	const char *value = option("oracle", text, sizeof text), *reason = why;

	if (!value)
		return;
	if (dma_oracle_parse(value, &s, why, sizeof why) || dma_oracle_begin(&s, &reason))
		log_error("plinth.oracle=%s is not used: %s", value, reason);
	else
		log_warning("The oracle stands between devices and memory: seed %" PRIu64 ", "
			    "%zu-byte lines, offset 0x%" PRIx64 ", limit 0x%" PRIx64 ", rate %u",
			    s.seed, s.line_bytes, s.offset, s.limit, s.rate);
}
