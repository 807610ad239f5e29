# SPDX-License-Identifier: BSD-2-Clause
"""What tools/mkdisk makes, judged by sgdisk, sfdisk, fdisk, fsck.fat and mtools."""
import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1",
               "LC_ALL": "C.UTF-8", "TZ": "UTC0"}
START = 1 << 20
UUID = "01234567-89AB-CDEF-8123-456789ABCDEF"
PART_UUID = "FEDCBA98-7654-3210-8123-456789ABCDEF"


def run(*command, **keywords):
    keywords.setdefault("check", True)
    result = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env=ENVIRONMENT, **keywords)
    return result.stdout if keywords["check"] else result


def mkdisk(*arguments, **keywords):
    return run(TOP / "tools/mkdisk", *arguments, **keywords)


@pytest.fixture
def source(tmp_path):
    """Files of all sizes, long names, directories of more than a cluster, an empty one."""
    top = tmp_path / "source"
    (top / "loader/entries").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "many").mkdir()
    (top / "Image").write_bytes(bytes(range(256)) * 5000)
    (top / "zero").write_bytes(b"")
    (top / "loader/Ünïcode, with a long name.conf").write_text("title x\n")
    (top / "-o").write_text("looks like an option\n")
    for i in range(70):
        (top / f"many/a file with the number {i}").write_text(f"{i}\n")
    return top


def volume(image, start, size, tmp_path):
    """The volume as a file of its own: fsck.fat knows no offsets."""
    path = tmp_path / "volume.img"
    with open(image, "rb") as file, open(path, "wb") as out:
        file.seek(start)
        out.write(file.read(size))
    return path


@pytest.mark.parametrize("table", ["gpt", "mbr", "none"])
@pytest.mark.parametrize("sector", [512, 4096])
def test_disk(table, sector, source, tmp_path):
    image = tmp_path / "disk.img"
    said = mkdisk("--table", table, "--sector", sector, "--label", "My disk", "--volume-id",
                  "BEEF-1234", image, f"{source}:/", f"{source}/Image:/boot/vmlinuz")
    assert "FAT32, 75 files" in said and said.count("\n") == 1
    start = 0 if table == "none" else START
    end = image.stat().st_size

    if table != "none":
        said = run("/sbin/fdisk", "-b", sector, "-o", "Start,Sectors,Type", "-l", image)
        assert f"Disklabel type: {'gpt' if table == 'gpt' else 'dos'}" in said
        assert "EFI" in said and "error" not in said and "corrupt" not in said
        first, sectors = map(int, said.splitlines()[-1].split()[:2])
        assert first * sector == start
        assert 0 <= end - (first + sectors) * sector <= 64 * 1024
        end = (first + sectors) * sector
    if table != "none" and sector == 512:
        assert "No errors detected" in run("/sbin/sfdisk", "-V", image)
    if table == "gpt" and sector == 512:
        assert "No problems found" in run("/sbin/sgdisk", "-v", image)

    run("/sbin/fsck.fat", "-n", volume(image, start, end - start, tmp_path))
    at = f"{image}@@{start}"
    said = run("mdir", "-i", at, "::")
    assert "MY DISK" in said and "BEEF-1234" in said
    back = tmp_path / "back"
    back.mkdir()
    run("mcopy", "-s", "-Q", "-i", at, "::/", back)
    (back / "boot/vmlinuz").replace(back / "vmlinuz")
    (back / "boot").rmdir()
    assert (back / "vmlinuz").read_bytes() == (source / "Image").read_bytes()
    (back / "vmlinuz").unlink()
    run("diff", "-r", source, back)


def test_identities(source, tmp_path):
    image = tmp_path / "disk.img"
    mkdisk("--disk-uuid", UUID, "--part-uuid", PART_UUID, "--type", "data", "--label", "BOOT",
           image)
    said = run("/sbin/sgdisk", "-p", "-i", "1", image)
    assert f"(GUID): {UUID}" in said and f"unique GUID: {PART_UUID}" in said
    assert "Microsoft basic data" in said and "'BOOT'" in said
    mkdisk("--table", "mbr", "--disk-uuid", UUID, image)
    assert "label-id: 0x01234567" in run("/sbin/sfdisk", "-d", image)


