# SPDX-License-Identifier: BSD-2-Clause
"""The checks of the build refuse what they are there to refuse."""
import os
import struct
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
BUILD = (TOP / os.environ.get("O", "build")).resolve()
NM = {"riscv64": "riscv64-unknown-elf-nm", "aarch64": "aarch64-linux-gnu-nm"}


def run(*command, **keywords):
    keywords.setdefault("cwd", TOP)
    return subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, **keywords)


# ---- tools/check-elf, on images with one thing changed ----

class Elf:
    """An ELF64 file to change in place."""

    def __init__(self, path):
        self.data = bytearray(path.read_bytes())
        self.program_headers, self.section_headers = struct.unpack_from("<QQ", self.data, 32)

    def section(self, kind):
        """Where the first section of a kind lies in the file, and its size."""
        count = struct.unpack_from("<H", self.data, 60)[0]
        for i in range(count):
            _, found, _, _, offset, size = struct.unpack_from("<IIQQQQ", self.data,
                                                              self.section_headers + 64 * i)
            if found == kind:
                return offset, size
        raise LookupError(kind)

    def segment(self, kind):
        """Where the program header of the first segment of a kind lies in the file."""
        for i in range(struct.unpack_from("<H", self.data, 56)[0]):
            if self.get("<I", self.program_headers + 56 * i) == kind:
                return self.program_headers + 56 * i
        raise LookupError(kind)

    def put(self, form, offset, *values):
        struct.pack_into(form, self.data, offset, *values)

    def get(self, form, offset):
        return struct.unpack_from(form, self.data, offset)[0]


SYMTAB, RELA = 2, 4
PT_LOAD, PT_INTERP, PT_GNU_STACK = 1, 3, 0x6474e551
FUNC = 2


def unchanged(elf):
    pass


def write_and_execute(elf):
    elf.put("<I", elf.segment(PT_LOAD) + 4, 7)


def interpreter(elf):
    elf.put("<I", elf.segment(PT_GNU_STACK), PT_INTERP)


def absolute_relocation(elf):
    offset, _ = elf.section(RELA)
    relative = {243: 2, 183: 257}[elf.get("<H", 18)]    # R_RISCV_64, R_AARCH64_ABS64
    elf.put("<Q", offset + 8, relative)


def text_relocation(elf):
    offset, _ = elf.section(RELA)
    elf.put("<Q", offset, elf.get("<Q", 24) + 64)       # behind the entry point


def moved_pointer(elf):
    offset, _ = elf.section(RELA)
    elf.put("<Q", offset + 16, elf.get("<Q", offset + 16) + 8)


def moved_function(elf):
    offset, size = elf.section(SYMTAB)
    for symbol in range(offset, offset + size, 24):
        if elf.get("<B", symbol + 4) & 15 == FUNC:
            elf.put("<Q", symbol + 8, elf.get("<Q", symbol + 8) + 4)
            return


@pytest.mark.parametrize("arch", NM)
@pytest.mark.parametrize("change, message", [
    (unchanged, None),
    (write_and_execute, "can be written and executed"),
    (interpreter, "asks for a dynamic linker"),
    (absolute_relocation, "only RELATIVE ones"),
    (text_relocation, "text is read-only"),
    (moved_function, "functions or pointers moved"),
    (moved_pointer, "functions or pointers moved"),
])
def test_check_elf(arch, change, message, tmp_path):
    original = BUILD / arch / "plinth.elf"
    elf = Elf(original)
    change(elf)
    path = tmp_path / "plinth.elf"
    path.write_bytes(elf.data)
    result = run("tools/check-elf", path, BUILD / arch / "plinth-tables2.S", NM[arch])
    if message:
        assert result.returncode != 0 and message in result.stderr
    else:
        assert result.returncode == 0 and not result.stderr


# ---- The other checks of the build ----

