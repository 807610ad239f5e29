# SPDX-License-Identifier: BSD-2-Clause
"""What is counted. How fast it was, no test asks."""
import re
import sys

import pytest

import entry
import images
from machine import Machine

sys.path.insert(0, str(images.TOP / "tests/bench"))
import boot                                                             # noqa: E402

MIB = 1 << 20

# From our first instruction to the kernel's, but for waiting and for cleaning caches: with
# unpacking the image, 83 million are U-Boot's.
INSTRUCTIONS_MAX = 4_000_000


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


@pytest.mark.parametrize("device", ["virtio", "nvme"])
@pytest.mark.parametrize("arch", images.ARCHES)
def test_boot_takes_few_instructions(start, tmp_path, arch, device):
    """Debian's installer, with its initrd of 40 MB: nearly all that grows with a file's size is a
    walk along its clusters, and they are small here."""
    disk = tmp_path / "disk.img"
    images.run(["tools/run-disk", arch, disk], images.TOP)
    run = boot.run("plinth", start, Machine(arch, memory="1G"), images.kernel(arch), disk, device)
    functions = boot.by_function(arch, run)
    assert run.total() == run.waiting() + sum(functions.values())
    assert INSTRUCTIONS_MAX / 40 < boot.work(functions) < INSTRUCTIONS_MAX, \
        functions.most_common(boot.TOP_FUNCTIONS)
    size = images.kernel(arch).stat().st_size + images.initrd(arch).stat().st_size
    assert size <= run.bytes < 1.1 * size
    assert run.requests * MIB / run.bytes < 4
