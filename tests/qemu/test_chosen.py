# SPDX-License-Identifier: BSD-2-Clause
"""The tree that Linux gets: seeds, trees and overlays from files, and `dt diff`, which shows it."""
import re

import pytest

import entry
import images
import linux
import machine as machines
import trees
from images import RAM
from machine import Machine
from test_start import every_arch

FIRMWARE, DEVICE, CPU = "the firmware's seed", "virtio-rng", "the CPU"


def disk(tmp_path, arch, form="extlinux", **files):
    (tmp_path / "files").mkdir()
    path = linux.make_disk(tmp_path / "disk.img", linux.lay_out(
        tmp_path / "files", arch, form, "plain", f"console={linux.console_of(arch)}", **files))
    return linux.disk_arguments(path, "pci")


def at_monitor(start, machine, *arguments):
    return entry.at_prompt(start, machine, *arguments,
                           bootargs="plinth.boot=monitor plinth.log=info")[0]


# ---- Seeds ----


@pytest.mark.parametrize("qemu", machines.qemu_versions())
@pytest.mark.parametrize("devices, found", [
    ([], [FIRMWARE]),
    (["-device", "virtio-rng-pci"], [FIRMWARE, DEVICE]),
    (["-device", "virtio-rng-device"], [FIRMWARE, DEVICE]),
    (["-device", "virtio-rng-device", "-global", "virtio-mmio.force-legacy=false"],
     [FIRMWARE, DEVICE]),
], ids=["none", "pci", "mmio-v1", "mmio-v2"])
@every_arch
def test_sources(start, tmp_path, arch, qemu, devices, found):
    console = at_monitor(start, Machine(arch, qemu), *disk(tmp_path, arch), *devices)
    text = console.command("dt diff")
    assert f"random seeds: {', '.join(found)}\n" in text, text


@pytest.mark.parametrize("bus", ["pci", "device"])
@every_arch
def test_under_the_oracle(start, tmp_path, arch, bus):
    console = entry.at_prompt(start, Machine(arch), "-device", f"virtio-rng-{bus}",
                              *disk(tmp_path, arch),
                              bootargs="plinth.boot=monitor plinth.log=info plinth.oracle")[0]
    text = console.command("dt diff")
    assert f"random seeds: {FIRMWARE}, {DEVICE}\n" in text, text


def test_rndr(start, tmp_path):
    console = at_monitor(start, Machine("aarch64", cpu="max"), *disk(tmp_path, "aarch64"))
    assert f"random seeds: {FIRMWARE}, {CPU}\n" in console.command("dt diff")


@pytest.mark.parametrize("qemu", machines.qemu_versions())
def test_zkr(start, tmp_path, qemu):
    """OpenSBI may keep the CSR for itself; then that is found out, and survived."""
    console = at_monitor(start, Machine("riscv64", qemu, cpu="rv64,zkr=true"),
                         *disk(tmp_path, "riscv64"))
    assert re.search(f"random seeds: {FIRMWARE}(, {CPU})?\n", console.command("dt diff"))


@every_arch
def test_weak(start, tmp_path, arch):
    """Nothing but jitter: that is said."""
    machine, at = Machine(arch), RAM[arch] + 64 * entry.MIB
    tree = tmp_path / "bare.dtb"
    tree.write_bytes(trees.compact(trees.edited(machine, tmp_path, """
        &{/chosen} { bootargs = "plinth.boot=monitor"; };
        &{/chosen} { /delete-property/ rng-seed; /delete-property/ kaslr-seed; };""")))
    console = entry.enter_at(start, machine, tmp_path, RAM[arch] + 16 * entry.MIB, at,
                             [*machines.load(tree, at), *disk(tmp_path, arch)])
    console.summary()
    text = console.command("dt diff")
    assert "the random seeds are weak (a clock's jitter): " in text, text
    assert "+ /chosen/rng-seed = [not shown: 64 bytes]\n" in text, text


