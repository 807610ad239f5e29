/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding, placing and losing PCI functions, on simulated hierarchies: friendly ones and liars. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/pci/internal.h"
#include "tests/sim/pci.h"

#define KiB 1024ull
#define MiB (1024 * KiB)
#define GiB (1024 * MiB)

enum { TOPOLOGIES = 120 };
enum { ECAM = 0x30000000, MEMORY = 0x40000000, IO = 0x3000000 };
#define HIGH 0x400000000ull

/* ---- A host without a device tree ---- */

static struct sim_pci pci;
static struct pci_host host;
static struct device host_device = { .name = "host" };
static unsigned seed;

static uintptr_t address_of(struct pci_host *h, u8 bus, u8 slot, u8 number, unsigned offset)
{
	return ECAM + ((uintptr_t)(bus - h->first_bus) << 20 | slot << 15 | number << 12 | offset);
}

static u32 config_read(struct pci_host *h, u8 bus, u8 slot, u8 number, unsigned offset, unsigned width)
{
	uintptr_t at = address_of(h, bus, slot, number, offset);

	return width == 1 ? arch_mmio_read8(at) : width == 2 ? arch_mmio_read16(at) : arch_mmio_read32(at);
}

static void config_write(struct pci_host *h, u8 bus, u8 slot, u8 number, unsigned offset, unsigned width,
			 u32 value)
{
	uintptr_t at = address_of(h, bus, slot, number, offset);

	if (width == 1)
		arch_mmio_write8(at, (u8)value);
	else if (width == 2)
		arch_mmio_write16(at, (u16)value);
	else
		arch_mmio_write32(at, value);
}

static const struct pci_host_ops host_ops = { config_read, config_write };

static void begin(u8 first_bus, u8 last_bus)
{
	sim_reset();
	pci_forget_all(&host);
	sim_pci_begin(&pci, ECAM, first_bus, last_bus);
	host = (struct pci_host){
		.device = &host_device, .ops = &host_ops, .first_bus = first_bus, .last_bus = last_bus,
		.windows = {
			{ PLAN_IO, 0, IO, 64 * KiB },
			{ PLAN_MEMORY, MEMORY, MEMORY, GiB },
			{ PLAN_MEMORY, HIGH, HIGH, 16 * GiB },
		},
		.window_count = 3,
	};
}

static int teardown(void **state)
{
	(void)state;
	pci_forget_all(&host);
	return 0;
}

static struct pci_function *function(const char *name)
{
	for (struct pci_function *f = host.functions; f; f = f->next)
		if (!strcmp(f->device.name + 4, name))
			return f;
	return NULL;
}

static unsigned function_count(void)
{
	unsigned count = 0;

	for (struct pci_function *f = host.functions; f; f = f->next)
		count++;
	return count;
}

static struct sim_pci_function *endpoint(struct sim_pci_function *bridge, unsigned slot)
{
	struct sim_pci_function *f = sim_pci_add(&pci, bridge, slot, 0, 0x1b36, 0x0010, 0x010802);

	sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	sim_pci_bar(f, 0, SIM_PCI_64, 16 * KiB);
	return f;
}

static struct sim_pci_function *port(struct sim_pci_function *bridge, unsigned slot, unsigned type)
{
	struct sim_pci_function *f = sim_pci_add(&pci, bridge, slot, 0, 0x1b36, 0x000c, 0x060400);

	sim_pci_bridge(f, 16, 64);
	sim_pci_express(f, type);
	return f;
}

static void look(void)
{
	assert_int_equal(pci_scan(&host), 0);
	assert_int_equal(pci_place(&host), 0);
}

/* As when the next boot stage looks at what we left: everything is found anew, set as it is. */
static void look_again(void)
{
	pci_forget_all(&host);
	look();
}

#define check(condition) do { \
	if (!(condition)) \
		fail_msg("topology %u: %s", seed, #condition); \
} while (0)

static struct sim_pci_function *simulated(const struct pci_function *f)
{
	struct sim_pci_function *bridge = f->bridge ? simulated(f->bridge) : NULL;

