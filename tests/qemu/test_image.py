# SPDX-License-Identifier: BSD-2-Clause
"""The image as a file: its header says the truth, and both compilers' images start."""
import re

import pytest

import entry
import images
from machine import Machine
from test_start import every_arch, every_machine

LLVM = images.BUILD / "llvm"


@pytest.fixture(params=["gcc", "llvm"])
def build(request, monkeypatch):
    if request.param == "llvm":
        monkeypatch.setattr(images, "BUILD", LLVM)
    return request.param


@every_arch
def test_header_is_truthful(build, arch):
    header = images.header(images.binary(arch).read_bytes())
    symbol = images.symbols(arch)
    assert header.image_size == symbol["image_end"] - symbol["image_start"]
    in_memory = symbol["bss_end"] - symbol["image_start"]
    assert header.image_size > in_memory > images.binary(arch).stat().st_size - 4096
    if arch == "riscv64":
        assert header.magic == b"RISCV\0\0\0" and header.magic2 == b"RSC\x05"
        assert header.text_offset == 0x200000
        assert header.version >> 16 == 0 and header.version & 0xffff == 2
        assert header.flags == 0                            # little-endian
    else:
        assert header.magic2 == b"ARM\x64"
        assert header.text_offset == 0
        assert header.flags & 1 == 0                        # little-endian
        assert header.flags >> 1 & 3 == 1                   # 4 KiB pages
        assert header.flags & 8                             # anywhere in memory


@every_arch
def test_file_knows_it(build, arch):
    """file(1) and U-Boot's tools see a Linux Image and an ELF of the right machine."""
    elf = images.elf(arch).read_bytes()
    assert int.from_bytes(elf[18:20], "little") == {"riscv64": 243, "aarch64": 183}[arch]
    assert images.elf_image(arch) == images.binary(arch).read_bytes()
    linked = min(s.physical for s in images.segments(elf) if s.memory_bytes)
    assert linked == images.RAM[arch] + 0x200000            # where QEMU puts an Image


@every_arch
def test_nothing_is_written_and_executed(build, arch):
    for segment in images.segments(images.elf(arch).read_bytes()):
        assert segment.flags & 3 != 3, segment


@every_arch
def test_only_relative_relocations(build, arch):
    text = images.run(["readelf", "-rW", images.elf(arch)])
    kinds = set(re.findall(r"\bR_\w+", text))
    assert f"R_{'RISCV' if arch == 'riscv64' else 'AARCH64'}_RELATIVE" in kinds
    assert kinds <= {"R_RISCV_RELATIVE", "R_AARCH64_RELATIVE", "R_RISCV_NONE"}


@every_machine
def test_starts(build, start, machine):
    """The LLVM image from U-Boot and from QEMU: other code, other sizes, the same contract."""
    console, first = entry.at_prompt(start, machine)
    console.close()
    way = next(w for w in entry.WAYS if w.name == "uboot-booti")
    console, _ = way.enter(start, machine, None, None)
    assert console.summary().splitlines()[1] == first.splitlines()[1]
