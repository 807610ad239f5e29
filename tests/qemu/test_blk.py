# SPDX-License-Identifier: BSD-2-Clause
"""virtio disks: read and written right over every transport, on every ring. Issue 4."""
import random
import re
import socket
import time

import pytest

import entry
import images
import machine as machines
import matrix
from machine import Machine

MIB = 1 << 20
DISK_BYTES = 4 * MIB
AT = 64 * MIB                   # from the beginning of RAM: free memory

FACTORS = {
    "bus": ["mmio1", "mmio2", "pci"],
    "ring": ["split", "packed"],
    "indirect": ["on", "off"],
    "event": ["on", "off"],
    "block": [512, 4096],
    "oracle": ["off", "on"],
}


def rows():
    """All pairs on each machine, other triples on each."""
    machine = [{"arch": arch, "qemu": qemu} for arch in images.ARCHES
               for qemu in machines.qemu_versions()]
    return [first | row for seed, first in enumerate(machine)
            for row in matrix.rows(FACTORS, valid, seed)]


def valid(**row):
    return row["bus"] != "mmio1" or row["ring"] == "split"


def pattern(size, seed=1):
    """No two blocks alike, so none can pass for another."""
    return random.Random(seed).randbytes(size)


def image(path, data):
    path.write_bytes(data)
    return path


def disk(path, number, bus="pci", drive="", device=""):
    """Arguments for a disk over a raw image; it says that its identity is diskN."""
    kind = "virtio-blk-pci" if bus == "pci" else "virtio-blk-device"
    return ["-drive", f"file={path},format=raw,if=none,id=d{number}{drive}",
            "-device", f"{kind},drive=d{number},serial=disk{number}{device}"]


def transport(bus):
    if bus == "pci":
        return []
    return ["-global", f"virtio-mmio.force-legacy={'on' if bus == 'mmio1' else 'off'}"]


def name_of(console, number):
    """What Plinth calls diskN."""
    for name in re.findall(r"^(virtio\d+) ", console.command("blk"), re.MULTILINE):
        if f"identity: disk{number}\n" in console.command(f"blk {name}"):
            return name
    raise AssertionError(f"there is no disk{number}")


