/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe controller that says anything, in its registers, in what it tells of itself and in its
 * completions: no memory is harmed, everything ends, and everything is given back.
 *
 * The input: a byte of choices, and then, for each thing it says, a byte: below 0xc0 it is honest
 * that many times more; else so many places (less 0xbf, at most 8) are changed, each by two bytes
 * that say where and one that says how. It is honest when the input has ended.
 */
#include <stdlib.h>
#include <string.h>

#include "arch/host/sim.h"
#include "drivers/nvme/nvme.h"
#include "lib/assert.h"
#include "lib/dma_oracle.h"
#include "lib/memory.h"
#include "tests/sim/nvme.h"
#include "tests/sim/ram.h"
#include "unit/tree.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes);

enum { ECAM_AT = 0x30000000, REGISTERS_AT = 0x40000000, REGISTERS_BYTES = 0x10000 };
enum { RAM_BYTES = 4 << 20, BLOCKS = 40, GUARD = 0x91, MARGIN = 64, PLACES_MAX = 8 };
enum { CHOOSE_SHADOW = 1, CHOOSE_SGL = 2, CHOOSE_HMB = 4, CHOOSE_4K = 8, CHOOSE_SHUFFLE = 16,
       CHOOSE_LOST = 32, CHOOSE_GONE = 64, CHOOSE_ORACLE = 128 };

static struct {
	const u8 *data;
	size_t bytes;
	unsigned honest;
} input;

static struct sim_pci pci;
static struct sim_nvme nvme;
static struct pci_function function;
static u8 memory[MARGIN + BLOCKS * 4096 + MARGIN] __attribute__((aligned(64)));

static u8 take(void)
{
	if (!input.bytes)
		return 0;
	input.bytes--;
	return *input.data++;
}

static void twist(struct sim_nvme *s, enum sim_nvme_says what, u64 which, void *bytes, size_t count)
{
	unsigned places;
	u8 choice;

	(void)s, (void)what, (void)which;
	if (!input.bytes || input.honest) {
		input.honest -= input.honest > 0;
		return;
	}
	choice = take();
	if (choice < 0xc0) {
		input.honest = choice;
		return;
	}
	places = choice - 0xbfu < PLACES_MAX ? choice - 0xbfu : PLACES_MAX;
	while (places--) {
		unsigned where = take() | (unsigned)take() << 8;

		((u8 *)bytes)[where % count] = take();
	}
}

/* ---- A function without its host ---- */

static u32 config_read(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
		       unsigned width)
{
	(void)host, (void)bus, (void)slot, (void)number;
	return nvme.function->gone ? UINT32_MAX : sim_pci_get(nvme.function, offset, width);
}

static void config_write(struct pci_host *host, u8 bus, u8 slot, u8 number, unsigned offset,
			 unsigned width, u32 value)
{
	(void)host, (void)bus, (void)slot, (void)number;
	sim_pci_set(nvme.function, offset, width, value);
}

static const struct pci_host_ops host_ops = { config_read, config_write };
static struct pci_host host = { .ops = &host_ops };

static int map_bar(struct device *dev, unsigned index, struct mmio *out)
{
	assert(index == 0);
	return mmio_map(out, REGISTERS_AT, REGISTERS_BYTES, dev->name);
}

static const struct device_bus bus = { map_bar };

static void begin(u8 choices)
{
	sim_reset();
	sim.ticks_step = 100000;	/* ten milliseconds */
	sim_ram(SIM_RAM_AT, RAM_BYTES);
	sim_pci_begin(&pci, ECAM_AT, 0, 0);
	sim_nvme_begin(&nvme, &pci, NULL, 1);
	sim_mmio_add(REGISTERS_AT, REGISTERS_BYTES, nvme.function->ops[0], &nvme);
	sim_pci_set(nvme.function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	nvme.tolerant = true;
	nvme.twist = twist;
	nvme.oacs |= choices & CHOOSE_SHADOW ? 1 << 8 : 0;
	nvme.sgls = choices & CHOOSE_SGL ? 2 : 0;
	nvme.hmpre = choices & CHOOSE_HMB ? 16 : 0;
	nvme.ns[0].format = choices & CHOOSE_4K ? SIM_NVME_4096_8 : SIM_NVME_512;
	nvme.ns[0].protection = choices & CHOOSE_4K ? 1 : 0;
	nvme.shuffle = choices & CHOOSE_SHUFFLE ? 1 : 0;
	if (choices & (CHOOSE_LOST | CHOOSE_GONE))
		nvme.faults[0] = (struct sim_nvme_fault){
			.trouble = choices & CHOOSE_LOST ? SIM_NVME_LOST : SIM_NVME_VANISH,
			.opcode = SIM_NVME_ANY, .skip = 2,
		};
	sim_nvme_hook(NULL);
	sim_nvme_hook(&nvme);
}

/* ---- What is done with a disk ---- */

/* Whatever it says, it writes where it was told to, or nowhere. */
static void check_read(struct block_device *b, u64 lba, u32 blocks)
{
	size_t bytes = (size_t)blocks * b->limits.block_size;
	int error;

	if (bytes > sizeof memory - 2 * MARGIN)
		return;
	memset(memory, GUARD, sizeof memory);
	error = block_read(b, lba, blocks, memory + MARGIN);
	assert(error <= 0);
	for (unsigned i = 0; i < MARGIN; i++)
		assert(memory[i] == GUARD && memory[MARGIN + bytes + i] == GUARD);
}

static void use(struct block_device *b)
{
	check_read(b, 0, 1);
	check_read(b, 3, BLOCKS);
	block_write(b, 3, 2, memory + MARGIN);
	block_flush(b);
	block_erase(b, BLOCK_DISCARD, 1, 3);
	block_erase(b, BLOCK_WRITE_ZEROES, 1, 3);
	check_read(b, 5, 2);
	if (b->dead)
		assert(b->dead < 0 && b->why_dead);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t bytes)
{
	const char *reason;
	u8 choices;
	u64 before;

	input.data = data;
	input.bytes = bytes;
	input.honest = 0;
	choices = take();
	begin(choices);
	before = memory_free();
	if (choices & CHOOSE_ORACLE) {
		if (dma_oracle_begin(&dma_oracle_defaults, &reason))
			abort();
		sim_nvme_hook(NULL);
		sim_nvme_hook(&nvme);
	}
	function = (struct pci_function){ .host = &host, .slot = 1 };
	function.device = (struct device){
		.name = "pci 00:01.0", .bus = &bus, .node = dt_root(),
		.id = { .bus = BUS_PCI, .vendor = 0x1234, .product = 0x5678,
			.class_code = SIM_NVME_CLASS },
	};
	function.bars[0] = (struct plan_range){
		.present = true, .bytes = REGISTERS_BYTES, .given.start = REGISTERS_AT,
	};
	device_add(&function.device);
	assert(!function.device.error || function.device.reason[0]);
	for (struct block_device *b = block_first(); b; b = b->next)
		use(b);
	devices_quiesce();
	device_remove(&function.device);
	assert(!block_first() && !nvme_first());
	assert(!dma_counters()->lent && !dma_counters()->shared);
	if (choices & CHOOSE_ORACLE)
		dma_oracle_end();
	assert(memory_free() == before);
	arch_turn_hook = NULL;
	dma_oracle_device = NULL;
	return 0;
}
