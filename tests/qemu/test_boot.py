# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernel from FAT32 on a disk, to its userland, and what that finds."""
import hashlib
import re

import pytest

import entry
import images
import linux
import machine as machines
import matrix
import trees
from machine import Machine
from test_start import every_arch

FACTORS = {
    "arch": images.ARCHES,
    "transport": ["mmio-v1", "mmio-v2", "pci", "nvme"],
    "form": ["extlinux", "bls", "uki", "bare"],
    "packing": list(linux.PACKERS),
    "qemu": machines.qemu_versions(),
    "memory": ["256M", "1G", "8G"],
    "smp": [1, 4],
    "level": [1, 2],
    "way": ["bin", "booti"],
    "oracle": ["off", "on"],
}


# With several CPUs, QEMU (7.2, 10) loses wired interrupts of NVMe now and then, and those are all
# that riscv64 has by default: Linux waits 30 s for each, also where nobody was before it. With
# message-signalled ones QEMU 10 loses none; on 7.2 Linux hangs with them.


def wired(arch, transport, smp, **_):
    return arch == "riscv64" and transport == "nvme" and smp > 1


def valid(level, way, memory, qemu, **row):
    return (row["arch"] == "aarch64" or level == 1) and (way == "bin" or memory != "8G") and not (
        wired(**row) and qemu == "system" and machines.system_qemu_major() < 10)


def enter(start, way, machine, disk, bootargs):
    def with_disk(machine, *arguments, **keywords):
        return start(machine, *arguments, *disk, **keywords)
    if way == "bin":
        return entry.enter_bin(with_disk, machine, None, bootargs)[0]
    return entry.enter_booti(with_disk, machine, None, bootargs)[0]


@pytest.mark.parametrize("row", matrix.rows(FACTORS, valid), ids=matrix.label)
def test_boots_linux(start, tmp_path, row):
    arch = row["arch"]
    # earlycon: should Linux stop before its console is there, the log tells where.
    arguments = f"console={linux.console_of(arch)} earlycon marker=\"a b\""
    (tmp_path / "files").mkdir()
    disk = linux.make_disk(tmp_path / "disk.img", linux.lay_out(
        tmp_path / "files", arch, row["form"], row["packing"], arguments))
    machine = Machine(arch, qemu=row["qemu"], memory=row["memory"], smp=row["smp"],
                      virtualization=row["level"] == 2,
                      options=("aia=aplic-imsic",) if wired(**row) else ())
    console = enter(start, row["way"], machine, linux.disk_arguments(disk, row["transport"]),
                    "plinth.oracle" if row["oracle"] == "on" else "plinth.log=info")

    console.expect("entering ")
    said = linux.report(console)
    assert said["cores"] == str(row["smp"])
    assert said["cmdline"] == arguments
    assert {"linux,initrd-start", "linux,initrd-end", "bootargs", "kaslr-seed", "stdout-path",
            "bootloader", "plinth,timeline"} <= set(said["chosen"].split())
    assert said["plinth,entry"].rstrip(";") == linux.entry_of(row["form"], row["packing"])
    linux.check_memory(said, images.RAM[arch], machines.size(row["memory"]))
    reserved = re.findall("/memreserve/.*", trees.source_of(
        linux.file_of(disk, "fdt", tmp_path)))
    assert row["way"] != "bin" or not reserved      # U-Boot keeps its own tree, we keep nothing
    if arch == "aarch64":
        assert said["el"] == f"EL{row['level']}"
    data = (tmp_path / "files/data").read_bytes()
    assert said["data"] == hashlib.sha256(data).hexdigest()
    assert said["wrote"] == "yes"
    assert console.ended() == 0
    assert linux.file_of(disk, "from-linux", tmp_path) == b"written by Linux\n"
    images.run(["fsck.fat", "-n", fat_of(disk, tmp_path)], tmp_path)


def fat_of(disk, tmp_path):
    """The volume alone, for tools that know no partitions."""
    path = tmp_path / "volume.img"
    path.write_bytes(disk.read_bytes()[1 << 20:])
    return path


@every_arch
def test_make_run_reaches_the_installer(start, arch):
    """Debian's own initrd, to the first screen of its installer."""
    image = images.BUILD / f"test-run-{arch}.img"
    images.run(["tools/run-disk", arch, image], images.TOP)
    console = start(Machine(arch, memory="1G", smp=2), "-kernel", images.binary(arch),
                    *linux.disk_arguments(image, "pci"))
    console.expect("entering Debian 13 installer")
    console.expect("Select a language|Choose language", timeout=400)


@every_arch
def test_nothing_to_boot(start, arch, tmp_path):
    (tmp_path / "files/extlinux").mkdir(parents=True)
    (tmp_path / "files/extlinux/extlinux.conf").write_text("label x\n  linux /gone\n")
    disk = linux.make_disk(tmp_path / "disk.img", [tmp_path / "files"])
    console = start(Machine(arch), "-kernel", images.binary(arch),
                    *linux.disk_arguments(disk, "pci"))
    text = console.summary()
    assert "cannot boot x: virtio0p1:/gone" in text
    text = console.command("boot explain")
    assert re.search(r"^\* 1  x +extlinux +virtio0p1", text, re.MULTILINE)