def counted(console, name):
    text = console.command(f"blk {name}")
    line = re.search(r"counted: (.*)", text).group(1)
    return {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", line)}


def blocks_in(console, name, block):
    assert f"blocks of {block} bytes" in console.command(f"blk {name}")
    return DISK_BYTES // block


def copy(console, arch, block, source, to):
    """All of a disk to the other, through memory."""
    at = images.RAM[arch] + AT
    count = blocks_in(console, source, block)
    assert f"{DISK_BYTES} bytes at" in console.command(f"blk read {source} 0 {count} {at:#x}")
    assert console.command(f"blk write {to} 0 {count} {at:#x} -f").strip() == ""


@pytest.mark.parametrize("row", rows(), ids=matrix.label)
def test_read_and_write(start, tmp_path, row):
    properties = (f",packed={'on' if row['ring'] == 'packed' else 'off'}"
                  f",indirect_desc={row['indirect']},event_idx={row['event']}"
                  f",logical_block_size={row['block']},physical_block_size={row['block']}")
    data = pattern(DISK_BYTES)
    from_image = image(tmp_path / "from", data)
    to_image = image(tmp_path / "to", bytes(DISK_BYTES))
    console, _ = entry.at_prompt(
        start, Machine(row["arch"], row["qemu"]), *transport(row["bus"]),
        *disk(from_image, 0, row["bus"], device=properties),
        *disk(to_image, 1, row["bus"], device=properties),
        bootargs="plinth.oracle=seed=3" if row["oracle"] == "on" else None)
    source, to = name_of(console, 0), name_of(console, 1)

    packed = row["ring"] == "packed" and row["oracle"] == "off"
    text = console.command(f"blk {source}")
    wanted = ", ".join(["packed" if packed else "split"] +
                       ["indirect"] * (row["indirect"] == "on") +
                       ["event index"] * (row["event"] == "on"))
    assert f"ring: {wanted}, " in text, text
    assert ("; not packed: " in text) == (row["ring"] == "packed" and not packed), text
    if row["ring"] == "packed" and not packed:
        assert "a split ring, not a packed one: " in console.command("log")
    assert ("memory: not coherent (oracle)" in text) == (row["oracle"] == "on"), text

    for name in source, to:
        assert "writes right" in console.command(f"blk test {name} -f")
    copy(console, row["arch"], row["block"], source, to)
    for name in source, to:
        now = counted(console, name)
        assert (now["errors"], now["resets"], now["timeouts"]) == (0, 0, 0)
    console.close()
    assert from_image.read_bytes() == data
    assert to_image.read_bytes() == data


@pytest.mark.skipif(machines.system_qemu_major() >= 10, reason="docs/disks.md shows QEMU 7.2")
def test_the_document_shows_it(start, tmp_path):
    path = tmp_path / "disk"
    with open(path, "wb") as f:
        f.truncate(256 * MIB)
    console, _ = entry.at_prompt(start, Machine("riscv64"), "-drive",
                                 f"file={path},format=raw,if=none,id=d0",
                                 "-device", "virtio-blk-device,drive=d0")
    shown = re.search(r"    plinth> blk virtio0\n((?:    .*\n)+)",
                      (images.TOP / "docs/disks.md").read_text()).group(1)
    printed = console.command("blk virtio0")

    def shape(text):            # what starting has counted is not worth a document
        text = re.sub(r"^    ", "", text.rstrip(), flags=re.MULTILINE)
        return re.sub(r"\d+(?= \w+(,|$))", "N", text, flags=re.MULTILINE)
    assert shape(shown) == shape(printed)


# ---- What it costs ----

@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("bus", ["mmio2", "pci"])
def test_a_large_read_is_few_requests(start, tmp_path, arch, bus):
    size = 64 * MIB
    path = tmp_path / "disk"
    with open(path, "wb") as f:
        f.truncate(size)
    console, _ = entry.at_prompt(start, Machine(arch), *transport(bus), *disk(path, 0, bus))
    name = name_of(console, 0)
    before = counted(console, name)
    console.command(f"blk read {name} 0 {size // 512} {images.RAM[arch] + AT:#x}")
    after = counted(console, name)
    assert after["bytes"] - before["bytes"] == size
    assert after["requests"] - before["requests"] <= 64
    assert after["kicks"] - before["kicks"] <= 8


@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("queue, segments", [(None, 254), (1024, 1022)])
@pytest.mark.parametrize("ring", ["split", "packed"])
def test_many_segments_are_one_request(start, tmp_path, arch, queue, segments, ring):
    path = image(tmp_path / "disk", pattern(DISK_BYTES))
    properties = (f",queue-size={queue}" if queue else "") + f",packed={ring == 'packed'}".lower()
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0, device=properties.replace(
        "=true", "=on").replace("=false", "=off")))
    name = name_of(console, 0)
    before = counted(console, name)
    assert f"in {segments} pieces" in console.command(f"blk test {name}")
    after = counted(console, name)
    # three places, each read by block_read twice (one segment a request), and once in pieces
    assert after["requests"] - before["requests"] - 3 == \
        after["segments"] - before["segments"] - 3 * segments


@pytest.mark.parametrize("arch, ring", [("riscv64", "on"), ("aarch64", "off")])
def test_a_million_requests(start, tmp_path, arch, ring):
    """The device is in a thread of its own. A lost wake-up would be a request without an answer."""
    path = image(tmp_path / "disk", bytes(64 * MIB))
    console, _ = entry.at_prompt(start, Machine(arch), "-accel", "tcg,thread=multi",
                                 "-object", "iothread,id=thread",
                                 *disk(path, 0, device=f",iothread=thread,packed={ring}"))
    name = name_of(console, 0)
    while (now := counted(console, name))["requests"] < 1000000:
        assert "IOPS" in console.command(f"bench blk {name}")
    assert (now["errors"], now["timeouts"], now["resets"]) == (0, 0, 0)


# ---- Caches ----

@pytest.mark.parametrize("arch", images.ARCHES)
def test_flushed_is_flushed(start, tmp_path, arch):
    """QEMU is killed right behind the flush that ends a write."""
    path = image(tmp_path / "disk", bytes(DISK_BYTES))
    data = image(tmp_path / "data", pattern(MIB))
    at = images.RAM[arch] + AT
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0, drive=",cache=writeback"),
                                 *machines.load(data, at))
    name = name_of(console, 0)
    assert "write-back" in console.command("blk")
    assert console.command(f"blk write {name} 100 {MIB // 512} {at:#x} -f").strip() == ""
    console.close()
    after = path.read_bytes()
    assert after[100 * 512:100 * 512 + MIB] == data.read_bytes()
    assert not any(after[:100 * 512]) and not any(after[100 * 512 + MIB:])


