# SPDX-License-Identifier: BSD-2-Clause
"""The ground the other tests stand on, without Plinth: if these fail, look here first."""
import re
import signal
import struct

import pytest

import conftest
import entry
import images
import machine as machines
from machine import Machine

EARLYCON = "earlycon panic=-1"


@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("qemu", machines.qemu_versions())
def test_uboot_enters_debian(start, arch, qemu):
    """U-Boot alone starts Debian's kernel: the firmware, the kernel and QEMU fit together."""
    machine = Machine(arch, qemu, memory="512M")
    at = images.RAM[arch] + 0x4000000
    console = entry.uboot(start, machine, machines.load(images.kernel(arch), at))
    entry.set_bootargs(console, EARLYCON)
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    console.expect("Linux version")
    console.expect(f"Kernel command line: {EARLYCON}")


def test_console_waits_for_the_end(start):
    console = start(Machine("riscv64"), "-bios", "none", monitor=True)
    assert "running" in console.ask("info status")
    console.child.kill(signal.SIGTERM)
    assert console.ended() == 0


def test_expect_says_what_came_instead(start):
    console = start(Machine("riscv64"))
    console.expect("OpenSBI v")
    said = ""
    for _ in range(machines.DEADLINE_S):        # in each, more may have come
        if "Boot HART MEDELEG" not in said:
            with pytest.raises(AssertionError) as error:
                console.expect("no such words", timeout=1)
            said = str(error.value)
    assert "Boot HART MEDELEG" in said


@pytest.mark.parametrize("number, words", [(signal.SIGSEGV, "QEMU died of SIGSEGV before"),
                                           (signal.SIGTERM, "QEMU ended before")])
def test_expect_says_how_qemu_ended(start, number, words):
    """One that crashed is told from one that was switched off: only that test is tried again."""
    console = start(Machine("riscv64"), "-bios", "none", monitor=True)
    assert "running" in console.ask("info status")
    console.child.kill(number)
    with pytest.raises(AssertionError, match=words):
        console.expect("no such words")


def test_springboard_jumps_with_the_tree(start, tmp_path):
    """A two-instruction stand-in for the image shows that both registers arrive."""
    spin = tmp_path / "spin.bin"
    spin.write_bytes(b"\x6f\x00\x00\x00")          # j .
    board = tmp_path / "board.bin"
    board.write_bytes(entry.springboard("riscv64", 0x81000000, 0x123456789))
    console = start(Machine("riscv64"), "-kernel", board, *machines.load(spin, 0x81000000),
                    monitor=True)
    console.expect("MEDELEG")
    console.ask_until("info registers", r"pc +0*81000000\b")
    assert re.search(r"a1 +0*123456789\b", console.ask("info registers"))


def test_record_names_other_bytes():
    good, bad = "aa  bin  qemu\n", "bb  elf  qemu\n"
    assert conftest.judge("riscv64", [good], "aa") == []
    assert len(conftest.judge("riscv64", [good, bad], "aa")) == 1


def test_flatten_orders_and_pads(tmp_path):
    """Two segments with a gap, given out of order, as an assembler of bytes sees them."""
    head = struct.pack("<4sBB10xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 3, 243, 1, 0x1000, 64, 0, 0, 64,
                       56, 2, 64, 0, 0)
    program = struct.pack("<IIQQQQQQ", 1, 6, 200, 0x1008, 0x1008, 3, 0x100, 8)
    program += struct.pack("<IIQQQQQQ", 1, 5, 204, 0x1000, 0x1000, 4, 4, 8)
    data = (head + program).ljust(200, b"\0") + b"abc\0TEXT"
    assert images.flatten(data) == b"TEXT\0\0\0\0abc"
