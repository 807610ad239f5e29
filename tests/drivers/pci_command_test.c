/* SPDX-License-Identifier: BSD-2-Clause */
/* What the command `pci` says of functions that are in order, and of some that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "boot/monitor/monitor.h"
#include "lib/errors.h"
#include "tests/sim/child.h"
#include "tests/sim/console.h"
#include "tests/sim/pci_host.h"

static struct sim_pci pci;
static struct pci_host host;

static int run(const char *line)
{
	char copy[64];

	sim_console_clear();
	snprintf(copy, sizeof(copy), "%s", line);
	return monitor_run(copy);
}

#define assert_says(line, text) do { \
	assert_int_equal(run(line), 0); \
	assert_string_equal(sim_console_text, text); \
} while (0)

static void begin(void)
{
	sim_pci_host_begin(&host, &pci, 0, 15);
	console_set(&sim_console, NULL);
}

static struct sim_pci_function *add(struct sim_pci_function *bridge, unsigned slot, u32 class_code)
{
	return sim_pci_add(&pci, bridge, slot, 0, 0x1b36, 0x0010, class_code);
}

static void nothing(void **state)
{
	(void)state;
	begin();
	assert_says("pci", "no PCI host bridge is driven here\r\n");
	assert_int_equal(run("pci 00:00.0"), -ENOENT);
	assert_string_equal(sim_console_text,
			    "there is no function 00:00.0; pci lists those there are\r\n");
}

static void a_tree(void **state)
{
	struct sim_pci_function *port;

	(void)state;
	begin();
	port = add(NULL, 1, 0x060400);
	sim_pci_bridge(port, 16, 64);
	add(port, 2, 0x010802);
	sim_pci_bar(add(NULL, 3, 0xffffff), 0, SIM_PCI_32, 1u << 31);
	host.windows[2].cpu += 0x1000000000;
	pci_host_add(&host);
	assert_says("pci",
		    "host: buses 00 to 0f\r\n"
		    "  window 0, 64 KiB of I/O, at 3000000 for the CPU\r\n"
		    "  window 40000000, 1 GiB of memory\r\n"
		    "  window 400000000, 16 GiB of memory, at 1400000000 for the CPU\r\n"
		    "  00:01.0  1b36:0010  PCI bridge, bus 01  [pci-bridge]\r\n"
		    "    01:02.0  1b36:0010  NVM Express\r\n"
		    "  00:03.0  1b36:0010  device  (!)\r\n");
}

static void details(void **state)
{
	struct sim_pci_function *port, *f;

	(void)state;
	begin();
	port = add(NULL, 1, 0x060400);
	sim_pci_bridge(port, 16, 64);
	f = add(port, 2, 0x010601);
	sim_pci_bar(f, 0, SIM_PCI_64_PREFETCH, 0x4000);
	sim_pci_bar(f, 4, SIM_PCI_IO, 64);
	sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	sim_pci_capability(f, 0x77, 4);
	sim_pci_extended_capability(f, 0x0003, 1, 12);
	sim_pci_extended_capability(f, 0x0777, 1, 4);
	pci_host_add(&host);
	assert_says("pci 01:02.0",
		    "01:02.0: 1b36:0010 revision 01, class 010601, AHCI controller\r\n"
		    "  no driver for 1b36:0010, class 010601 (AHCI controller)\r\n"
		    "  BAR 0: 16 KiB of 64-bit prefetchable memory at 400000000\r\n"
		    "  BAR 4: 64 bytes of I/O at 1000\r\n"
		    "  link: 5 GT/s x1, of 8 GT/s x4\r\n"
		    "  07c  capability 77\r\n"
		    "  040  PCI Express\r\n"
		    "  100  serial number\r\n"
		    "  10c  extended capability 777\r\n");
	assert_says("pci 00:01.0",
		    "00:01.0: 1b36:0010 revision 01, class 060400, PCI bridge\r\n"
		    "  driven by pci-bridge\r\n"
		    "  forwards I/O 1000, 4 KiB\r\n"
		    "  forwards prefetchable 400000000, 1 MiB\r\n");
}

static void troubles(void **state)
{
	struct sim_pci_function *f;
	unsigned at;

	(void)state;
	begin();
	f = add(NULL, 0, 0x020000);
	sim_pci_bar(f, 1, SIM_PCI_32, 1u << 31);
	at = sim_pci_express(f, PCI_EXPRESS_ENDPOINT);
	f->config[at + 1] = (u8)at;				/* a list without an end */
	sim_pci_set(f, at + PCI_EXPRESS_LINK_STATUS, 2, 0x0f | 0x3f << 4);
	pci_host_add(&host);
	assert_says("pci 00:00.0",
		    "00:00.0: 1b36:0010 revision 01, class 020000, Ethernet controller\r\n"
		    "  no driver for 1b36:0010, class 020000 (Ethernet controller)\r\n"
		    "  BAR 1 wants 2 GiB of 32-bit memory; the host's window for it has 1 GiB, 1 "
		    "GiB of it free\r\n"
		    "  BAR 1: 2 GiB of 32-bit memory, not placed\r\n"
		    "  link: ? GT/s x63, of 8 GT/s x4\r\n"
		    "  040  PCI Express\r\n");
	f->gone = true;
	assert_int_equal(run("pci 00:00.0"), 0);
	assert_null(strstr(sim_console_text, "link"));
	assert_says("pci rescan", "pci 00:00.0: removed\r\n0 functions now\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHILD_TEST(nothing, NULL),
		CHILD_TEST(a_tree, NULL),
		CHILD_TEST(details, NULL),
		CHILD_TEST(troubles, NULL),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
