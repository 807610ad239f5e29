#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/bench/fs.py [options] [ARCH]...: how fast files are read from FAT, beside U-Boot's `load`.

One disk with three files in clusters of 4 KiB: in one piece, with a foreign cluster after each of
its own, and in random order. Both read them in the same QEMU, in turns, so that what else the
workstation does happens to both; of all times of a file the median counts, and what is judged are
ratios.
"""
import argparse
import re
import statistics
import sys

import blk
from blk import MIB, images, machines

FILES = "contiguous", "interleaved", "shuffled"
PASSES = 3                      # as `bench fs` makes them


def make_disk(mib):
    def scatter(disk):
        blk.fragment("interleave", disk, "interleaved", "between")
        blk.fragment("shuffle", disk, "shuffled", "others")
    return blk.make_disk(f"files-{mib}.img", ["--cluster", "4096"],
                         [(name, mib * MIB) for name in (*FILES, "between", "others")], scatter)


def plinth(bench, disk, mib):
    """Of each file, milliseconds of each pass: the file, as much of the disk; and the words."""
    console = bench.start(disk, "-kernel", images.binary(bench.machine.arch))
    times, words = {}, {}
    volume = "nvme0n1" if bench.kind == "nvme" else "virtio0"
    try:
        console.summary()
        with blk.first_in_line(console.child.pid, bench.realtime):
            for name in FILES:
                console.line(f"bench fs {volume}:/{name}")
                console.expect("\n" + re.escape(machines.PROMPT), timeout=blk.LONG)
                text = console.before()
                found = [[int(us) / 1000 for us in re.findall(rf"{what}: .*\((\d+) us\)", text)]
                         for what in ("file", "disk")]
                assert f"{mib} MiB" in text and all(len(us) == PASSES for us in found), text
                times[name] = found
                words[name] = text.strip().splitlines()[-2].strip()
    finally:
        console.close()
    return times, words


def compare(bench, disk, mib, rounds):
    ours, raw, theirs = ({name: [] for name in FILES} for _ in range(3))
    words = {}
    for _ in range(rounds):
        for name, us in bench.uboot_times(disk, FILES, mib * MIB, PASSES).items():
            theirs[name] += us
        times, words = plinth(bench, disk, mib)
        for name, (file, whole) in times.items():
            ours[name] += file
            raw[name] += whole
    device_ms = statistics.median(ms for times in raw.values() for ms in times)
    first = statistics.median(ours[FILES[0]])
    print(f"{bench.machine.arch}, {bench.device}, {mib} MiB; the disk alone {device_ms:.0f} ms")
    for name in FILES:
        ms = statistics.median(ours[name])
        load = f"U-Boot {statistics.median(theirs[name]):.0f} ms: " \
               f"{statistics.median(theirs[name]) / ms:.1f} times ours" if theirs[name] \
               else "U-Boot does not find the disk"
        print(f"  {name:11} {ms:4.0f} ms, {ms / device_ms:.2f} of the disk alone, {ms / first:.2f} "
              f"of contiguous; {load}\n              {words[name]}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arch", nargs="*", choices=[[], *images.ARCHES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mib", type=int, default=256, help="of each file; 256")
    blk.add_options(parser)
    options = parser.parse_args()
    disk = make_disk(options.mib)
    with open(blk.FOLDER / "consoles-fs.log", "w", encoding="utf-8") as log:
        for arch in options.arch or images.ARCHES:
            for device in options.device or blk.DEVICES:
                compare(blk.Bench(arch, device, [disk], log, options.realtime), disk, options.mib,
                        options.rounds)


if __name__ == "__main__":
    main()
