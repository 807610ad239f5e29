# SPDX-License-Identifier: BSD-2-Clause
"""NVMe with every property of QEMU's that matters, behind any bridges, and when it fails. Issue 5.

What Plinth read is compared with the image files, and what it wrote, on the workstation.
"""
import re

import pytest

import entry
import images
import machine as machines
import matrix
from machine import Machine
from test_blk import AT, ECAM, QTest, SLOT_CONTROL, UNPOWERED, image, pattern
from test_start import every_arch

MIB = 1 << 20
DISK_BYTES = 4 * MIB
BACK = AT + 16 * MIB            # where what was written is read back to

FACTORS = {
    "arch": images.ARCHES,
    "qemu": machines.qemu_versions(),
    "mdts": [0, 1, 7, 13],
    "block": [512, 4096],
    "format": ["plain", "pi", "extended"],
    "place": ["root", "port", "switch"],
    "namespaces": [1, 3],
    "queues": [1, 64],
    "oracle": ["off", "on"],
}

every_machine = pytest.mark.parametrize(
    "machine", [Machine(arch, qemu) for arch in images.ARCHES for qemu in machines.qemu_versions()],
    ids=lambda m: f"{m.arch}-{m.qemu}")


# ---- Machines ----

PLACES = {
    "root": ("pcie.0", []),
    "port": ("port1", ["pcie-root-port,id=port1,chassis=1,bus=pcie.0,addr=4"]),
    "switch": ("down2", ["pcie-root-port,id=port1,chassis=1,bus=pcie.0,addr=4",
                         "x3130-upstream,id=up1,bus=port1",
                         "xio3130-downstream,id=down1,bus=up1,chassis=11",
                         "xio3130-downstream,id=down2,bus=up1,chassis=12"]),
}


def controller(place="root", properties=""):
    bus, bridges = PLACES[place]
    words = [*bridges, f"nvme,id=n0,serial=disk0,bus={bus}{properties}"]
    return [word for device in words for word in ("-device", device)]


def namespace(path, nsid, properties="", drive=""):
    return ["-drive", f"file={path},format=raw,if=none,id=d{nsid}{drive}",
            "-device", f"nvme-ns,drive=d{nsid},bus=n0,nsid={nsid}{properties}"]


def formatted(row):
    block = row["block"]
    text = f",logical_block_size={block},physical_block_size={block}"
    if row["format"] != "plain":
        text += f",ms=8,pi=1,mset={int(row['format'] == 'extended')}"
    return text


# ---- What Plinth says ----

def counted(console, name="nvme0"):
    """Of its I/O queues: commands, doorbell rings, completions refused; how often it was reset."""
    text = console.command(f"nvme {name}")
    line = re.search(r"I/O queues .*: (\d+) commands, (\d+) \+ (\d+) doorbell rings, "
                     r"(\d+) completions refused", text)
    commands, tails, heads, refused = map(int, line.groups())
    return {"commands": commands, "tails": tails, "heads": heads, "refused": refused,
            "resets": int(re.search(r"resets: (\d+)", text)[1])}


def assert_reads(console, arch, name, block, data, directory):
    """All of @data, from the first block on, as it is in memory then."""
    at = images.RAM[arch] + BACK
    said = console.command(f"blk read {name} 0 {len(data) // block} {at:#x}")
    assert f"{len(data)} bytes at" in said, said
    path = directory / f"memory-{name}"
    console.ask(f'pmemsave {at:#x} {len(data):#x} "{path}"')
    assert path.read_bytes() == data


# ---- The matrix ----

