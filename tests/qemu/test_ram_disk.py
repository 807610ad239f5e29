# SPDX-License-Identifier: BSD-2-Clause
"""ram0: a disk image that somebody put in memory. Issue 4, "Block engine"."""
import re

import pytest

import entry
import images
import linux
import machine as machines
from entry import STAGING, UBOOT_PROMPT
from machine import Machine
from test_start import every_arch

MIB = 1 << 20


def disk_image(path, mib=8):
    """With a partition table, and a different number in each block."""
    data = bytearray(b"".join(n.to_bytes(4, "little") * 128 for n in range(mib * MIB // 512)))
    data[446:512] = bytes(64) + b"\x55\xaa"
    path.write_bytes(data)
    return path


def kept(console, at, mib, by):
    """The memory of the disk is nobody else's."""
    pattern = rf"^ *{at & ~0xfff:x} - .*  {mib} MiB  {by}$"
    assert re.search(pattern, console.command("mem"), re.MULTILINE)


def reads(console, size):
    """All of it, and at random; nothing goes wrong."""
    text = console.command("bench blk")
    assert re.match(rf"ram0, {size}, blocks of 512 bytes", text), text
    assert re.search(rf"sequential, {size}: \d+ MB/s", text), text
    for depth in 1, 32, 128:
        assert re.search(rf"random 4 KiB, depth +{depth}: \d+ IOPS", text), text
    assert "rror" not in console.command("log")


@every_arch
def test_initrd_that_is_a_disk(start, arch, tmp_path):
    image = disk_image(tmp_path / "disk.img")
    console, summary = entry.at_prompt(start, Machine(arch), "-initrd", image)
    at = int(re.search(r"^ram0: 8 MiB, MBR, in memory at (0x\w+)$", summary, re.MULTILINE)[1], 16)
    kept(console, at, 8, "loaded +initrd")
    reads(console, "8 MiB")
    # Block 4097 is where it was: nothing of ours went over it.
    assert "00001001 00001001" in console.command(f"md {at + 4097 * 512:#x} 4")


@every_arch
def test_uboot_puts_a_disk_into_memory(start, arch, tmp_path):
    """As tools/port-check says: booti IMAGE DISK:BYTES TREE."""
    image = disk_image(tmp_path / "disk.img")
    ram = images.RAM[arch]
    console = entry.uboot(start, Machine(arch, memory="512M"), [
        *machines.load(images.binary(arch), ram + STAGING),
        *machines.load(image, ram + 4 * STAGING)])
    console.command("setenv initrd_high 0xffffffffffffffff", UBOOT_PROMPT)
    console.line(f"booti {ram + STAGING:#x} {ram + 4 * STAGING:#x}:{8 * MIB:#x} "
                 "${fdtcontroladdr}")
    summary = console.summary()
    assert f"ram0: 8 MiB, MBR, in memory at {ram + 4 * STAGING:#x}" in summary
    kept(console, ram + 4 * STAGING, 8, "reserved +/memreserve/")
    reads(console, "8 MiB")


@pytest.mark.parametrize("data, words", [
    (b"\x1f\x8b\x08" + bytes(4096), "gzip"),
    (b"070701" + bytes(4096), "cpio"),
    (bytes(4096), "neither a partition table nor FAT is in it"),
], ids=["gzip", "cpio", "rubbish"])
def test_initrd_that_is_none(start, data, words, tmp_path):
    (tmp_path / "initrd").write_bytes(data)
    console, summary = entry.at_prompt(start, Machine("riscv64"), "-initrd", tmp_path / "initrd")
    assert re.search(rf"^initrd at 0x\w+: no disk image: {words}$", summary, re.MULTILINE)
    assert "there is no disk" in console.command("bench blk")


@every_arch
def test_linux_boots_from_an_image_in_memory(start, arch, tmp_path):
    """On a board without a driver for its storage; the initrd that Linux gets is its own."""
    (tmp_path / "files").mkdir()
    disk = linux.make_disk(tmp_path / "disk.img", linux.lay_out(
        tmp_path / "files", arch, "extlinux", "plain", f"console={linux.console_of(arch)}"))
    console = start(Machine(arch, memory="1G"), "-kernel", images.binary(arch), "-initrd", disk)
    console.expect(r"ram0: [\d.]+ MiB, GPT, in memory")
    console.expect(r"entering .*, initrd at 0x(\w+) - ")
    console.expect("Linux version")
    console.expect("Run /init as init process")
