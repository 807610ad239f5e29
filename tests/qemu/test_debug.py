# SPDX-License-Identifier: BSD-2-Clause
"""What docs/debugging.md says of the debugger, done with it: tools/gdb is what `make gdb` runs."""
import re
import shutil
import subprocess
import time

import pexpect
import pytest

import images
import machine as machines
from machine import Machine
from test_start import every_machine

GDB = r"\(gdb\) "


class Debugger:
    def __init__(self, machine, directory, log):
        self.directory = directory
        command = [*machine.command(), "-nic", "none", "-kernel", str(images.binary(machine.arch))]
        self.child = pexpect.spawn(
            str(images.TOP / "tools/gdb"),
            [str(images.elf(machine.arch)), str(directory), *command],
            timeout=machines.DEADLINE_S, encoding="utf-8", codec_errors="replace",
            dimensions=(50, 200))
        self.child.logfile_read = log
        self.child.expect(GDB)
        for setting in ("pagination off", "confirm off", "style enabled off",
                        "enable-bracketed-paste off"):
            self(f"set {setting}")

    def __call__(self, command, until=GDB):
        self.child.sendline(command)
        self.child.expect(until)
        return machines.plain(self.child.before)

    def close(self):
        self.child.sendline("quit")
        self.child.expect(pexpect.EOF)
        self.child.close()
        deadline = time.monotonic() + machines.DEADLINE_S
        while left := self.processes():     # those that were told to end may take their time
            assert time.monotonic() < deadline, f"tools/gdb has left processes behind: {left}"
            time.sleep(0.1)

    def processes(self):
        return subprocess.run(["pgrep", "-f", str(self.directory)], capture_output=True,
                              text=True).stdout


@pytest.fixture
def debugger(request, tmp_path):
    made = []
    name = re.sub(r"[^\w.=+-]+", "_", request.node.nodeid.rpartition("/")[2])
    with open(images.CONSOLES / f"{name}.log", "w", encoding="utf-8") as log:
        def make(machine):
            made.append(Debugger(machine, tmp_path / "gdb", log))
            return made[-1]
        yield make
        for gdb in made:
            gdb.close()


needs_gdb = pytest.mark.skipif(not shutil.which("gdb-multiarch"), reason="no gdb-multiarch")
DEBUGGING = (images.TOP / "docs/debugging.md").read_text()


def recipe(arch, *words):
    """The command of docs/debugging.md that has these words, on this build's files."""
    line, = [line for line in re.findall(r"^    \(gdb\) (.*)", DEBUGGING, re.MULTILINE)
             if all(word in line for word in words)]
    return line.replace("build/riscv64/plinth.elf", str(images.elf(arch)))


@needs_gdb
@every_machine
def test_through_the_move(debugger, machine):
    gdb = debugger(machine)
    gdb("break arch_move")
    assert "arch_move" in gdb("continue")
    gdb(recipe(machine.arch, "add-symbol-file", "boot->nest"))
    gdb("delete")
    gdb("break main")
    assert re.search(r"Breakpoint 2\.\d, main \(\) at boot/main.c", gdb("continue"))


@needs_gdb
@every_machine
def test_symbols_of_a_machine_that_runs(debugger, machine):
    gdb = debugger(machine)
    assert "reakpoint 1 at" in gdb("hbreak start")
    assert re.search(r"Breakpoint 1, .*start \(", gdb("continue"))
    assert "early_start" in gdb("bt")
    gdb("delete")
    summary = gdb("continue", "plinth> ")
    base = re.search(r"Plinth at (0x[0-9a-f]+)", summary)[1]
    gdb.child.sendintr()
    gdb.child.expect(GDB)
    linked = {"riscv64": "0x80200000", "aarch64": "0x40200000"}[machine.arch]
    gdb(recipe(machine.arch, "0x8ffb8000-0x80200000").replace("0x8ffb8000-0x80200000",
                                                              f"{base}-{linked}"))
    trace = gdb("bt")
    functions = ("console_wait", "read_line", "monitor (", "main (")
    for _ in range(50):             # the prompt is out before anybody waits
        if all(function in trace for function in functions):
            break
        gdb.child.sendline("continue")
        gdb.child.expect("Continuing")
        time.sleep(0.1)
        gdb.child.sendintr()
        gdb.child.expect(GDB)
        trace = gdb("bt")
    for function in functions:
        assert function in trace, trace