@pytest.mark.parametrize("row", matrix.rows(FACTORS), ids=matrix.label)
def test_read_and_write(start, tmp_path, row):
    arch, block = row["arch"], row["block"]
    ids = [1, 5, 200][:row["namespaces"]]
    data = {nsid: pattern(DISK_BYTES, nsid) for nsid in ids}
    plain = row["format"] == "plain"
    # QEMU keeps the metadata behind all blocks. Holes have no protection to be checked.
    size = DISK_BYTES // block * (block + (0 if plain else 8))
    paths, devices = {}, []
    for nsid in ids:
        paths[nsid] = tmp_path / f"disk{nsid}"
        with open(paths[nsid], "wb") as f:
            f.write(data[nsid] if plain else b"")
            f.truncate(size)
        devices += namespace(paths[nsid], nsid, formatted(row))
    new = pattern(DISK_BYTES, 7)
    at = images.RAM[arch] + AT
    trace = tmp_path / "trace"
    console, summary = entry.at_prompt(
        start, Machine(arch, row["qemu"]), "-no-reboot",
        *controller(row["place"], f",mdts={row['mdts']},max_ioqpairs={row['queues']}"), *devices,
        *machines.load(image(tmp_path / "new", new), at),
        "-trace", "enable=pci_nvme_mmio_shutdown_set", "-D", trace, monitor=True,
        bootargs="plinth.oracle=seed=4" if row["oracle"] == "on" else None)
    for nsid in ids:
        assert f"nvme0n{nsid}: 4 MiB, blocks of {block}" in summary, summary
    assert ("DMA not coherent (oracle)" in summary) == (row["oracle"] == "on"), summary
    assert len(re.findall(r"^nvme0n\d+: ", summary, re.MULTILINE)) == len(ids)

    for nsid in ids:
        name = f"nvme0n{nsid}"
        if plain:
            assert_reads(console, arch, name, block, data[nsid], tmp_path)
        written = console.command(f"blk write {name} 0 {DISK_BYTES // block} {at:#x} -f")
        assert not written.strip(), written
        assert_reads(console, arch, name, block, new, tmp_path)
        assert "writes right" in console.command(f"blk test {name} -f")
    now = counted(console)
    assert (now["refused"], now["resets"]) == (0, 0)
    assert not re.search(r"(warning|error) +(nvme|pci)", console.command("log"))
    console.line("reset")
    console.ended()
    assert "pci_nvme_mmio_shutdown_set" in trace.read_text()
    for path in paths.values():
        assert path.read_bytes()[:DISK_BYTES] == new


# ---- What it costs ----

@every_machine
def test_a_large_read_rings_seldom(start, machine, tmp_path):
    """64 MiB in one call, with MDTS 7 (512 KiB): 128 commands, 64 of them at once."""
    with open(tmp_path / "disk", "wb") as f:
        f.truncate(64 * MIB)
    console, _ = entry.at_prompt(start, machine, *controller(properties=",mdts=7"),
                                 *namespace(tmp_path / "disk", 1))
    before = counted(console)
    said = console.command(f"blk read nvme0n1 0 {64 * MIB // 512} "
                           f"{images.RAM[machine.arch] + AT:#x}")
    assert f"{64 * MIB} bytes at" in said
    after = counted(console)
    assert after["commands"] - before["commands"] == 128
    assert after["tails"] - before["tails"] <= 16
    assert after["heads"] - before["heads"] <= 16


# ---- The command ----

@every_arch
def test_the_command(start, arch, tmp_path):
    path = image(tmp_path / "disk", pattern(DISK_BYTES))
    console, _ = entry.at_prompt(start, Machine(arch), *controller("port"), *namespace(path, 3))
    text = console.command("nvme")
    assert re.match(r"nvme0: QEMU NVMe Ctrl, firmware \S+, serial disk0, pci 01:00.0\n", text), text
    assert "nvme0n3: 4 MiB, blocks of 512" in text
    text = console.command("nvme nvme0 health")
    assert re.search(r"\d+ degrees Celsius; spare \d+ %", text), text
    assert " 0 unsafe shutdowns" in text and "warning" not in text
    assert "none" in console.command("nvme nvme0 errors")
    assert 'no controller "nvme1"' in console.command("nvme nvme1 health")
    assert 'no namespace "nvme0"' in console.command("nvme format nvme0 512")
    assert "blocks of 512 4096." in console.command("nvme format nvme0n3 1024")


