# SPDX-License-Identifier: BSD-2-Clause
"""The files under test and the ones they meet: our images, U-Boot, Debian's kernels.

O= chooses the build as it does for make; its images are what every test starts.
"""
import dataclasses
import functools
import hashlib
import os
import re
import struct
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = (TOP / os.environ.get("O", "build")).resolve()
LOGS = BUILD / "test-logs"
CONSOLES = LOGS / "qemu"
# What tools/debian-fetch brings.
QEMU10 = BUILD / "qemu10/bin"
KERNELS = BUILD / "debian-kernels"

ARCHES = ["riscv64", "aarch64"]
RAM = {"riscv64": 0x80000000, "aarch64": 0x40000000}

UBOOT = {
    "riscv64": ["-kernel", "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf"],
    "aarch64": ["-bios", "/usr/lib/u-boot/qemu_arm64/u-boot.bin"],
}


def binary(arch):
    return BUILD / arch / "plinth.bin"


def elf(arch):
    return BUILD / arch / "plinth.elf"


def kernel(arch):
    return KERNELS / arch / "linux"


def initrd(arch):
    return KERNELS / arch / "initrd.gz"


@functools.cache
def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


@dataclasses.dataclass(frozen=True)
class Header:
    """A Linux Image header: Documentation/arch/{arm64/booting,riscv/boot-image-header}.rst."""
    code0: int
    code1: int
    text_offset: int
    image_size: int
    flags: int
    version: int        # riscv64 only
    magic: bytes
    magic2: bytes


def header(data):
    code0, code1, text_offset, image_size, flags, version = struct.unpack_from("<IIQQQI", data)
    return Header(code0, code1, text_offset, image_size, flags, version, data[48:56], data[56:60])


@dataclasses.dataclass(frozen=True)
class Segment:
    offset: int
    address: int
    physical: int
    file_bytes: int
    memory_bytes: int
    flags: int


def segments(data):
    """PT_LOAD of an ELF64, in the order of the file."""
    assert data[:6] == b"\x7fELF\x02\x01", "not a little-endian ELF64"
    phoff, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    found = []
    for i in range(count):
        kind, flags, offset, address, physical, in_file, in_memory, _ = struct.unpack_from(
            "<IIQQQQQQ", data, phoff + i * size)
        if kind == 1:
            found.append(Segment(offset, address, physical, in_file, in_memory, flags))
    return found


def flatten(data):
    """The bytes an ELF puts in memory, from its lowest address to its last byte in the file."""
    parts = [s for s in segments(data) if s.file_bytes]
    base = min(s.physical for s in parts)
    flat = bytearray(max(s.physical + s.file_bytes for s in parts) - base)
    for s in parts:
        at = s.physical - base
        flat[at:at + s.file_bytes] = data[s.offset:s.offset + s.file_bytes]
    return bytes(flat)


def symbols(arch):
    """Name -> linked address, of the image's ELF."""
    text = run(["nm", elf(arch)])
    return {name: int(value, 16)
            for value, name in re.findall(r"^(\w+) \w (\S+)$", text, re.MULTILINE)}


def elf_image(arch):
    """The image inside the ELF. What the linker leaves behind its end is overwritten as bss."""
    symbol = symbols(arch)
    return flatten(elf(arch).read_bytes())[:symbol["image_file_end"] - symbol["image_start"]]


FIT = """/dts-v1/;
/ {{
	description = "Plinth in a FIT";
	#address-cells = <2>;
	images {{
		kernel {{
			description = "Plinth";
			data = /incbin/("{image}");
			type = "kernel";
			arch = "{arch}";
			os = "linux";
			compression = "none";
			load = <{high:#x} {low:#x}>;
			entry = <{high:#x} {low:#x}>;
			hash {{ algo = "sha256"; }};
		}};
	}};
	configurations {{
		default = "plinth";
		plinth {{ kernel = "kernel"; }};
	}};
}};
"""


def run(command, directory=None):
    """A tool; what it says, if it fails, is the failure."""
    done = subprocess.run([str(word) for word in command], cwd=directory, capture_output=True,
                          text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def make_fit(arch, image, address, directory):
    """A FIT of @image to load at @address, by mkimage. Its path."""
    source, fit = directory / "plinth.its", directory / "plinth.itb"
    source.write_text(FIT.format(image=image, arch={"riscv64": "riscv", "aarch64": "arm64"}[arch],
                                 high=address >> 32, low=address & 0xffffffff))
    run(["mkimage", "-f", source, fit])
    return fit


def fit_kernel(fit, directory):
    """The bytes of the image inside a FIT, as dumpimage takes them out."""
    out = directory / "taken-out"
    run(["dumpimage", "-T", "flat_dt", "-p", "0", "-o", out, fit])
    return out.read_bytes()
