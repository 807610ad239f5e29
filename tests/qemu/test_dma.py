# SPDX-License-Identifier: BSD-2-Clause
"""The oracle as an option: what it says, what it refuses. Issue 4, "DMA and caches"."""
import re

import pytest

import entry
import images
from machine import Machine

every_arch = pytest.mark.parametrize("arch", images.ARCHES)


def boot(start, arch, option, memory="256M"):
    machine = Machine(arch, memory=memory)
    return entry.at_prompt(start, machine, "-append", f"plinth.oracle={option}")


@every_arch
def test_oracle_says_what_it_is(start, arch):
    console, summary = boot(start, arch, "seed=5,line=128,limit=64M,rate=3")
    settings = "seed 5, 128-byte lines, offset 0x0, limit 0x4000000, rate 3"
    assert f"The oracle stands between devices and memory: {settings}" in summary
    assert f"oracle: {settings}" in console.command("dma")


@every_arch
def test_without_it_nothing_is_switched_off(start, arch):
    console, _ = entry.at_prompt(start, Machine(arch))
    assert "oracle" not in console.command("dma")
    assert "start with plinth.oracle" in console.command("dma off lib/dma.c:1")


@every_arch
def test_offset_takes_memory_in_pairs(start, arch):
    console, _ = boot(start, arch, "rpi4", memory="5G")
    assert "offset 0xc0000000, limit 0x40000000" in console.command("dma")
    text = console.command("mem")
    places = [int(m[1], 16) for m in re.finditer(r"^ *(\w+) - .* DMA, oracle$", text, re.MULTILINE)]
    assert len(places) == 2 and places[1] - places[0] == 0xc0000000, text


@pytest.mark.parametrize("option, words", [
    ("rpi4", "no two pieces of free memory are its offset apart"),
    ("rpi5", 'there is no "rpi5"; known: jh7100, k1, th1520, imx8mp, rpi4, seed='),
    ("line=48", "its line size is not a power of two from 16 to 256"),
    ("limit=1000", "its limit and its offset are multiples of a page"),
    ("seed=x", 'what follows "seed=" is no number'),
])
def test_what_cannot_be_is_explained(start, option, words):
    console, summary = boot(start, "riscv64", option)
    assert f"plinth.oracle={option} is not used: {words}" in summary
    assert "oracle:" not in console.command("dma")
