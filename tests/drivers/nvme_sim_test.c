/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated NVMe controller, by a driver of a few lines: it does what the standard says, and
 * notices what the standard forbids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arch/host/sim.h"
#include "drivers/nvme/wire.h"
#include "drivers/pci/regs.h"
#include "lib/dma.h"
#include "tests/sim/nvme.h"
#include "tests/sim/ram.h"

/* The driver's layouts, by the standard's numbers: 4.2, 4.6, 5.15.2, 5.14.1. */
#define AT(type, field, offset) \
	_Static_assert(offsetof(struct type, field) == (offset), #type "." #field)
AT(nvme_command, cid, 2); AT(nvme_command, nsid, 4); AT(nvme_command, mptr, 16);
AT(nvme_command, prp1, 24); AT(nvme_command, prp2, 32); AT(nvme_command, cdw10, 40);
AT(nvme_command, cdw15, 60); AT(nvme_sgl, bytes, 8); AT(nvme_sgl, type, 15);
AT(nvme_completion, sqhd, 8); AT(nvme_completion, sqid, 10); AT(nvme_completion, cid, 12);
AT(nvme_completion, status, 14);
AT(nvme_id_controller, sn, 4); AT(nvme_id_controller, mn, 24); AT(nvme_id_controller, fr, 64);
AT(nvme_id_controller, ver, 80); AT(nvme_id_controller, acl, 258);
AT(nvme_id_controller, elpe, 262); AT(nvme_id_controller, npss, 263);
AT(nvme_id_controller, hmmin, 276); AT(nvme_id_controller, cqes, 513);
AT(nvme_id_controller, nn, 516); AT(nvme_id_controller, oncs, 520);
AT(nvme_id_controller, fna, 524); AT(nvme_id_controller, hmminds, 332);
AT(nvme_id_namespace, nlbaf, 25); AT(nvme_id_namespace, flbas, 26);
AT(nvme_id_namespace, dps, 29); AT(nvme_id_namespace, nguid, 104);
AT(nvme_id_namespace, eui64, 120);
AT(nvme_smart, temperature, 1); AT(nvme_smart, used, 5); AT(nvme_smart, units_read, 32);
AT(nvme_smart, power_cycles, 112); AT(nvme_smart, media_errors, 160);
AT(nvme_error_entry, sqid, 8); AT(nvme_error_entry, cid, 10); AT(nvme_error_entry, status, 12);
AT(nvme_error_entry, lba, 16); AT(nvme_error_entry, nsid, 24);

enum { WINDOW = 0x40000000, ENTRIES = 8, TURNS = 200, AQA_VALUE = 7 | 7 << 16 };
enum { SQ = 0, CQ = 4096, IO_SQ = 8192, IO_CQ = 12288, DATA = 16384, LIST = 32768 };
enum { BYTES = 65536 };

/* Ours, to build any entry by hand. */
struct sgl { u64 address; u32 bytes; u8 reserved[3], type; };
struct command {
	u8 opcode, flags;
	u16 cid;
	u32 nsid, cdw2, cdw3;
	u64 mptr;
	union {
		struct { u64 prp1, prp2; };
		struct sgl sgl;
	};
	u32 cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
struct completion { u32 dw0, dw1; u16 sqhd, sqid, cid, status; };

static const struct dma_domain domain;
static struct sim_pci pci;
static struct sim_nvme nvme;
static struct dma_memory memory;
static struct { u16 tail, head; bool phase; } queues[2];
static struct completion last;
static jmp_buf blamed;
static char blame_text[256];

static void remember(const char *message)
{
	strncpy(blame_text, message, sizeof blame_text - 1);
	longjmp(blamed, 1);
}

/* What it says of this; fails where it says nothing. */
#define assert_blamed(words, statement) do { \
	sim.failed = remember; \
	if (!setjmp(blamed)) { \
		statement; \
		sim.failed = NULL; \
		fail_msg("nothing is said of " #statement); \
	} \
	sim.failed = NULL; \
	if (!strstr(blame_text, words)) \
		fail_msg(#statement ": %s", blame_text); \
} while (0)

static u64 get(unsigned at, unsigned width)
{
	return sim_mmio_read(WINDOW + at, width);
}

static void set(unsigned at, unsigned width, u64 value)
{
	sim_mmio_write(WINDOW + at, width, value);
}

static int begin(void **state)
{
	(void)state;
	sim_reset();
	sim_ram(SIM_RAM_AT, 1 << 20);
	sim_pci_begin(&pci, 0x30000000, 0, 0);
	sim_pci_window(&pci, false, WINDOW, WINDOW, 0x100000);
	sim_nvme_begin(&nvme, &pci, NULL, 1);
	sim_pci_set(nvme.function, PCI_BAR0, 4, WINDOW | PCI_BAR_TYPE_64);
	sim_pci_set(nvme.function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(dma_alloc(&memory, &domain, BYTES, 4096, DMA_OWNED), 0);
	memset(queues, 0, sizeof queues);
	queues[0].phase = queues[1].phase = true;
	return 0;
}

static int end(void **state)
{
	(void)state;
	dma_free(&memory);
	return 0;
}

static u64 bus(unsigned at)
{
	return memory.addr.bus + at;
}

static void enable(void)
{
	set(0x24, 4, AQA_VALUE);
	set(0x28, 8, bus(SQ));
	set(0x30, 8, bus(CQ));
	set(0x14, 4, 0x00460001);
	sim.ticks += 10000;
	assert_int_equal(get(0x1c, 4), 1);
}

static struct command *next(unsigned q)
{
	u8 *base = (u8 *)memory.cpu + (q ? IO_SQ : SQ);
	struct command *c = (struct command *)(base + 64 * queues[q].tail);

	memset(c, 0, sizeof *c);
	c->cid = (u16)(100 + queues[q].tail);
	c->nsid = 1;
	return c;
}

static void ring(unsigned q)
{
	queues[q].tail = (u16)((queues[q].tail + 1) % ENTRIES);
	set(0x1000 + 8 * q, 4, queues[q].tail);
}

/* Its next completion; false: there is none. */
static bool took(unsigned q)
{
	u8 *base = (u8 *)memory.cpu + (q ? IO_CQ : CQ);

	for (unsigned turn = 0; turn < TURNS; turn++) {
		sim.ticks += 100;
		sim_nvme_step(&nvme);
	}
	memcpy(&last, base + 16 * queues[q].head, sizeof last);
	if ((last.status & 1) != queues[q].phase)
		return false;
	queues[q].head = (u16)((queues[q].head + 1) % ENTRIES);
	queues[q].phase ^= !queues[q].head;
	set(0x1004 + 8 * q, 4, queues[q].head);
	return true;
}

static u16 run(unsigned q)
{
	ring(q);
	assert_true(took(q));
	return last.status >> 1;
}

static void create_queues(void)
{
	struct command *c = next(0);

	c->opcode = 0x09;
	c->cdw10 = 7;
	assert_int_equal(run(0), 0);
	c = next(0);
	c->opcode = 0x05;
	c->prp1 = bus(IO_CQ);
	c->cdw10 = 1 | (ENTRIES - 1) << 16;
	c->cdw11 = 1;
	assert_int_equal(run(0), 0);
	c = next(0);
	c->opcode = 0x01;
	c->prp1 = bus(IO_SQ);
	c->cdw10 = 1 | (ENTRIES - 1) << 16;
	c->cdw11 = 1 | 1 << 16;
	assert_int_equal(run(0), 0);
}

static struct command *rw(u8 opcode, u64 lba, unsigned blocks)
{
	struct command *c = next(1);

	c->opcode = opcode;
	c->cdw10 = (u32)lba;
	c->cdw12 = blocks - 1;
	c->prp1 = bus(DATA);
	return c;
}

static void it_starts_identifies_and_reads(void **state)
{
	struct command *c;
	const u8 *id = (const u8 *)memory.cpu + DATA;

	(void)state;
	assert_int_equal(get(0x00, 4) & 0xffff, 1023);
	assert_int_equal(get(0x00, 8) >> 32, get(0x04, 4));
	enable();
	c = next(0);
	c->opcode = 0x06;
	c->prp1 = bus(DATA);
	c->cdw10 = 1;
	assert_int_equal(run(0), 0);
	assert_memory_equal(id + 24, "Simulated NVMe  ", 16);
	assert_int_equal(id[516], 1);
	create_queues();
	for (unsigned n = 0; n < 3 * ENTRIES; n++) {
		c = rw(0x02, n, 8);
		assert_int_equal(run(1), 0);
		for (unsigned i = 0; i < 4096; i++)
			assert_int_equal(((u8 *)memory.cpu)[DATA + i],
					 sim_nvme_pattern(1, 512 * (u64)n + i));
	}
	assert_int_equal(nvme.blocks_read, 8 * 3 * ENTRIES);
	rw(0x02, 1 << 20, 1);
	assert_int_equal(run(1), 0x4080);
	set(0x14, 4, 0x00464001);
	sim.ticks += 10000;
	assert_int_equal(get(0x1c, 4), 1 | 2 << 2);
	sim_nvme_power_cycle(&nvme);
	assert_int_equal(nvme.unsafe_shutdowns, 0);
	enable();
	sim_nvme_power_cycle(&nvme);
	assert_int_equal(nvme.unsafe_shutdowns, 1);
}

static void what_is_held_is_scribbled_on_and_aborted(void **state)
{
	struct command *c;

	(void)state;
	enable();
	create_queues();
	nvme.faults[0] = (struct sim_nvme_fault){ SIM_NVME_LOST, false, 0x02, 0, 1, 0, 0 };
	c = rw(0x02, 0, 1);
	c->cid = 0x1234;
	ring(1);
	assert_false(took(1));
	assert_non_null(memchr((u8 *)memory.cpu + DATA, 0xdb, 512));
	assert_int_equal(sim_nvme_in_flight(&nvme), 1);
	c = next(0);
	c->opcode = 0x08;
	c->cdw10 = 1 | 0x1234u << 16;
	assert_int_equal(run(0), 0);
	assert_int_equal(last.dw0, 0);
	assert_true(took(1));
	assert_int_equal(last.cid, 0x1234);
	assert_int_equal(last.status >> 1, 0x07);
	c = next(0);
	c->opcode = 0x08;
	c->cdw10 = 1 | 0x1234u << 16;
	assert_int_equal(run(0), 0);
	assert_int_equal(last.dw0, 1);
}

/* ---- What it blames ---- */

static void registers_misused(void **state)
{
	(void)state;
	assert_blamed("admin queues", set(0x14, 4, 0x00460001));
	begin(NULL);
	enable();
	assert_blamed("AQA written", set(0x24, 4, 0));
	assert_blamed("moved", set(0x28, 8, 0));
	assert_blamed("CC changed", set(0x14, 4, 0x00460081));
	assert_blamed("abrupt", set(0x14, 4, 0x00468001));
	assert_blamed("bytes read", get(0x1c, 2));
	assert_blamed("to the doorbell", set(0x1000, 4, ENTRIES));
	assert_blamed("to the doorbell", set(0x1008, 4, 1));
	assert_blamed("no doorbell", set(0x1002, 2, 1));
	assert_blamed("beyond", set(0x1004, 4, 1));
	set(0x14, 4, 0x00460000);
	assert_blamed("still ready", set(0x14, 4, 0x00460001));
	sim.ticks += 10000;
	assert_blamed("doorbell rung", set(0x1000, 4, 1));
	set(0x14, 4, 0x00460001);
	assert_blamed("before it was ready", set(0x14, 4, 0x00460000));
}

static void run_blamed(struct command *c, const char *words)
{
	(void)c;
	ring(1);
	assert_blamed(words, took(1));
}

static void bad_prps(void **state)
{
	struct command *c;
	u64 *list = (u64 *)((u8 *)memory.cpu + LIST);

	(void)state;
	enable();
	create_queues();
	c = rw(0x02, 0, 1);
	c->prp1 = bus(DATA) + 2;
	run_blamed(c, "PRP1");
	c = rw(0x02, 0, 16);
	c->prp2 = bus(DATA) + 4096 + 512;
	run_blamed(c, "PRP2");
	c = rw(0x02, 0, 64);
	c->prp2 = bus(LIST) + 4;
	run_blamed(c, "a PRP list at");
	c = rw(0x02, 0, 24);
	c->prp2 = bus(LIST);
	list[0] = bus(DATA + 4096) + 4;
	run_blamed(c, "entry 0");
	c = rw(0x02, 0, 24);
	c->prp2 = bus(LIST) + 4096 - 16;
	run_blamed(c, "ends where its page does");
	nvme.mdts = 5;
	c = rw(0x02, 0, 257);
	run_blamed(c, "MDTS");
	c = rw(0x02, 0, 16);
	c->prp2 = bus(BYTES);
	run_blamed(c, "nothing that was lent");
}

static void bad_sgls(void **state)
{
	struct command *c;

	(void)state;
	enable();
	create_queues();
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	run_blamed(c, "does not know");
	nvme.sgls = 2;
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	c->sgl = (struct sgl){ .address = bus(DATA), .bytes = 256 };
	run_blamed(c, "short");
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	c->sgl = (struct sgl){ .address = bus(DATA) + 2, .bytes = 512 };
	run_blamed(c, "an SGL of");
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	c->sgl = (struct sgl){ .address = bus(DATA), .bytes = 1024 };
	run_blamed(c, "are left");
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	c->sgl = (struct sgl){ .bytes = 512, .type = 0x10 };
	run_blamed(c, "bit bucket");
	c = rw(0x02, 0, 1);
	c->flags = 0x40;
	c->sgl = (struct sgl){ .address = bus(LIST), .bytes = 24, .type = 0x30 };
	run_blamed(c, "segment of");
}

static void other_misuse(void **state)
{
	struct command *c;

	(void)state;
	enable();
	c = next(0);
	c->opcode = 0x05;
	c->prp1 = bus(IO_CQ);
	c->cdw10 = 2 | 7 << 16;
	c->cdw11 = 1;
	ring(0);
	assert_blamed("were granted", took(0));
	begin(NULL);
	enable();
	create_queues();
	nvme.faults[0] = (struct sim_nvme_fault){ SIM_NVME_LOST, false, 0x02, 0, 1, 0, 0 };
	rw(0x02, 0, 1)->cid = 7;
	ring(1);
	assert_false(took(1));
	c = rw(0x02, 0, 1);
	c->cid = 7;
	run_blamed(c, "used twice");
	c = rw(0x01, 0, 1);
	memset((u8 *)memory.cpu + DATA, 1, 512);
	run_blamed(c, "other data");
	sim_pci_set(nvme.function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	rw(0x02, 0, 1);
	ring(1);
	assert_false(took(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_starts_identifies_and_reads, begin, end),
		cmocka_unit_test_setup_teardown(what_is_held_is_scribbled_on_and_aborted, begin,
						end),
		cmocka_unit_test_setup_teardown(registers_misused, begin, end),
		cmocka_unit_test_setup_teardown(bad_prps, begin, end),
		cmocka_unit_test_setup_teardown(bad_sgls, begin, end),
		cmocka_unit_test_setup_teardown(other_misuse, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
