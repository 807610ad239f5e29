#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/bench/boot.py [options] [ARCH]...: what a boot costs, beside U-Boot.

Both boot Debian 13's installer, with its initrd of 40 MB, by the same extlinux.conf from the same
disk, in turns. Instructions are counted from the loader's first to the kernel's first, by the
plugin count.c; so is the time, in runs where nothing else is counted. Times are those of this
moment, on this workstation: what they mean is their ratio.
"""
import argparse
import bisect
import collections
import dataclasses
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests/qemu"))
import images                                                           # noqa: E402
import machine as machines                                              # noqa: E402
from blk import first_in_line                                           # noqa: E402

MIB = 1 << 20
FOLDER = images.BUILD / "bench"
# Where a loader's first instruction is.
START = {
    "plinth": {"riscv64": 0x80200000, "aarch64": 0x40200000},
    "uboot": {"riscv64": 0x80200000, "aarch64": 0},
}
DEVICES = {"virtio": "virtio-blk-device", "virtio-pci": "virtio-blk-pci", "nvme": "nvme"}

# The instruction in arch_relax().
RELAX = {"riscv64": "13200000", "aarch64": "ff031faa"}
# The arm64 boot protocol wants kernel, initrd and tree cleaned to memory: a few instructions for
# each cache line.
CLEANING = {"arch_cache_clean", "arch_cache_flush", "arch_cache_sync_code"}
TOP_FUNCTIONS = 20


def plugin():
    """The plugin, built when its source is newer."""
    source, built = Path(__file__).with_name("count.c"), FOLDER / "count.so"
    if not built.exists() or built.stat().st_mtime < source.stat().st_mtime:
        FOLDER.mkdir(parents=True, exist_ok=True)
        new = built.with_suffix(f".{time.monotonic_ns()}")
        images.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", new, source])
        new.rename(built)
    return built


@dataclasses.dataclass
class Run:
    """One boot. Addresses are those of the machine."""
    ns: int
    blocks: list                        # (address, instructions, executions, waiting)
    requests: int                       # as the disk has seen them
    bytes: int
    console: str

    def total(self):
        return sum(n * (times + waits) for _, n, times, waits in self.blocks)

    def waiting(self):
        return sum(n * waits for _, n, _, waits in self.blocks)


def first_instructions(kernel):
    """Enough of a kernel's beginning to know it by: its first two instructions, in hexadecimal."""
    with open(kernel, "rb") as file:
        data = file.read(64)
    return data[:8 if data[56:60] == b"ARMd" else 6].hex()


def wait_for(path, console):
    """Until there is the file. The console is read on: a machine waits for that."""
    deadline = time.monotonic() + machines.DEADLINE_S
    while not path.exists():
        assert console.child.isalive() and time.monotonic() < deadline, \
            f"the kernel was not entered:\n{console.quiet(0.1)}"
        console.quiet(0.1)


def run(loader, start, machine, kernel, disk, device, count=True, realtime=False):
    """Start @machine, up to the first instruction of @kernel. start() as in conftest.py."""
    out = FOLDER / f"count-{os.getpid()}"
    out.unlink(missing_ok=True)
    words = [f"file={plugin()}", f"start={START[loader][machine.arch]:#x}",
             f"stop={first_instructions(kernel)}", f"relax={RELAX[machine.arch]}",
             f"out={out}", f"count={'on' if count else 'off'}"]
    program = {"plinth": ["-kernel", images.binary(machine.arch)],
               "uboot": images.UBOOT[machine.arch]}[loader]
    serial = ",serial=1" if device == "nvme" else ""
    console = start(machine, *program, "-plugin", ",".join(words),
                    "-drive", f"if=none,id=disk,format=raw,readonly=on,file={disk}",
                    "-device", f"{DEVICES[device]},drive=disk{serial}", monitor=True)
    try:
        with first_in_line(console.child.pid, realtime):
            if loader == "uboot":
                console.expect("stop autoboot")
                console.send(" boot\r")         # the first ends its countdown at once
            wait_for(out, console)
        read = re.search(r"rd_bytes=(\d+).*rd_operations=(\d+)", console.ask("info blockstats"))
        text = console.quiet(0.2)
    finally:
        console.close()
    lines = [line.split() for line in out.read_text().splitlines()]
    out.unlink()
    return Run(ns=int(lines[0][1]), requests=int(read[2]), bytes=int(read[1]), console=text,
               blocks=[(int(a, 16), *map(int, rest)) for a, *rest in lines[1:]])


class Symbols:
    """Names for addresses of Plinth: in the place where it was put, and where it moved to."""

    def __init__(self, arch, console):
        text = images.run(["nm", "-n", images.elf(arch)])
        pairs = [(int(value, 16), name) for value, name in
                 re.findall(r"^(\w+) [tTwW] ([^$.]\S*)$", text, re.MULTILINE)]
        self.addresses, self.names = zip(*pairs)
        every = images.symbols(arch)
        self.linked, end = every["image_start"], every["image_end"]
        self.bytes = end - self.linked
        moved = re.search(r"Plinth at (0x[0-9a-f]+)", console)
        self.bases = [START["plinth"][arch], *([int(moved[1], 16)] if moved else [])]

    def name(self, address):
        for base in self.bases:
            if 0 <= address - base < self.bytes:
                at = bisect.bisect_right(self.addresses, address - base + self.linked) - 1
                return self.names[at]
        return "(firmware)"


