# SPDX-License-Identifier: BSD-2-Clause
"""What port-check prints, and what it says to a file that is no board's tree."""
import json
import subprocess

import pytest

from conftest import LINUX, TOP, run

VISIONFIVE = "visionfive2"
IMX8MP = "arm64/freescale/imx8mp-evk"


def text(tree, name, *options):
    done = run(*options, tree(name))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert all(len(line) <= 120 and line == line.rstrip() for line in done.stdout.splitlines())
    return done.stdout


def words(text):
    return " ".join(text.split())


def test_visionfive2(tree):
    said = words(text(tree, VISIONFIVE))
    assert ("starts yes, with build/riscv64/plinth.bin console yes, by ns16550 "
            "storage none of 3") in said
    assert "drivers/pci/ knows starfive,jh7110-pcie" in said
    assert "/soc/serial@10000000, 115200n8 (stdout-path)" in said
    assert ("starfive,jh7110-uart at 0x10000000, reg-shift 2, reg-io-width 4; "
            "driven by ns16550") in said
    assert "load mmc 0:1 0x40200000 plinth.bin booti 0x40200000 - ${fdtcontroladdr}" in said
    assert "DMA coherent: needs nothing" in said


def test_imx8mp(tree):
    said = words(text(tree, IMX8MP))
    assert "console no: you would see nothing" in said
    assert "A driver in drivers/uart/ for fsl,imx8mp-uart" in said
    assert "no-map: dsp@92400000" in said
    assert ("not coherent: maintained with dc by VA; reaches 3 GiB at 0x40000000; "
            "what is elsewhere") in said
    assert "booti 0x42000000 - ${fdtcontroladdr}" in said


def test_all_gives_a_reason_for_each(tree, facts):
    said = text(tree, IMX8MP, "--all")
    for node in facts(IMX8MP)["nodes"]:
        if node["binding"] not in ("bus",):
            assert node["path"] in said
        assert node["binding"] in ("would bind", "bus") or node["reason"], node["path"]


def test_behind_a_host_that_binds(facts):
    nodes = {n["path"]: n for n in facts("arm64/arm/juno-r1")["nodes"]}
    assert nodes["/pcie@40000000"]["binding"] == "would bind"
    assert nodes["/serial@7ff80000"]["driver"] == "pl011"


def test_raspberry_pi_needs_no_u_boot(tree):
    assert "kernel8.img" in text(tree, "arm64/broadcom/bcm2711-rpi-4-b")


# ---- Memory that the firmware fills in ----

def test_memory_is_asked_for(tree):
    said = words(text(tree, "rock-5b"))
    assert "The tree does not say how much" in said
    assert "booti ${kernel_addr_r} - ${fdtcontroladdr}" in said


def test_memory_given(tree):
    said = words(text(tree, "rock-5b", "--memory", "0x200000,0x3fe00000"))
    assert "1022 MiB" in said
    assert "0x2200000 plinth.bin" in said


@pytest.mark.parametrize("memory", ["", "1", "0x40000000", "0x40000000,", "0x40000000,x", "a,b",
                                    "-1,2"])
def test_memory_given_badly(tree, memory):
    done = run("--memory", memory, tree("rock-5b"))
    assert done.returncode == 2
    assert "--memory wants START,BYTES" in done.stderr


# ---- A board file ----

@pytest.mark.parametrize("name", [VISIONFIVE, IMX8MP, "arm64/arm/juno-r1", "rock-5b",
                                  "jetson-orin"])
def test_skeleton_compiles(tree, tmp_path, name):
    source = tmp_path / "board.c"
    source.write_text(text(tree, name, "--skeleton"))
    subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", f"-I{TOP}",
                    f"-I{TOP}/arch/host", source], check=True)


