/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers that nobody can guess, for the seeds of what is booted. No source is believed: firmware's
 * seeds, devices, the CPU and the jitter of its clock are hashed together, so that one who knows or
 * chooses what some of them say, knows nothing as long as one is good.
 */
#pragma once
#include "arch/types.h"

/* A device that gives random bytes. Its driver keeps this. */
struct random_source {
	const char *name;
	/* Up to @bytes, in bounded time: how many, or -errno after saying why. */
	int (*read)(struct random_source *s, void *to, size_t bytes);
	struct random_source *next;
};
void random_add(struct random_source *s);
void random_remove(struct random_source *s);

/* Take the seeds that the open tree's /chosen holds (kaslr-seed, rng-seed), and erase them. */
void random_begin(void);
void random_erase_seeds(void *unused);		/* only erase them */

/* Is this a property of /chosen whose value is nobody's business? */
bool random_is_seed(const char *property);

/*
 * Fill @to. What went into it is said in @from: "the firmware's seed, virtio-rng, the CPU". false:
 * it is weak, since little but the clock's jitter did.
 */
enum { RANDOM_FROM_BYTES = 100 };
bool random_bytes(void *to, size_t bytes, char from[RANDOM_FROM_BYTES]);
