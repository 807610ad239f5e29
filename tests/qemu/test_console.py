# SPDX-License-Identifier: BSD-2-Clause
"""Where the console is: what the tree says of it, and what there is when it says nothing."""
import pytest

import entry
import images
import machine as machines
import trees
from entry import MIB
from images import RAM
from machine import Machine

NEWEST = machines.qemu_versions()[-1]


def with_tree(start, machine, directory, changes):
    """Plinth given QEMU's tree with changes; its console and summary."""
    tree = trees.edited(machine, directory, changes)
    at = RAM[machine.arch] + 64 * MIB
    console = entry.enter_at(start, machine, directory, RAM[machine.arch] + 16 * MIB, at,
                             machines.load(tree, at))
    return console, console.summary()


def chosen(properties):
    return f"/ {{ chosen {{ {properties} }}; }};"


NODE = {"riscv64": "/soc/serial@10000000", "aarch64": "/pl011@9000000"}
DRIVER = {"riscv64": "ns16550a at 0x10000000", "aarch64": "pl011 at 0x9000000"}


@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("path", ["{node}:115200n8", "{node}:9600", "console9",
                                  "console9:115200n8r"])
def test_stdout_path(start, arch, path, tmp_path):
    """A path or an alias, with the options that Linux would want behind it (DT 3.6)."""
    changes = chosen(f'stdout-path = "{path.format(node=NODE[arch])}";')
    changes += f'/ {{ aliases {{ console9 = "{NODE[arch]}"; }}; }};'
    _, summary = with_tree(start, Machine(arch), tmp_path, changes)
    assert DRIVER[arch] in summary


@pytest.mark.parametrize("arch", images.ARCHES)
@pytest.mark.parametrize("value", ["/delete-property/ stdout-path;",
                                   'stdout-path = "/no/such/uart";',
                                   'stdout-path = "";', "stdout-path = <0x41424344>;"],
                         ids=["absent", "dangling", "empty", "no-string"])
def test_without_a_usable_stdout_path(start, arch, value, tmp_path):
    """A prompt all the same: a UART that is there, or the firmware's console."""
    _, summary = with_tree(start, Machine(arch), tmp_path, chosen(value))
    assert "console" in summary


@pytest.mark.parametrize("qemu", machines.qemu_versions())
def test_firmware_console(start, qemu, tmp_path):
    """No UART in the tree: SBI's, the legacy calls or the debug console, for output and input."""
    console, summary = with_tree(start, Machine("riscv64", qemu), tmp_path,
                                 "/delete-node/ &{/soc/serial@10000000};")
    assert "SBI" in summary
    assert "of RAM" in console.command("mem")


def test_dw_apb_uart(start, tmp_path):
    """QEMU's 16550 under the other name, with what that binding says of its registers."""
    _, summary = with_tree(start, Machine("riscv64"), tmp_path,
                           """&{/soc/serial@10000000} {
                                compatible = "snps,dw-apb-uart"; reg-shift = <0>;
                                reg-io-width = <1>; };""")
    assert "0x10000000" in summary


def test_disabled_uart_is_left_alone(start, tmp_path):
    _, summary = with_tree(start, Machine("riscv64"), tmp_path,
                           '&{/soc/serial@10000000} { status = "disabled"; };')
    assert "SBI" in summary


@pytest.mark.skipif(NEWEST == "system" and machines.system_qemu_major() < 10,
                    reason="QEMU 10 has two UARTs")
def test_second_uart(start, tmp_path):
    """stdout-path names the second PL011: all is said there, nothing on the first."""
    first = tmp_path / "first.txt"
    machine = Machine("aarch64", NEWEST)
    serial = ["-serial", f"file:{first}"]
    tree = trees.edited(machine, tmp_path, chosen('stdout-path = "serial1:115200";'), *serial,
                        "-serial", "null")
    at = RAM["aarch64"] + 64 * MIB
    console = entry.enter_at(start, machine, tmp_path, RAM["aarch64"] + 16 * MIB, at,
                             [*serial, *machines.load(tree, at)])
    assert "pl011 at 0x9040000" in console.summary()
    assert first.read_bytes() == b""


def test_sifive_u(start):
    """Another machine: hart 0 has no S-mode, the UART is SiFive's, there is no other console."""
    machine = Machine("riscv64", model="sifive_u", smp=5, memory="1G")
    console, summary = entry.at_prompt(start, machine)
    assert "0x10010000" in summary
    assert "of RAM" in console.command("mem")
    entry.record("riscv64", "bin", machine, images.binary("riscv64").read_bytes())


@pytest.mark.parametrize("arch", images.ARCHES)
def test_output_without_a_reader(start, arch, tmp_path):
    """To a file, no input at all: the summary is written, the monitor waits."""
    out = tmp_path / "console.txt"
    machine = Machine(arch)
    console = start(machine, "-kernel", images.binary(arch), serial=f"file:{out}", monitor=True)
    console.file_has(out, b"plinth> ")
    assert "running" in console.ask("info status")
