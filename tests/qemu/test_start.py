# SPDX-License-Identifier: BSD-2-Clause
"""Between entry and prompt: where the image lies, what it believes of the tree, who owns memory."""
import dataclasses
import re
import struct

import pytest

import entry
import images
import machine as machines
import trees
from entry import MIB
from images import RAM
from machine import Machine
from test_entry import size_of

GIB = 1 << 30
MACHINES = [Machine("riscv64"), Machine("aarch64"), Machine("aarch64", virtualization=True)]


def label(machine):
    return f"{machine.arch}{'-el2' if machine.virtualization else ''}"


every_machine = pytest.mark.parametrize("machine", MACHINES, ids=label)
every_arch = pytest.mark.parametrize("arch", images.ARCHES)


@dataclasses.dataclass
class Range:
    first: int
    last: int
    use: str
    owner: str

    @property
    def bytes(self):
        return self.last - self.first + 1


def memory_map(console):
    """What `mem` prints, as ranges."""
    found = re.findall(r"^ *([0-9a-f]+) - +([0-9a-f]+)  +[\d.]+ \w+  (\S+) +(.*)$",
                       console.command("mem"), re.MULTILINE)
    assert found, "mem printed no ranges"
    return [Range(int(first, 16), int(last, 16), use, owner) for first, last, use, owner in found]


# ---- Where the image lies ----

@every_arch
@pytest.mark.parametrize("memory", ["64M", "128M", "2G", "3G", "8G"])
def test_moves_to_the_top_below_4_gib(start, arch, memory):
    console, summary = entry.at_prompt(start, Machine(arch, memory=memory))
    ranges = memory_map(console)
    ram_end = RAM[arch] + size_of(memory)
    top = min(ram_end, 4 * GIB)
    image = next(r for r in ranges if r.owner == "image")
    assert f"{image.first:x}" in summary
    # Above it only what firmware keeps there; below it, one piece of free memory.
    assert image.first > top - 8 * MIB and image.last < top
    low = max((r for r in ranges if r.use == "free"),
              key=lambda r: r.bytes if r.first < image.first else 0)
    assert low.first <= RAM[arch] + 2 * MIB
    assert low.last > image.first - 8 * MIB


@every_machine
def test_memory_map_is_whole(start, machine):
    """Sorted, no overlaps, no holes, and all of RAM: every byte has one owner."""
    console, _ = entry.at_prompt(start, machine)
    ranges = memory_map(console)
    assert ranges[0].first == RAM[machine.arch]
    assert ranges[-1].last + 1 == RAM[machine.arch] + size_of(machine.memory)
    for a, b in zip(ranges, ranges[1:]):
        assert b.first == a.last + 1
    if machine.arch == "riscv64":
        assert ranges[0].use in ("reserved", "no-map"), "OpenSBI's memory is not ours"


@every_machine
def test_page_tables_are_few(start, machine):
    """RAM and the configuration space of PCI Express (256 MiB) take large blocks."""
    console, _ = entry.at_prompt(start, machine)
    tables = sum(r.bytes for r in memory_map(console) if r.owner == "page tables")
    assert 0 < tables <= 128 * 1024


@every_machine
@pytest.mark.parametrize("offset", [16 * MIB, 33 * MIB + 4096, 3 * GIB, 6 * GIB], ids=hex)
def test_runs_from_anywhere(start, machine, offset, tmp_path):
    """Page-aligned to nothing larger, across a 1 GiB border, and above 4 GiB."""
    machine = dataclasses.replace(machine, memory="8G")
    at = RAM[machine.arch] + offset - (4096 if offset == 3 * GIB else 0)
    tree = machine.tree(tmp_path / "qemu.dtb")
    tree_at = RAM[machine.arch] + 100 * MIB + 8
    console = entry.enter_at(start, machine, tmp_path, at, tree_at, machines.load(tree, tree_at))
    console.summary()
    entry.record(machine.arch, f"springboard@{offset:#x}", machine,
                 images.binary(machine.arch).read_bytes())
    image = next(r for r in memory_map(console) if r.owner == "image")
    assert 4 * GIB - 8 * MIB < image.first < 4 * GIB


