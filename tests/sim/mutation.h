/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mutation proof: would the tests of a driver see it, if one of its hand-overs were missing?
 * Include after <cmocka.h>.
 *
 * @suite is a whole test of the driver, from its machine's beginning to dma_leaks(), in a process
 * of its own, under the oracle. Under every setting of it the suite must pass. Then, for each
 * hand-over in @file ("drivers/virtio/split.c"), it runs with that one switched off, and must fail
 * under one of them. Those whose absence nobody sees are listed, and are failures.
 */
#pragma once
#include "lib/dma_oracle.h"

void mutation_test(const char *file, CMUnitTestFunction suite);

/*
 * The same for each dma_fence. A suite sees that one is missing only if its device gets on between
 * what the driver does: in another thread, or through dma_oracle_device.
 */
void mutation_test_fences(const char *file, CMUnitTestFunction suite);

/* Without failing: how many survive, of how many. */
unsigned mutation_survivors(const char *file, CMUnitTestFunction suite, bool fences,
			    unsigned *sites);
