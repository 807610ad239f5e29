# SPDX-License-Identifier: BSD-2-Clause
"""The monitor: its commands, and its line editor as a terminal sees it."""
import dataclasses
import re

import pytest

import entry
import images
import machine as machines
from machine import Machine
from test_start import every_arch, every_machine

UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END, DELETE = "\x1b[H", "\x1b[F", "\x1b[3~"

COMMANDS = ["crash", "dma", "dt", "go", "help", "log", "md", "mem", "mw", "poweroff", "reset",
            "time"]


@pytest.fixture(params=images.ARCHES)
def console(request, start):
    console, _ = entry.at_prompt(start, Machine(request.param))
    console.arch = request.param
    return console


# ---- Summary ----

@every_machine
def test_summary_comes_first_and_names_what_there_is(start, machine):
    console, summary = entry.at_prompt(start, dataclasses.replace(machine, smp=4))
    lines = [line for line in summary.splitlines() if line.strip()]
    assert re.match(r"Plinth \S+$", lines[0])
    # The machine comes before what discovery finds on it, and may stumble over.
    starts = [line.split()[0] for line in lines]
    assert starts[1:4] == ["board", "cpu", "memory"], summary
    assert starts.index("console") < next(i for i, s in enumerate(starts) if s.startswith("pci"))
    if machine.arch == "riscv64":
        assert re.search(r"S-mode under OpenSBI 1\.\d", summary)
    else:
        assert f", {'EL2' if machine.virtualization else 'EL1'}, PSCI 1." in summary
    assert "256 MiB" in summary and "of 4" in summary


def test_lines_end_as_terminals_want(start):
    console = start(Machine("riscv64"), "-kernel", images.binary("riscv64"))
    console.expect(r"Plinth [^\r\n]*\r\n")
    console.expect(r"[^\r]\r\nplinth> ")


# ---- Commands ----

def test_help_lists_every_command(console):
    text = console.command("help")
    names = re.findall(r"^(\w+) +\w", text, re.MULTILINE)
    assert set(COMMANDS) <= set(names)
    assert names == sorted(names)
    for name in COMMANDS:
        assert f"usage: {name}" in console.command(f"help {name}")


def test_unknown_command_is_explained(console):
    text = console.command("mme")
    assert "no command 'mme'" in text and "did you mean 'mem'" in text
    assert console.command("") == ""
    assert console.command("   ") == ""


def test_dt_prints_nodes_and_properties(console):
    compatible = {"riscv64": '"riscv-virtio"', "aarch64": '"linux,dummy-virt"'}[console.arch]
    assert f"compatible = {compatible};" in console.command("dt / compatible")
    text = console.command("dt /chosen")
    assert text.startswith("chosen {") and "stdout-path" in text
    whole = console.command("dt")
    assert whole.startswith("/ {") and "memory@" in whole and whole.rstrip().endswith("};")
    assert "/ has no node 'nonsense'" in console.command("dt /nonsense")
    assert "has no property 'nonsense'" in console.command("dt /chosen nonsense")


def test_md_and_mw(console):
    at = images.RAM[console.arch] + 0x5000000
    assert console.command(f"mw {at:#x} 0x64636261") == ""
    assert re.search(r"64636261 .*abcd", console.command(f"md {at:#x} 1"))
    console.command(f"mw.q {at:#x} 0x1122334455667788")
    assert "88 77 66 55 44 33 22 11" in console.command(f"md.b {at:#x} 8")
    assert "7788 5566" in console.command(f"md.h {at:#x} 2")
    console.command(f"mw.b {at:#x} 0xff 3")
    assert "55ffffff 11223344" in console.command(f"md {at:#x} 2")
    assert "does not fit 8 bits" in console.command(f"mw.b {at:#x} 0x100")


@every_machine
def test_a_bad_address_reports_and_does_not_die(start, machine):
    console, summary = entry.at_prompt(start, machine)
    own = int(re.search(r"Plinth at 0x([0-9a-f]+)", summary)[1], 16)
    beyond = 0x7000_0000_0000 if machine.arch == "riscv64" else 0x100_0000_0000
    for command in ("md 0", "md.q 8", "mw 0 1", f"md {beyond:#x}", f"mw {beyond:#x} 1",
                    f"mw {own:#x} 0", "md 0xfffffffffffffff0 2"):
        text = console.command(command)
        assert "cannot be" in text, f"{command}: {text}"
        assert "has crashed" not in text
    assert "belongs to Plinth" in console.command(f"mw {own:#x} 0")
    assert "not a multiple" in console.command("md 0x80000001")
    assert "usage: md" in console.command("md here")
    assert console.command("time").startswith("up ")


def test_devices_registers_can_be_read(console):
    """The UART that the text comes through: its line status; the flag register."""
    address = {"riscv64": 0x10000005, "aarch64": 0x9000018}[console.arch]
    text = console.command(f"md.b {address:#x} 1")
    value = int(re.search(r": ([0-9a-f]{2}) ", text)[1], 16)
    ready = {"riscv64": 0x20, "aarch64": 0x80}[console.arch]       # THRE; TXFE
    assert value & ready