@every_arch
def test_firmwares_seed_is_gone(start, tmp_path, arch):
    """The tree that we were given is anybody's memory once we have left."""
    seed = bytes(range(0xc1, 0xe1))
    machine = Machine(arch)
    tree = trees.edited(machine, tmp_path, "&{/chosen} { kaslr-seed = [" + seed.hex() + "]; };")
    console = start(machine, "-kernel", images.binary(arch), "-dtb", tree, "-S", monitor=True)
    save = f'pmemsave {RAM[arch]:#x} {256 << 20:#x} "{tmp_path}/memory"'
    console.ask(save)
    assert seed in (tmp_path / "memory").read_bytes()
    console.ask("cont")
    console.summary()
    assert "kaslr-seed = [not shown: 32 bytes];" in console.command("dt /chosen")
    console.ask(save)
    assert seed not in (tmp_path / "memory").read_bytes()


# ---- What Linux sees ----


@every_arch
def test_linux_takes_the_seeds(start, tmp_path, arch):
    """Its random numbers are ready before the first of its devices; it erases what it took."""
    console = start(Machine(arch, memory="512M", smp=4), "-kernel", images.binary(arch),
                    "-device", "virtio-rng-pci", *disk(tmp_path, arch))
    hart = arch == "riscv64" and console.expect(r"Boot HART ID +: (\d+)\s").group(1)
    said = linux.report(console)
    assert re.match(r"\[ +0\.000000\] random: crng init done", said["crng"]), said["crng"]
    assert "rng-seed" not in said["chosen"].split()
    assert len(said["kaslr-seed"]) == 16
    assert said["bootloader"].startswith("Plinth ")
    assert "/kernel: " in said["plinth,timeline"]
    if arch == "aarch64":
        assert "KASLR enabled" in said["kaslr"]
        assert int(said["kaslr-seed"], 16) == 0
    else:
        assert int(said["boot-hartid"], 16) == int(hart)


@pytest.mark.parametrize("form", ["extlinux", "bls", "uki"])
@every_arch
def test_tree_from_a_file(start, tmp_path, arch, form):
    """It says nothing of memory that is true, has no /chosen, and is changed by two overlays."""
    machine = Machine(arch, memory="512M", smp=2)
    text = trees.source(machine.tree(tmp_path / "qemu.dtb")) + """
        / { /delete-node/ chosen; test: plinth-test { file = [01]; order = [01]; }; };
    """
    text = re.sub(r"(memory@\w+ \{[^}]*reg = <)[^>]*", r"\g<1>0 0x40000000 0 0x1000000", text)
    overlays = [("first.dtbo", "&test { first = [02]; order = [02]; };"),
                ("second.dtbo", "&{/plinth-test} { second = [03]; order = [03]; };")]
    if form == "uki":
        text += "".join(changes for _, changes in overlays)
        overlays = []
    console = start(machine, "-kernel", images.binary(arch), *disk(
        tmp_path, arch, form, tree=trees.compiled(text, "-@"),
        overlays=[(name, trees.compiled("/dts-v1/; /plugin/;\n" + changes, "-@"))
                  for name, changes in overlays]))
    said = linux.report(console)
    assert {name: said.get(f"test-{name}") for name in ("file", "first", "second", "order")} == \
        {"file": "01", "first": "02", "second": "03", "order": "03"}
    assert said["cores"] == "2"
    assert {"bootargs", "stdout-path", "kaslr-seed"} <= set(said["chosen"].split())
    linux.check_memory(said, RAM[arch], 512 << 20)
    assert said["wrote"] == "yes"


