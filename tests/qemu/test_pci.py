# SPDX-License-Identifier: BSD-2-Clause
"""PCI Express on QEMU's machines: issue 3, "PCI Express"."""
import re
import struct
import time

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
        found += [(place, line.strip()) for line in details.splitlines()
                  if "BAR" in line or "forwards" in line]
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


MASTER = 0x0004
ECAM = {"riscv64": 0x30000000, "aarch64": 0x4010000000}


def command_address(arch, place):
    bus, slot, number = (int(digits, 16) for digits in re.split("[:.]", place))
    return ECAM[arch] + (bus << 20 | slot << 15 | number << 12) + 4


def command_register(console, arch, place):
    """As QEMU sees it: nobody in the machine is asked."""
    answer = console.ask(f"xp /1hx {command_address(arch, place):#x}")
    return int(re.search(r": (0x[0-9a-f]{4})\b", answer).group(1), 16)


def endless_loop(arch):
    """The smallest Linux Image: its header, which begins with a jump to itself."""
    if arch == "riscv64":
        return struct.pack("<IIQQQIIQ8s4sI", 0x6f, 0, 0x200000, 4096, 0, 2, 0, 0,
                           b"RISCV\0\0\0", b"RSC\x05", 0)
    return struct.pack("<IIQQQQQQ4sI", 0x14000000, 0, 0, 4096, 0, 0, 0, 0, b"ARM\x64", 0)


@pytest.mark.parametrize("end", ["go", "reset"])
@pytest.mark.parametrize("arch", images.ARCHES)
def test_quiet_for_the_next_stage(start, arch, end, tmp_path):
    """Everything masters the bus, the bridges too, until Plinth hands over, or resets."""
    loop = tmp_path / "loop"
    loop.write_bytes(endless_loop(arch).ljust(4096, b"\0"))
    at = images.RAM[arch] + 64 * entry.MIB
    console, _ = entry.at_prompt(start, Machine(arch), *devices(tmp_path), "-no-reboot",
                                 "-no-shutdown", *machines.load(loop, at), monitor=True)
    functions = re.findall(r"^ +(\S+:\S+\.\d) ", console.command("pci"), re.MULTILINE)
    for place in functions:
        value = command_register(console, arch, place) | MASTER
        console.command(f"mw.h {command_address(arch, place):#x} {value:#x}")
    before = [command_register(console, arch, place) for place in functions]
    assert sum(value & MASTER for value in before) >= MASTER * 16      # the host bridge may not
    console.line(f"go {at:#x}" if end == "go" else end)
    if end == "go":
        console.expect("entering the kernel at")
    deadline = time.monotonic() + machines.DEADLINE_S
    while any(command_register(console, arch, place) & MASTER for place in functions):
        assert time.monotonic() < deadline, "somebody still masters the bus"
        time.sleep(0.1)
    after = [command_register(console, arch, place) for place in functions]
    assert after == [value & ~MASTER for value in before]       # and nothing else has changed


SLOT_CONTROL = 0x18             # in the PCI Express capability
POWERED, UNPOWERED = 0x0100, 0x0700


@pytest.mark.parametrize("arch", images.ARCHES)
def test_a_device_vanishes_and_another_appears(start, arch):
    """A slot loses its power; QEMU takes the device out. Then there is a new one."""
    console, _ = entry.at_prompt(
        start, Machine(arch), "-device", "pcie-root-port,id=slot1,bus=pcie.0,addr=4,chassis=1",
        "-device", "virtio-rng-pci,bus=slot1,id=old",
        "-device", "virtio-rng-pci,bus=pcie.0,addr=3", monitor=True)
    other = console.command("pci 00:03.0")
    found = re.search(r"(\w+)  PCI Express\n", console.command("pci 00:04.0"))
    capability = int(found.group(1), 16)
    slot = command_address(arch, "00:04.0") - 4 + capability + SLOT_CONTROL
    console.command(f"mw.h {slot:#x} {UNPOWERED:#x}")
    text = console.command("pci rescan")
    assert "pci 01:00.0: removed" in text and "3 functions now" in text, text
    assert "there is no function 01:00.0" in console.command("pci 01:00.0")

    console.ask("device_add virtio-rng-pci,bus=slot1,id=new")
    console.command(f"mw.h {slot:#x} {POWERED:#x}")
    assert "4 functions now" in console.command("pci rescan")
    new = console.command("pci 01:00.0")
    assert "driven by virtio-pci" in new and "not placed" not in new, new
    assert console.command("pci 00:03.0") == other


