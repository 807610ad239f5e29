/* SPDX-License-Identifier: BSD-2-Clause */
/* Lists of capabilities and BARs: honest ones, and those made to hang or mislead who reads them. */
#include "tests/drivers/pci_host.h"

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
	s->config[0x41] = 0xff;				/* the last there can be, at 0xfc */
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
	s->config[PCI_CAPABILITIES] = 0x40;	/* but the status register says there is none */
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
	memset(&s->writable[PCI_BAR0 + 2], 0, 2);	/* only 16 bits of an I/O address */
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
		/* in parentheses, or clang looks for a missing comma */
		("BAR 0 answers the question for its size with no size (fff0f000), "
		 "so none is enabled"),
		"BAR 0 is of a reserved type (00000006), so none is enabled",
		"BAR 5 has 64 bits, but is the last (00000004), so none is enabled",
	};

	(void)state;
	begin(0, 0);
	for (unsigned i = 0; i < 4; i++) {
		s[i] = without_bars(i);
		sim_pci_bar(s[i], 1, SIM_PCI_32, 4 * KiB);
		sim_pci_bar(s[i], 3, SIM_PCI_IO, 16);
		sim_pci_set(s[i], PCI_BAR0 + 4, 4, 0x40000000 + i * 4096);
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
		assert_int_equal(function(name)->bars[1].given.start, 0);
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
	assert_string_equal(function("00:01.0")->problem,
			    "what is behind it may not work: its memory window "
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
	assert_string_equal(function("00:01.0")->problem,
			    "BAR 2 wants 64 GiB of 64-bit prefetchable memory; "
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(capabilities_are_found),
		cmocka_unit_test(lists_of_capabilities_end),
		cmocka_unit_test(no_list_at_all),
		cmocka_unit_test(sizes_of_bars),
		cmocka_unit_test(bars_that_lie),
		cmocka_unit_test(a_bar_that_keeps_no_address),
		cmocka_unit_test(a_window_that_keeps_no_address),
		cmocka_unit_test(what_does_not_fit_says_so),
		cmocka_unit_test(what_masters_the_bus_is_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
