# SPDX-License-Identifier: BSD-2-Clause
"""`go`: Debian's kernel, put in memory by QEMU's loader, is entered and gets what it is told."""
import dataclasses

import pytest

import entry
import images
import machine as machines
from entry import MIB
from images import RAM
from machine import Machine
from test_start import every_arch, label

ARGUMENTS = "earlycon panic=-1 answer=42"
KERNEL_AT = 64 * MIB            # a multiple of 2 MiB: it needs no move
INITRD_AT = 160 * MIB + 4096

MACHINES = [Machine("riscv64", memory="512M", smp=4), Machine("aarch64", memory="512M", smp=4),
            Machine("aarch64", memory="512M", smp=4, virtualization=True)]
every_machine = pytest.mark.parametrize("machine", MACHINES, ids=label)


def loaded(machine, offset=KERNEL_AT):
    return machines.load(images.kernel(machine.arch), RAM[machine.arch] + offset)


def is_linux(console, machine):
    """Its first line, its command line (without our own words), and how it was entered."""
    console.expect("entering the kernel at")
    console.expect("Linux version 6")
    console.expect(rf"Kernel command line: {ARGUMENTS}\s*\r?\n")
    if machine.arch == "aarch64":
        console.expect(f"All CPU\\(s\\) started at {'EL2' if machine.virtualization else 'EL1'}")


def cpio(directory):
    """An initrd of one small file, by hand (newc), its size no multiple of anything."""
    def member(name, data, mode):
        name = name.encode() + b"\0"
        fields = (0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        return head.ljust(-(-len(head) // 4) * 4, b"\0") + data.ljust(-(-len(data) // 4) * 4, b"\0")
    path = directory / "initrd.cpio"
    path.write_bytes(member("hello", b"x" * 40000, 0o100644) + member("TRAILER!!!", b"", 0))
    return path


@every_machine
@pytest.mark.parametrize("qemu", machines.qemu_versions())
def test_enters_debian(start, machine, qemu):
    machine = dataclasses.replace(machine, qemu=qemu)
    console, _ = entry.at_prompt(start, machine, *loaded(machine),
                                 bootargs=f"plinth.log=info {ARGUMENTS}")
    console.line(f"go {RAM[machine.arch] + KERNEL_AT:#x}")
    is_linux(console, machine)


@every_machine
@pytest.mark.parametrize("form", ["end", "size"])
def test_initrd_arrives(start, machine, form, tmp_path):
    """Linux unpacks it and gives back the pages that hold it (riscv64: those it fills)."""
    initrd = cpio(tmp_path)
    size, at = initrd.stat().st_size, RAM[machine.arch] + INITRD_AT
    console, _ = entry.at_prompt(start, machine, *loaded(machine), *machines.load(initrd, at),
                                 bootargs=ARGUMENTS)
    end = {"end": f"{at + size:#x}", "size": f"+{size}"}[form]
    console.line(f"go {RAM[machine.arch] + KERNEL_AT:#x} {at:#x} {end}")
    is_linux(console, machine)
    console.expect("Freeing initrd memory: (36|40)K")


@every_machine
def test_initrd_of_the_previous_stage_is_kept(start, machine, tmp_path):
    """QEMU's -initrd puts it into memory and its range into /chosen."""
    console, _ = entry.at_prompt(start, machine, *loaded(machine), "-initrd", cpio(tmp_path),
                                 bootargs=ARGUMENTS)
    console.line(f"go {RAM[machine.arch] + KERNEL_AT:#x}")
    is_linux(console, machine)
    console.expect("Freeing initrd memory: (36|40)K")


@every_machine
def test_debians_own_initrd(start, machine):
    """Forty megabytes, to the first program of Debian's installer."""
    at = RAM[machine.arch] + INITRD_AT
    initrd = images.initrd(machine.arch)
    machine = dataclasses.replace(machine, memory="1G")
    console, _ = entry.at_prompt(start, machine, *loaded(machine), *machines.load(initrd, at),
                                 bootargs=f"{ARGUMENTS} rdinit=/bin/busybox")
    console.line(f"go {RAM[machine.arch] + KERNEL_AT:#x} {at:#x} +{initrd.stat().st_size}")
    console.expect("Run /bin/busybox as init process")
    console.expect("BusyBox v")


@every_machine
@pytest.mark.parametrize("offset", [64 * MIB + 4096, 255 * MIB], ids=hex)
def test_misplaced_kernel_is_moved(start, machine, offset):
    console, _ = entry.at_prompt(start, machine, *loaded(machine, offset), bootargs=ARGUMENTS)
    at = RAM[machine.arch] + offset
    console.line(f"go {at:#x}")
    console.expect(f"copied from {at:#x}")
    console.expect("Linux version 6")


@every_machine
def test_from_uboot_through_plinth_to_linux(start, machine):
    at = RAM[machine.arch] + entry.STAGING
    console = entry.uboot(start, machine, [*machines.load(images.binary(machine.arch), at),
                                           *loaded(machine)])
    entry.set_bootargs(console, ARGUMENTS)
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    console.summary()
    console.line(f"go {RAM[machine.arch] + KERNEL_AT:#x}")
    is_linux(console, machine)


@every_arch
def test_memory_above_4_gib(start, arch):
    machine = Machine(arch, memory="8G", smp=2)
    at = RAM[arch] + (6 << 30)
    console, _ = entry.at_prompt(start, machine, *machines.load(images.kernel(arch), at),
                                 bootargs=ARGUMENTS)
    console.line(f"go {at:#x}")
    is_linux(console, machine)


@every_arch
def test_what_is_no_kernel_is_refused(start, arch, tmp_path):
    other = images.kernel({"riscv64": "aarch64", "aarch64": "riscv64"}[arch])
    machine = Machine(arch, memory="256M")
    ram = RAM[arch]
    head = tmp_path / "head"
    head.write_bytes(images.kernel(arch).read_bytes()[:4096])
    console, summary = entry.at_prompt(start, machine, *machines.load(other, ram + KERNEL_AT),
                                       *machines.load(head, ram + 250 * MIB))
    for address, why in ((ram + KERNEL_AT, "kernel at"), (ram + 32 * MIB, "kernel at"),
                         (0x1000, "no RAM"),
                         (int(summary.partition("Plinth at ")[2].split()[0], 16), "not free"),
                         (ram + 250 * MIB, "Plinth is at")):
        text = console.command(f"go {address:#x}")
        assert why in text and "entering" not in text, text
    assert "usage: go" in console.command("go")
    assert "usage: go" in console.command("go here")
    assert "of RAM" in console.command("mem")