@pytest.mark.parametrize("arch", images.ARCHES)
def test_linux_finds_the_same(start, arch, tmp_path):
    at = images.RAM[arch] + 64 * entry.MIB
    console, _ = entry.at_prompt(start, Machine(arch, memory="512M"), *devices(tmp_path),
                                 *machines.load(images.kernel(arch), at),
                                 bootargs="earlycon panic=-1")
    console.line(f"go {at:#x}")
    console.expect("PCI host bridge to bus 0000:00")
    console.expect("Kernel panic", stops=True)
    found = dict(re.findall(r"pci 0000:(\S+): \[(\w+:\w+)\]", console.before()))
    wanted = dict(line.replace("| ", "").split()[:2] for line in TREE.strip().splitlines())
    assert found == wanted


@pytest.mark.parametrize("arch", images.ARCHES)
def test_what_uboot_placed_stays(start, arch, tmp_path):
    """U-Boot numbers buses and places BARs; to QEMU nothing has changed when Plinth has started."""
    machine = Machine(arch)
    at = images.RAM[arch] + entry.STAGING
    console = entry.uboot(start, machine, [*machines.load(images.binary(arch), at),
                                           *devices(tmp_path)], monitor=True)
    console.command("pci enum", entry.UBOOT_PROMPT)
    assert "0x104c" in console.command("pci", entry.UBOOT_PROMPT)
    before = console.ask("info pci")
    assert command_register(console, arch, "08:00.0") & MASTER     # xHCI, which we do not drive
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    console.summary()
    check_tree(console.command("pci"))
    assert bars(console.ask("info pci")) == bars(before)
    assert not command_register(console, arch, "08:00.0") & MASTER


def bars(text):
    """What `info pci` says, without its column of interrupts."""
    return [line.strip() for line in text.splitlines() if "IRQ" not in line]


def test_chain_behind_the_last_bus(start, tmp_path):
    """16 buses, RAM right behind their configuration space, and a chain of 20 bridges into it."""
    machine = Machine("aarch64", highmem=False, gic="2")
    chain = ["-device", "pcie-pci-bridge,id=b0,bus=pcie.0,addr=4"]
    for i in range(1, 20):
        chain += ["-device", f"pci-bridge,id=b{i},bus=b{i - 1},addr=1,chassis_nr={i + 1}"]
    chain += ["-device", "virtio-rng-pci,bus=b19,addr=2",
              "-device", "virtio-rng-pci,bus=pcie.0,addr=5",
              "-machine", "dtb-randomness=off"]      # else we erase the seeds
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
    assert "00:05.0" in listing
    assert "(!)" not in next(l for l in listing.splitlines() if "00:05.0" in l)


@pytest.mark.parametrize("arch", images.ARCHES)
def test_what_does_not_fit_is_left_out_alone(start, arch, tmp_path):
    machine = Machine(arch, highmem=False if arch == "aarch64" else None)
    size = {"aarch64": "1G", "riscv64": "32G"}[arch]
    console, summary = entry.at_prompt(
        start, machine, *disk(tmp_path, "disk0"),
        "-device", "nvme,serial=1,drive=disk0,bus=pcie.0,addr=2",
        "-object", f"memory-backend-file,id=much,size={size},mem-path={tmp_path}/much,share=on",
        "-device", "ivshmem-plain,memdev=much,bus=pcie.0,addr=3")
    reason = (rf"BAR 2 wants {size[:-1]} GiB of 64-bit prefetchable memory; "
              r"the host's windows? for it ha\w+ ")
    assert re.search(rf"pci 00:03.0: {reason}[\d.]+ \wiB, [\d.]+ \wiB of it free", summary), summary
    assert re.search(reason, console.command("pci 00:03.0"))
    assert re.search("BAR 0: .* at ", console.command("pci 00:02.0"))
    assert not re.search(r"00:02.0.*\(!\)", console.command("pci"))
