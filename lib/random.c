/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A pool of 256 bits. Each use hashes everything that there is into it, gives hashes of the pool
 * with a number, and moves the pool on, so that it tells nothing of what was given.
 */
#include "lib/random.h"

#include <stdio.h>
#include <string.h>

#include "arch/arch.h"
#include "lib/dt.h"
#include "lib/sha256.h"

enum { ENOUGH_BITS = 128, SOURCE_BYTES = 32, CPU_WORDS = 8 };

static const char *const seeds[] = { "kaslr-seed", "rng-seed" };
enum { SEEDS = sizeof(seeds) / sizeof(*seeds) };

static u8 pool[SHA256_BYTES];
static u32 firmware_bits;
static struct random_source *sources;

void random_add(struct random_source *s)
{
	s->next = sources;
	sources = s;
}

void random_remove(struct random_source *s)
{
	for (struct random_source **at = &sources; *at; at = &(*at)->next)
		if (*at == s) {
			*at = s->next;
			return;
		}
}

/* How much can be in it, to those who do not know it: nothing where all bytes are the same. */
static u32 bits_of(const u8 *data, size_t bytes)
{
	for (size_t i = 1; i < bytes; i++)
		if (data[i] != data[0])
			return 8 * (u32)bytes;
	return 0;
}

/* ---- Firmware ---- */

bool random_is_seed(const char *property)
{
	for (unsigned i = 0; i < SEEDS; i++)
		if (!strcmp(property, seeds[i]))
			return true;
	return false;
}

void random_erase_seeds(void *unused)
{
	struct dt_node chosen = dt_path("/chosen");

	(void)unused;
	for (unsigned i = 0; i < SEEDS; i++)
		dt_erase(chosen, seeds[i]);
}

void random_begin(void)
{
	struct dt_node chosen = dt_path("/chosen");
	struct sha256 s;

	firmware_bits = 0;
	sha256_begin(&s);
	for (unsigned i = 0; i < SEEDS; i++) {
		u32 bytes;
		const void *value = dt_property(chosen, seeds[i], &bytes);

		if (value) {
			sha256_add(&s, value, bytes);
			firmware_bits += bits_of(value, bytes);
		}
	}
	sha256_end(&s, pool);
	random_erase_seeds(NULL);
}

/* ---- What there is ---- */

struct gathering {
	struct sha256 hash;
	u32 bits;
	char *from;
	size_t from_bytes;
};

static void add(struct gathering *g, const char *name, const void *data, size_t bytes, u32 bits)
{
	sha256_add(&g->hash, data, bytes);
	if (bits)
		g->from_bytes += (size_t)snprintf(g->from + g->from_bytes,
						  RANDOM_FROM_BYTES - g->from_bytes, "%s%s",
						  g->from_bytes ? ", " : "", name);
	if (g->from_bytes >= RANDOM_FROM_BYTES)
		g->from_bytes = RANDOM_FROM_BYTES - 1;
	g->bits += bits;
}

static void add_sources(struct gathering *g)
{
	u8 data[SOURCE_BYTES];

	for (struct random_source *s = sources, *next; s; s = next) {
		int bytes;

		next = s->next;			/* one that fails may remove itself */
		bytes = s->read(s, data, sizeof(data));
		if (bytes > 0)
			add(g, s->name, data, (size_t)bytes, bits_of(data, (size_t)bytes));
	}
}

static void add_cpu(struct gathering *g)
{
	u64 words[CPU_WORDS];
	unsigned n = 0;

	while (n < CPU_WORDS && arch_random(&words[n]))
		n++;
	/* RISC-V promises half of the bits it gives. */
	add(g, "the CPU", words, n * sizeof(*words), bits_of((u8 *)words, n * sizeof(*words)) / 2);
}

/*
 * How far the clock gets during some work in memory, and how often it can be looked at until it
 * moves. Never counted: nobody can say how much is in it.
 */
static void add_jitter(struct gathering *g, unsigned rounds)
{
	enum { WORDS = 1024, STEPS = 32, LOOKS_MAX = 1000 };
	static u32 memory[WORDS];
	u32 x = 1;

	while (rounds--) {
		u64 sample[2] = { 0, 0 }, before;

		for (unsigned i = 0; i < STEPS; i++) {
			x = x * 1664525 + 1013904223 + memory[x % WORDS];
			memory[x / 4 % WORDS] ^= x;
		}
		before = arch_ticks();
		while (sample[1]++ < LOOKS_MAX && (sample[0] = arch_ticks()) == before)
			;
		sha256_add(&g->hash, sample, sizeof(sample));
	}
}

/* ---- Giving ---- */

/* Number 0 is the next pool, the others are given. */
static void draw(u32 number, u8 to[static SHA256_BYTES])
{
	struct sha256 s;

	sha256_begin(&s);
	sha256_add(&s, pool, sizeof(pool));
	sha256_add(&s, &number, sizeof(number));
	sha256_end(&s, to);
}

bool random_bytes(void *to, size_t bytes, char from[RANDOM_FROM_BYTES])
{
	enum { ROUNDS = 16, ROUNDS_ALONE = 1024 };
	struct gathering g = { .from = from };
	u8 block[SHA256_BYTES];
	bool enough;

	from[0] = 0;
	sha256_begin(&g.hash);
	add(&g, "the firmware's seed", pool, sizeof(pool), firmware_bits);
	add_sources(&g);
	add_cpu(&g);
	enough = g.bits >= ENOUGH_BITS;
	add_jitter(&g, enough ? ROUNDS : ROUNDS_ALONE);
	sha256_end(&g.hash, pool);

	for (u32 number = 1; bytes; number++) {
		size_t part = bytes < sizeof(block) ? bytes : sizeof(block);

		draw(number, block);
		memcpy(to, block, part);
		to = (u8 *)to + part;
		bytes -= part;
	}
	draw(0, pool);
	return enough;
}