@pytest.mark.parametrize("changes, why", [
    ("&nowhere { };", 'the device tree has no label "nowhere"'),
    ("&{/soc9/uart} { };", "the device tree has no node /soc9/uart, where fragment@0 goes"),
    (None, "it begins with"),
], ids=["label", "node", "text"])
@pytest.mark.parametrize("form", ["extlinux", "bls"])
@every_arch
def test_broken_overlay(start, tmp_path, arch, form, changes, why):
    tree = trees.compiled(trees.source(Machine(arch).tree(tmp_path / "qemu.dtb")) +
                          "/ { test: plinth-test { }; };", "-@")
    good = trees.compiled("/dts-v1/; /plugin/; &test { };", "-@")
    bad = trees.compiled("/dts-v1/; /plugin/; " + changes, "-@") if changes else b"no tree " * 9
    console = start(Machine(arch), "-kernel", images.binary(arch), *disk(
        tmp_path, arch, form, tree=tree, overlays=[("good.dtbo", good), ("bad.dtbo", bad)]))
    text = console.summary()
    assert f"Overlay /t/bad.dtbo: {why}" in text, text
    assert "its device tree cannot be made" in text, text
    assert "good.dtbo: " not in text.replace("/t/good.dtbo: 1", ""), text


# ---- Reservations, and the difference ----


@every_arch
def test_reservations_reach_linux(start, tmp_path, arch):
    """Of all three kinds; and Linux uses none of it."""
    machine = Machine(arch, memory="512M")
    at = [RAM[arch] + (n << 20) for n in (300, 310, 320)]
    tree = trees.edited(machine, tmp_path, f"""
        / {{ reserved-memory {{ #address-cells = <2>; #size-cells = <2>; ranges;
            kept@1 {{ reg = <0 {at[1]:#x} 0 0x100000>; }};
            unmapped@2 {{ reg = <0 {at[2]:#x} 0 0x100000>; no-map; }}; }}; }};
        """, reserve=f"/memreserve/ {at[0]:#x} 0x100000;\n")
    console = start(machine, "-kernel", images.binary(arch), "-dtb", tree, *disk(tmp_path, arch))
    said = linux.report(console)
    rows = linux.iomem(said)
    for first in at:
        assert any(name.lower() == "reserved" and start <= first and first + 0xfffff <= end
                   for start, end, name, _ in rows), (hex(first), said["iomem"])


@every_arch
def test_diff(start, tmp_path, arch):
    """Before booting; then it boots with just that."""
    overlay = trees.compiled("/dts-v1/; /plugin/; &{/} { plinth-test { answer = [2a]; "
                             "inner { }; }; };", "-@")
    console = at_monitor(start, Machine(arch, memory="512M"), "-device", "virtio-rng-pci",
                         *disk(tmp_path, arch, overlays=[("more.dtbo", overlay)]))
    before = console.command("mem")
    text = console.command("dt diff")
    lines = re.findall(r"^[+-] .*", text, re.MULTILINE)
    arguments = f'console={linux.console_of(arch)}'
    for line in ('- /chosen/bootargs = "plinth.boot=monitor plinth.log=info"',
                 f'+ /chosen/bootargs = "{arguments}"',
                 "- /chosen/rng-seed = [not shown: 32 bytes]",
                 "+ /chosen/rng-seed = [not shown: 64 bytes]",
                 "+ /plinth-test", "+ /plinth-test/answer = [2a]", "+ /plinth-test/inner"):
        assert line in lines, text
    assert re.search(r'^\+ /chosen/bootloader = "Plinth .*"$', text, re.MULTILINE)
    places = dict(re.findall(r"^\+ /chosen/linux,initrd-(\w+) = <(.*)>$", text, re.MULTILINE))
    assert places.keys() == {"start", "end"}, text
    assert all(re.match(r"[+-] /(chosen|plinth-test)(/|$)", line) for line in lines), text
    assert "no such entry" in console.command("dt diff nothing")
    assert "/chosen/bootloader" in console.command("dt diff a")
    assert console.command("mem") == before
    console.line("boot")
    said = linux.report(console)
    assert said["test-answer"] == "2a"
    assert said["linux,initrd-start"] == "".join(
        f"{int(cell, 16):08x}" for cell in places["start"].split())
