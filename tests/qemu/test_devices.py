# SPDX-License-Identifier: BSD-2-Clause
"""What has a driver, and why the rest has none: issue 3, "Devices and drivers"."""
import re

import pytest

import entry
import machine as machines
import test_pci
from machine import Machine

MACHINES = [Machine(arch, qemu)
            for arch in ("riscv64", "aarch64") for qemu in machines.qemu_versions()]
UART = {"riscv64": ("serial@10000000", "ns16550"), "aarch64": ("pl011@9000000", "pl011")}
PCI_HOST = {"riscv64": "pci@30000000", "aarch64": "pcie@10000000"}
UNKNOWN = {"riscv64": "flash@20000000: no driver for cfi-flash",
           "aarch64": "pl061@9030000: no driver for arm,pl061 or arm,primecell"}


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m.arch}-{m.qemu}")
def test_devices_and_reasons(start, machine):
    console, summary = entry.at_prompt(
        start, machine, "-device", "pcie-root-port,id=port1,chassis=1",
        "-device", "edu,bus=port1", monitor=True)
    uart, driver = UART[machine.arch]
    host = PCI_HOST[machine.arch]
    assert f"{uart}: {driver}" in summary
    assert len(re.findall(rf"^{host}: pci-ecam, PCI Express, buses 00 to ff", summary,
                          re.MULTILINE)) == 1

    listing = console.command("devices")
    assert re.search(rf"^{uart} +{driver}$", listing, re.MULTILINE), listing
    assert re.search(rf"^{host} +pci-ecam, PCI Express.*\n  pci 00:0\d.0 +pci-bridge$", listing,
                     re.MULTILINE), listing
    count = len([line for line in listing.splitlines()
                 if re.match(r" *\S+.*  +\S", line) and "(no driver)" not in line])
    assert f"{count} devices; " in listing, listing

    reasons = console.command("explain")
    assert f"{count} devices are bound" in reasons
    assert f"\n  {UNKNOWN[machine.arch]}\n" in reasons
    assert re.search(r"\n  pci 01:00.0: no driver for 1234:11e8, class ", reasons), reasons

    alone = console.command(f"explain {uart}")
    assert re.match(rf"/\S*{uart}\n  compatible  .*\n  driver      {driver}\n  registers   0x",
                    alone), alone
    assert "no device, node or alias" in console.command("explain nonsense")


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m.arch}-{m.qemu}")
def test_many(start, machine, tmp_path):
    """Eight virtio-mmio slots in use, and two PCI Express switches with a device of each kind."""
    console, _ = entry.at_prompt(start, machine, *["-device", "virtio-rng-device"] * 8,
                                 *test_pci.devices(tmp_path), monitor=True)
    listing, reasons = console.command("devices"), console.command("explain")
    assert len(re.findall(r"^virtio_mmio@\S+ +virtio-mmio, entropy, legacy$", listing,
                          re.MULTILINE)) == 8
    # each function is somewhere, as deep as it is, or is accounted for
    for line in test_pci.TREE.strip().splitlines():
        depth, place = line.count("|"), line.strip(" |").split()[0]
        assert re.search(rf"^{'  ' * (depth + 1)}pci {place} ", listing, re.MULTILINE) or \
            re.search(rf"^  pci {place}: no driver for ....:....", reasons, re.MULTILINE), \
            listing + reasons
    empty = re.findall(r"^  virtio_mmio@\S+ and (\d+) more: empty slot$", reasons, re.MULTILINE)
    assert empty == ([] if machine.arch == "riscv64" else ["23"]), reasons