	for (unsigned i = 0; i < pci.count; i++)
		if (pci.functions[i].bridge == bridge && pci.functions[i].slot == f->slot &&
		    pci.functions[i].number == f->number)
			return &pci.functions[i];
	return NULL;
}

/* Accesses to the ends of every placed BAR arrive there. Returns how many BARs have no place. */
static unsigned check_routes(void)
{
	unsigned missing = 0;

	for (struct pci_function *f = host.functions; f; f = f->next) {
		for (unsigned i = 0; i < PCI_BARS; i++) {
			const struct plan_range *r = &f->bars[i];
			unsigned bar;
			u64 offset;

			if (!r->present || !r->given.start) {
				missing += r->present;
				continue;
			}
			check(sim_pci_decode(&pci, r->kind == PLAN_IO, r->given.start, &bar, &offset) == simulated(f));
			check(bar == i && offset == 0);
			check(sim_pci_decode(&pci, r->kind == PLAN_IO, r->given.start + r->bytes - 1, &bar, &offset) ==
			      simulated(f));
			check(bar == i && offset == r->bytes - 1);
		}
	}
	return missing;
}

/* ---- Finding ---- */

static void bridges_get_numbers(void **state)
{
	struct sim_pci_function *a, *b, *c, *d;

	(void)state;
	begin(0, 255);
	sim_pci_add(&pci, NULL, 0, 0, 0x1b36, 0x0008, 0x060000);
	a = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	b = port(a, 0, PCI_EXPRESS_UPSTREAM);
	c = port(b, 0, PCI_EXPRESS_DOWNSTREAM);
	endpoint(c, 0);
	c = port(b, 1, PCI_EXPRESS_DOWNSTREAM);
	d = port(c, 0, PCI_EXPRESS_TO_PCI);
	sim_pci_add(&pci, d, 3, 0, 0x1234, 0x5678, 0x020000);
	sim_pci_add(&pci, d, 3, 1, 0x1234, 0x5679, 0x020000);
	sim_pci_add(&pci, d, 3, 5, 0x1234, 0x567a, 0x020000);
	a = port(NULL, 2, PCI_EXPRESS_ROOT_PORT);
	endpoint(NULL, 31);
	look();
	assert_int_equal(function_count(), 12);
	static const struct {
		const char *name;
		u8 secondary, subordinate;
	} bridges[] = {
		{ "00:01.0", 1, 5 }, { "01:00.0", 2, 5 }, { "02:00.0", 3, 3 }, { "02:01.0", 4, 5 },
		{ "04:00.0", 5, 5 }, { "00:02.0", 6, 6 },
	};
	for (unsigned i = 0; i < sizeof(bridges) / sizeof(*bridges); i++) {
		struct pci_function *f = function(bridges[i].name);

		assert_non_null(f);
		assert_int_equal(f->secondary, bridges[i].secondary);
		assert_int_equal(f->subordinate, bridges[i].subordinate);
		assert_int_equal(sim_pci_get(simulated(f), PCI_SUBORDINATE, 1), bridges[i].subordinate);
	}
	assert_non_null(function("03:00.0"));
	assert_non_null(function("05:03.5"));
	assert_non_null(function("00:1f.0"));
	assert_int_equal(check_routes(), 0);
}

static void the_first_bus_need_not_be_zero(void **state)
{
	(void)state;
	begin(0x40, 0x43);
	endpoint(port(NULL, 0, PCI_EXPRESS_ROOT_PORT), 0);
	look();
	assert_non_null(function("41:00.0"));
}

static void only_one_device_behind_a_port(void **state)
{
	struct sim_pci_function *p;

	(void)state;
	begin(0, 255);
	p = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	p->all_slots = true;
	endpoint(p, 0);
	look();
	assert_int_equal(function_count(), 2);
}

static void not_ready_yet(void **state)
{
	(void)state;
	begin(0, 255);
	endpoint(NULL, 1)->not_ready = 1000;
	endpoint(NULL, 2)->not_ready = SIM_PCI_FOREVER;
	endpoint(NULL, 3);
	look();
	assert_non_null(function("00:01.0"));
	assert_null(function("00:02.0"));
	assert_non_null(function("00:03.0"));
	assert_true(sim.ticks / 10 < 5000000);
	assert_int_equal(pci.functions[0].not_ready, 0);
}

