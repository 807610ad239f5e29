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
# Seconds to wait for what takes a second or less on a workstation that does nothing else.
LONG = 300


def make_disk():
    """A file in one piece, and one of which no two clusters are neighbours."""
    disk = FOLDER / "disk.img"
    if disk.exists():
        return disk
    FOLDER.mkdir(parents=True, exist_ok=True)
    sources = []
    for name, size in ("whole", WHOLE), ("pieces", PIECES), ("between", PIECES):
        sources.append(FOLDER / name)
        with open(sources[-1], "wb") as file:
            for n in range(size // MIB):
                file.write(n.to_bytes(4, "little") * (MIB // 4))
    new = FOLDER / "new.img"
    new.unlink(missing_ok=True)
    subprocess.run([TOP / "tools/mkdisk", "--quiet", "--table", "none", "--cluster", str(PIECE),
                    new, *sources], check=True)
    subprocess.run([TOP / "tests/fs/fragment.py", "interleave", new, "pieces", "between"],
                   check=True)
    for source in sources:
        source.unlink()
    return new.rename(disk)


class Bench:
    def __init__(self, arch, device, disk, log, realtime):
        self.realtime = realtime
        self.machine = machines.Machine(arch, memory="1G")
        self.disk = ["-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}",
                     "-device", f"{device},drive=disk"]
        self.log = log

    def start(self, *arguments):
        command = [*self.machine.command(), *self.disk, *map(str, arguments)]
        return machines.Console(command, self.log)

    @contextlib.contextmanager
    def first_in_line(self, console):
        """While it is measured, before everything else that the workstation does, if asked for;
        and we before it, since we hold the watch."""
        def schedule(policy, priority):
            os.sched_setscheduler(0, policy, os.sched_param(2 * priority))
            for thread in os.listdir(f"/proc/{console.child.pid}/task"):
                with contextlib.suppress(ProcessLookupError):
                    os.sched_setscheduler(int(thread), policy, os.sched_param(priority))
        if self.realtime:
            schedule(os.SCHED_RR, 1)
        try:
            yield
        finally:
            if self.realtime:
                schedule(os.SCHED_OTHER, 0)

    def uboot(self):
        """Bytes a second in one piece, pieces a second."""
        arch = self.machine.arch
        console = self.start(*images.UBOOT[arch])
        try:
            console.expect("stop autoboot")
            console.send("\r")
            console.prompt(UBOOT_PROMPT)
            console.command("virtio scan", UBOOT_PROMPT)
            at = f"{images.RAM[arch] + 256 * MIB:#x}"
            with self.first_in_line(console):
                return self.uboot_whole(console, at), self.uboot_pieces(console, at)
        finally:
            console.close()

    def uboot_whole(self, console, at):
        """It has no clock for this, so ours, from its words before to its words after."""
        best = 0
        for _ in range(3):
            console.line(f"virtio read {at} 0 {WHOLE // 512:x}")
            console.expect(r"count \d+ \.\.\. ")
            start = time.monotonic()
            console.expect("blocks read: OK")
            best = max(best, WHOLE / (time.monotonic() - start))
            console.prompt(UBOOT_PROMPT)
        return best

    def uboot_pieces(self, console, at):
        best = 0
        for _ in range(2):
            text = console.command(f"load virtio 0:0 {at} pieces", UBOOT_PROMPT)
            size, ms = map(int, re.search(r"(\d+) bytes read in (\d+) ms", text).groups())
            assert size == PIECES, text
            best = max(best, PIECES / PIECE * 1000 / ms)
        return best

    def plinth(self):
        """Bytes a second in one piece, reads a second at each depth, and the words."""
        console = self.start("-kernel", images.binary(self.machine.arch))
        try:
            console.summary()
            with self.first_in_line(console):
                console.line("bench blk virtio0")
                console.expect("\n" + re.escape(machines.PROMPT), timeout=LONG)
            text = console.before()
        finally:
            console.close()
        us = int(re.search(r"sequential, 256 MiB: \d+ MB/s \((\d+) us\)", text)[1])
        reads = [int(re.search(rf"depth +{d}: (\d+) IOPS", text)[1]) for d in DEPTHS]
        return [WHOLE * 1e6 / us, *reads], text.partition("\n")[2]


def compare(bench, name, rounds):
    uboot, plinth, words = [0, 0], [0] * (1 + len(DEPTHS)), ""
    for _ in range(rounds):
        uboot = [max(pair) for pair in zip(uboot, bench.uboot())]
        results, text = bench.plinth()
        words = text if results[2] >= plinth[2] else words
        plinth = [max(pair) for pair in zip(plinth, results)]
    print(f"{name}\n{words.rstrip()}")
    print(f"  256 MiB in one piece    U-Boot {uboot[0] / 1e6:8.0f} MB/s   Plinth "
          f"{plinth[0] / 1e6:8.0f} MB/s   {plinth[0] / uboot[0]:5.2f} times U-Boot")
    for depth, reads in zip(DEPTHS, plinth[1:]):
        print(f"  4 KiB, depth {depth:3}       U-Boot {uboot[1]:8.0f} /s     Plinth "
              f"{reads:8.0f} /s     {reads / uboot[1]:5.2f} times U-Boot's one at a time")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arch", nargs="*", choices=[[], *images.ARCHES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--realtime", action="store_true",
                        help="QEMU before everything else while it is measured; for root")
    parser.add_argument("--device", action="append",
                        help="(virtio-blk-device and virtio-blk-pci)")
    options = parser.parse_args()
    disk = make_disk()
    with open(FOLDER / "consoles.log", "w", encoding="utf-8") as log:
        for arch in options.arch or images.ARCHES:
            for device in options.device or ["virtio-blk-device", "virtio-blk-pci"]:
                compare(Bench(arch, device, disk, log, options.realtime), f"{arch}, {device}",
                        options.rounds)


if __name__ == "__main__":
    main()