@pytest.mark.parametrize("arch", images.ARCHES)
def test_the_cache_can_be_switched(start, tmp_path, arch):
    path = image(tmp_path / "disk", bytes(DISK_BYTES))
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0))
    name = name_of(console, 0)
    console.command(f"blk cache {name} writethrough")
    assert "write-through" in console.command("blk")
    assert "writes right" in console.command(f"blk test {name} -f")
    console.command(f"blk cache {name} writeback")
    assert "write-back" in console.command("blk")
    assert "writes right" in console.command(f"blk test {name} -f")


# ---- Size ----

@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("bus", ["mmio1", "mmio2", "pci"])
def test_a_disk_grows(start, tmp_path, arch, bus):
    path = image(tmp_path / "disk", bytes(DISK_BYTES))
    console, _ = entry.at_prompt(start, Machine(arch), *transport(bus), *disk(path, 0, bus),
                                 monitor=True)
    name = name_of(console, 0)
    assert "4 MiB" in console.command("blk")
    assert "blocks 0 to 8191" in console.command(f"blk read {name} 8192 1")
    console.ask("block_resize d0 8M")
    assert "8 MiB" in console.command("blk")
    assert f"{name}, 8 MiB" in console.command("devices")
    at = images.RAM[arch] + AT
    assert "4096 bytes at" in console.command(f"blk read {name} 16376 8 {at:#x}")


# ---- Erasing ----

@pytest.mark.parametrize("arch", images.ARCHES)
def test_erasing(start, tmp_path, arch):
    data = pattern(DISK_BYTES)
    path = image(tmp_path / "disk", data)
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0, drive=",discard=unmap"))
    name = name_of(console, 0)
    assert console.command(f"blk erase {name} zeroes 8 16 -f").strip() == ""
    assert console.command(f"blk erase {name} discard 1024 2048 -f").strip() == ""
    assert "no" in console.command(f"blk erase {name} secure 0 8 -f")
    assert "blocks 0 to" in console.command(f"blk erase {name} zeroes {DISK_BYTES // 512} 1 -f")
    console.close()
    after = path.read_bytes()
    assert after[8 * 512:24 * 512] == bytes(16 * 512)
    assert after[:8 * 512] == data[:8 * 512]
    assert after[24 * 512:1024 * 512] == data[24 * 512:1024 * 512]
    assert after[3072 * 512:] == data[3072 * 512:]


# ---- What does not work ----

@pytest.mark.parametrize("arch", images.ARCHES)
def test_read_only(start, tmp_path, arch):
    data = pattern(DISK_BYTES)
    path = image(tmp_path / "disk", data)
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0, drive=",readonly=on"))
    name = name_of(console, 0)
    assert "read-only" in console.command("blk")
    assert "reads right" in console.command(f"blk test {name}")
    for command in (f"blk write {name} 0 8 {images.RAM[arch] + AT:#x} -f",
                    f"blk erase {name} zeroes 0 8 -f", f"blk test {name} -f"):
        assert "it is read-only" in console.command(command)
    console.close()
    assert path.read_bytes() == data


@pytest.mark.parametrize("arch", images.ARCHES)
def test_writing_asks(start, tmp_path, arch):
    data = pattern(DISK_BYTES)
    path = image(tmp_path / "disk", data)
    console, _ = entry.at_prompt(start, Machine(arch), *disk(path, 0))
    name = name_of(console, 0)
    for answer in "nx":
        console.line(f"blk erase {name} zeroes 0 8")
        console.expect(r"This erases blocks on virtio0. Go on\? \(y/n\) ")
        console.send(answer)
        console.prompt()
    assert counted(console, name)["errors"] == 0
    console.line(f"blk erase {name} zeroes 8 8")
    console.expect(r"\(y/n\) ")
    console.send("y")
    console.prompt()
    console.close()
    assert path.read_bytes() == data[:8 * 512] + bytes(8 * 512) + data[16 * 512:]


