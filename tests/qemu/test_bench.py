# SPDX-License-Identifier: BSD-2-Clause
"""`bench`: that it counts right. How fast it was, no test asks."""
import re

import pytest

import entry
import images
from machine import Machine

MIB = 1 << 20


@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("block", [512, 4096])
def test_bench_blk(start, tmp_path, arch, block):
    disk = tmp_path / "disk.img"
    with open(disk, "wb") as file:
        file.truncate(64 * MIB)
    console, _ = entry.at_prompt(
        start, Machine(arch), "-drive", f"if=none,id=d,format=raw,readonly=on,file={disk}",
        "-device", f"virtio-blk-pci,drive=d,logical_block_size={block},physical_block_size={block}")
    text = console.command("bench blk virtio0")
    assert re.match(rf"virtio0, 64 MiB, blocks of {block} bytes; a tick is \d+ ns\n", text), text
    requests, kicks = re.search(r"sequential, 64 MiB: .* (\d+) requests, (\d+) kicks",
                                text).groups()
    assert int(requests) <= 64 and int(kicks) <= 8
    for depth in 1, 32, 128:
        line = re.search(rf"random 4 KiB, depth +{depth}: (\d+) IOPS, \d+ MB/s, (\d+) requests, "
                         r"(\d+) kicks; ticks for each: [\d.]+, \d+ not waiting", text)
        assert line, text
        assert int(line[2]) >= depth and int(line[3]) <= int(line[2])
    counted = re.search(r"counted: .* (\d+) errors, (\d+) timeouts, (\d+) resets",
                        console.command("blk virtio0"))
    assert counted.groups() == ("0", "0", "0")


def test_bench_says_what_there_is(start):
    console, _ = entry.at_prompt(start, Machine("riscv64"))
    assert "bench blk [<disk>]: " in console.command("bench")
    assert 'there is no "speed"' in console.command("bench speed")
    assert "there is no disk" in console.command("bench blk")
    assert "there is no disk sda" in console.command("bench blk sda")
    assert "usage: bench blk [<disk>]" in console.command("bench blk a b")
