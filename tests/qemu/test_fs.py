# SPDX-License-Identifier: BSD-2-Clause
"""Volumes and FAT on disks of every kind: what is read has the right hash. Issue 6."""
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import entry
import images
import machine as machines
from machine import Machine

ROOT = Path(__file__).parents[2]
KIB, MIB = 1 << 10, 1 << 20

every_arch = pytest.mark.parametrize("arch", images.ARCHES)


def drive(path, *device, drive=""):
    return ["-drive", f"file={path},if=none,id=d,format=raw{drive}", "-device",
            ",".join(device[:1] + ("drive=d",) + device[1:])]


WAYS = {
    "virtio-mmio": lambda p: drive(p, "virtio-blk-device"),
    "virtio-mmio, modern": lambda p: ["-global", "virtio-mmio.force-legacy=false",
                                      *drive(p, "virtio-blk-device")],
    "virtio-pci": lambda p: drive(p, "virtio-blk-pci", "disable-legacy=on"),
    "nvme": lambda p: drive(p, "nvme", "serial=1"),
    "ram0": lambda p: ["-initrd", p],
}


def pattern(size, seed):
    """Bytes that are nowhere twice."""
    return b"".join(hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(-(-size // 32)))[
        :size]


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "in"
    (root / "boot" / "loader").mkdir(parents=True)
    (root / "Readme.txt").write_text("A text.\nWith two lines.\n")
    (root / "boot" / "odd.bin").write_bytes(pattern(300 * KIB + 77, 1))
    (root / "boot" / "loader" / "A longer näme.conf").write_bytes(pattern(5000, 2))
    (root / "empty").write_bytes(b"")
    return root


def mkdisk(path, *arguments):
    subprocess.run([sys.executable, ROOT / "tools" / "mkdisk", *map(str, arguments)], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def fragment(how, volume, *files):
    subprocess.run([sys.executable, ROOT / "tests/fs/fragment.py", how, volume, *files], check=True,
                   stdout=subprocess.DEVNULL)


def make(tmp_path, folder, *options):
    path = tmp_path / "disk.img"
    return mkdisk(path, *options, path, folder)


def right(console, volume, folder):
    """Every file, by its hash; every name in the tree."""
    tree = console.command(f"tree {volume}:")
    for path in sorted(folder.rglob("*")):
        assert re.search(rf"^ *{re.escape(path.name)}/?$", tree, re.MULTILINE), tree
        if path.is_file():
            text = console.command(f'sha256 "{volume}:/{path.relative_to(folder)}"')
            assert hashlib.sha256(path.read_bytes()).hexdigest() in text, text


def kind_runs_here(way, arch):
    if way == "nvme" and not (ROOT / "drivers" / "nvme").exists():
        pytest.skip("no NVMe driver so far")


@every_arch
@pytest.mark.parametrize("oracle", [None, "seed=3,line=64"], ids=["coherent", "oracle"])
@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_disk(start, arch, way, oracle, tmp_path, folder):
    kind_runs_here(way, arch)
    (folder / "boot" / "between.bin").write_bytes(pattern(300 * KIB, 3))
    disk = make(tmp_path, folder, "--label", "ABC", "--size", "40M")
    fragment("interleave", f"{disk}@@{MIB}", "boot/odd.bin", "boot/between.bin")
    bootargs = f"plinth.oracle={oracle}" if oracle else None
    console, _ = entry.at_prompt(start, Machine(arch), *WAYS[way](disk), bootargs=bootargs)
    right(console, "LABEL=abc", folder)


@every_arch
def test_a_folder_of_the_host(start, arch, folder):
    """QEMU's vvfat: nobody has to build an image to try something."""
    console, _ = entry.at_prompt(start, Machine(arch), *drive(f"fat:rw:{folder}",
                                                              "virtio-blk-device"))
    right(console, "1", folder)
    assert "FAT16" in console.command("ls")


@every_arch
def test_new_files_in_a_folder_of_the_host(start, arch, folder):
    """What vvfat can: new files and directories. (What it cannot is its own, see docs/files.md.)"""
    console, _ = entry.at_prompt(start, Machine(arch), *drive(f"fat:rw:{folder}",
                                                              "virtio-blk-device"))
    for command in ("cp 1:/boot/odd.bin 1:/copy.bin", "mkdir 1:/made",
                    "cp 1:/Readme.txt 1:/made/again.txt"):
        assert console.command(command) == "", command
    console.line("poweroff")
    assert console.ended() == 0
    assert (folder / "copy.bin").read_bytes() == pattern(300 * KIB + 77, 1)
    assert (folder / "made/again.txt").read_text() == (folder / "Readme.txt").read_text()
    assert (folder / "boot/odd.bin").read_bytes() == pattern(300 * KIB + 77, 1)


@every_arch
@pytest.mark.parametrize("options", [["--fat", "16", "--size", "40M"], ["--size", "40M"]],
                         ids=["fat16", "fat32"])
def test_written_by_uboot(start, arch, options, tmp_path, folder):
    """U-Boot's fatwrite: new files, replaced ones, directories."""
    disk = make(tmp_path, folder, *options)
    data = pattern(200 * KIB + 13, 4)
    (tmp_path / "data").write_bytes(data)
    at = images.RAM[arch] + entry.STAGING
    console = entry.uboot(start, Machine(arch), [
        *machines.load(tmp_path / "data", at), *drive(disk, "virtio-blk-device")])
    files = {"written.bin": len(data), "A longer name, by U-Boot.bin": 4097, "small": 1,
             "boot/odd.bin": 70000, "made/in it": 12345}
    console.command("fatmkdir virtio 0:1 /made", entry.UBOOT_PROMPT)
    for name, size in files.items():
        text = console.command(f'fatwrite virtio 0:1 {at:#x} "/{name}" {size:#x}',
                               entry.UBOOT_PROMPT)
        assert f"{size} bytes written" in text, text
    console.close()
    console, _ = entry.at_prompt(start, Machine(arch), *drive(disk, "virtio-blk-device"))
    for name, size in files.items():
        wanted = hashlib.sha256(data[:size]).hexdigest()
        assert wanted in console.command(f'sha256 "1:/{name}"'), name
    text = console.command("fsck 1: -f")        # FSInfo is not what U-Boot looks after
    assert "8 files, 3 directories" in text and "not repaired" not in text, text
    assert console.command('cp 1:/small "1:/made/by us"') == ""
    assert "in order" in console.command("fsck 1:")


@pytest.mark.parametrize("options", [
    ["--table", "mbr"], ["--table", "none"], ["--sector", "4096"],
    ["--table", "mbr", "--sector", "4096", "--fat", "16"], ["--fat", "12", "--size", "4M"],
    ["--fat", "16", "--cluster", "65536", "--size", "300M"],
    ["--fat", "32", "--cluster", "32768", "--size", "3G"],
], ids=" ".join)
def test_every_shape(start, options, tmp_path, folder):
    disk = make(tmp_path, folder, *options)
    device = ["virtio-blk-device"]
    if "4096" in options:
        device += ["logical_block_size=4096", "physical_block_size=4096"]
    console, _ = entry.at_prompt(start, Machine("riscv64"), *drive(disk, *device))
    name = "virtio0" if "none" in options else "virtio0p1"
    assert re.search(rf"^ +1  {name} .*FAT", console.command("ls"), re.MULTILINE)
    right(console, name, folder)


def test_names_of_volumes(start, tmp_path, folder):
    disk = make(tmp_path, folder, "--label", "MY DATA", "--volume-id", "1234ABCD", "--part-uuid",
                "00112233-4455-6677-8899-aabbccddeeff")
    console, _ = entry.at_prompt(start, Machine("aarch64"), *drive(disk, "virtio-blk-device"))
    text = console.command("ls")
    assert "FAT32 LABEL=MY DATA UUID=1234-ABCD" in text
    assert "PARTUUID=00112233-4455-6677-8899-aabbccddeeff, type c12a7328-f81f-11d2-ba4b-" in text
    for name in ("virtio0p1", "1", "LABEL='my data'", "UUID=1234-abcd",
                 "PARTUUID=00112233-4455-6677-8899-AABBCCDDEEFF"):
        assert console.command(f"cat {name}:/README.TXT") == "A text.\nWith two lines."
    assert "no disk has it; `ls` lists the volumes" in console.command("cat LABEL=x:/README.TXT")
    assert "no such thing" in console.command("cat 1:/nothing")
    assert "virtio0p1:/boot: is a directory" in console.command("cat 1:/boot")
    assert "directory, of 20" in console.command("stat 1:/boot")
    assert re.search(r"pieces$", console.command("stat 1:/boot/odd.bin").strip())
    assert re.search(r"FAT32, \d+.* of \d+.* are free", console.command("df 1:"))
    assert "usage: cat" in console.command("cat")


def test_damaged_table(start, tmp_path, folder):
    disk = make(tmp_path, folder)
    with open(disk, "r+b") as f:
        f.seek(512 + 16)
        f.write(b"oops")
    console, _ = entry.at_prompt(start, Machine("riscv64"), *drive(disk, "virtio-blk-device"))
    assert "virtio0: the GPT has a wrong checksum: its backup is used" in console.command("ls")
    right(console, "virtio0p1", folder)


def test_completion(start, tmp_path, folder):
    disk = make(tmp_path, folder)
    console, _ = entry.at_prompt(start, Machine("riscv64"), *drive(disk, "virtio-blk-device"))
    console.send("cat virt\tRe\t\r")
    assert "With two lines." in console.prompt()
    console.send("ls 1:/bo\tlo\tA\\ lo\t\r")
    assert "5000  /boot/loader/A longer näme.conf" in console.prompt()


@every_arch
def test_hexdump(start, arch, tmp_path, folder):
    disk = make(tmp_path, folder)
    console, _ = entry.at_prompt(start, Machine(arch), *drive(disk, "virtio-blk-device"))
    assert console.command("hexdump 1:/readme.txt 2") == (
        "00000002: 74 65 78 74 2e 0a 57 69 74 68 20 74 77 6f 20 6c  text..With two l\n"
        "00000012: 69 6e 65 73 2e 0a                                ines..")
    data = pattern(300 * KIB + 77, 1)
    text = console.command("hexdump 1:/boot/odd.bin 262100 64")
    assert bytes.fromhex("".join(line[9:58] for line in text.splitlines())) == \
        data[262100:262164]


def requests(text):
    """Of the files' passes of `bench fs`: each the same."""
    counts = set(re.findall(r"file: \d+ MB/s \(\d+ us\), (\d+) requests", text))
    assert len(counts) == 1, text
    return int(counts.pop())


@every_arch
@pytest.mark.parametrize("device", [["virtio-blk-device"], ["nvme", "serial=1", "mdts=8"]],
                         ids=["virtio", "nvme"])
@pytest.mark.parametrize("how, most", [(None, 64), ("interleave", 260), ("shuffle", 300)])
def test_requests(start, arch, device, how, most, tmp_path):
    """64 MiB in clusters of 4 KiB; a few more for directory and FAT. NVMe's commands are of 1 MiB:
    QEMU's of 512 KiB are too small for one in 64."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in "ab":
        with open(folder / name, "wb") as f:
            for i in range(64):
                f.write(hashlib.sha256(b"%d" % i).digest() * (MIB // 32))
    disk = make(tmp_path, folder, "--cluster", "4096", "--table", "none", "--size", "300M")
    if how:
        fragment(how, disk, "a", "b")
    console, _ = entry.at_prompt(start, Machine(arch, memory="512M"),
                                 *drive(disk, *device, drive=",cache=unsafe"))
    assert requests(console.command("bench fs 1:/a")) <= most + 4
    wanted = hashlib.sha256((folder / "a").read_bytes()).hexdigest()
    assert wanted in console.command("sha256 1:/a")


def test_interrupted(start, tmp_path):
    """^C ends what would take long."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "long").write_bytes(b"A line.\n" * (8 * MIB))
    disk = make(tmp_path, tmp_path / "in")
    console, _ = entry.at_prompt(start, Machine("riscv64"), *drive(disk, "virtio-blk-device"))
    console.line("cat 1:/long")
    console.expect("A line\\.\r?\nA line\\.")
    console.send("\x03")
    console.prompt()
    assert f"{64 * MIB} bytes" in console.command("stat 1:/long")