def test_skeleton_knows_the_early_uart(tree):
    imx = text(tree, IMX8MP, "--skeleton")
    assert 'BOARD(fsl_imx8mp_evk) = {\n\t.name = "NXP i.MX8MPlus EVK board",' in imx
    assert ".compatible = (const char *const[]){ \"fsl,imx8mp-evk\", NULL }" in imx
    assert "{ .transmit = 0x30890040, .io_width = 4 }" in imx
    assert "EARLY_UART" not in text(tree, VISIONFIVE, "--skeleton")      # the firmware prints there


# ---- Scripts ----

def test_several_boards_are_one_list(tree, tmp_path):
    bad = tmp_path / "bad.dtb"
    bad.write_text("x")
    done = run("--json", tree(VISIONFIVE), bad, tree("rock-5b"))
    assert done.returncode == 1
    boards = json.loads(done.stdout)
    models = [b.get("model") for b in boards]
    assert models == ["StarFive VisionFive 2 v1.3B", None, "Radxa ROCK 5B"]
    assert boards[1]["error"]


def test_table(tree):
    done = run("--table", tree(VISIONFIVE), tree(IMX8MP))
    rows = [line.split("  ") for line in done.stdout.splitlines()]
    assert rows[0][0].startswith("# tree") and len(rows) == 3
    assert "ns16550" in done.stdout and "DesignWare" in done.stdout


# ---- What is no board ----

@pytest.fixture
def refusal(tmp_path):
    def of(content):
        path = tmp_path / "some.dtb"
        path.write_bytes(content)
        done = run(path)
        assert done.returncode == 1 and done.stdout == ""
        assert done.stderr.startswith(f"port-check: {path}: ") and done.stderr.count("\n") == 1
        return done.stderr
    return of


def test_no_such_file(tmp_path):
    done = run(tmp_path / "none.dtb")
    assert done.returncode == 1
    assert "none.dtb: No such file or directory." in done.stderr


def test_a_folder(tmp_path):
    done = run(tmp_path)
    assert done.returncode == 1 and "Is a directory" in done.stderr


def test_other_files(refusal, tree):
    blob = tree(VISIONFIVE).read_bytes()
    assert "no device tree" in refusal(b"#!/bin/sh\n" * 4)
    assert refusal(b"")
    assert refusal(blob[:20])
    assert refusal(blob[:-200])
    assert refusal(blob[:40] + bytes(len(blob) - 40))


def test_source_by_mistake(refusal):
    assert "dtc" in refusal(b"/dts-v1/;\n/ { };\n" + b"/* */\n" * 20)


def test_overlay(tree):
    done = run(tree("arm64/freescale/imx8mm-venice-gw72xx-0x-rs232-rts"))
    assert done.returncode == 1 and "no whole board" in done.stderr


def test_no_mmu(tree):
    done = run(tree("riscv/canaan/k210_generic"))
    assert done.returncode == 1 and "MMU" in done.stderr


def test_32_bits(tmp_path):
    source = tmp_path / "rv32.dts"
    source.write_text('/dts-v1/; / { cpus { #address-cells = <1>; #size-cells = <0>; '
                      'cpu@0 { reg = <0>;'
                      'device_type = "cpu"; compatible = "riscv"; riscv,isa = "rv32imac"; }; }; };')
    blob = tmp_path / "rv32.dtb"
    subprocess.run([TOP / "tools/dts-compile", LINUX, source, blob], check=True)
    done = run(blob)
    assert done.returncode == 1 and "32-bit" in done.stderr


def test_use():
    assert run("--help").returncode == 0
    assert run().returncode == 2
    assert run("--nonsense").returncode == 2


def test_bad_source_is_explained(tmp_path):
    source = tmp_path / "bad.dts"
    source.write_text("/dts-v1/; / { a = <1>\n};\n")
    done = subprocess.run([TOP / "tools/dts-compile", LINUX, source, tmp_path / "bad.dtb"],
                          capture_output=True, text=True)
    assert done.returncode == 1 and "bad.dts cannot be compiled" in done.stderr
    assert not (tmp_path / "bad.dtb").exists()