static void root_ports_are_told_to_report_what_is_not_ready(void **state)
{
	struct sim_pci_function *p;

	(void)state;
	begin(0, 255);
	p = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	look();
	assert_int_equal(sim_pci_get(p, 0x40 + PCI_EXPRESS_ROOT_CONTROL, 2), PCI_EXPRESS_RETRY_ENABLE);
}

/* Sixteen buses, and a chain of forty bridges: the sim fails if anything behind them is touched. */
static void a_chain_deeper_than_there_are_buses(void **state)
{
	struct sim_pci_function *p = NULL;
	struct pci_function *last;

	(void)state;
	begin(0, 15);
	for (unsigned i = 0; i < 40; i++)
		p = port(p, i ? 0 : 5, i % 2 ? PCI_EXPRESS_TO_PCI : PCI_EXPRESS_ROOT_PORT);
	endpoint(p, 0);
	endpoint(NULL, 9);
	look();
	assert_int_equal(function_count(), 17);
	last = function("0f:00.0");
	assert_non_null(last);
	assert_string_equal(last->problem, "nothing behind it can be reached: no bus number is left "
			    "(the host has 00 to 0f)");
	assert_int_equal(sim_pci_get(simulated(last), PCI_PRIMARY, 3), 0);
	assert_int_equal(check_routes(), 0);
}

static void as_many_buses_as_there_are(void **state)
{
	struct sim_pci_function *p = NULL;

	(void)state;
	begin(0, 255);
	for (unsigned i = 0; i < 255; i++)
		p = port(p, 0, PCI_EXPRESS_TO_PCI);
	endpoint(p, 31);
	look();
	assert_int_equal(function_count(), 256);
	assert_non_null(function("ff:1f.0"));
	assert_int_equal(check_routes(), 0);
	look_again();
	assert_int_equal(function_count(), 256);
}

static void set_numbers(struct sim_pci_function *f, u8 primary, u8 secondary, u8 subordinate)
{
	sim_pci_set(f, PCI_PRIMARY, 3, primary | secondary << 8 | subordinate << 16);
}

static void numbers_of_firmware_are_kept(void **state)
{
	struct sim_pci_function *a, *b, *c, *d, *e;

	(void)state;
	begin(0, 31);
	a = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	b = port(NULL, 2, PCI_EXPRESS_ROOT_PORT);
	c = port(NULL, 3, PCI_EXPRESS_ROOT_PORT);
	d = port(NULL, 4, PCI_EXPRESS_ROOT_PORT);
	e = port(a, 0, PCI_EXPRESS_TO_PCI);
	set_numbers(a, 0, 8, 15);
	set_numbers(e, 8, 9, 9);
	set_numbers(b, 0, 12, 20);		/* overlaps a */
	set_numbers(c, 0, 1, 40);		/* beyond the last bus */
	set_numbers(d, 3, 4, 4);		/* not on bus 3 */
	look();
	assert_int_equal(sim_pci_get(a, PCI_PRIMARY, 3), 0x0f0800);
	assert_int_equal(sim_pci_get(e, PCI_PRIMARY, 3), 0x090908);
	assert_int_equal(sim_pci_get(b, PCI_PRIMARY, 3), 0x101000);
	assert_int_equal(sim_pci_get(c, PCI_PRIMARY, 3), 0x111100);
	assert_int_equal(sim_pci_get(d, PCI_PRIMARY, 3), 0x121200);
}

static void numbers_of_firmware_that_leave_none_are_dealt_anew(void **state)
{
	struct sim_pci_function *a, *b;

	(void)state;
	begin(0, 31);
	a = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	b = port(a, 0, PCI_EXPRESS_TO_PCI);
	endpoint(b, 4);
	set_numbers(a, 0, 5, 5);
	look();
	assert_int_equal(sim_pci_get(a, PCI_PRIMARY, 3), 0x020100);
	assert_int_equal(sim_pci_get(b, PCI_PRIMARY, 3), 0x020201);
	assert_non_null(function("02:04.0"));
}

