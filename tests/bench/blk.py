#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/bench/blk.py [options] [ARCH]...: how fast disks are read, beside U-Boot.

Both read the same disk in the same QEMU, in turns, so that what else the workstation does happens
to both; of each the best round counts. U-Boot reads one piece after the other: 4 KiB pieces are
the clusters of a scattered file on FAT. What comes out are ratios: times are those of this moment.
"""
import argparse
import contextlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/qemu"))
import images                                                           # noqa: E402
import machine as machines                                              # noqa: E402
from entry import UBOOT_PROMPT                                          # noqa: E402

MIB = 1 << 20
WHOLE, PIECES, PIECE = 256 * MIB, 64 * MIB, 4096
FOLDER = images.BUILD / "bench"
DEPTHS = 1, 32, 128
DEVICES = "virtio-blk-device", "virtio-blk-pci", "nvme"
# Seconds to wait for what takes a second or less on a workstation that does nothing else.
LONG = 300


def fill(name, size):
    path = FOLDER / name
    with open(path, "wb") as file:
        for n in range(size // MIB):
            file.write(n.to_bytes(4, "little") * (MIB // 4))
    return path


def fragment(how, disk, *files):
    subprocess.run([TOP / "tests/fs/fragment.py", how, disk, *files], check=True)


def make_disk(name, options, files, scatter=None):
    """A volume alone; @scatter is what happens to it then."""
    disk, new = FOLDER / name, FOLDER / "new.img"
    if disk.exists():
        return disk
    FOLDER.mkdir(parents=True, exist_ok=True)
    new.unlink(missing_ok=True)
    sources = [fill(file, size) for file, size in files]
    subprocess.run([TOP / "tools/mkdisk", "--quiet", "--table", "none", *options, new, *sources],
                   check=True)
    for source in sources:
        source.unlink()
    if scatter:
        scatter(new)
    return new.rename(disk)


def make_disks():
    """The first for reading in one piece, the second for small ones: no two are neighbours."""
    return [make_disk("whole.img", ["--fat", "16"], [("whole", WHOLE)]),
            make_disk("pieces.img", ["--cluster", str(PIECE)],
                      [("pieces", PIECES), ("between", PIECES)],
                      lambda disk: fragment("interleave", disk, "pieces", "between"))]


def workstation(disk):
    """Bytes a second of the workstation's own read: what is behind the simulated disk."""
    buffer, best = bytearray(WHOLE), 0
    with open(disk, "rb", buffering=0) as file:
        for _ in range(5):
            start, at = time.monotonic(), 0
            while at < WHOLE:
                at += os.preadv(file.fileno(), [memoryview(buffer)[at:]], at)
            best = max(best, WHOLE / (time.monotonic() - start))
    return best


