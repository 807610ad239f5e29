/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is there: bus numbers, late risers, chains too deep, what firmware left. */
#include "tests/drivers/pci_host.h"

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
		assert_int_equal(sim_pci_get(simulated(f), PCI_SUBORDINATE, 1),
				 bridges[i].subordinate);
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

static void nobody_has_vendor_zero(void **state)
{
	(void)state;
	begin(0, 15);
	sim_pci_set(endpoint(NULL, 1), PCI_VENDOR, 2, 0);
	look();
	assert_int_equal(function_count(), 0);
}

/* Bridges whose one device of eight functions shows in every slot. */
static void more_functions_than_anybody_has(void **state)
{
	(void)state;
	begin(0, 15);
	for (unsigned i = 0; i < 3; i++) {
		struct sim_pci_function *p = port(NULL, i, PCI_EXPRESS_TO_PCI);

		p->all_slots = true;
		for (unsigned number = 0; number < 8; number++)
			sim_pci_add(&pci, p, 0, number, 0x1234, 0x5678, 0x020000);
	}
	assert_int_equal(pci_scan(&host), -ENOMEM);
	assert_int_equal(function_count(), 512);
	assert_int_equal(pci_place(&host), 0);
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
	assert_int_equal(sim_pci_get(p, 0x40 + PCI_EXPRESS_ROOT_CONTROL, 2),
			 PCI_EXPRESS_RETRY_ENABLE);
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
	assert_string_equal(last->problem,
			    "nothing behind it can be reached: no bus number is left "
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
	struct sim_pci_function *a, *b, *c, *d, *e, *g;

	(void)state;
	begin(0, 31);
	a = port(NULL, 1, PCI_EXPRESS_TO_PCI);
	b = port(NULL, 2, PCI_EXPRESS_ROOT_PORT);
	c = port(NULL, 3, PCI_EXPRESS_ROOT_PORT);
	d = port(NULL, 4, PCI_EXPRESS_ROOT_PORT);
	e = port(a, 0, PCI_EXPRESS_TO_PCI);
	g = port(a, 1, PCI_EXPRESS_TO_PCI);
	set_numbers(a, 0, 8, 15);
	set_numbers(e, 8, 9, 9);
	set_numbers(g, 8, 4, 7);		/* below the bus it is on */
	set_numbers(b, 0, 12, 20);		/* overlaps a */
	set_numbers(c, 0, 24, 40);		/* beyond the last bus */
	set_numbers(d, 3, 4, 4);		/* not on bus 3 */
	look();
	assert_int_equal(sim_pci_get(a, PCI_PRIMARY, 3), 0x0f0800);
	assert_int_equal(sim_pci_get(e, PCI_PRIMARY, 3), 0x090908);
	assert_int_equal(sim_pci_get(g, PCI_PRIMARY, 3), 0x0a0a08);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bridges_get_numbers),
		cmocka_unit_test(the_first_bus_need_not_be_zero),
		cmocka_unit_test(only_one_device_behind_a_port),
		cmocka_unit_test(nobody_has_vendor_zero),
		cmocka_unit_test(more_functions_than_anybody_has),
		cmocka_unit_test(not_ready_yet),
		cmocka_unit_test(root_ports_are_told_to_report_what_is_not_ready),
		cmocka_unit_test(a_chain_deeper_than_there_are_buses),
		cmocka_unit_test(as_many_buses_as_there_are),
		cmocka_unit_test(numbers_of_firmware_are_kept),
		cmocka_unit_test(numbers_of_firmware_that_leave_none_are_dealt_anew),
		cmocka_unit_test(a_bridge_that_keeps_no_numbers),
		cmocka_unit_test(an_unknown_header),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
