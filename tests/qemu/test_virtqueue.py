# SPDX-License-Identifier: BSD-2-Clause
"""A million requests to a device in a thread of its own, and no wake-up is lost. Issue 4.

The device polls its queue for a while, goes to sleep, and is to be woken up by a kick, or else the
request never ends: after ten seconds it is late, and counted. The CPU runs beside it.
"""
import re

import pytest

import entry
import machine as machines
import matrix
from machine import Machine

REQUESTS = 1000 * 1000
FACTORS = {"arch": ["riscv64", "aarch64"], "ring": ["split", "packed"], "event": ["on", "off"],
           "qemu": machines.qemu_versions()}


def rows():
    """A split and a packed ring; with FULL=1, all there is."""
    every = matrix.rows(FACTORS)
    if len(every) == len(matrix.product(FACTORS)):
        return every
    return [{"arch": "riscv64", "ring": "split", "event": "on", "qemu": "system"},
            {"arch": "aarch64", "ring": "packed", "event": "on", "qemu": FACTORS["qemu"][-1]}]


@pytest.mark.parametrize("row", rows(), ids=matrix.label)
def test_no_wake_up_is_lost(start, row):
    packed = "on" if row["ring"] == "packed" else "off"
    console, _ = entry.at_prompt(
        start, Machine(row["arch"], row["qemu"]), "-accel", "tcg,thread=multi",
        "-object", "iothread,id=side", "-drive", "if=none,id=d,driver=null-co,size=64M", "-device",
        f"virtio-blk-pci,drive=d,iothread=side,packed={packed},event_idx={row['event']}")
    count = 0
    while count < REQUESTS:
        assert console.command("bench blk virtio0").count("IOPS") == 3
        text = console.command("blk virtio0")
        counted = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)",
                                                          text.partition("counted: ")[2])}
        assert f"ring: {row['ring']}, " in text
        assert (counted["errors"], counted["timeouts"], counted["resets"]) == (0, 0, 0)
        count = counted["requests"]
