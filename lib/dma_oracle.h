/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The non-coherence oracle: machines whose caches forget nothing and hide everything, where there
 * are none. What a device may touch exists twice, a view of ours and a view of the device's. Only
 * the hand-overs of lib/dma.h move bytes between them, in whole lines; but at any hook point (each
 * dma_ call, each access to registers, each turn of a polling loop) a line of ours that was written
 * may be written back, and one that was not may be fetched again, by chance. And what was given
 * arrives late, though in order, as from a store buffer: a fence waits for it, and so do registers
 * and polling loops. A driver that forgets a hand-over or a fence, or writes what is not its to
 * write, then gets wrong data or waits in vain, under any emulator.
 */
#pragma once
#include "lib/dma_loans.h"

enum { DMA_ORACLE_LINE_MIN = 16, DMA_ORACLE_LINE_MAX = 256 };

struct dma_oracle_settings {
	u64 seed;
	size_t line_bytes;	/* a power of two from LINE_MIN to LINE_MAX */
	/* Addresses on the bus are those of the CPU and this, modulo 2^64; 0: as it comes. */
	u64 offset;
	u64 limit;		/* bytes of RAM in reach, from its beginning; 0: all */
	/* Lines that something may happen to, at each hook point; 0: nothing by chance. */
	unsigned rate;
};
extern const struct dma_oracle_settings dma_oracle_defaults;

/*
 * From now on every device is served that way; dma_oracle_end() for tests. Nothing may be shared or
 * lent at that moment. 0, or -EINVAL, -ENOMEM with *reason in words.
 */
int dma_oracle_begin(const struct dma_oracle_settings *s, const char **reason);
void dma_oracle_end(void);
const struct dma_oracle_settings *dma_oracle(void);	/* NULL: it is not at work */

/* The option plinth.oracle: "rpi4,seed=3,limit=64M"; see docs/debugging.md. Errors are logged. */
void dma_oracle_option(void);
int dma_oracle_parse(const char *text, struct dma_oracle_settings *s, char *reason, size_t bytes);

struct dma_oracle_counters {
	u64 hooks, written_back, fetched;
	u64 lost;		/* lines taken that we had written and not given: each is a bug */
};
extern struct dma_oracle_counters dma_oracle_counters;

/* For tests: a device that gets on at each hook point, between any two things its driver does. */
extern void (*dma_oracle_device)(void);

/* ---- For lib/dma.c ---- */

void dma_oracle_hook(void);
void dma_oracle_flush(void);

/*
 * Two views of what is lent. @same: they begin alike, else the device sees old rubbish. 0,
 * -ENOMEM.
 */
int dma_oracle_lend(struct dma_loan *loan, const struct dma_domain *domain, size_t align,
		    bool same);
void dma_oracle_end_loan(struct dma_loan *loan);
void dma_oracle_give(struct dma_loan *loan, size_t offset, size_t bytes);
void dma_oracle_take(struct dma_loan *loan, const struct dma_site *site, size_t offset,
		     size_t bytes);

/* With an offset: memory in pairs. 0, -ENOMEM. */
int dma_oracle_pairs_take(const struct dma_oracle_settings *s);
void dma_oracle_pairs_release(void);
