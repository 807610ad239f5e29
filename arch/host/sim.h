/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that arch.h shows when it is a workstation: devices that tests simulate, a clock
 * that moves only when looked at, and a record of what was asked of the CPU.
 *
 * A test sets what it wants in @sim after sim_reset(), and reads there what happened.
 */
#pragma once
#include "arch/arch.h"

/* ---- Devices ---- */

/* @offset is from the window's base; @width is 1, 2, 4 or 8 bytes, naturally aligned. */
struct sim_mmio_ops {
	u64 (*read)(void *state, u64 offset, unsigned width);
	void (*write)(void *state, u64 offset, unsigned width, u64 value);
};

/*
 * From now on accesses in [base, base + bytes) go to @ops. An access outside every window is a
 * bus fault where arch_catch is waiting for one, and fails the test otherwise.
 */
void sim_mmio_add(uintptr_t base, size_t bytes, const struct sim_mmio_ops *ops, void *state);

/* For simulated devices: what hardware would not survive. Ends the test (sim.failed). */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A fault at @address, for the innermost arch_catch. Returns only if nobody waits for one. */
void sim_fault(enum arch_fault_kind kind, u64 address);

/* ---- The state of the machine ---- */

enum { SIM_EARLY_BYTES = 64 * 1024, SIM_RECORDS = 256, SIM_WRITTEN = 8 };

struct sim_cache_record {
	enum sim_cache_op { SIM_CLEAN, SIM_INVALIDATE, SIM_FLUSH, SIM_SYNC_CODE } op;
	uintptr_t start;
	size_t bytes;
};

struct sim_map_record {
	u64 start, bytes;
	enum arch_map_kind kind;
};

struct sim {
	/* Time: each look at the clock and each turn of a polling loop moves it by a step. */
	u64 ticks, ticks_step, ticks_per_second;	/* 10 MHz, steps of a microsecond */

	/* Told of each arch_dma_ barrier, for memory in two views (tests/sim/coherent.h). */
	void (*barrier)(enum sim_barrier kind);

	/* What arch_early_write was given, terminated. */
	char early_text[SIM_EARLY_BYTES];
	size_t early_bytes;

	/* The latest SIM_RECORDS of each: [count % SIM_RECORDS] is where the next one goes. */
	struct sim_cache_record cache[SIM_RECORDS];
	struct sim_map_record maps[SIM_RECORDS];	/* arch_map_device's too */
	unsigned cache_count, map_count;

	const char *cache_backend;			/* NULL: this CPU has no cache operations */
	size_t cache_line_bytes;
	bool dma_coherent;				/* default: what arch_dma_coherent says */
	bool no_uncached;				/* ARCH_MAP_UNCACHED cannot be mapped */
	const struct arch_console *firmware_console;	/* NULL: none */
	bool firmware_resets;				/* arch_reset and arch_power_off work */
	struct arch_image image;
	u64 cpu_id;
	u64 random;			/* arch_random counts up from here; 0: there is none */

	/* What arch_linux_image_parse finds in any header, or who says; NULL: that it is none. */
	const struct arch_linux_image *linux_image;
	int (*linux_parse)(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason);

	/* The next stage that arch_enter was asked to enter. */
	u64 entered, entered_tree;
	struct range entered_written[SIM_WRITTEN];
	size_t entered_written_count;

	/*
	 * Called with what went wrong when the code under test does what hardware would not
	 * survive. Must not return; NULL prints it and aborts.
	 */
	void (*failed)(const char *message);
};
extern struct sim sim;

/* Forget the windows and all records; the defaults again. @failed stays. */
void sim_reset(void);

/* ---- What does not return ---- */

enum sim_end { SIM_RETURNED, SIM_STOPPED, SIM_RESET, SIM_POWERED_OFF, SIM_ENTERED };

/* Call function(argument), and say how it ended: functions of arch.h that never return end it. */
enum sim_end sim_run(void (*function)(void *), void *argument);
