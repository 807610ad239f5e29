/* SPDX-License-Identifier: BSD-2-Clause */
/* The half of the simulated machine that talks to devices and to the clock. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/host/sim.h"

struct sim sim;

/* ---- Failing ---- */

void sim_fail(const char *format, ...)
{
	char message[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof message, format, arguments);
	va_end(arguments);
	if (sim.failed)
		sim.failed(message);
	fprintf(stderr, "sim: %s\n", message);
	abort();
}

/* ---- MMIO ---- */

enum { MAX_WINDOWS = 64 };

static struct window {
	uintptr_t base;
	size_t bytes;
	const struct sim_mmio_ops *ops;
	void *state;
} windows[MAX_WINDOWS];
static unsigned window_count;

void sim_mmio_add(uintptr_t base, size_t bytes, const struct sim_mmio_ops *ops, void *state)
{
	if (window_count == MAX_WINDOWS)
		sim_fail("more than %d windows", MAX_WINDOWS);
	for (unsigned i = 0; i < window_count; i++)
		if (base - windows[i].base < windows[i].bytes || windows[i].base - base < bytes)
			sim_fail("window 0x%" PRIxPTR " lies over another one", base);
	windows[window_count++] = (struct window){ base, bytes, ops, state };
}

static struct window *window_at(uintptr_t addr, unsigned width, bool write)
{
	if (addr % width) {
		sim_fault(ARCH_FAULT_MISALIGNED, addr);
		sim_fail("misaligned %u-byte %s at 0x%" PRIxPTR, width, write ? "write" : "read",
			 addr);
	}
	for (unsigned i = 0; i < window_count; i++)
		if (addr - windows[i].base < windows[i].bytes &&
		    width <= windows[i].bytes - (addr - windows[i].base))
			return &windows[i];
	sim_fault(ARCH_FAULT_BUS, addr);
	sim_fail("%u-byte %s at 0x%" PRIxPTR ", where no device is", width,
		 write ? "write" : "read", addr);
}

u64 sim_mmio_read(uintptr_t addr, unsigned width)
{
	struct window *w = window_at(addr, width, false);

	return w->ops->read(w->state, addr - w->base, width);
}

void sim_mmio_write(uintptr_t addr, unsigned width, u64 value)
{
	struct window *w = window_at(addr, width, true);

	w->ops->write(w->state, addr - w->base, width, value);
}

/* ---- Time ---- */

u64 sim_ticks(void)
{
	return sim.ticks += sim.ticks_step;
}

void sim_relax(void)
{
	sim.ticks += sim.ticks_step;
}

/* ---- Memory ---- */

void sim_barrier(enum sim_barrier kind)
{
	if (sim.barrier)
		sim.barrier(kind);
}

/* ---- Starting over ---- */

void sim_reset(void)
{
	void (*failed)(const char *message) = sim.failed;

	window_count = 0;
	memset(&sim, 0, sizeof sim);
	sim.failed = failed;
	sim.ticks_per_second = 10000000;
	sim.ticks_step = 10;
	sim.cache_backend = "simulated";
	sim.cache_line_bytes = 64;
}

__attribute__((constructor)) static void power_on(void)
{
	sim_reset();
}