static void a_bridge_that_keeps_no_numbers(void **state)
{
	struct sim_pci_function *a;

	(void)state;
	begin(0, 31);
	a = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	memset(&a->writable[PCI_PRIMARY], 0, 4);
	endpoint(a, 0);
	endpoint(port(NULL, 2, PCI_EXPRESS_ROOT_PORT), 0);
	look();
	assert_int_equal(function_count(), 3);
	assert_string_equal(function("00:01.0")->problem,
			    "nothing behind it can be reached: it does not keep bus numbers");
}

static void an_unknown_header(void **state)
{
	struct sim_pci_function *f;

	(void)state;
	begin(0, 31);
	f = endpoint(NULL, 1);
	f->config[PCI_HEADER_TYPE] = 0x7e;
	look();
	assert_string_equal(function("00:01.0")->problem,
			    "its header is of type 0x7e, which is not known here");
	assert_false(function("00:01.0")->bars[0].present);
}

/* ---- Capabilities ---- */

static unsigned count_capabilities(struct pci_function *f, bool extended)
{
	struct pci_capability c = { 0 };
	unsigned count = 0;

	while (pci_next_capability(f, &c))
		count += c.extended == extended;
	return count;
}

static void capabilities_are_found(void **state)
{
	struct sim_pci_function *s;
	struct pci_function *f;
	struct pci_capability c = { 0 };
	unsigned msi, vendor[2], serial;

	(void)state;
	begin(0, 0);
	s = endpoint(NULL, 1);
	msi = sim_pci_capability(s, PCI_CAPABILITY_MSI, 24);
	vendor[0] = sim_pci_capability(s, PCI_CAPABILITY_VENDOR, 16);
	vendor[1] = sim_pci_capability(s, PCI_CAPABILITY_VENDOR, 16);
	sim_pci_extended_capability(s, 0x0001, 2, 0x48);
	serial = sim_pci_extended_capability(s, 0x0003, 1, 12);
	look();
	f = function("00:01.0");
	assert_int_equal(pci_find_capability(f, PCI_CAPABILITY_MSI), msi);
	assert_int_equal(pci_find_capability(f, PCI_CAPABILITY_VENDOR), vendor[1]);
	assert_int_equal(pci_find_capability(f, 0x0003), 0);
	assert_int_equal(pci_find_extended_capability(f, 0x0003), serial);
	assert_int_equal(pci_find_extended_capability(f, PCI_CAPABILITY_MSI), 0);
	assert_int_equal(count_capabilities(f, false), 4);
	assert_int_equal(count_capabilities(f, true), 2);
	assert_true(pci_next_capability(f, &c) && c.offset == vendor[1]);
	assert_true(pci_next_capability(f, &c) && c.offset == vendor[0]);
}

static void lists_of_capabilities_end(void **state)
{
	struct sim_pci_function *s;
	struct pci_function *f;

	(void)state;
	begin(0, 0);
	s = endpoint(NULL, 1);
	look();
	f = function("00:01.0");
	sim_pci_extended_capability(s, 0x0001, 1, 4);

	s->config[0x41] = 0x40;				/* the first is its own successor */
	assert_int_equal(count_capabilities(f, false), 1);
	s->config[0x41] = 0xff;				/* the last one there can be; the low bits say nothing */
	s->config[0xfd] = 0x42;				/* back to the first */
	assert_int_equal(count_capabilities(f, false), 2);
	s->config[0xfd] = 0x3c;				/* into the header */
	assert_int_equal(count_capabilities(f, false), 2);
	for (unsigned i = 0x40; i < 0x100; i += 4)	/* as long as can be, and around */
		s->config[i + 1] = i + 4 < 0x100 ? i + 4 : 0x80;
	assert_int_equal(count_capabilities(f, false), 48);

	sim_pci_set(s, 0x100, 4, 0x10010001);		/* its own successor */
	assert_int_equal(count_capabilities(f, true), 1);
	for (unsigned i = 0x100; i < 0x1000; i += 4)
		sim_pci_set(s, i, 4, (i + 4 < 0x1000 ? i + 4 : 0x200) << 20 | 0x10001);
	assert_int_equal(count_capabilities(f, true), 960);
	sim_pci_set(s, 0x100, 4, 0x0ff10001);		/* back into the first 256 bytes */
	assert_int_equal(count_capabilities(f, true), 1);
	sim_pci_set(s, 0x100, 4, 0xffffffff);
	assert_int_equal(count_capabilities(f, true), 0);
	sim_pci_set(s, 0x100, 4, 0);
	assert_int_equal(count_capabilities(f, true), 0);
}