def by_function(arch, run):
    """Name -> instructions, but for waiting."""
    symbols, counted = Symbols(arch, run.console), collections.Counter()
    for address, instructions, executions, _ in run.blocks:
        counted[symbols.name(address)] += instructions * executions
    return counted


def work(functions):
    """Instructions but for waiting and for what hardware wants of each cache line."""
    return sum(n for name, n in functions.items() if name not in CLEANING)


# ---- The table ----

def make_disk(arch):
    disk = FOLDER / f"boot-{arch}.img"
    FOLDER.mkdir(parents=True, exist_ok=True)
    images.run(["tools/run-disk", arch, disk], TOP)
    return disk


def image_bytes(arch):
    """Without the symbol table, as tools/image-size counts."""
    names = images.symbols(arch)
    return names["image_file_end"] - names["image_start"] - (
        names["__stop_symbol_table"] - names["__start_symbol_table"])


def median(values):
    return int(statistics.median(values))


def measure(loader, start, arch, disk, device, realtime, rounds):
    """One dictionary a round."""
    machine, kernel = machines.Machine(arch, memory="1G"), images.kernel(arch)
    timed = run(loader, start, machine, kernel, disk, device, count=False, realtime=realtime)
    counted = run(loader, start, machine, kernel, disk, device)
    row = {"ns": timed.ns, "total": counted.total(), "waiting": counted.waiting(),
           "requests": counted.requests, "bytes": counted.bytes}
    if loader == "plinth":
        functions = by_function(arch, counted)
        row |= {"work": work(functions),
                "functions": dict(functions.most_common(TOP_FUNCTIONS))}
    rounds.append(row)


def middle(rounds):
    """Of each number the median; and the best time, for a workstation that does other things."""
    return {"best": min(row["ns"] for row in rounds)} | {
        name: median(row[name] for row in rounds) for name in rounds[0] if name != "functions"}


def say(arch, device, result):
    ours, theirs = result["plinth"], result.get("uboot")
    mib = ours["bytes"] / MIB

    def line(name, form, of):
        print(f"  {name:36} {form(ours):>14} {form(theirs) if theirs and of else '':>14} "
              f"{of(ours) / of(theirs) if theirs and of else 0:8.3f}".replace("    0.000", ""))
    print(f"{arch}, {device}: {mib:.0f} MiB read; the image {result['image']} bytes\n"
          f"  {'':36} {'Plinth':>14} {'U-Boot' if theirs else '':>14}    ratio")
    line("ms, first instruction to first", lambda r: f"{r['ns'] / 1e6:.0f}", lambda r: r["ns"])
    line("  in the best round", lambda r: f"{r['best'] / 1e6:.0f}", lambda r: r["best"])
    line("instructions, all", lambda r: f"{r['total']:,}", lambda r: r["total"])
    line("  waiting for the disk", lambda r: f"{r['waiting']:,}", None)
    line("  other, but for cleaning caches", lambda r: f"{r['work']:,}", None)
    line("requests for each MiB", lambda r: f"{r['requests'] * MIB / r['bytes']:.2f}",
         lambda r: r["requests"] / r["bytes"])
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arch", nargs="*", choices=[[], *images.ARCHES])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--realtime", action="store_true",
                        help="QEMU before everything else while it is timed; for root")
    parser.add_argument("--device", choices=DEVICES, action="append",
                        help="virtio, nvme; U-Boot boots from virtio alone by itself")
    parser.add_argument("--profile", action="store_true",
                        help="the functions that most instructions are in, too")
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    options = parser.parse_args()
    every = {}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "boot.log", "w", encoding="utf-8") as log:
        def start(machine, *arguments, **keywords):
            return machines.Console([*machine.command(), *map(str, arguments)], log, **keywords)
        for arch in options.arch or images.ARCHES:
            disk = make_disk(arch)
            for device in options.device or ["virtio", "nvme"]:
                loaders = ["plinth", "uboot"] if device == "virtio" else ["plinth"]
                rounds = {loader: [] for loader in loaders}
                for _ in range(options.rounds):
                    for loader in loaders:
                        measure(loader, start, arch, disk, device, options.realtime, rounds[loader])
                result = {loader: middle(rounds[loader]) for loader in loaders}
                result["image"] = image_bytes(arch)
                every[f"{arch} {device}"] = result | {"rounds": rounds}
                if not options.json:
                    say(arch, device, result)
                    for name, n in rounds["plinth"][0]["functions"].items() \
                            if options.profile else ():
                        print(f"    {n:>12,} {name}")
    if options.json:
        print(json.dumps(every, indent=1))


if __name__ == "__main__":
    main()
