# SPDX-License-Identifier: BSD-2-Clause
"""NVMe on QEMU's controller: found, read and written right, shut down. Issue 5."""
import random
import re
import socket

import pytest

import entry
import images
import machine as machines
import test_pci
from machine import Machine
from test_start import every_arch

MIB = 1 << 20
AT = 64 * MIB                   # from the beginning of RAM: free memory
MACHINES = [Machine(arch, qemu) for arch in images.ARCHES for qemu in machines.qemu_versions()]
every_machine = pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m.arch}-{m.qemu}")


def disk(path, number, data, properties=""):
    """Arguments for a controller with one namespace: a raw image of @data."""
    path.write_bytes(data)
    return ["-drive", f"file={path},format=raw,if=none,id=d{number}",
            "-device", f"nvme,drive=d{number},serial=disk{number}{properties}"]


def pattern(size, seed=1):
    return random.Random(seed).randbytes(size)


def doorbells(console, name):
    """Rung for commands, how many of those, and rung for completions."""
    text = console.command(f"blk {name}")
    return [int(n) for n in re.search(
        r"doorbells: (\d+) for (\d+) commands, (\d+) for completions", text).groups()]


def copy(console, arch, source, to, first, blocks):
    at = images.RAM[arch] + AT
    assert f" bytes at {at:#x}" in console.command(f"blk read {source} {first} {blocks} {at:#x}")
    assert console.command(f"blk write {to} {first} {blocks} {at:#x} -f").strip() == ""


@every_machine
def test_ready(start, machine, tmp_path):
    """A line for the controller and one for each namespace: what it is, and its DMA."""
    _, summary = entry.at_prompt(
        start, machine, *disk(tmp_path / "a", 0, bytes(8 * MIB)),
        *disk(tmp_path / "b", 1, bytes(4 * MIB),
              ",logical_block_size=4096,physical_block_size=4096,mdts=1"))
    assert re.search(r"^nvme0: controller ready: QEMU NVMe Ctrl, firmware [\w.+-]+, serial disk0$",
                     summary, re.MULTILINE), summary
    assert "nvme0n1: 8 MiB, blocks of 512, queue of 64, SGL" in summary
    assert "nvme1: controller ready" in summary
    assert re.search(r"^nvme1n1: 4 MiB, blocks of 4096, .*DMA coherent$", summary, re.MULTILINE)