@every_arch
def test_format(start, arch, tmp_path):
    """It asks; then all is gone, and blocks have the new size."""
    data = pattern(DISK_BYTES)
    path = image(tmp_path / "disk", data)
    console, _ = entry.at_prompt(start, Machine(arch), *controller(), *namespace(path, 1),
                                 monitor=True)
    console.line("nvme format nvme0n1 4096")
    console.expect(r"This erases everything on nvme0n1. Go on\? \(y/n\) ")
    console.send("n")
    console.prompt()
    assert_reads(console, arch, "nvme0n1", 512, data, tmp_path)
    assert "4 MiB, blocks of 4096" in console.command("nvme format nvme0n1 4096 -f")
    assert_reads(console, arch, "nvme0n1", 4096, bytes(DISK_BYTES), tmp_path)
    assert "writes right" in console.command("blk test nvme0n1 -f")


# ---- When it fails ----

BAD_SECTORS = """
[inject-error]
event = "read_aio"
errno = "5"
sector = "1000"

[inject-error]
event = "read_aio"
errno = "5"
sector = "2000"
once = "on"

[inject-error]
event = "write_aio"
errno = "5"
sector = "1000"
"""


@every_machine
def test_bad_sectors(start, machine, tmp_path):
    """blkdebug fails what touches one sector always, and what touches another once."""
    path = image(tmp_path / "disk", pattern(DISK_BYTES))
    config = image(tmp_path / "blkdebug", BAD_SECTORS.encode())
    console, _ = entry.at_prompt(
        start, machine, *controller(),
        *namespace(f"blkdebug:{config}:{path}", 1, drive=",werror=report,rerror=report"))
    at = images.RAM[machine.arch] + AT
    said = console.command(f"blk read nvme0n1 1000 1 {at:#x}")
    assert re.search("nvme0n1: .*1000.*: unrecovered read error", said), said
    for good in 999, 1001, 2000:
        assert "512 bytes at" in console.command(f"blk read nvme0n1 {good} 1 {at:#x}")
    said = console.command(f"blk write nvme0n1 1000 1 {at:#x} -f")
    assert re.search("nvme0n1: .*1000.*: write fault", said), said
    assert counted(console)["resets"] == 0


@every_machine
def test_it_is_pulled_in_flight(start, tmp_path, machine):
    """Its slot loses power while each of its commands takes a second."""
    socket_at = tmp_path / "qtest"
    if machine.arch == "aarch64":
        machine = Machine(machine.arch, machine.qemu, options=("highmem=off",))
    console, _ = entry.at_prompt(
        start, machine, "-qtest", f"unix:{socket_at},server=on,wait=off",
        "-qtest-log", "/dev/null", "-trace", f"enable=pci_nvme_read,file={tmp_path / 'trace'}",
        "-blockdev", f"driver=null-co,node-name=d1,size={64 * MIB},latency-ns=1000000000",
        "-device", "pcie-root-port,id=slot1,bus=pcie.0,addr=4,chassis=1",
        "-device", "nvme,serial=disk0,bus=slot1,drive=d1")
    qtest = QTest(socket_at)
    found = re.search(r"(\w+)  PCI Express\n", console.command("pci 00:04.0"))
    slot = ECAM[machine.arch] + (4 << 15) + int(found[1], 16) + SLOT_CONTROL
    at = images.RAM[machine.arch] + AT
    reads = (tmp_path / "trace").read_text().count("pci_nvme_read")
    console.line(f"blk read nvme0n1 0 {64 * MIB // 512} {at:#x}")
    console.file_has(tmp_path / "trace", b"pci_nvme_read", reads + 1)
    qtest(f"writew {slot:#x} {UNPOWERED:#x}")       # some are in flight, others wait for those
    said = console.prompt()
    # On a busy box all was read before that arrived.
    assert "bytes at" in said or re.search("nvme0n1: reading .*: it has gone", said), said
    assert "bytes at" not in console.command(f"blk read nvme0n1 0 1 {at:#x}")
    assert "lost: it has gone" in console.command("blk")
    assert "not usable: it has gone" in console.command("nvme")
    assert "removed" in console.command("pci rescan")
    assert "There are no disks" in console.command("blk")
    assert "There is no NVMe controller" in console.command("nvme")
    assert "now 0 lent" in console.command("dma")
