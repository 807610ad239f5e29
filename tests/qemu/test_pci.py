# SPDX-License-Identifier: BSD-2-Clause
"""PCI Express on QEMU's machines: issue 3, "PCI Express"."""
import re

import pytest

import entry
import images
import machine as machines
from machine import Machine

MACHINES = [
    *[Machine("riscv64", qemu) for qemu in machines.qemu_versions()],
    *[Machine("aarch64", qemu, highmem=highmem)
      for qemu in machines.qemu_versions() for highmem in (True, False)],
]


def label(machine):
    highmem = {True: "-highmem", False: "-lowmem", None: ""}[machine.highmem]
    return f"{machine.arch}-{machine.qemu}{highmem}"


def disk(directory, name):
    path = directory / f"{name}.img"
    path.write_bytes(bytes(1 << 20))
    return ["-drive", f"if=none,id={name},format=raw,file={path}"]


def devices(directory):
    """Two switches, a bridge to conventional PCI, and a device of each kind we care for."""
    lines = """
        pcie-root-port,id=port1,chassis=1,bus=pcie.0,addr=2
        x3130-upstream,id=up1,bus=port1
        xio3130-downstream,id=down1,bus=up1,chassis=11
        xio3130-downstream,id=down2,bus=up1,chassis=12
        pcie-root-port,id=port2,chassis=2,bus=pcie.0,addr=3
        x3130-upstream,id=up2,bus=port2
        xio3130-downstream,id=down3,bus=up2,chassis=13
        xio3130-downstream,id=down4,bus=up2,chassis=14
        pcie-pci-bridge,id=pci,bus=down2
        nvme,serial=1,drive=disk0,bus=down1
        ahci,bus=pcie.0,addr=5
        qemu-xhci,bus=down3
        virtio-blk-pci,drive=disk1,bus=down4
        virtio-net-pci,netdev=net0,bus=pci,addr=3
        virtio-serial-pci,bus=pcie.0,addr=6.0,multifunction=on
        virtio-rng-pci,bus=pcie.0,addr=6.1
    """
    arguments = [*disk(directory, "disk0"), *disk(directory, "disk1"), "-netdev", "user,id=net0"]
    for line in lines.split():
        arguments += ["-device", line]
    return arguments


# Place, ids, what it is; "|" is a level of bridges.
TREE = """
    00:00.0 1b36:0008 host bridge
    00:02.0 1b36:000c PCI bridge, buses 01 to 05
    | 01:00.0 104c:8232 PCI bridge, buses 02 to 05
    | | 02:00.0 104c:8233 PCI bridge, bus 03
    | | | 03:00.0 1b36:0010 NVM Express
    | | 02:01.0 104c:8233 PCI bridge, buses 04 to 05
    | | | 04:00.0 1b36:000e PCI bridge, bus 05
    | | | | 05:03.0 1af4:1000 Ethernet controller
    00:03.0 1b36:000c PCI bridge, buses 06 to 09
    | 06:00.0 104c:8232 PCI bridge, buses 07 to 09
    | | 07:00.0 104c:8233 PCI bridge, bus 08
    | | | 08:00.0 1b36:000d USB controller (xHCI)
    | | 07:01.0 104c:8233 PCI bridge, bus 09
    | | | 09:00.0 1af4:1042 SCSI controller
    00:05.0 8086:2922 AHCI controller
    00:06.0 1af4:1003 communication controller
    00:06.1 1af4:1005 virtio device
"""


def check_tree(listing):
    """The functions are those of TREE, in that order, each at its depth and without a complaint."""
    functions = [line for line in listing.splitlines() if re.match(r" +\S+:\S+\.\d ", line)]
    wanted = [line.strip() for line in TREE.strip().splitlines()]
    assert len(functions) == len(wanted), listing
    for line, want in zip(functions, wanted):
        depth = want.count("| ")
        assert line.startswith("  " * (depth + 1) + want[2 * depth:][:7]), line
        assert " ".join(want[2 * depth:].split()) in " ".join(line.split()), line
        assert "(!)" not in line, line


def places(console):
    """The ranges that BARs have, by function; every BAR has one."""
    listing = console.command("pci")
    found = []
    for place in re.findall(r"^ +(\S+:\S+\.\d) ", listing, re.MULTILINE):
        details = console.command(f"pci {place}")
        assert "not placed" not in details, details
        found += [(place, line.strip()) for line in details.splitlines() if "BAR" in line or "forwards" in line]
    return found


