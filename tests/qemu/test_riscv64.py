# SPDX-License-Identifier: BSD-2-Clause
"""What differs between RISC-V harts: translation modes, cache operations, and who may start."""
import struct

import pytest

import entry
import images
import machine as machines
import trees
from entry import MIB
from images import RAM
from machine import Machine

NEW_QEMU = machines.qemu_versions()[-1]


def hart(cpu, smp=1):
    return Machine("riscv64", NEW_QEMU, cpu=cpu, smp=smp)


def cache_line(console):
    return next(line for line in console.command("log").splitlines() if "cache " in line)


@pytest.mark.parametrize("cpu, mode", [
    ("rv64", "Sv57"), ("rv64,sv57=off", "Sv48"), ("rv64,sv57=off,sv48=off", "Sv39"),
    ("rv64,svpbmt=on", "Sv57, Svpbmt"), ("sifive-u54", "Sv39"), ("thead-c906", "Sv39")])
def test_translation(start, cpu, mode):
    _, summary = entry.at_prompt(start, hart(cpu))
    assert summary.count(f", {mode}\n") == 1, summary


@pytest.mark.parametrize("cpu, operations", [
    ("rv64,zicbom=on", "Zicbom, lines of 64"), ("rv64,cbom_blocksize=256", "Zicbom, lines of 256"),
    ("thead-c906", "T-Head CMO, lines of 64"), ("rv64,zicbom=off", "no operations")])
def test_cache_operations(start, cpu, operations):
    console, _ = entry.at_prompt(start, hart(cpu))
    assert operations in cache_line(console)


# The tree is what somebody wrote, the hart is what it is.
PROMISES = """
&{/cpus/cpu@0} {
	compatible = "thead,c910", "riscv";
	riscv,isa = "rv64imafdc_zicsr_zifencei_zicbom_svpbmt_xtheadcmo";
	/delete-property/ riscv,isa-extensions;
	riscv,cbom-block-size = <64>;
};
"""


def test_tree_that_promises_too_much(start, tmp_path):
    machine = hart("rv64,zicbom=off,svpbmt=off")
    tree = trees.edited(machine, tmp_path, PROMISES)
    console, summary = entry.at_prompt(start, machine, "-dtb", tree)
    assert "thead,c910" in summary
    assert "Svpbmt" not in summary
    assert "no operations" in cache_line(console)


def release_all(image_at, harts):
    """Start every other hart at the image (SBI 9.1), then go there too: firmware before SBI 0.2."""
    words = (0x00050413,        # mv s0, a0
             0x00058493,        # mv s1, a1
             0x00000997,        # auipc s3, 0
             0x0409ba03,        # ld s4, 64(s3): the image
             0x0489b903,        # ld s2, 72(s3): how many harts
             0xfff90913,        # 1: addi s2, s2, -1
             0xfe890ee3,        # beq s2, s0, 1b
             0x02094063,        # bltz s2, 2f
             0x00090513,        # mv a0, s2
             0x000a0593,        # mv a1, s4
             0x00048613,        # mv a2, s1
             0x0509b883,        # ld a7, 80(s3): hart state management
             0x00000813,        # li a6, 0: hart_start
             0x00000073,        # ecall
             0xfddff06f,        # j 1b
             0x00040513,        # 2: mv a0, s0
             0x00048593,        # mv a1, s1
             0x000a0067)        # jr s4
    return struct.pack("<18I3Q", *words, image_at, harts, 0x48534d)


@pytest.mark.parametrize("qemu", machines.qemu_versions())
def test_all_harts_at_once(start, qemu, tmp_path):
    machine = Machine("riscv64", qemu, smp=4)
    image_at = RAM["riscv64"] + 32 * MIB
    firmware = tmp_path / "release-all.bin"
    firmware.write_bytes(release_all(image_at, machine.smp))
    console = start(machine, "-kernel", firmware,
                    *machines.load(images.binary("riscv64"), image_at))
    summary = console.summary()
    assert summary.count("board ") == 1, summary
    assert "riscv" in console.command("dt / compatible")