@every_machine
@pytest.mark.parametrize("oracle", ["off", "on"])
def test_read_and_write(start, machine, oracle, tmp_path):
    data = pattern(8 * MIB)
    console, summary = entry.at_prompt(
        start, machine, *disk(tmp_path / "from", 0, data),
        *disk(tmp_path / "to", 1, bytes(8 * MIB)),
        bootargs="plinth.oracle=seed=5" if oracle == "on" else None)
    assert ("DMA not coherent (oracle)" in summary) == (oracle == "on")
    for name in "nvme0n1", "nvme1n1":
        assert "writes right" in console.command(f"blk test {name} -f")
    for first in range(0, 480, 60):         # few enough for a list of PRPs, too many for none
        copy(console, machine.arch, "nvme0n1", "nvme1n1", first, 60)
    copy(console, machine.arch, "nvme0n1", "nvme1n1", 480, 8 * MIB // 512 - 480)
    console.close()
    assert (tmp_path / "from").read_bytes() == data
    assert (tmp_path / "to").read_bytes() == data


@every_arch
def test_a_large_read_rings_seldom(start, arch, tmp_path):
    """64 MiB, 512 KiB a command (mdts 7): no doorbell for each of those."""
    size = 64 * MIB
    console, _ = entry.at_prompt(start, Machine(arch), *disk(tmp_path / "disk", 0, bytes(size)))
    before = doorbells(console, "nvme0n1")
    console.command(f"blk read nvme0n1 0 {size // 512} {images.RAM[arch] + AT:#x}")
    rung, commands, completions = (a - b for a, b in zip(doorbells(console, "nvme0n1"), before))
    assert commands == 128
    assert rung <= 16 and completions <= 16


@every_machine
def test_shut_down_before_the_end(start, machine, tmp_path):
    """Else the drive counts an unsafe shutdown, and checks itself the next time."""
    trace = tmp_path / "trace"
    console, _ = entry.at_prompt(
        start, machine, *disk(tmp_path / "disk", 0, bytes(MIB)),
        "-trace", f"enable=pci_nvme_mmio_shutdown_set,file={trace}")
    console.line("poweroff")
    assert console.ended() == 0
    assert "pci_nvme_mmio_shutdown_set" in trace.read_text()


# ---- Coming and going ----

def root_port(number):
    return ["-device", f"pcie-root-port,id=slot{number},bus=pcie.0,addr={3 + number},"
                       f"chassis={number}"]


@every_machine
def test_hot_plug(start, machine, tmp_path):
    """What QEMU plugs in appears with the next rescan, and what it wants back is let go."""
    data = pattern(MIB)
    (tmp_path / "disk").write_bytes(data)
    console, summary = entry.at_prompt(
        start, machine, *root_port(1), "-blockdev",
        f"raw,node-name=d,file.driver=file,file.filename={tmp_path / 'disk'}",
        "-trace", f"enable=pci_nvme_mmio_shutdown_set,file={tmp_path / 'trace'}", monitor=True)
    assert "nvme" not in summary
    at = images.RAM[machine.arch] + AT
    for _ in range(2):
        # QEMU lets go of the last one in its own time.
        console.ask_until("device_add nvme,bus=slot1,id=disk,serial=1,drive=d", r"\A\s*\Z")
        text = console.command("pci rescan")
        assert "pci 00:04.0: power for what is in its slot" in text, text
        assert "nvme0n1: 1 MiB" in text, text
        assert f"{MIB} bytes" in console.command(f"blk read nvme0n1 0 {MIB // 512} {at:#x}")

        console.ask("device_del disk")
        text = console.command("pci rescan")
        assert "pci 00:04.0: what is in its slot can be taken out" in text, text
        assert "pci 01:00.0: removed" in text and "warning" not in text, text
        assert "nvme" not in console.command("blk")
    assert (tmp_path / "trace").read_text().count("pci_nvme_mmio_shutdown_set") == 2
    console.ask(f'pmemsave {at:#x} {MIB} "{tmp_path / "memory"}"')
    assert (tmp_path / "memory").read_bytes() == data


def qtest(path, line):
    """A bus access from outside the machine."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(machines.DEADLINE_S)
        s.connect(str(path))
        s.sendall(line.encode() + b"\n")
        answer = s.recv(4096)
    assert answer.startswith(b"OK"), answer


@every_machine
def test_surprise_removal(start, machine, tmp_path):
    """A slot loses its power: "gone", and the monitor goes on. Not while its disk is being read:
    both QEMUs die of that in one run of fifty (test_it_is_pulled_in_flight has a way that works).
    """
    console, _ = entry.at_prompt(
        start, machine, *root_port(1), *disk(tmp_path / "disk", 0, bytes(64 * MIB), ",bus=slot1"),
        *disk(tmp_path / "other", 1, bytes(MIB)), "-qtest", f"unix:{tmp_path / 'qtest'},server=on,"
        "wait=off")
    found = re.search(r"(\w+)  PCI Express\n", console.command("pci 00:04.0"))
    slot = test_pci.command_address(machine.arch, "00:04.0") - 4 + int(found.group(1), 16)
    gone, stays = ("nvme0n1", "nvme1n1") if "nvme0n1: 64" in console.command("log") else \
                  ("nvme1n1", "nvme0n1")
    assert "reads right" in console.command(f"blk test {gone}")
    qtest(tmp_path / "qtest", f"writew {slot + test_pci.SLOT_CONTROL:#x} "
                              f"{test_pci.UNPOWERED:#x}")
    assert "it has gone" in console.command(f"blk read {gone} 0 1")
    assert "reads right" in console.command(f"blk test {stays}")
    assert "pci 01:00.0: removed" in console.command("pci rescan")
    assert gone not in console.command("blk")
    assert "reads right" in console.command(f"blk test {stays}")