@pytest.mark.parametrize("arch, nm", NM.items())
def test_image_size(arch, nm):
    command = ["tools/image-size", nm, BUILD / arch / "plinth.elf", BUILD / arch / "plinth.bin"]
    size = (BUILD / arch / "plinth.bin").stat().st_size
    assert run(*command, size).returncode == 0
    result = run(*command, size // 2)
    assert result.returncode != 0 and f"more than the {size // 2} allowed" in result.stderr


def test_check_early(tmp_path):
    source = tmp_path / "early.c"
    for body, refused in [("p[0] = 0;", False), ("memset(p, 0, 4096);", True)]:
        source.write_text(f"#include <string.h>\nvoid early(char *p) {{ {body} }}\n")
        run("gcc", "-c", "-o", tmp_path / "early.o", source, check=True)
        result = run("tools/check-early", "nm", tmp_path / "early.o")
        assert (result.returncode != 0) == refused
        assert ("calls memset" in result.stderr) == refused


@pytest.mark.parametrize("path, text, message", [
    ("lib/a.c", '#include "drivers/b.h"\n', "points up"),
    ("drivers/uart/a.c", '#include "drivers/b.h"\n#include "lib/c.h"\n#include "arch/d.h"\n', None),
    ("drivers/a.c", '#include "boards/b.h"\n', "points up"),
    ("boards/a.c", '#include "drivers/b.h"\n', "points up"),
    ("arch/riscv64/a.c", '#include "arch/aarch64/b.h"\n', "belongs to one architecture"),
    ("lib/a.c", '#include "arch/riscv64/b.h"\n', "belongs to one architecture"),
    ("lib/a.c", "int x = psci_version();\n", "names a machine"),
    ("lib/a.c", '/* psci_version */ const char *x = "riscv64";\n', None),
])
def test_check_includes(path, text, message, tmp_path):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(text)
    result = run(TOP / "tests/check-includes", cwd=tmp_path)
    if message:
        assert result.returncode != 0
        assert f"{path}:1: " in result.stdout and message in result.stdout
    else:
        assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("name, line, refused", [
    ("a.c", "x" * 100, False),
    ("a.c", "x" * 101, True),
    ("a.c", "\t" * 12 + "x" * 4, False),
    ("a.c", "\t" * 12 + "x" * 5, True),
    ("a.c", "x" * 95 + "\tx", False),        # the tab takes one column
    ("Makefile", "x" * 101, True),
    ("a.py", "x" * 101, True),
    ("a.dts", "x" * 101, False),
    ("a.md", "x" * 101, False),
])
def test_check_style_width(name, line, refused, tmp_path):
    (tmp_path / name).write_text(f"# SPDX-License-Identifier: BSD-2-Clause\n{line}\n")
    result = run(TOP / "tests/check-style", cwd=tmp_path)
    assert (result.returncode != 0) == refused, result.stdout
    assert (f"{name}:2: 101 columns" in result.stdout) == refused


# ---- tools/setup, where it may not install ----

def stubs(directory, scripts):
    """All the programs there are for what runs with this directory as its PATH."""
    for name, script in scripts.items():
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    os.symlink("/usr/bin/dirname", directory / "dirname")


def test_setup_without_rights(tmp_path):
    """It says what is missing and the one command, and stops."""
    stubs(tmp_path, {"dpkg-query": "", "apt-get": "exit 1", "id": "echo 1000"})
    result = run("/bin/sh", "tools/setup", "run", env={"PATH": str(tmp_path)})
    assert result.returncode != 0
    assert "Missing Debian packages: " in result.stdout and "qemu-system-arm" in result.stdout
    assert "apt-get install --no-install-recommends " in result.stderr


def test_setup_with_everything(tmp_path):
    """Nothing is said where nothing is missing."""
    stubs(tmp_path, {"dpkg-query": 'for p; do printf "installed=%s " "$p"; done',
                     "apt-get": "exit 1"})
    result = run("/bin/sh", "tools/setup", env={"PATH": str(tmp_path)})
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