@pytest.mark.parametrize("fat, size, cluster", [
    (12, "1M", None), (12, "2M", "1K"), (12, "100M", "32K"), (16, "32M", "512"), (16, "1G", "32K"),
    (32, "64M", None), (32, "300M", "4K"), (16, None, None), (12, None, None), (32, None, "8K"),
])
def test_types(fat, size, cluster, source, tmp_path):
    """The number of clusters alone says which FAT it is."""
    image = tmp_path / "disk.img"
    options = ["--size", size] if size else ["--fat", fat]
    said = mkdisk("--table", "none", *options, *(["--cluster", cluster] if cluster else []), image,
                  *([source] if not size else []))
    assert f" FAT{fat}," in said
    clusters = int(re.search(r"/(\d+) clusters", run("/sbin/fsck.fat", "-n", image))[1])
    assert fat == (12 if clusters < 4085 else 16 if clusters < 65525 else 32)


def test_reproducible(source, tmp_path):
    hashes = set()
    for name in "a.img", "b.img":
        mkdisk("--reproducible", tmp_path / name, source)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
        for path in source.rglob("*"):
            os.utime(path)
    assert len(hashes) == 1


def test_refusals(source, tmp_path):
    image = tmp_path / "disk.img"

    def refused(words, *arguments):
        result = mkdisk(*arguments, check=False)
        assert result.returncode != 0 and words in result.stdout, result.stdout
        assert "Traceback" not in result.stdout
        assert not image.exists() and not list(tmp_path.glob("*.unfinished"))

    big = tmp_path / "big"
    with open(big, "wb") as file:
        file.truncate(1 << 32)
    refused("there is no such file", image, "nowhere")
    refused("big/disk.img", big / "disk.img")
    refused("less than 4 GiB", image, big)
    refused("no FAT32 of 19.0 MiB: change --size", "--fat", "32", "--size", "20M", image)
    refused("MiB or more, and does not fit --size 1.0 MiB", "--table", "none", "--size", "1M",
            image, source)
    refused("required: IMAGE\n", "--size", "1M")
    (tmp_path / "folder").mkdir()
    result = mkdisk(tmp_path / "folder", check=False)
    assert result.returncode == 1 and "folder is a directory" in result.stdout
    refused("no size", "--size", "many", image)
    refused("1 to 11", "--label", "far too long for FAT", image)
    (source / "ZERO").write_text("")
    refused("on FAT is the same name", image, source)
    (source / "ZERO").unlink()
    (source / "a:b").write_text("")
    refused("FAT has no ':' in names", image, source)


@pytest.mark.parametrize("fat, how", [(12, "interleave"), (16, "shuffle"), (32, "interleave"),
                                      (32, "shuffle")])
def test_fragment(fat, how, tmp_path):
    """tests/fs/fragment.py, which scatters files for other tests."""
    image = tmp_path / "disk.img"
    contents = {name: os.urandom(100 * 1024 + 7) for name in ("one", "two")}
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    mkdisk("--table", "none", "--fat", fat, image, f"{tmp_path}/one:/some directory/one",
           f"{tmp_path}/two:/")

    def pieces():
        clusters = run("mshowfat", "-i", image, "::some directory/one")
        return clusters.count("<")

    assert pieces() == 1
    run(TOP / "tests/fs/fragment.py", how, image, "some directory/one", "two")
    assert pieces() > 10
    run("/sbin/fsck.fat", "-n", image)
    for path, name in ("some directory/one", "one"), ("two", "two"):
        run("mcopy", "-n", "-i", image, f"::{path}", tmp_path / "back")
        assert (tmp_path / "back").read_bytes() == contents[name]
        (tmp_path / "back").unlink()