static void no_list_at_all(void **state)
{
	struct sim_pci_function *s;

	(void)state;
	begin(0, 0);
	s = sim_pci_add(&pci, NULL, 1, 0, 0x1234, 0x5678, 0x020000);
	s->config[PCI_CAPABILITIES] = 0x40;		/* but the status register says there is none */
	s->config[0x40] = PCI_CAPABILITY_MSI;
	sim_pci_extended_capability(s, 0x0003, 1, 12);	/* and it is not PCI Express */
	look();
	assert_int_equal(count_capabilities(function("00:01.0"), false), 0);
	assert_int_equal(count_capabilities(function("00:01.0"), true), 0);
}

/* ---- BARs ---- */

static void sizes_of_bars(void **state)
{
	struct sim_pci_function *s;
	struct pci_function *f;

	(void)state;
	begin(0, 0);
	s = sim_pci_add(&pci, NULL, 1, 0, 0x1234, 0x5678, 0x020000);
	sim_pci_bar(s, 0, SIM_PCI_IO, 4);
	s->writable[PCI_BAR0 + 2] = s->writable[PCI_BAR0 + 3] = 0;	/* only 16 bits of an I/O address */
	sim_pci_bar(s, 1, SIM_PCI_32, 16);
	sim_pci_bar(s, 2, SIM_PCI_64_PREFETCH, 8 * GiB);
	sim_pci_bar(s, 5, SIM_PCI_32_PREFETCH, 512 * MiB);
	look();
	f = function("00:01.0");
	assert_int_equal(f->bars[0].bytes, 4);
	assert_int_equal(f->bars[1].bytes, 16);
	assert_int_equal(f->bars[2].bytes, 8 * GiB);
	assert_false(f->bars[3].present);
	assert_false(f->bars[4].present);
	assert_int_equal(f->bars[5].bytes, 512 * MiB);
	assert_int_equal(check_routes(), 0);
	assert_int_equal(sim_pci_get(s, PCI_COMMAND, 2), PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
}

static struct sim_pci_function *without_bars(unsigned slot)
{
	return sim_pci_add(&pci, NULL, slot, 0, 0x1234, 0x5678, 0x020000);
}

static void bars_that_lie(void **state)
{
	struct sim_pci_function *s[4];
	static const char *const problems[] = {
		"BAR 0 answers the question for its size with no size (fff0f000), so none is enabled",
		"BAR 0 is of a reserved type (00000006), so none is enabled",
		"BAR 5 has 64 bits, but is the last (00000004), so none is enabled",
	};

	(void)state;
	begin(0, 0);
	for (unsigned i = 0; i < 4; i++) {
		s[i] = without_bars(i);
		sim_pci_bar(s[i], 1, SIM_PCI_32, 4 * KiB);
		sim_pci_bar(s[i], 3, SIM_PCI_IO, 16);
	}
	sim_pci_bar(s[0], 0, SIM_PCI_32, 4 * KiB);
	s[0]->writable[PCI_BAR0 + 2] = 0xf0;
	sim_pci_bar(s[1], 0, SIM_PCI_32, 4 * KiB);
	s[1]->config[PCI_BAR0] = 0x06;
	sim_pci_bar(s[2], 5, SIM_PCI_32, 4 * KiB);
	s[2]->config[PCI_BAR0 + 20] = 0x04;
	look();
	for (unsigned i = 0; i < 3; i++) {
		char name[8];

		snprintf(name, sizeof(name), "00:%02x.0", i);
		assert_string_equal(function(name)->problem, problems[i]);
		assert_int_equal(sim_pci_get(s[i], PCI_COMMAND, 2), 0);
	}
	assert_int_equal(sim_pci_get(s[3], PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	assert_int_equal(check_routes(), 9);
}

/* Answers the question for its size, and nothing else. */
static u32 keep_nothing(struct sim_pci_function *f, unsigned offset, u32 value)
{
	return offset == PCI_BAR0 + 4 && sim_pci_get(f, offset, 4) != 0xfffff000 ? 0 : value;
}

static void a_bar_that_keeps_no_address(void **state)
{
	struct sim_pci_function *s;

	(void)state;
	begin(0, 0);
	s = without_bars(0);
	sim_pci_bar(s, 1, SIM_PCI_32, 4 * KiB);
	s->read = keep_nothing;
	look();
	assert_string_equal(function("00:00.0")->problem,
			    "BAR 1 does not keep the address 0x40000000 that was written to it");
	assert_int_equal(sim_pci_get(s, PCI_COMMAND, 2), 0);
}

static void a_window_that_keeps_no_address(void **state)
{
	struct sim_pci_function *p;

	(void)state;
	begin(0, 15);
	p = port(NULL, 1, PCI_EXPRESS_ROOT_PORT);
	memset(&p->writable[PCI_MEMORY_BASE], 0, 4);
	endpoint(p, 0);
	look();
	assert_string_equal(function("00:01.0")->problem, "what is behind it may not work: its memory window "
			    "does not keep 0x40000000-0x400fffff");
}

static void what_does_not_fit_says_so(void **state)
{
	struct sim_pci_function *s;

	(void)state;
	begin(0, 0);
	s = endpoint(NULL, 1);
	sim_pci_bar(s, 2, SIM_PCI_64_PREFETCH, 64 * GiB);
	sim_pci_bar(s, 4, SIM_PCI_IO, 16);
	endpoint(NULL, 2);
	look();
	assert_string_equal(function("00:01.0")->problem, "BAR 2 wants 64 GiB of 64-bit prefetchable memory; "
			    "the host's windows for it have 17 GiB, 16.9 GiB of it free");
	assert_int_equal(sim_pci_get(s, PCI_COMMAND, 2), PCI_COMMAND_IO);
	assert_int_equal(check_routes(), 2);
	look_again();
	assert_int_equal(check_routes(), 2);
}

static void what_masters_the_bus_is_stopped(void **state)
{
	struct sim_pci_function *s;

	(void)state;
	begin(0, 0);
	s = endpoint(NULL, 1);
	sim_pci_set(s, PCI_COMMAND, 2, PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY);
	look();
	assert_int_equal(sim_pci_get(s, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
}

/* ---- Generated hierarchies ---- */

static u64 random_state;

static unsigned rnd(unsigned below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 20) % below;
}

static void generate_endpoint(struct sim_pci_function *bridge, unsigned slot, unsigned number)
{
	struct sim_pci_function *f = sim_pci_add(&pci, bridge, slot, number, 0x1b36, (u16)(1 + rnd(4)), 0x020000);

	if (rnd(4))
		sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	for (unsigned i = 0; i < PCI_BARS && rnd(3); i++) {
		enum sim_pci_bar kind = rnd(5);
		u64 bytes = kind == SIM_PCI_IO ? 4ull << rnd(7) : 16ull << rnd(18);

		if ((kind == SIM_PCI_64 || kind == SIM_PCI_64_PREFETCH) && i + 1 < PCI_BARS)
			sim_pci_bar(f, i++, kind, rnd(20) ? bytes : bytes << 12);
		else if (kind != SIM_PCI_64 && kind != SIM_PCI_64_PREFETCH)
			sim_pci_bar(f, i, kind, bytes);
	}
}

static struct sim_pci_function *generate_bridge(struct sim_pci_function *above, unsigned slot)
{
	static const unsigned io[] = { 0, 16, 32 }, prefetch[] = { 0, 32, 64 };
	struct sim_pci_function *f = sim_pci_add(&pci, above, slot, 0, 0x1b36, 0x000c, 0x060400);

	sim_pci_bridge(f, io[rnd(3)], prefetch[rnd(3)]);
	if (rnd(2))
		sim_pci_express(f, PCI_EXPRESS_TO_PCI);
	if (rnd(2))
		sim_pci_bar(f, 0, SIM_PCI_32, 4 * KiB);
	return f;
}

static void generate_bus(struct sim_pci_function *bridge, unsigned depth)
{
	for (unsigned slot = rnd(3); slot < 32 && pci.count < 150; slot += 1 + rnd(depth ? 12 : 6)) {
		unsigned number = 0;

		if (depth < 5 && rnd(3) == 0) {
			generate_bus(generate_bridge(bridge, slot), depth + 1);
			continue;
		}
		do
			generate_endpoint(bridge, slot, number);
		while (++number < 8 && rnd(4) == 0);
	}
}

static void generate(void)
{
	begin(0, (u8)(7 + rnd(200)));
	random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
	for (unsigned i = 0; i < 8; i++)
		rnd(2);
	generate_bus(NULL, 0);
}

/* Everything a second start finds is as it needs it: the registers are the same in the end. */
static void check_look_again(void)
{
	static struct sim_pci_function before[SIM_PCI_FUNCTIONS];
	unsigned count = function_count(), missing = check_routes();

	memcpy(before, pci.functions, sizeof(before));
	look_again();
	check(function_count() == count);
	check(check_routes() == missing);
	for (unsigned i = 0; i < pci.count; i++)
		check(!memcmp(before[i].config, pci.functions[i].config, sizeof(before[i].config)));
}

static void check_scan_is_idle(void)
{
	unsigned writes = pci.config_writes;

	for (struct pci_function *f = host.functions; f; f = f->next)
		f->added = true;
	look();
	check(pci.config_writes == writes);
}

static void generated(void **state)
{
	unsigned functions = 0, missing = 0;

	(void)state;
	for (seed = 0; seed < TOPOLOGIES; seed++) {
		generate();
		look();
		functions += function_count();
		missing += check_routes();
		check_look_again();
		check_scan_is_idle();
	}
	assert_true(functions > TOPOLOGIES * 20);
	assert_true(missing > 0 && missing < functions);
}

/* Registers of anybody's making: the scan ends, and touches nothing but configuration space. */
static void generated_and_damaged(void **state)
{
	(void)state;
	for (seed = 0; seed < TOPOLOGIES; seed++) {
		generate();
		for (unsigned i = 0; i < 200; i++) {
			struct sim_pci_function *f = &pci.functions[rnd(pci.count)];
			unsigned at = rnd(rnd(2) ? 64 : 4096);

			f->config[at] = (u8)rnd(256);
			f->writable[rnd(64)] = (u8)rnd(256);
		}
		look();
		look();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bridges_get_numbers),
		cmocka_unit_test(the_first_bus_need_not_be_zero),
		cmocka_unit_test(only_one_device_behind_a_port),
		cmocka_unit_test(not_ready_yet),
		cmocka_unit_test(root_ports_are_told_to_report_what_is_not_ready),
		cmocka_unit_test(a_chain_deeper_than_there_are_buses),
		cmocka_unit_test(as_many_buses_as_there_are),
		cmocka_unit_test(numbers_of_firmware_are_kept),
		cmocka_unit_test(numbers_of_firmware_that_leave_none_are_dealt_anew),
		cmocka_unit_test(a_bridge_that_keeps_no_numbers),
		cmocka_unit_test(an_unknown_header),
		cmocka_unit_test(capabilities_are_found),
		cmocka_unit_test(lists_of_capabilities_end),
		cmocka_unit_test(no_list_at_all),
		cmocka_unit_test(sizes_of_bars),
		cmocka_unit_test(bars_that_lie),
		cmocka_unit_test(a_bar_that_keeps_no_address),
		cmocka_unit_test(a_window_that_keeps_no_address),
		cmocka_unit_test(what_does_not_fit_says_so),
		cmocka_unit_test(what_masters_the_bus_is_stopped),
		cmocka_unit_test(generated),
		cmocka_unit_test(generated_and_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
