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


def chain(start, machine, disk, directory):
    """U-Boot reads Plinth from the NVMe disk that Plinth then boots from, as boards do."""
    console = entry.uboot(start, machine, [
        *linux.disk_arguments(disk, "nvme"),
        "-trace", f"enable=pci_nvme_mmio_st*,file={directory / 'trace'}"])
    at = images.RAM[machine.arch] + entry.STAGING
    for line in "nvme scan", f"load nvme 0:1 {at:#x} /plinth.bin":
        console.command(line, entry.UBOOT_PROMPT)
    events = (directory / "trace").read_text().split("\n")
    entry.set_bootargs(console, "plinth.log=debug")
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    return console, [event.split()[0] for event in events if event]


def test_chain_loaded_from_nvme(start, tmp_path):
    """U-Boot leaves the controller running. (Debian's for riscv64 has no driver for it.)"""
    arch = "aarch64"
    files = tmp_path / "files"
    files.mkdir()
    arguments = f"console={linux.console_of(arch)}"
    disk = linux.make_disk(tmp_path / "disk.img", [
        *linux.lay_out(files, arch, "extlinux", "plain", arguments),
        f"{images.binary(arch)}:/plinth.bin"])
    console, events = chain(start, Machine(arch, memory="512M"), disk, tmp_path)
    assert events[-1] == "pci_nvme_mmio_start_success"
    console.expect("entering ")
    said = linux.report(console)
    assert said["cmdline"] == arguments and said["wrote"] == "yes"
    data = (files / "data").read_bytes()
    assert said["data"] == hashlib.sha256(data).hexdigest()
    assert console.ended() == 0
    events = [line.split()[0] for line in (tmp_path / "trace").read_text().splitlines()][
        len(events):]
    # First of all Plinth stops it, then works with it, then stops it again for Linux.
    assert events[:3] == ["pci_nvme_mmio_stopped", "pci_nvme_mmio_start_success",
                          "pci_nvme_mmio_stopped"], events
