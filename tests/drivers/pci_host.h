/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One simulated hierarchy, and what is found in it: what the tests of drivers/pci share.
 */
#pragma once
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/internal.h"
#include "tests/sim/pci_host.h"

#define KiB 1024ull
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

static struct sim_pci pci;
static struct pci_host host;
static unsigned seed;

static inline void begin(u8 first_bus, u8 last_bus)
{
	pci_forget_all(&host);
	sim_pci_host_begin(&host, &pci, first_bus, last_bus);
}

static inline int teardown(void **state)
{
	(void)state;
	pci_forget_all(&host);
	return 0;
}

static inline struct pci_function *function(const char *name)
{
	for (struct pci_function *f = host.functions; f; f = f->next)
		if (!strcmp(f->device.name + 4, name))
			return f;
	return NULL;
}

static inline unsigned function_count(void)
{
	unsigned count = 0;

	for (struct pci_function *f = host.functions; f; f = f->next)
		count++;
	return count;
}

static inline struct sim_pci_function *endpoint(struct sim_pci_function *bridge, unsigned slot)
{
	struct sim_pci_function *f = sim_pci_add(&pci, bridge, slot, 0, 0x1b36, 0x0010, 0x010802);

	sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	sim_pci_bar(f, 0, SIM_PCI_64, 16 * KiB);
	return f;
}

static inline struct sim_pci_function *port(struct sim_pci_function *bridge, unsigned slot,
					    unsigned type)
{
	struct sim_pci_function *f = sim_pci_add(&pci, bridge, slot, 0, 0x1b36, 0x000c, 0x060400);

	sim_pci_bridge(f, 16, 64);
	sim_pci_express(f, type);
	return f;
}

static inline void look(void)
{
	assert_int_equal(pci_scan(&host), 0);
	assert_int_equal(pci_place(&host), 0);
}

/* As when the next boot stage looks at what we left: everything is found anew, set as it is. */
static inline void look_again(void)
{
	pci_forget_all(&host);
	look();
}

#define check(condition) do { \
	if (!(condition)) \
		fail_msg("topology %u: %s", seed, #condition); \
} while (0)

static inline struct sim_pci_function *simulated(const struct pci_function *f)
{
	struct sim_pci_function *bridge = f->bridge ? simulated(f->bridge) : NULL;

	for (unsigned i = 0; i < pci.count; i++)
		if (pci.functions[i].bridge == bridge && pci.functions[i].slot == f->slot &&
		    pci.functions[i].number == f->number)
			return &pci.functions[i];
	return NULL;
}

static inline bool arrives_at(const struct pci_function *f, unsigned index, u64 offset)
{
	const struct plan_range *r = &f->bars[index];
	unsigned bar;
	u64 into;

	return sim_pci_decode(&pci, r->kind == PLAN_IO, r->given.start + offset, &bar, &into) ==
		simulated(f) && bar == index && into == offset;
}

/* Accesses to the ends of every placed BAR arrive there. Returns how many BARs have no place. */
static inline unsigned check_routes(void)
{
	unsigned missing = 0;

	for (struct pci_function *f = host.functions; f; f = f->next) {
		for (unsigned i = 0; i < PCI_BARS; i++) {
			const struct plan_range *r = &f->bars[i];

			if (!r->present || !r->given.start) {
				missing += r->present;
				continue;
			}
			check(arrives_at(f, i, 0));
			check(arrives_at(f, i, r->bytes - 1));
		}
	}
	return missing;
}

static u64 random_state;

static inline unsigned rnd(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 20) % below;
}
