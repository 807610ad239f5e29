# SPDX-License-Identifier: BSD-2-Clause
"""What is broken (tests/boot/broken), on a machine: refused, and then all is as before."""
import sys

import pytest

import images
import linux
from images import RAM
from machine import Machine
from test_start import every_arch

sys.path.insert(0, str(images.TOP / "tests/boot/broken"))
import cases                                                        # noqa: E402

MIB = 1 << 20


@every_arch
@pytest.mark.parametrize("volume", ["kernels", "programs", "labels", "ukis"])
def test_broken(start, arch, volume, tmp_path):
    found = cases.volumes(arch, cases.MACHINES[arch], RAM[arch] + 64 * MIB)[volume]
    cases.write(found, tmp_path / "files")
    disk = linux.make_disk(tmp_path / "disk.img", [tmp_path / "files"])
    console = start(Machine(arch), "-kernel", images.binary(arch), "-append",
                    "plinth.boot=monitor", *linux.disk_arguments(disk, "pci"))
    console.summary()
    before = console.command("mem")
    for name, sentence in found[1]:
        text = " ".join(console.command(f"boot {name}").split())
        assert sentence in text and "entering" not in text, f"{name}: {sentence}: {text}"
    assert console.command("mem") == before
