# SPDX-License-Identifier: BSD-2-Clause
"""Programs on the library: examples/hello, entered as Plinth is, and booted by Plinth."""
import fcntl
import os
import shlex
import subprocess

import pytest

import images
from machine import Machine

HELLO = "examples/hello"
SAYS = ["Hello from QEMU virt, a ", "memory: 256 MiB", "disk virtio0: 37 MiB",
        "virtio0p1:/hello.txt says: There is a file system, too."]


def program(arch, compiler, folder=HELLO):
    """The ELF file of a program, built by one of the compilers."""
    out = images.BUILD if compiler == "gcc" else images.BUILD / "llvm"
    choice = {"gcc": {}, "llvm": {"LLVM": "1", "O": str(out)}}[compiler]
    linux = os.environ.get("LINUX") or str(images.BUILD / "linux")
    with open(images.BUILD / "examples.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # two tests would write the same objects
        images.run(["env", f"O={images.BUILD}", f"LINUX={linux}",
                    *(f"{name}={value}" for name, value in choice.items()),
                    "make", "-s", "-f", "tools/make/image.mk", f"ISA={arch}", f"APP={folder}"],
                   images.TOP)
    return out / arch / f"{os.path.basename(folder)}.elf"


def disk(arch, image, **what):
    """What tools/run-disk makes for `make run`."""
    subprocess.run(["tools/run-disk", arch, image], cwd=images.TOP, check=True,
                   env={**os.environ, "FILES": f"{HELLO}/disk", **what}, capture_output=True)
    return ["-drive", f"file={image},format=raw,if=none,id=disk",
            "-device", "virtio-blk-pci,drive=disk"]


both = pytest.mark.parametrize("compiler", ["gcc", "llvm"])
every_arch = pytest.mark.parametrize("arch", images.ARCHES)


def says_hello(console):
    for line in SAYS:
        console.expect(line.replace(".", r"\."))
    assert console.ended() == 0


@both
@every_arch
@pytest.mark.parametrize("ending", ["bin", "elf"])
def test_hello_alone(start, tmp_path, arch, compiler, ending):
    image = program(arch, compiler).with_suffix(f".{ending}")
    console = start(Machine(arch), "-kernel", image, *disk(arch, tmp_path / "disk.img", APP=HELLO))
    says_hello(console)


@both
@every_arch
def test_plinth_boots_hello(start, tmp_path, arch, compiler):
    """`make run PAYLOAD=hello`: an ELF file is a payload like any other."""
    elf = program(arch, compiler)
    console = start(Machine(arch), "-kernel", images.binary(arch),
                    *disk(arch, tmp_path / "disk.img", KERNEL=str(elf)))
    console.expect("entering hello.elf")
    says_hello(console)


@every_arch
def test_hello_without_a_disk(start, arch):
    console = start(Machine(arch), "-kernel", program(arch, "gcc"))
    console.expect("Hello from ")
    console.expect("volume 1: no disk has it")
    assert console.ended() == 0


@pytest.mark.parametrize("choice, program, image", [
    ("APP=examples/hello", "hello.bin", "run-riscv64-hello.img"),
    ("PAYLOAD=hello", "plinth.bin", "run-riscv64-hello.img")])
def test_make_run_starts_it(choice, program, image):
    words = shlex.split(images.run(["make", "-s", "run-command", choice], images.TOP))
    assert words[words.index("-kernel") + 1].endswith(program)
    assert any(word.endswith(f"{image},format=raw,if=none,id=disk") for word in words)


def test_a_program_of_ones_own(start, tmp_path):
    """Outside this folder, of several files; without the loader's part."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own/main.c").write_text(
        '#include "drivers/console.h"\n#include "lib/console.h"\nint answer(void);\n'
        'int main(void)\n{\n\tconsole_open();\n'
        '\tconsole_print("The answer is %d.\\n", answer());\n\treturn 0;\n}\n')
    (tmp_path / "own/answer.c").write_text("int answer(void);\nint answer(void)\n{\n"
                                           "\treturn 42;\n}\n")
    elf = program("riscv64", "gcc", str(tmp_path / "own"))
    names = images.run(["nm", elf])
    assert " answer\n" in names and " menu" not in names and " monitor" not in names
    console = start(Machine("riscv64"), "-kernel", elf)
    console.expect("The answer is 42\\.")
    console.expect(r"main\(\) returned", stops=True)


@pytest.mark.parametrize("choice, words", [
    ("APP=docs", "APP=docs: there is no file"),
    ("PAYLOAD=hallo", "PAYLOAD is one of: hello; not hallo")])
def test_what_is_not_there(choice, words):
    goals = ["-f", "tools/make/image.mk", "ISA=riscv64"] if "APP" in choice else ["run-command"]
    done = subprocess.run(["make", "-s", *goals, choice], cwd=images.TOP, capture_output=True,
                          text=True)
    assert done.returncode and words in done.stderr
