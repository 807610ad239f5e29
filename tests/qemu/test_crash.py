# SPDX-License-Identifier: BSD-2-Clause
"""Each trap, provoked: plain words, names in the backtrace, and an end."""
import re

import pytest

import entry
import images
import machine as machines
from machine import Machine
from test_start import every_machine, label, MACHINES

# kind: what the report must say, and the functions that must be in its backtrace.
KINDS = {
    "null": (r"a read of address 0x0\.", "page 0", ["read_null"]),
    "text": (r"a write to address 0x[0-9a-f]+\.", "Plinth's own code (read-only)", ["write_text"]),
    "exec": (r"a jump to address 0x[0-9a-f]+\.", "Plinth's own variables (not executable)",
             ["execute_data"]),
    "stack": (r"a write to address 0x[0-9a-f]+\.", "the stack has overflowed", ["recurse"]),
    "undefined": (r"an undefined or forbidden instruction\.", "crash_instruction",
                  ["crash_instruction"]),
    "device": (r"0x[0-9a-f]+\.", "neither memory nor a device", ["read_unmapped"]),
}


def report(console, kind):
    console.line(f"crash {kind}")
    console.expect("Plinth has crashed: ", stops=True)
    return console.after_stop()


def check_words(text, kind):
    first, words, functions = KINDS[kind]
    assert re.search(first, text.splitlines()[0]), text
    assert words in text, text
    for name in functions:
        assert re.search(rf"{name}[\w.]*\+0x", text), text    # or a compiler's variant of it
    assert "second fault" not in text and "plinth>" not in text, text
    assert text.count("has crashed") == 0, text


@every_machine
@pytest.mark.parametrize("kind", KINDS)
def test_trap_says_what_and_where(start, machine, kind):
    console, _ = entry.at_prompt(start, machine)
    text = report(console, kind)
    check_words(text, kind)
    # The way down to it: the command, the monitor, main.
    callers = text.partition("Called from")[2]
    for name in ("run+0x", "monitor", "main+0x"):
        assert name in callers, text
    assert "Registers:" in text


@every_machine
def test_assert_says_what_does_not_hold(start, machine):
    console, _ = entry.at_prompt(start, machine)
    console.line("crash assert")
    console.expect("Plinth cannot go on", stops=True)
    text = console.after_stop()
    assert "deep == 0" in text and "crash.c, line" in text
    for name in ("fail_assertion+0x", "run+0x", "main+0x"):
        assert name in text, text


@pytest.mark.parametrize("machine", [
    Machine("aarch64", machines.qemu_versions()[-1], smp=2),
    Machine("aarch64", machines.qemu_versions()[-1], smp=2, virtualization=True)], ids=label)
def test_unaligned_device_access(start, machine):
    """QEMU 10 faults on it as a Cortex-A does (Arm ARM B2.8), but only where there are several
    cores; QEMU 7.2 lets it pass."""
    console, _ = entry.at_prompt(start, machine)
    text = report(console, "unaligned")
    assert "a misaligned access to address 0x9000001." in text
    assert "pl011@9000000" in text
    assert "read_unaligned+0x" in text


@every_machine
def test_reset_after_a_crash_if_so_configured(start, machine):
    console, _ = entry.at_prompt(start, machine, bootargs="plinth.crash=reset")
    console.line("crash null")
    console.expect("Plinth has crashed", stops=True)
    console.expect("Resetting, as plinth.crash=reset asks")
    console.summary()


@every_machine
def test_backtrace_with_the_llvm_image(start, machine, monkeypatch):
    monkeypatch.setattr(images, "BUILD", images.BUILD / "llvm")
    console, _ = entry.at_prompt(start, machine)
    text = report(console, "null")
    assert "read_null+0x" in text and "main+0x" in text, text
