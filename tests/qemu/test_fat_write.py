# SPDX-License-Identifier: BSD-2-Clause
"""Files that the target writes, read back by mtools; its volumes judged by fsck.fat. Issue 6."""
import hashlib
import os
import re
import subprocess

import pytest

import entry
import images
from machine import Machine
from test_start import every_arch

START = 1 << 20
ENVIRONMENT = {**os.environ, "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1",
               "LC_ALL": "C.UTF-8", "TZ": "UTC0"}


def run(*command):
    result = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=ENVIRONMENT)
    assert result.returncode == 0, result.stdout
    return result.stdout


class Disk:
    """An image with one volume, and what ought to be on it."""

    def __init__(self, directory, *options):
        self.directory, self.image = directory, directory / "disk.img"
        self.big = os.urandom(3 * 1024 * 1024 + 17)
        (directory / "big").write_bytes(self.big)
        (directory / "small").write_text("the small one\n")
        run(images.TOP / "tools/mkdisk", "-q", "--label", "TARGET", *options, self.image,
            directory / "big", f"{directory}/small:/some directory/small")

    def drive(self, device="virtio-blk-device", bootargs=None):
        return ["-drive", f"file={self.image},format=raw,if=none,id=disk,cache=writeback",
                "-device", f"{device},drive=disk", *entry.append(bootargs)]

    def names(self):
        said = run("mdir", "-b", "-/", "-i", f"{self.image}@@{START}", "::")
        return sorted(line.removeprefix("::") for line in said.split("\n") if line)

    def file(self, path):
        target = self.directory / "back"
        target.unlink(missing_ok=True)
        run("mcopy", "-n", "-i", f"{self.image}@@{START}", f"::{path}", target)
        return target.read_bytes()

    def judged(self, status=0):
        volume = self.directory / "volume"
        run("dd", f"if={self.image}", f"of={volume}", f"bs={START}", "skip=1", "status=none")
        said = subprocess.run(["/sbin/fsck.fat", "-n", volume], stdout=subprocess.PIPE, text=True)
        assert said.returncode == status, said.stdout


VIRTIO, NVME = "virtio-blk-device", "nvme,serial=1"
BLOCKS = ",logical_block_size=4096,physical_block_size=4096"
FAT16 = ["--fat", "16", "--table", "mbr", "--size", "40M"]
FAT12 = ["--fat", "12", "--cluster", "4K", "--size", "12M"]

# What mkdisk makes, the device, the volume's name there, options for Plinth.
VOLUMES = {
    "fat32": ([], VIRTIO, "virtio0p1", None),
    "fat32-4096": (["--sector", "4096"], VIRTIO + BLOCKS, "virtio0p1", None),
    "fat16-nvme": (FAT16, NVME, "nvme0n1p1", None),
    "fat32-nvme-4096-oracle": (["--sector", "4096"], NVME + BLOCKS, "nvme0n1p1",
                               "plinth.oracle=seed=5"),
    "fat12-oracle": (FAT12, VIRTIO, "virtio0p1", "plinth.oracle=seed=6"),
}


@every_arch
@pytest.mark.parametrize("volume", VOLUMES)
def test_written(start, arch, volume, tmp_path):
    options, device, name, bootargs = VOLUMES[volume]
    disk = Disk(tmp_path, *options)
    console, _ = entry.at_prompt(start, Machine(arch), *disk.drive(device, bootargs),
                                 "-rtc", "base=2030-02-03T23:00:00")
    assert "2030-02-03 23:0" in console.command("time")
    for command in [
            "mkdir virtio0p1:/new",
            "mkdir 'virtio0p1:/new/a longer name, of a directory'",
            "cp virtio0p1:/big 'virtio0p1:/new/a longer name, of a directory'",
            "cp LABEL=TARGET:/big virtio0p1:/twice",
            "mv 'virtio0p1:/some directory/small' 'virtio0p1:/Ein schönes Stück.txt'",
            "rm -f 'virtio0p1:/some directory'",
            "cp 'virtio0p1:/Ein schönes Stück.txt' virtio0p1:/big -f",
            "rm virtio0p1:/twice -f",
            "label virtio0p1: WRITTEN"]:
        assert console.command(command.replace("virtio0p1", name)) == "", command
    assert "3 files, 2 directories, in order" in console.command(f"fsck {name}")
    console.close()

    disk.judged()
    assert disk.names() == ["/Ein schönes Stück.txt", "/big", "/new/",
                            "/new/a longer name, of a directory/",
                            "/new/a longer name, of a directory/big"]
    assert disk.file("/Ein schönes Stück.txt") == b"the small one\n"
    assert disk.file("/big") == b"the small one\n"
    written = disk.file("/new/a longer name, of a directory/big")
    assert hashlib.sha256(written).digest() == hashlib.sha256(disk.big).digest()
    listing = run("mdir", "-i", f"{disk.image}@@{START}", "::")
    assert "WRITTEN" in listing
    assert re.search(r"^NEW +<DIR> +2030-02-0", listing, re.MULTILINE | re.IGNORECASE), listing