BAD_SECTORS = """
[inject-error]
event = "read_aio"
errno = "5"
sector = "1000"

[inject-error]
event = "write_aio"
errno = "5"
sector = "1000"

[inject-error]
event = "flush_to_disk"
errno = "5"
"""


@pytest.mark.parametrize("arch", images.ARCHES)
def test_bad_sectors(start, tmp_path, arch):
    """blkdebug fails what touches one sector, and every flush."""
    data = pattern(DISK_BYTES)
    path = image(tmp_path / "disk", data)
    config = image(tmp_path / "blkdebug", BAD_SECTORS.encode())
    console, _ = entry.at_prompt(
        start, Machine(arch),
        "-drive", f"file=blkdebug:{config}:{path},format=raw,if=none,id=d0,werror=report,"
        "rerror=report", "-device", "virtio-blk-pci,drive=d0,serial=disk0")
    name = name_of(console, 0)
    at = images.RAM[arch] + AT
    said = console.command(f"blk read {name} 1000 1 {at:#x}")
    assert re.search(rf"{name}: .*1000.*: the device reports an I/O error", said), said
    assert "512 bytes at" in console.command(f"blk read {name} 999 1 {at:#x}")
    assert "512 bytes at" in console.command(f"blk read {name} 1001 1 {at:#x}")
    assert "I/O error" in console.command(f"blk write {name} 1000 1 {at:#x} -f")
    assert counted(console, name)["resets"] == 0

    said = console.command(f"blk write {name} 0 1 {at:#x} -f")
    assert "I/O error" in said, said
    assert "read-only since a flush failed" in console.command("blk")
    assert "flush failed" in console.command(f"blk write {name} 0 1 {at:#x} -f")
    assert "512 bytes at" in console.command(f"blk read {name} 1 1 {at:#x}")
    console.command(f"blk reset {name}")
    assert "read-only" not in console.command("blk")


# ---- A disk that vanishes ----

class QTest:
    """QEMU's own hand on the machine (-qtest): it writes registers while the machine runs."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machines.DEADLINE_S)
        deadline = time.monotonic() + machines.DEADLINE_S
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")

    def __call__(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        answer = self.file.readline()
        assert answer.startswith("OK"), answer
        return answer


SLOT_CONTROL = 0x18             # in the PCI Express capability
UNPOWERED = 0x0700
ECAM = {"riscv64": 0x30000000, "aarch64": 0x3f000000}


@pytest.mark.parametrize("arch", images.ARCHES)
def test_a_disk_vanishes(start, tmp_path, arch):
    """Its slot loses power while requests are in flight: each takes the disk a second."""
    socket_at = tmp_path / "qtest"
    console, _ = entry.at_prompt(
        start, Machine(arch, options=("highmem=off",) if arch == "aarch64" else ()),
        "-qtest", f"unix:{socket_at},server=on,wait=off", "-qtest-log", "/dev/null",
        "-device", "pcie-root-port,id=slot1,bus=pcie.0,addr=4,chassis=1",
        "-trace", f"enable=virtio_blk_handle_read,file={tmp_path / 'trace'}",
        "-blockdev", f"driver=null-co,node-name=d0,size={64 * MIB},latency-ns=1000000000",
        "-device", "virtio-blk-pci,drive=d0,serial=disk0,bus=slot1")
    qtest = QTest(socket_at)
    name = name_of(console, 0)
    found = re.search(r"(\w+)  PCI Express\n", console.command("pci 00:04.0"))
    slot = ECAM[arch] + (4 << 15) + int(found.group(1), 16) + SLOT_CONTROL
    at = images.RAM[arch] + AT
    before = counted(console, name)
    console.line(f"blk read {name} 0 {64 * MIB // 512} {at:#x}")
    console.file_has(tmp_path / "trace", b"virtio_blk_handle_read", before["requests"] + 1)
    qtest(f"writew {slot:#x} {UNPOWERED:#x}")       # some are in flight, others wait for those
    said = console.prompt()
    # On a busy box all was read before that arrived.
    assert "bytes at" in said or f"{name}: " in said and "it does not answer any more" in said, said
    assert counted(console, name)["requests"] > before["requests"]
    assert "it does not answer any more" in console.command(f"blk read {name} 0 1 {at:#x}")
    assert "lost" in console.command("blk")
    assert "removed" in console.command("pci rescan")
    assert "There are no disks" in console.command("blk")
    assert "now 0 lent" in console.command("dma")
