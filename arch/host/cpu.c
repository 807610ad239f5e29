/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions of arch.h, on a machine that keeps a record instead of doing what is asked. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include "arch/host/sim.h"

/* ---- Time and identity ---- */

u64 arch_ticks_per_second(void)
{
	return sim.ticks_per_second;
}

int arch_describe(const struct arch_tree *tree)
{
	(void)tree;
	return 0;
}

const char *arch_cpu_name(void)
{
	return "simulated";
}

const char *arch_cpu_mode(void)
{
	return "a workstation's process";
}

u64 arch_cpu_id(void)
{
	return sim.cpu_id;
}

const char *const arch_boot_cpu_property = "boot-cpu";

bool arch_random(u64 *value)
{
	*value = sim.random;
	return sim.random && sim.random++;
}

/* ---- Caches ---- */

static void cache_record(enum sim_cache_op op, const void *start, size_t bytes)
{
	sim.cache[sim.cache_count++ % SIM_RECORDS] =
		(struct sim_cache_record){ op, (uintptr_t)start, bytes };
}

bool arch_dma_coherent(void)
{
	return sim.dma_coherent;
}

const char *arch_cache_backend(void)
{
	return sim.cache_backend;
}

size_t arch_cache_line_bytes(void)
{
	return sim.cache_line_bytes;
}

void arch_cache_clean(const void *start, size_t bytes)
{
	cache_record(SIM_CLEAN, start, bytes);
}

void arch_cache_invalidate(void *start, size_t bytes)
{
	if (((uintptr_t)start | bytes) % sim.cache_line_bytes)
		sim_fail("invalidating %zu bytes at %p: not whole cache lines", bytes, start);
	cache_record(SIM_INVALIDATE, start, bytes);
}

void arch_cache_flush(const void *start, size_t bytes)
{
	cache_record(SIM_FLUSH, start, bytes);
}

void arch_cache_sync_code(const void *start, size_t bytes)
{
	cache_record(SIM_SYNC_CODE, start, bytes);
}

/* ---- Address space: everything is mapped; only the wish is recorded ---- */

int arch_map(u64 start, u64 bytes, enum arch_map_kind kind)
{
	if ((start | bytes) % ARCH_PAGE_BYTES)
		return -EINVAL;
	if (kind == ARCH_MAP_UNCACHED && sim.no_uncached)
		return -ENOTSUP;
	sim.maps[sim.map_count++ % SIM_RECORDS] = (struct sim_map_record){ start, bytes, kind };
	return 0;
}

uintptr_t arch_map_device(u64 physical, u64 bytes)
{
	sim.maps[sim.map_count++ % SIM_RECORDS] =
		(struct sim_map_record){ physical, bytes, ARCH_MAP_DEVICE };
	return physical;
}

int arch_tables_begin(void *(*page)(void))
{
	(void)page;
	return 0;
}

void arch_tables_use(void)
{
}

void arch_image(struct arch_image *image)
{
	*image = sim.image;
}

u64 arch_image_bytes(void)
{
	return sim.image.data.start + sim.image.data.bytes - sim.image.text.start;
}

_Noreturn void arch_move(const struct arch_boot *boot)
{
	(void)boot;
	sim_fail("a program on a workstation does not move");
}

/* ---- Faults ---- */

struct catcher {
	struct catcher *outer;
	jmp_buf back;
	struct arch_fault fault;
};
static struct catcher *catcher;

int arch_catch(void (*function)(void *), void *argument, struct arch_fault *fault)
{
	struct catcher here = { .outer = catcher };
	int error = 0;

	catcher = &here;
	if (setjmp(here.back) == 0)
		function(argument);
	else
		error = -EFAULT;
	catcher = here.outer;
	if (error && fault)
		*fault = here.fault;
	return error;
}

void sim_fault(enum arch_fault_kind kind, u64 address)
{
	if (!catcher)
		return;
	catcher->fault = (struct arch_fault){
		.kind = kind,
		.what = "simulated fault",
		.address = address,
		.address_valid = true,
	};
	longjmp(catcher->back, 1);
}

const char *arch_register_name(unsigned index)
{
	static const char names[32][4] = {
		"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12",
		"r13", "r14", "r15", "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24",
		"r25", "r26", "r27", "r28", "r29", "r30", "r31",
	};

	return names[index];
}

/* A frame is two words, the caller's frame and the return address; callers have higher frames. */
bool arch_unwind(uintptr_t *pc, uintptr_t *fp, uintptr_t stack_low, uintptr_t stack_high)
{
	uintptr_t frame[2];

	if (*fp < stack_low || *fp >= stack_high || stack_high - *fp < sizeof frame ||
	    *fp % sizeof frame[0])
		return false;
	memcpy(frame, (const void *)*fp, sizeof frame);
	if (frame[1] == 0 || (frame[0] && frame[0] <= *fp))
		return false;
	*fp = frame[0];
	*pc = frame[1];
	return true;
}

/* ---- Firmware ---- */

const struct arch_console *arch_firmware_console(void)
{
	return sim.firmware_console;
}

void arch_early_write(const char *text, size_t bytes)
{
	if (bytes > SIM_EARLY_BYTES - 1 - sim.early_bytes)
		sim_fail("more than %d bytes of early text", SIM_EARLY_BYTES);
	memcpy(sim.early_text + sim.early_bytes, text, bytes);
	sim.early_bytes += bytes;
	sim.early_text[sim.early_bytes] = '\0';
}

/* ---- Not returning ---- */

static jmp_buf *run_back;
static enum sim_end run_end;

enum sim_end sim_run(void (*function)(void *), void *argument)
{
	jmp_buf back, *outer_back = run_back;
	struct catcher *outer_catcher = catcher;

	run_back = &back;
	run_end = SIM_RETURNED;
	if (setjmp(back) == 0)
		function(argument);
	run_back = outer_back;
	catcher = outer_catcher;
	return run_end;
}

static _Noreturn void end(enum sim_end how)
{
	static const char *const words[] = {
		"returned", "stopped", "reset", "powered off", "left",
	};

	if (!run_back)
		sim_fail("the machine was %s outside sim_run", words[how]);
	run_end = how;
	longjmp(*run_back, 1);
}

int arch_reset(void)
{
	if (sim.firmware_resets)
		end(SIM_RESET);
	return -ENOTSUP;
}

int arch_power_off(void)
{
	if (sim.firmware_resets)
		end(SIM_POWERED_OFF);
	return -ENOTSUP;
}

_Noreturn void arch_stop(void)
{
	end(SIM_STOPPED);
}

const char arch_efi_name[] = "host64";
const u16 arch_pe_machine = 0x7e57, arch_elf_machine = 0x7e57;

int arch_linux_image_parse(const void *header, size_t bytes, struct arch_linux_image *image,
			   const char **reason)
{
	if (sim.linux_parse)
		return sim.linux_parse(header, bytes, image, reason);
	if (!sim.linux_image) {
		*reason = "a workstation enters no kernel";
		return -ENOEXEC;
	}
	*image = *sim.linux_image;
	return 0;
}

_Noreturn void arch_enter(u64 entry, u64 tree, const struct range *written, size_t count)
{
	sim.entered_written_count = count < SIM_WRITTEN ? count : SIM_WRITTEN;
	memcpy(sim.entered_written, written, sim.entered_written_count * sizeof written[0]);
	sim.entered = entry;
	sim.entered_tree = tree;
	end(SIM_ENTERED);
}
