# SPDX-License-Identifier: BSD-2-Clause
"""README.md and docs/ are true: what they tell to type is typed, what they show is compared."""
import re
import shlex

import pytest

import entry
import images
import machine as machines
from entry import UBOOT_PROMPT
from machine import Machine
from test_start import every_arch

README = (images.TOP / "README.md").read_text()
ENTRY = (images.TOP / "docs/entry.md").read_text()


def blocks(text):
    """The indented blocks, without the indent."""
    found = re.findall(r"(?:^    .*\n|^\n(?=    ))+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block.strip("\n"), flags=re.MULTILINE) for block in found]


def block_with(text, words):
    block, = [b for b in blocks(text) if words in b]
    return block


def commands(text, program):
    """Command lines that begin with a program's name, as lists of words; none cut by "..."."""
    joined = "\n".join(blocks(text)).replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in joined.splitlines()
             if line.startswith(program + " ")]
    return [words for words in lines if "..." not in words]


def run(start, command):
    """A command line of the documents, on this build's files, our console for -nographic."""
    places = {"linux": images.kernel("riscv64"), "build": images.BUILD}
    words = [re.sub(r"(^|=)(linux|build)(?=$|[,/])", lambda m: m[1] + str(places[m[2]]), word)
             for word in command[1:] if word != "-nographic"]

    class Given(Machine):
        def command(self):
            return [command[0]]
    return start(Given("any"), *words)


class MakeRun:
    """In place of a machine: what `make run` starts."""

    def command(self):
        command = images.run(["make", "-s", "--no-print-directory", "run-command"], images.TOP)
        return [word for word in shlex.split(command) if word not in ("-nographic", "-nic", "none")]


@pytest.mark.skipif(machines.system_qemu_major() >= 10, reason="README.md shows QEMU 7.2")
def test_readme_shows_what_make_run_shows(start):
    """Every line shown is there, in that order, but for the version, the hart, sizes, addresses,
    and how fast it was. (The document may be behind a driver that now says more.)"""
    def shapes(text):
        text = re.sub(r"^Plinth \S+", "Plinth VERSION", text, flags=re.MULTILINE)
        text = re.sub(r" in [\d.]+ [mu]?s, [\d.]+ [KMG]?B/s$", " at SPEED", text,
                      flags=re.MULTILINE)
        text = re.sub(r"\b[\d.]+ ([KMGT]iB|bytes)\b", "SIZE", text)
        text = re.sub(r"\b(0x[0-9a-f]+|\d[\d.]*)\b", "N", text)
        return [line for line in text.splitlines() if line.strip()]
    images.run(["tools/run-disk", "riscv64", images.BUILD / "run-riscv64.img"], images.TOP)
    console = start(MakeRun())
    console.expect(r"\] Linux version \S+(?= )")        # all of it: it may come in pieces
    summary = machines.shown(console.child.before + console.child.after)
    printed = iter(shapes(summary))
    for line in shapes(block_with(README, "board    ")):
        assert line in printed, f"README.md shows {line!r}; printed was:\n{summary}"


def test_every_option_is_described():
    used = set()
    for folder in ("arch", "lib", "drivers", "fs", "boot", "boards"):
        for source in (images.TOP / folder).rglob("*.c"):
            used |= set(re.findall(r'\boption\("(\w+)"', source.read_text()))
    known = re.search(r"names\[\] = \{(.*?)\}", (images.TOP / "boot/main.c").read_text())[1]
    assert used == set(re.findall(r'"(\w+)"', known))
    assert used == set(re.findall(r"^\| `plinth\.(\w+)` \|", ENTRY, re.MULTILINE))


def test_every_file_the_documents_name_is_there():
    for document in [images.TOP / "README.md", *(images.TOP / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name} names {target}"


@pytest.mark.parametrize("command", [*commands(ENTRY, "qemu-system-riscv64"),
                                     *commands(ENTRY, "qemu-system-aarch64")],
                         ids=lambda c: f"{c[0]}-{len(c)}")
def test_commands_of_entry_md(start, command):
    console = run(start, command)
    if "u-boot" in " ".join(command):
        console.expect("stop autoboot")
        console.send("\r")
        console.prompt(UBOOT_PROMPT)
        at = re.search(r"addr=(\w+)", " ".join(command))[1]
        assert f"booti {at} - ${{fdtcontroladdr}}" in ENTRY
        console.line(f"booti {at} - ${{fdtcontroladdr}}")
    console.summary()
    if "linux" in " ".join(command):
        go = re.search(r"plinth> (go .*)", ENTRY)[1]
        console.line(go)
        console.expect("Linux version")


@every_arch
def test_fit_of_entry_md(start, arch, tmp_path):
    source = block_with(ENTRY, "/dts-v1/")
    if arch == "aarch64":
        source = source.replace('"riscv"', '"arm64"').replace("0x80a00000", "0x40a00000")
    (tmp_path / "plinth.its").write_text(source)
    (tmp_path / "plinth.bin").symlink_to(images.binary(arch))
    make = re.search(r"`(mkimage [^`]*)`", ENTRY)[1]
    images.run(shlex.split(make), tmp_path)
    at = {"riscv64": 0x84000000, "aarch64": 0x40400000}[arch]      # its kernel_addr_r
    console = entry.uboot(start, Machine(arch), machines.load(tmp_path / "plinth.itb", at))
    console.line(block_with(ENTRY, "bootm "))
    console.summary()
