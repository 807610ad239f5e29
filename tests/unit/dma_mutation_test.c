/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A right driver under the oracle, and the same without one of its hand-overs: the proof that they
 * are missed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "lib/errors.h"
#include "lib/memory.h"
#include "lib/mmio.h"
#include "tests/sim/child.h"
#include "tests/sim/dma.h"
#include "tests/sim/fail.h"
#include "tests/sim/mutation.h"
#include "tests/sim/ram.h"
#include "tests/sim/toy.h"

enum { REQUESTS = 120, TURNS_MAX = 2000, BUFFER = 700 };

static const struct dma_domain domain;
static struct toy toy;
static struct toy_device device;
static bool awake;
static u8 image[TOY_STORE];		/* what the device's memory has to be */

static void fence(void)
{
}

static void wake(void *unused)
{
	(void)unused;
	awake = true;
}

/* The device gets on whenever the driver looks at a register, and sometimes at any other moment. */
static u64 look(void *state, u64 offset, unsigned width)
{
	(void)state, (void)offset, (void)width;
	for (int steps = rand() % 5; awake && steps; steps--)
		awake = toy_device_step(&device);
	return 0;
}

static void get_on(void)
{
	if (rand() % 4 == 0 && awake)
		awake = toy_device_step(&device);
}

static const struct sim_mmio_ops registers = { look, NULL };
static const struct toy_memory_ops memory_ops = { sim_dma_read, sim_dma_write, fence };

static struct job {
	int slot;
	enum toy_op op;
	u32 at;
	size_t bytes;
	u8 *buffer, memory[BUFFER + 64];
} jobs[3];

static void job_begin(struct job *j)
{
	j->op = rand() % 2 ? TOY_READ : TOY_WRITE;
	j->bytes = rand() % 2 ? 64 * (1 + (size_t)rand() % 8) : 1 + (size_t)rand() % 500;
	j->at = (u32)(j - jobs) * BUFFER + (u32)rand() % (BUFFER - (u32)j->bytes + 1);
	j->buffer = j->memory + (-(uintptr_t)j->memory & 63) + (rand() % 2 ? 0 : rand() % 64);
	for (size_t i = 0; i < j->bytes; i++)
		j->buffer[i] = (u8)rand();
	if (j->op == TOY_WRITE)
		memcpy(image + j->at, j->buffer, j->bytes);
	j->slot = toy_submit(&toy, j->op, j->at, j->buffer, j->bytes);
	assert_true(j->slot >= 0);
}

static bool job_end(struct job *j)
{
	if (j->slot < 0 || toy.requests[j->slot].status == -EINPROGRESS)
		return false;
	assert_int_equal(toy.requests[j->slot].status, TOY_OK);
	assert_memory_equal(j->buffer, image + j->at, j->bytes);
	j->slot = -1;
	return true;
}

static void suite(void **state)
{
	struct mmio mmio = { 0x1000, 8 };
	unsigned begun = 0, ended = 0;

	(void)state;
	sim_reset();
	sim.failed = fail_test;
	sim_ram(SIM_RAM_AT, 1 << 20);
	sim_mmio_add(mmio.base, mmio.size, &registers, NULL);
	srand(3);
	assert_int_equal(toy_begin(&toy, &domain), 0);
	toy.kick = wake;
	device = (struct toy_device){ &memory_ops, toy.memory.addr.bus, toy.layout, 0, 0, { 0 } };
	dma_oracle_device = get_on;
	for (unsigned i = 0; i < TOY_STORE; i++)
		image[i] = device.store[i] = (u8)rand();
	for (unsigned i = 0; i < 3; i++)
		jobs[i].slot = -1;

	for (unsigned turns = 0; ended < REQUESTS; turns++) {
		unsigned before = begun;

		assert_true(turns < TURNS_MAX);
		for (unsigned i = 0; i < 3 && begun < REQUESTS; i++)
			if (jobs[i].slot < 0 && rand() % 3) {
				job_begin(&jobs[i]);
				begun++;
			}
		if (begun > before)
			toy_ring(&toy);
		assert_int_not_equal(toy_poll(&toy), -1u);
		mmio_read32(mmio, 0);
		for (unsigned i = 0; i < 3; i++)
			ended += job_end(&jobs[i]);
	}
	assert_memory_equal(device.store, image, sizeof image);
	assert_in_range(toy.kicks, REQUESTS / 10, REQUESTS);
	dma_oracle_device = NULL;
	toy_end(&toy);
	assert_int_equal(memory_free(), memory_total());
}

static void every_hand_over_is_missed(void **state)
{
	(void)state;
	mutation_test("tests/sim/toy.c", suite);
	mutation_test_fences("tests/sim/toy.c", suite);
}

/* The harness itself: what no test would see, it says. */
static void nothing_looked_at(void **state)
{
	struct dma_memory m;

	(void)state;
	sim_ram(SIM_RAM_AT, 1 << 20);
	assert_int_equal(dma_alloc(&m, &domain, 100, 0, DMA_OWNED), 0);
	dma_give(&m, 0, 1);
	dma_take(&m, 64, 1), dma_take(&m, 128 - 64, 1);
	dma_free(&m);
}

static void survivors_are_counted(void **state)
{
	unsigned sites;

	(void)state;
	assert_int_equal(mutation_survivors(__FILE__, nothing_looked_at, false, &sites), 2);
	assert_int_equal(sites, 2);
	assert_int_equal(mutation_survivors("tests/sim/none.c", nothing_looked_at, false, &sites),
			 0);
	assert_int_equal(sites, 0);
}

static void sites_are_found_by_their_place(void **state)
{
	unsigned gives = 0, line = 0;

	(void)state;
	table_for_each(dma_sites, struct dma_site, site) {
		if (strcmp(site->file, "tests/sim/toy.c"))
			continue;
		gives += site->kind == DMA_SITE_GIVE;
		line = site->line;
	}
	assert_int_equal(gives, 5);
	assert_int_equal(dma_site_switch("tests/sim/toy.c", line, true), 1);
	assert_int_equal(dma_site_switch("tests/sim/toy.c", line, false), 1);
	assert_int_equal(dma_site_switch("tests/sim/toy.c", 1, true), 0);
	assert_int_equal(dma_site_switch("toy.c", line, true), 0);
	assert_string_equal(dma_site_kind_name(DMA_SITE_UNMAP), "unmap");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hand_over_is_missed),
		cmocka_unit_test(survivors_are_counted),
		cmocka_unit_test(sites_are_found_by_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
