# SPDX-License-Identifier: BSD-2-Clause
"""virtio devices are found over every transport, and called what they are."""
import re

import pytest

import entry
import images
import machine as machines
from machine import Machine

every_machine = pytest.mark.parametrize(
    "machine", [Machine(arch, qemu) for arch in images.ARCHES for qemu in machines.qemu_versions()],
    ids=lambda m: f"{m.arch}-{m.qemu}")

BACKENDS = ["-blockdev", "driver=null-co,node-name=disk,read-zeroes=on",
            "-netdev", "hubport,id=net,hubid=0"]
TYPES = ["block", "console", "entropy", "network"]


def devices(bus, **properties):
    """One device of each of the types, as arguments for QEMU."""
    options = "".join(f",{name.replace('_', '-')}={value}" for name, value in properties.items())
    names = [f"virtio-blk-{bus},drive=disk", f"virtio-serial-{bus}", f"virtio-rng-{bus}",
             f"virtio-net-{bus},netdev=net"]
    return BACKENDS + [word for name in names for word in ("-device", name + options)]


def found(log):
    return sorted(re.findall(r"(virtio_mmio@[0-9a-f]+|pci [0-9a-f:.]+): virtio-\w+, (\w+), (\w+)$",
                             log, re.M),
                  key=lambda device: device[1])


@every_machine
@pytest.mark.parametrize("interface", ["legacy", "modern"])
def test_mmio(start, machine, interface):
    """Version 1 is QEMU's default. The slots without a device are not worth a word."""
    force = "on" if interface == "legacy" else "off"
    console, _ = entry.at_prompt(start, machine, *devices("device"), "-global",
                                 f"virtio-mmio.force-legacy={force}")
    log = console.command("log")
    assert [(kind, how) for _, kind, how in found(log)] == [(kind, interface) for kind in TYPES]
    assert len({place for place, _, _ in found(log)}) == len(TYPES)
    assert "warning" not in log and "error" not in log


@every_machine
@pytest.mark.parametrize("legacy", ["on", "off"], ids=["modern", "transitional"])
def test_pci(start, machine, legacy):
    console, _ = entry.at_prompt(start, machine, *devices("pci", disable_legacy=legacy))
    log = console.command("log")
    assert [(kind, how) for _, kind, how in found(log)] == [(kind, "modern") for kind in TYPES]
    assert "warning" not in log and "error" not in log


@every_machine
def test_legacy_pci_is_refused_with_the_way_out(start, machine):
    console, _ = entry.at_prompt(start, machine,
                                 *devices("pci", disable_legacy="off", disable_modern="on"))
    log = console.command("log")
    assert not found(log)
    assert len(re.findall(r"warning +pci \S+: it has only the legacy interface.*disable-modern=off",
                          log)) == 4