@contextlib.contextmanager
def first_in_line(process, realtime):
    """While it is measured, before all else that the workstation does; and we before it, since we
    hold the watch."""
    def schedule(policy, priority):
        os.sched_setscheduler(0, policy, os.sched_param(2 * priority))
        for thread in os.listdir(f"/proc/{process}/task"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setscheduler(int(thread), policy, os.sched_param(priority))
    if realtime:
        schedule(os.SCHED_RR, 1)
    try:
        yield
    finally:
        if realtime:
            schedule(os.SCHED_OTHER, 0)


class Bench:
    def __init__(self, arch, device, disks, log, realtime):
        self.machine = machines.Machine(arch, memory="1G")
        self.device, self.disks, self.log, self.realtime = device, disks, log, realtime
        self.kind = device.partition("-")[0]    # of disks, for U-Boot

    def start(self, disk, *arguments):
        command = [*self.machine.command(), *map(str, arguments),
                   "-drive", f"if=none,id=d,format=raw,readonly=on,file={disk}",
                   "-device", f"{self.device},drive=d,serial=1"]
        return machines.Console(command, self.log)

    def uboot(self):
        """Bytes a second in one piece, pieces a second."""
        whole, pieces = self.disks
        return self.uboot_load(whole, "whole", WHOLE), \
            self.uboot_load(pieces, "pieces", PIECES) / PIECE

    def uboot_load(self, disk, name, size):
        """Bytes a second, the best of three times; 0: it does not find the disk."""
        times = self.uboot_times(disk, [name], size, 3)
        return size * 1000 / min(times[name]) if times else 0

    def uboot_times(self, disk, names, size, passes):
        """Milliseconds of each `load` of each file; nothing: it does not find the disk."""
        arch, times = self.machine.arch, {name: [] for name in names}
        console = self.start(disk, *images.UBOOT[arch])
        try:
            console.expect("stop autoboot")
            console.send("\r")
            console.prompt(UBOOT_PROMPT)
            console.command("pci enum", UBOOT_PROMPT)
            console.command(f"{self.kind} scan", UBOOT_PROMPT)
            at = f"{images.RAM[arch] + 256 * MIB:#x}"
            with first_in_line(console.child.pid, self.realtime):
                for name in names * passes:
                    console.line(f"load {self.kind} 0:0 {at} {name}")
                    console.expect("\n" + re.escape(UBOOT_PROMPT), timeout=LONG)
                    text = console.before()
                    found = re.search(r"(\d+) bytes read in (\d+) ms", text)
                    if not found:
                        return {}
                    assert int(found[1]) == size, text
                    times[name].append(int(found[2]))
        finally:
            console.close()
        return times

    def plinth(self):
        """Bytes a second in one piece, reads a second at each depth, and the words."""
        console = self.start(self.disks[0], "-kernel", images.binary(self.machine.arch))
        try:
            console.summary()
            with first_in_line(console.child.pid, self.realtime):
                console.line(f"bench blk {'nvme0n1' if self.kind == 'nvme' else 'virtio0'}")
                console.expect("\n" + re.escape(machines.PROMPT), timeout=LONG)
            text = console.before()
        finally:
            console.close()
        us = int(re.search(r"sequential, 256 MiB: \d+ MB/s \((\d+) us\)", text)[1])
        reads = [int(re.search(rf"depth +{d}: (\d+) IOPS", text)[1]) for d in DEPTHS]
        return [WHOLE * 1e6 / us, *reads], text.partition("\n")[2]


def compare(bench, name, disks, rounds):
    uboot, plinth, own, words = [0, 0], [0] * (1 + len(DEPTHS)), 0, ""
    for _ in range(rounds):
        uboot = [max(pair) for pair in zip(uboot, bench.uboot())]
        results, text = bench.plinth()
        words = text if results[2] >= plinth[2] else words
        plinth = [max(pair) for pair in zip(plinth, results)]
        with first_in_line(os.getpid(), bench.realtime):
            own = max(own, workstation(disks[0]))
    print(f"{name}\n{words.rstrip()}")
    if not all(uboot):
        print("  U-Boot does not find the disk: compare with another machine's")
        return
    print(f"  256 MiB: U-Boot {uboot[0] / 1e6:.0f} MB/s, Plinth {plinth[0] / 1e6:.0f} MB/s: "
          f"{plinth[0] / uboot[0]:.2f} times; the workstation itself {own / 1e6:.0f} MB/s: "
          f"{plinth[0] / own:.2f} times")
    for depth, reads in zip(DEPTHS, plinth[1:]):
        print(f"  4 KiB: U-Boot, one at a time, {uboot[1]:.0f} /s, Plinth at depth {depth} "
              f"{reads:.0f} /s: {reads / uboot[1]:.2f} times")
    sys.stdout.flush()


def add_options(parser):
    parser.add_argument("--realtime", action="store_true",
                        help="QEMU before everything else while it is measured; for root")
    parser.add_argument("--device", action="append", help=f"({', '.join(DEVICES)})")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arch", nargs="*", choices=[[], *images.ARCHES])
    parser.add_argument("--rounds", type=int, default=3)
    add_options(parser)
    options = parser.parse_args()
    disks = make_disks()
    with open(FOLDER / "consoles.log", "w", encoding="utf-8") as log:
        for arch in options.arch or images.ARCHES:
            for device in options.device or DEVICES:
                compare(Bench(arch, device, disks, log, options.realtime), f"{arch}, {device}",
                        disks, options.rounds)


if __name__ == "__main__":
    main()