@every_arch
def test_tree_behind_the_image_and_at_the_end_of_memory(start, arch, tmp_path):
    machine = Machine(arch, memory="128M")
    tree = tmp_path / "compact.dtb"
    tree.write_bytes(trees.compact(machine.tree(tmp_path / "qemu.dtb")))
    image_at = RAM[arch] + 32 * MIB
    in_memory = images.header(images.binary(arch).read_bytes()).image_size
    last = RAM[arch] + 128 * MIB - (len(tree.read_bytes()) + 7) // 8 * 8
    for tree_at in (image_at + (in_memory + 7) // 8 * 8, last):
        console = entry.enter_at(start, machine, tmp_path, image_at, tree_at,
                                 machines.load(tree, tree_at))
        console.summary()
        console.close()


# ---- Where it cannot run: said before there is a console ----

def place(start, machine, directory, image_at):
    tree = machine.tree(directory / "qemu.dtb")
    tree_at = RAM[machine.arch] + 40 * MIB
    return entry.enter_at(start, machine, directory, image_at, tree_at,
                          machines.load(tree, tree_at))


@every_machine
@pytest.mark.parametrize("offset", [0x800, 0x804], ids=hex)
def test_load_address_within_a_page_is_refused(start, machine, offset, tmp_path):
    console = place(start, machine, tmp_path, RAM[machine.arch] + 16 * MIB + offset)
    console.expect("Plinth: loaded at an address that is no multiple of 4096", stops=True)
    assert "plinth>" not in console.quiet()


@every_machine
def test_bss_beyond_the_end_of_memory(start, machine, tmp_path):
    """The file is in RAM, what belongs behind it is not: no stack, and all the same a word."""
    pages = -(-images.binary(machine.arch).stat().st_size // 4096)
    console = place(start, machine, tmp_path, RAM[machine.arch] + 256 * MIB - pages * 4096)
    console.expect("Plinth: a fault", stops=True)
    assert "plinth>" not in console.quiet()


@pytest.mark.parametrize("option", ["-kernel", "-bios"])
def test_el3_is_refused(start, option):
    image = {"-kernel": images.elf, "-bios": images.binary}[option]("aarch64")
    console = start(Machine("aarch64", options=("secure=on",)), option, image)
    console.expect("Plinth: entered at EL3, but made for EL2 or EL1", stops=True)
    assert "plinth>" not in console.quiet()


# ---- Trees that cannot be believed ----

def broken_trees(good):
    """Name, bytes: each a way a tree is wrong (DT 0.4, 5)."""
    structure, strings = trees.field(good, 2), trees.field(good, 3)
    yield "zeros", bytes(4096)
    yield "text", b"this is no device tree, however long one looks at it ".ljust(4096, b".")
    yield "magic-swapped", struct.pack("<I", trees.MAGIC) + good[4:]
    yield "huge", trees.patch(good, 4, 0xfffffff0)
    yield "empty", trees.patch(good, 4, 40)
    yield "half", trees.patch(good[:len(good) // 2], 4, len(good) // 2)
    yield "structure-outside", trees.patch(good, 8, len(good) + 4096)
    yield "strings-outside", trees.patch(good, 12, 0x7fffffff)
    yield "structure-misaligned", trees.patch(good, 8, structure + 1)
    yield "version", trees.patch(good, 20, 99, 98)
    yield "token", trees.patch(good, structure + 8, 0x1234)
    yield "no-end", trees.patch(good, structure + trees.field(good, 9) - 4, 4)
    yield "strings-garbage", good[:strings] + b"\xff" * (len(good) - strings)


BROKEN = [name for name, _ in broken_trees(bytes(4096))]


def refuses(console, why=r"The device tree at (?:0x)?[0-9a-f]+ cannot be used: [^\r\n]+"):
    """A clear message, then a stop: no prompt, no second fault."""
    console.expect(why, stops=True)
    rest = console.after_stop()
    assert "plinth>" not in rest and "fault" not in rest, rest


@every_arch
@pytest.mark.parametrize("name", BROKEN)
def test_broken_tree_is_refused(start, arch, name, tmp_path):
    machine = Machine(arch)
    good = trees.compact(machine.tree(tmp_path / "qemu.dtb"))
    bad = tmp_path / "bad.dtb"
    bad.write_bytes(dict(broken_trees(good))[name])
    at = RAM[arch] + 64 * MIB
    refuses(entry.enter_at(start, machine, tmp_path, RAM[arch] + 16 * MIB, at,
                           machines.load(bad, at)))


@every_machine
@pytest.mark.parametrize("address", [0, 1, 0x1004, 0x0ff0_0000_0000, 0xffff_ffff_ffff_fff8],
                         ids=hex)
def test_no_tree_there(start, machine, address, tmp_path):
    refuses(entry.enter_at(start, machine, tmp_path, RAM[machine.arch] + 16 * MIB, address))


@every_arch
def test_tree_without_memory_is_refused(start, arch, tmp_path):
    machine = Machine(arch)
    tree = trees.edited(machine, tmp_path, f"/delete-node/ &{{/memory@{RAM[arch]:x}}};")
    at = RAM[arch] + 64 * MIB
    refuses(entry.enter_at(start, machine, tmp_path, RAM[arch] + 16 * MIB, at,
                           machines.load(tree, at)),
            r"(?i)no usable memory")


def test_uboot_go_passes_no_tree(start):
    """U-Boot's `go` gives argc and argv. (On qemu_arm64, `go` of U-Boot 2023.01 never gets that
    far: it waits for its own PL011 for ever.)"""
    at = RAM["riscv64"] + entry.STAGING
    console = entry.uboot(start, Machine("riscv64"), machines.load(images.binary("riscv64"), at))
    console.line(f"go {at:#x}")
    refuses(console)


# ---- Reservations ----

@every_arch
def test_what_the_tree_reserves_is_kept(start, arch, tmp_path):
    """/memreserve/, a reserved-memory child, and one that must not even be mapped."""
    machine = Machine(arch)
    ram = RAM[arch]
    tree = trees.edited(machine, tmp_path, f"""
/ {{
	reserved-memory {{
		#address-cells = <2>; #size-cells = <2>; ranges;
		kept@{ram + 0x5000000:x} {{ reg = <0 {ram + 0x5000000:#x} 0 0x100000>; }};
		hidden@{ram + 0x5800000:x} {{ reg = <0 {ram + 0x5800000:#x} 0 0x100000>; no-map; }};
	}};
}};""", reserve=f"/memreserve/ {ram + 0x6000000:#x} 0x200000;")
    at = ram + 64 * MIB
    console = entry.enter_at(start, machine, tmp_path, ram + 16 * MIB, at, machines.load(tree, at))
    console.summary()
    uses = {r.first: (r.use, r.bytes) for r in memory_map(console)}
    assert uses[ram + 0x5000000] == ("reserved", 0x100000)
    assert uses[ram + 0x5800000] == ("no-map", 0x100000)
    assert uses[ram + 0x6000000] == ("reserved", 0x200000)
    assert "cannot be read" in console.command(f"md {ram + 0x5800000:#x}")
    assert "cannot be" not in console.command(f"md {ram + 0x5000000:#x}")


# ---- Protection, and what is far away ----

@every_machine
def test_constants_and_code_cannot_be_written(start, machine):
    """W^X as `mw` meets it: text and constants refuse, variables and free memory do not."""
    console, summary = entry.at_prompt(start, machine)
    base = int(re.search(r"Plinth at 0x([0-9a-f]+)", summary)[1], 16)
    symbol = images.symbols(machine.arch)
    for name in ("image_start", "rodata_start"):
        first = base + symbol[name] - symbol["image_start"]
        for at in (first, first + 4088):
            assert "cannot be written" in console.command(f"mw.q {at:#x} 0"), name
    guard = base + symbol["stack_guard"] - symbol["image_start"]
    assert "cannot be read" in console.command(f"md {guard:#x} 1")
    data = base + symbol["data_start"] - symbol["image_start"]
    assert "cannot be read" not in console.command(f"md {data:#x} 1")


@pytest.mark.parametrize("virtualization", [False, True])
def test_registers_far_up_are_reached(start, virtualization):
    """The PCIe host bridge, through its configuration space at 256 GiB; the window at 512 GiB."""
    console, _ = entry.at_prompt(start, Machine("aarch64", virtualization=virtualization))
    assert "00081b36" in console.command("md 0x4010000000 1")
    assert "ffffffff" in console.command("md 0x8000000000 1")


@pytest.mark.parametrize("cpu", ["rv64", "rv64,sv57=off", "rv64,sv57=off,sv48=off"])
def test_registers_beyond_the_identity_mapping(start, cpu):
    """Sv39 reaches 256 GiB: above it lies the window. The bus says no, not the page tables."""
    qemu = machines.qemu_versions()[-1]
    console, _ = entry.at_prompt(start, Machine("riscv64", qemu, cpu=cpu))
    assert "00081b36" in console.command("md 0x30000000 1")
    for address in (0x3f_ffff_f000, 0x40_0000_0000, 0x80_0000_0000, 0x7f_ffff_f000):
        assert "access fault" in console.command(f"md {address:#x} 1")
    assert console.command("time").startswith("up ")


@every_arch
def test_qemus_own_dtb_option(start, arch, tmp_path):
    """-dtb: a tree with a model and a console of ours, which QEMU completes."""
    machine = Machine(arch)
    tree = trees.edited(machine, tmp_path, '/ { plinth-test = "through -dtb"; };')
    console, _ = entry.at_prompt(start, machine, "-dtb", tree, bootargs="answer=42")
    assert '"through -dtb"' in console.command("dt / plinth-test")
    assert '"answer=42"' in console.command("dt /chosen bootargs")
