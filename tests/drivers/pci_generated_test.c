/* SPDX-License-Identifier: BSD-2-Clause */
/* Generated hierarchies, whole and damaged. */
#include "tests/drivers/pci_host.h"

enum { TOPOLOGIES = 120 };

static void generate_endpoint(struct sim_pci_function *bridge, unsigned slot, unsigned number)
{
	struct sim_pci_function *f =
		sim_pci_add(&pci, bridge, slot, number, 0x1b36, (u16)(1 + rnd(4)), 0x020000);

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
	for (unsigned slot = rnd(3); slot < 32 && pci.count < 150;
	     slot += 1 + rnd(depth ? 12 : 6)) {
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
		cmocka_unit_test(generated),
		cmocka_unit_test(generated_and_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, teardown);
}