@every_arch
def test_asked_and_refused(start, arch, tmp_path):
    disk = Disk(tmp_path)
    console, _ = entry.at_prompt(start, Machine(arch), *disk.drive())
    console.line("cp 'virtio0p1:/some directory/small' virtio0p1:/big")
    console.expect(r"Replace /big\? \(y/n\) ")
    console.send("n")
    assert "no" in console.prompt()
    console.line("rm virtio0p1:/big")
    console.expect(r"Remove virtio0p1:/big\? \(y/n\) ")
    console.send("y")
    console.prompt()
    assert "no such" in console.command("rm virtio0p1:/big -f")
    assert "not empty" in console.command("rm -f 'virtio0p1:/some directory'")
    assert "volume:/path" in console.command("mkdir here")
    assert "nothere" in console.command("mkdir nothere:/x")
    assert "one volume" in console.command("mv virtio0p1:/x virtio1p1:/x")
    console.close()
    disk.judged()
    assert disk.names() == ["/some directory/", "/some directory/small"]


@every_arch
def test_killed_while_writing(start, arch, tmp_path):
    """The end may come at any time: the next start repairs; the old file is there or the new."""
    disk = Disk(tmp_path)
    small = b"the small one\n"
    for delay in 0.05, 0.15, 0.3:
        console, _ = entry.at_prompt(start, Machine(arch), *disk.drive())
        console.line("cp virtio0p1:/big virtio0p1:/target -f")
        console.quiet(delay)
        console.close()
        console, _ = entry.at_prompt(start, Machine(arch), *disk.drive())
        console.command("fsck virtio0p1: -f")
        assert "in order" in console.command("fsck virtio0p1:")
        console.command("cp 'virtio0p1:/some directory/small' virtio0p1:/target -f")
        console.close()
        disk.judged()
        assert disk.file("/target") == small and disk.file("/big") == disk.big


def test_fsck_of_many_clusters(start, tmp_path):
    """What is kept of each cluster is more than the heap of a machine with little memory."""
    image = tmp_path / "disk.img"
    run("truncate", "-s", "9G", image)
    run("/sbin/mkfs.fat", "-F", "32", "-s", "1", "-f", "1", image)
    with open(image, "r+b") as file:
        file.seek(65)
        file.write(b"\1")                       # it was not left in order
    console, _ = entry.at_prompt(
        start, Machine("riscv64", memory="32M"), "-drive",
        f"file={image},format=raw,if=none,id=disk,cache=unsafe", "-device", f"{VIRTIO},drive=disk")
    console.command("fsck virtio0: -f")
    assert "0 files, 0 directories, in order" in console.command("fsck virtio0:")


LARGE = 90 << 20


@pytest.fixture
def large(tmp_path):
    """A disk with a file that does not fit into the memory of a machine with 64 MiB."""
    data = b"".join(hashlib.sha256(b"%d" % i).digest() * 32768 for i in range(LARGE >> 20))
    (tmp_path / "large").write_bytes(data)
    run(images.TOP / "tools/mkdisk", "-q", "--size", "230M", tmp_path / "disk.img",
        tmp_path / "large")
    return tmp_path / "disk.img", hashlib.sha256(data).hexdigest()


@every_arch
def test_copy_larger_than_memory(start, arch, large, tmp_path):
    image, wanted = large
    console, _ = entry.at_prompt(
        start, Machine(arch, memory="64M"), "-drive",
        f"file={image},format=raw,if=none,id=disk,cache=unsafe", "-device", f"{VIRTIO},drive=disk")
    assert console.command("cp virtio0p1:/large virtio0p1:/copy") == ""
    assert wanted in console.command("sha256 virtio0p1:/copy")
    # What replaces a file needs room beside it, and a copy onto itself is one.
    assert "the volume is full" in console.command("cp virtio0p1:/large virtio0p1:/copy -f")
    assert "in order" in console.command("fsck virtio0p1:")
    console.close()
    copied = subprocess.run(["mtype", "-i", f"{image}@@{START}", "::/copy"], env=ENVIRONMENT,
                            capture_output=True, check=True).stdout
    assert hashlib.sha256(copied).hexdigest() == wanted


def test_copy_interrupted(start, large):
    """^C, while the bar is there: nothing has happened. (It is throttled, so that there is one.)"""
    image, _ = large
    console, _ = entry.at_prompt(
        start, Machine("riscv64", memory="64M"), "-drive",
        f"file={image},format=raw,if=none,id=disk,cache=unsafe,throttling.bps-write=8388608",
        "-device", f"{VIRTIO},drive=disk")
    console.line("cp virtio0p1:/large virtio0p1:/copy")
    console.expect(r"\d+ ?%")
    console.send("\x03")
    console.prompt()
    assert "no such" in console.command("stat virtio0p1:/copy")
    assert "1 files, 0 directories, in order" in console.command("fsck virtio0p1:")
