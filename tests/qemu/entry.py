# SPDX-License-Identifier: BSD-2-Clause
"""The ways into the image. Each gives a Console that is about to print Plinth's first line.

A way is given the machine, the file to start, and bootargs; it says which bytes went in, so that
the record (see record()) can show that one image started in all of them.
"""
import dataclasses
import struct
import typing
from pathlib import Path

import images
import machine as machines
from images import RAM

MIB = 1 << 20
# Where U-Boot is not, even with 64 MiB: it runs below this and moves itself to the top.
STAGING = 24 * MIB

UBOOT_PROMPT = "=> "


def uboot(start, machine, loads=(), **keywords):
    """U-Boot at its prompt."""
    console = start(machine, *images.UBOOT[machine.arch], *loads, **keywords)
    console.expect("stop autoboot")
    console.send("\r")
    console.prompt(UBOOT_PROMPT)
    return console


def set_bootargs(console, bootargs):
    if bootargs is not None:
        console.command(f'setenv bootargs "{bootargs}"', UBOOT_PROMPT)


def append(bootargs):
    return [] if bootargs is None else ["-append", bootargs]


def enter_bin(start, machine, directory, bootargs):
    image = images.binary(machine.arch)
    return start(machine, "-kernel", image, *append(bootargs)), image.read_bytes()


def enter_elf(start, machine, directory, bootargs):
    image = images.elf(machine.arch)
    return start(machine, "-kernel", image, *append(bootargs)), images.elf_image(machine.arch)


def enter_booti(start, machine, directory, bootargs):
    image = images.binary(machine.arch)
    at = RAM[machine.arch] + STAGING
    console = uboot(start, machine, machines.load(image, at))
    set_bootargs(console, bootargs)
    console.line(f"booti {at:#x} - ${{fdtcontroladdr}}")
    return console, image.read_bytes()


def enter_fit(load_at):
    def enter(start, machine, directory, bootargs):
        at = RAM[machine.arch] + STAGING
        fit = images.make_fit(machine.arch, images.binary(machine.arch),
                              RAM[machine.arch] + load_at, directory)
        console = uboot(start, machine, machines.load(fit, at))
        set_bootargs(console, bootargs)
        console.line(f"bootm {at:#x}#plinth - ${{fdtcontroladdr}}")
        return console, images.fit_kernel(fit, directory)
    return enter


def springboard(arch, entry, tree):
    """A few instructions that enter @entry with the tree at @tree, all else as they got it."""
    if arch == "riscv64":
        words = (0x00000297,        # auipc t0, 0
                 0x0102b583,        # ld a1, 16(t0)
                 0x0182b283,        # ld t0, 24(t0)
                 0x00028067)        # jr t0
    else:
        words = (0x58000080,        # ldr x0, . + 16
                 0x580000a4,        # ldr x4, . + 20
                 0xd61f0080,        # br x4
                 0xd503201f)        # nop
    return struct.pack("<4I2Q", *words, tree, entry)


def enter_at(start, machine, directory, image_at, tree_at, loads=(), **keywords):
    """The image at any address, told of a tree anywhere: what a firmware of its own could do."""
    board = directory / "springboard.bin"
    board.write_bytes(springboard(machine.arch, image_at, tree_at))
    return start(machine, "-kernel", board,
                 *machines.load(images.binary(machine.arch), image_at), *loads, **keywords)


def hart_springboard(entry, tree, hart):
    """For hart 0 alone: firmware starts another one at @entry (SBI 9.1), and it stops (SBI 9.2)."""
    return struct.pack("<12I3Q",
                       0x00000297,      # auipc t0, 0
                       0x0302b603,      # ld a2, 48(t0)
                       0x0382b583,      # ld a1, 56(t0)
                       0x0402b503,      # ld a0, 64(t0)
                       0x004858b7,      # lui a7, 0x485
                       0x34d88893,      # addi a7, a7, 0x34d
                       0x00000813,      # li a6, 0
                       0x00000073,      # ecall
                       0x00100813,      # li a6, 1
                       0x00000073,      # ecall
                       0x0000006f, 0,   # j .
                       tree, entry, hart)


@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    enter: typing.Callable = dataclasses.field(compare=False)

    def __repr__(self):
        return self.name


# The load addresses are offsets from the beginning of RAM: where `booti` would put it, a page that
# is aligned to nothing larger, a 2 MiB boundary further up.
WAYS = [
    Way("bin", enter_bin),
    Way("elf", enter_elf),
    Way("uboot-booti", enter_booti),
    Way("uboot-fit-2M", enter_fit(2 * MIB)),
    Way("uboot-fit-9M+4K", enter_fit(9 * MIB + 4096)),
    Way("uboot-fit-16M", enter_fit(16 * MIB)),
]


def record(arch, way, machine, data):
    """Note that these bytes started this way; conftest.py judges the notes at the end."""
    import hashlib
    directory = images.CONSOLES / "entries"
    directory.mkdir(parents=True, exist_ok=True)
    words = [way, *machine.command()]
    name = hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]
    line = f"{hashlib.sha256(data).hexdigest()}  {way:16} {' '.join(machine.command())}\n"
    (directory / f"{arch}-{name}").write_text(line.replace(str(Path(images.TOP)) + "/", ""))


def at_prompt(start, machine, *arguments, bootargs=None, **keywords):
    """Plinth, entered as QEMU does by itself, at its prompt; with what it printed so far."""
    console = start(machine, "-kernel", images.binary(machine.arch), *append(bootargs), *arguments,
                    **keywords)
    return console, console.summary()
