# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernels, with configurations that Debian's own programs wrote (writers.py)."""
import hashlib

import pytest

import entry
import images
import linux
import matrix
import writers
from machine import Machine
from test_boot import enter

FACTORS = {
    "kernel": ["riscv64", "aarch64", "aarch64-12"],
    "form": writers.FORMS,
    "transport": ["pci", "nvme"],
    "way": ["bin", "booti"],
}


def make(tmp_path, kernel, form):
    """The disk, its arguments for Linux."""
    arch = kernel.partition("-")[0]
    files = tmp_path / "files"
    files.mkdir()
    (files / "data").write_bytes(bytes(range(256)) * 4096)
    place, expected = writers.write(form, tmp_path, arch, kernel,
                                    f"ro console={linux.console_of(arch)}")
    return linux.make_disk(tmp_path / "disk.img", [files, place]), expected


@pytest.mark.parametrize("row", matrix.rows(FACTORS), ids=matrix.label)
def test_boots_what_debian_wrote(start, tmp_path, row):
    arch, _, older = row["kernel"].partition("-")
    disk, expected = make(tmp_path, row["kernel"], row["form"])
    console = enter(start, row["way"], Machine(arch, memory="512M"),
                    linux.disk_arguments(disk, row["transport"]), "plinth.log=info")
    console.expect("entering ")
    console.expect(f"Linux version {'6.1.' if older else '6.12.'}")
    said = linux.report(console)
    assert said["cmdline"] == expected
    assert said["data"] == hashlib.sha256(bytes(range(256)) * 4096).hexdigest()
    assert said["wrote"] == "yes"
    assert console.ended() == 0


@pytest.mark.parametrize("form", writers.FORMS)
def test_every_word_of_it_is_known(start, tmp_path, form):
    disk, _ = make(tmp_path, "riscv64", form)
    console, _ = entry.at_prompt(start, Machine("riscv64", memory="512M"),
                                 *linux.disk_arguments(disk, "pci"),
                                 bootargs="plinth.boot=monitor")
    text = console.command("boot explain")
    assert "not known" not in text and "cannot" not in text, text
    assert "* 1" in text