@pytest.mark.parametrize("machine", MACHINES, ids=label)
def test_found_and_placed(start, machine, tmp_path):
    console, summary = entry.at_prompt(start, machine, *devices(tmp_path), monitor=True)
    assert "PCI Express, buses 00 to " in summary
    check_tree(console.command("pci"))
    nvme = console.command("pci 03:00.0")
    assert re.search(r"BAR 0: 16 KiB of 64-bit memory at [0-9a-f]+", nvme), nvme
    assert re.search(r"PCI Express\n", nvme) and re.search(r"MSI-X\n", nvme), nvme
    assert "link: 2.5 GT/s x1" in nvme

    before, mapped = places(console), console.ask("info pci")
    assert len(before) > 20
    count = len(re.findall(r"[0-9a-f]{4}:[0-9a-f]{4}  ", console.command("pci")))
    assert f"{count} functions now" in console.command("pci rescan")
    assert places(console) == before
    assert console.ask("info pci") == mapped
    assert "there is no function 1f:00.0" in console.command("pci 1f:00.0")


@pytest.mark.parametrize("arch", images.ARCHES)
def test_what_uboot_placed_stays(start, arch, tmp_path):
    """U-Boot numbers buses and places BARs; to QEMU nothing has changed when Plinth has started."""
    machine = Machine(arch)
    at = images.RAM[arch] + entry.STAGING
    console = entry.uboot(start, machine, [*machines.load(images.binary(arch), at), *devices(tmp_path)],
                          monitor=True)
    console.command("pci enum", entry.UBOOT_PROMPT)
    assert "0x104c" in console.command("pci", entry.UBOOT_PROMPT)
    before = console.ask("info pci")
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    console.summary()
    check_tree(console.command("pci"))
    assert bars(console.ask("info pci")) == bars(before)


def bars(text):
    """What `info pci` says, without its column of interrupts."""
    return [line.strip() for line in text.splitlines() if "IRQ" not in line]


def test_chain_behind_the_last_bus(start, tmp_path):
    """16 buses, RAM right behind their configuration space, and a chain of 20 bridges into it."""
    machine = Machine("aarch64", highmem=False, gic="2")
    chain = ["-device", "pcie-pci-bridge,id=b0,bus=pcie.0,addr=4"]
    for i in range(1, 20):
        chain += ["-device", f"pci-bridge,id=b{i},bus=b{i - 1},addr=1,chassis_nr={i + 1}"]
    chain += ["-device", "virtio-rng-pci,bus=b19,addr=2", "-device", "virtio-rng-pci,bus=pcie.0,addr=5"]
    console = start(machine, "-kernel", images.binary("aarch64"), *chain, "-S", monitor=True)
    ram = [tmp_path / "before", tmp_path / "after"]
    save = 'pmemsave 0x40000000 0x200000 "{}"'       # the tree is there, and then nothing
    console.ask(save.format(ram[0]))
    console.ask("cont")
    summary = console.summary()
    console.ask(save.format(ram[1]))
    assert ram[0].read_bytes() == ram[1].read_bytes()
    assert "buses 00 to 0f" in summary
    assert "no bus number is left (the host has 00 to 0f)" in summary
    listing = console.command("pci")
    assert re.search(r"^ {32}0f:01.0 .*\(!\)", listing, re.MULTILINE), listing
    assert "00:05.0" in listing and "(!)" not in next(l for l in listing.splitlines() if "00:05.0" in l)


@pytest.mark.parametrize("arch", images.ARCHES)
def test_what_does_not_fit_is_left_out_alone(start, arch, tmp_path):
    machine = Machine(arch, highmem=False if arch == "aarch64" else None)
    size = {"aarch64": "1G", "riscv64": "32G"}[arch]
    console, summary = entry.at_prompt(
        start, machine, *disk(tmp_path, "disk0"), "-device", "nvme,serial=1,drive=disk0,bus=pcie.0,addr=2",
        "-object", f"memory-backend-file,id=much,size={size},mem-path={tmp_path}/much,share=on",
        "-device", "ivshmem-plain,memdev=much,bus=pcie.0,addr=3")
    reason = rf"BAR 2 wants {size[:-1]} GiB of 64-bit prefetchable memory; the host's windows? for it ha\w+ "
    assert re.search(rf"pci 00:03.0: {reason}[\d.]+ \wiB, [\d.]+ \wiB of it free", summary), summary
    assert re.search(reason, console.command("pci 00:03.0"))
    assert re.search("BAR 0: .* at ", console.command("pci 00:02.0"))
    assert not re.search(r"00:02.0.*\(!\)", console.command("pci"))
