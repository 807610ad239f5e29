# SPDX-License-Identifier: BSD-2-Clause
"""Every way into the image ends at the prompt: issue 2, "Entry"."""
import re

import pytest

import entry
import images
import machine as machines
import matrix
from entry import MIB, WAYS
from images import RAM
from machine import Machine

ARGUMENTS = "plinth.log=info console=none answer=42"


def size_of(memory):
    return int(memory[:-1]) << {"M": 20, "G": 30}[memory[-1]]


def check_entered(start, machine, way, tmp_path):
    """Enter, read the summary, and see that bootargs, memory and the CPU came through."""
    console, data = way.enter(start, machine, tmp_path, ARGUMENTS)
    summary = console.summary()
    assert len(re.findall(r"^Plinth \S+$", summary, re.MULTILINE)) == 1, summary
    entry.record(machine.arch, way.name, machine, data)
    assert f'"{ARGUMENTS}"' in console.command("dt /chosen bootargs")
    return console, summary


RISCV64 = {
    "way": WAYS,
    "qemu": machines.qemu_versions(),
    "memory": ["64M", "128M", "512M", "2G", "4G", "8G"],
    "smp": [1, 4, 8],
    "cpu": [None, "rv64,sv57=off", "rv64,sv57=off,sv48=off", "max"],
}


def valid_riscv64(way, qemu, memory, smp, cpu):
    """QEMU 7.2 has one kind of CPU, up to Sv57. U-Boot 2023.01 dies of the extensions of "max"."""
    if cpu == "max" and way.name.startswith("uboot"):
        return False
    return cpu is None or qemu == "qemu10" or machines.system_qemu_major() >= 10


@pytest.mark.parametrize("row", matrix.rows(RISCV64, valid_riscv64), ids=matrix.label)
def test_riscv64(start, row, tmp_path):
    way = row["way"]
    machine = Machine("riscv64", row["qemu"], memory=row["memory"], smp=row["smp"], cpu=row["cpu"])
    _, summary = check_entered(start, machine, way, tmp_path)
    mode = {"rv64,sv57=off": "Sv48", "rv64,sv57=off,sv48=off": "Sv39"}.get(row["cpu"], "Sv57")
    assert mode in summary
    assert f" of {row['smp']}, S-mode under OpenSBI" in summary


@pytest.mark.parametrize("qemu", machines.qemu_versions())
@pytest.mark.parametrize("smp, hart", [(4, 1), (4, 3), (8, 7)])
def test_riscv64_any_hart(start, qemu, smp, hart, tmp_path):
    """Which hart boots is a lottery of the firmware's; here it is told."""
    machine = Machine("riscv64", qemu, smp=smp)
    image_at, tree_at = RAM["riscv64"] + 16 * MIB, RAM["riscv64"] + 64 * MIB
    board = tmp_path / "springboard.bin"
    board.write_bytes(entry.hart_springboard(image_at, tree_at, hart))
    tree = machine.tree(tmp_path / "qemu.dtb")
    console = start(machine, "-kernel", board, *machines.load(images.binary("riscv64"), image_at),
                    *machines.load(tree, tree_at))
    assert f", cpu {hart:#x} of {smp}, " in console.summary()
    assert "of RAM" in console.command("mem")
    entry.record("riscv64", f"hart{hart}", machine, images.binary("riscv64").read_bytes())


AARCH64 = {
    "way": WAYS,
    "virtualization": [False, True],
    "cpu": ["cortex-a53", "cortex-a57", "cortex-a72", "max"],
    "gic": ["2", "3"],
    "highmem": [True, False],
    "memory": ["64M", "128M", "1G", "3G", "8G"],
    "smp": [1, 4],
    "qemu": machines.qemu_versions(),
}


def valid_aarch64(way, virtualization, cpu, gic, highmem, memory, smp, qemu):
    return highmem or size_of(memory) <= 3 << 30


@pytest.mark.parametrize("row", matrix.rows(AARCH64, valid_aarch64), ids=matrix.label)
def test_aarch64(start, row, tmp_path):
    row = dict(row)
    way = row.pop("way")
    machine = Machine("aarch64", **row)
    _, summary = check_entered(start, machine, way, tmp_path)
    assert ("EL2" if machine.virtualization else "EL1") in summary