def test_time_goes_on(console):
    def up():
        return float(re.match(r"up ([\d.]+) s", console.command("time"))[1])
    first = up()
    assert 0 < first < up()
    assert "took" in console.command("time mem")
    assert "took" in console.command("time nonsense")


def test_log_keeps_and_filters(start):
    console = start(Machine("riscv64"), "-kernel", images.binary("riscv64"),
                    "-append", "plinth.log=warning")
    assert "memory   " not in console.prompt()
    text = console.command("log")
    assert re.search(r"^ *\d+\.\d{6} info +board ", text, re.MULTILINE)
    assert "up to warning" in text
    console.command("log debug")
    assert "up to debug" in console.command("log")
    assert "not a log level" in console.command("log loud")


# ---- Ends ----

@pytest.mark.parametrize("qemu", machines.qemu_versions())
@pytest.mark.parametrize("arch", images.ARCHES)
def test_poweroff_ends_the_machine(start, arch, qemu):
    console, _ = entry.at_prompt(start, Machine(arch, qemu))
    console.line("poweroff")
    assert console.ended() == 0


@every_machine
def test_poweroff_from_uboot_and_el2(start, machine):
    console = entry.uboot(start, machine)
    console.close()
    console, _ = entry.at_prompt(start, machine)
    console.line("poweroff")
    assert console.ended() == 0


@every_machine
def test_reset_starts_over(start, machine):
    console, first = entry.at_prompt(start, machine)
    console.line("reset")
    assert console.summary().splitlines()[0] == first.splitlines()[0]


# ---- Secondary cores ----

@every_machine
def test_one_core_only(start, machine):
    """The others stay in the firmware, or switched off, and nothing is printed twice."""
    console, summary = entry.at_prompt(start, dataclasses.replace(machine, smp=4), monitor=True)
    assert len(re.findall(r"^Plinth ", summary, re.MULTILINE)) == 1
    assert console.quiet() == ""
    registers = console.ask("info registers -a")
    counters = [int(pc, 16) for pc in re.findall(r"(?:\bpc +|\bPC=)([0-9a-f]{8,16})", registers)]
    assert len(counters) == 4, registers
    if machine.arch == "riscv64":
        inside = [pc for pc in counters if 0x80000000 <= pc < 0x80080000]
    else:
        inside = [pc for pc in counters if pc < 0x40000000]        # never switched on
    assert len(inside) == 3, counters


# ---- The line editor ----

def typed(console, keys):
    """Type keys at the prompt, ending in Enter; the line that ran, as the command tells of it."""
    console.send(keys + "\r")
    text = console.prompt()
    return re.search(r"no command '([^']*)'", text)[1]


def test_editing_keys(console):
    assert typed(console, "abd" + LEFT + "c") == "abcd"
    assert typed(console, "bcd" + HOME + "a") == "abcd"
    assert typed(console, "bc\x01a\x05d") == "abcd"                # ^A, ^E
    assert typed(console, "abxcd" + LEFT * 2 + "\x7f") == "abcd"
    assert typed(console, "abxcd" + LEFT * 3 + DELETE) == "abcd"
    assert typed(console, "abcdxyz" + LEFT * 3 + "\x0b") == "abcd"  # ^K
    assert typed(console, "xyzabcd" + LEFT * 4 + "\x15") == "abcd"  # ^U
    assert typed(console, "abcd xyz\x17") == "abcd"                # ^W
    console.send("xyz\x03")                                        # ^C: a new line
    console.prompt()
    assert typed(console, "acd" + HOME + RIGHT + "b" + END + "\x7f" + "d") == "abcd"


def test_history(console):
    assert typed(console, "first") == "first"
    assert typed(console, "second") == "second"
    assert typed(console, UP) == "second"
    assert typed(console, UP + UP) == "first"
    assert typed(console, UP + UP + DOWN + "s") == "firsts"
    assert typed(console, "\x10") == "firsts"                      # ^P


def test_completion(console):
    console.send("po\t\r")
    if console.child.isalive():
        assert console.ended() == 0


def test_completion_of_arguments(console):
    console.send("dt /cho\tstd\t\r")
    assert console.prompt().rpartition("stdout-path")[2].startswith(' = "/')
    console.send("m\t\t")
    console.expect(r"md +mem +mkdir +mv +mw")
    console.send("em\r")
    assert "of RAM" in console.prompt()


def test_much_typed_ahead_arrives(console):
    """Faster than anybody types: the UART's FIFO and the editor keep up, or QEMU waits."""
    console.send("".join(f"word{i}\r" for i in range(20)))
    for i in range(20):
        console.expect(f"no command 'word{i}'")
    console.prompt()


def test_long_line_and_noise(console):
    assert typed(console, "x" * 300) == "x" * 300
    console.send("\x00\x1b[99;99~\x1bOP\x1b\x1b[\x9f\xff\x15")     # ^U at last
    assert typed(console, "abcd") == "abcd"
