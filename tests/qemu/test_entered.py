# SPDX-License-Identifier: BSD-2-Clause
"""What the next stage finds when it is entered: registers, MMU, interrupts, as its protocol asks.

Linux, arm64/booting.rst and riscv/boot.rst. An Image of a few instructions reads them and says so.
"""
import re

import pytest

import images
import linux
import machine as machines
from machine import Machine

COMPILER = {
    "riscv64": ["riscv64-unknown-elf-gcc", "-march=rv64imac_zicsr", "-mabi=lp64"],
    "aarch64": ["aarch64-linux-gnu-gcc"],
}
OBJCOPY = {"riscv64": "riscv64-unknown-elf-objcopy", "aarch64": "aarch64-linux-gnu-objcopy"}
FDT_MAGIC_READ = 0xedfe0dd0         # big-endian in memory, read by a little-endian load
MIB = 1 << 20


def image(arch, directory):
    source = images.TOP / f"tests/qemu/programs/entered/{arch}.S"
    images.run([*COMPILER[arch], "-nostdlib", "-static", "-Wl,-Ttext=0", "-Wl,--build-id=none",
                source, "-o", directory / "entered.elf"])
    images.run([OBJCOPY[arch], "-O", "binary", directory / "entered.elf", directory / "Image"])
    return directory / "Image"


def entered(start, tmp_path, machine, transport, bootargs):
    """Booted from a disk, so that all that drives a disk was on before: name -> number."""
    disk = linux.make_disk(tmp_path / "disk.img", [f"{image(machine.arch, tmp_path)}:/Image"])
    console = start(machine, "-kernel", images.binary(machine.arch), "-append", bootargs,
                    *linux.disk_arguments(disk, transport))
    console.expect("entering ")
    console.expect("said=0")
    return {name: int(value, 16)
            for name, value in re.findall(r"^(\w+)=([0-9a-f]{16})$", console.before(), re.M)}


def check_places(said, machine, tree):
    ram = images.RAM[machine.arch]
    assert said["tree"] == FDT_MAGIC_READ and tree % 8 == 0
    assert ram <= tree < ram + machines.size(machine.memory)
    assert said["place"] % (2 * MIB) == 0
    assert ram <= said["place"] < ram + machines.size(machine.memory)


@pytest.mark.parametrize("bootargs", ["plinth.log=info", "plinth.oracle"])
@pytest.mark.parametrize("transport", ["mmio-v2", "nvme"])
@pytest.mark.parametrize("level", [1, 2])
def test_aarch64(start, tmp_path, level, transport, bootargs):
    machine = Machine("aarch64", virtualization=level == 2)
    said = entered(start, tmp_path, machine, transport, bootargs)
    check_places(said, machine, said["x0"])
    assert said["x1"] == said["x2"] == said["x3"] == 0
    assert said["level"] == level << 2
    assert said["daif"] == 0xf << 6, "Debug, SError, IRQ and FIQ are to be masked"
    assert said["sctlr"] & 1 == 0, "the MMU is to be off"
    assert said["sctlr"] & 1 << 2 == 0, "the data cache is to be off"
    assert said["sctlr"] & 1 << 25 == 0, "data is to be little-endian"


@pytest.mark.parametrize("bootargs", ["plinth.log=info", "plinth.oracle"])
@pytest.mark.parametrize("transport", ["mmio-v2", "nvme"])
@pytest.mark.parametrize("smp", [1, 4])
def test_riscv64(start, tmp_path, smp, transport, bootargs):
    machine = Machine("riscv64", smp=smp)
    said = entered(start, tmp_path, machine, transport, bootargs)
    check_places(said, machine, said["a1"])
    assert 0 <= said["a0"] < smp, "a0 is to be the number of the hart that enters"
    assert said["satp"] == 0, "the MMU is to be off"
    assert said["sstatus"] & 1 << 1 == 0 and said["sie"] == 0, "interrupts are to be off"
