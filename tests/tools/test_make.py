# SPDX-License-Identifier: BSD-2-Clause
"""What make and the tools behind it say when they are called wrongly; and odd names of files."""
import os
import shlex
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

# What the make that runs these tests was told is nothing to those in them.
CLEAN = {**{k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKEOVERRIDES")},
         "LC_ALL": "C"}


def run(*command, **environment):
    return subprocess.run([str(c) for c in command], cwd=TOP, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False,
                          env={**CLEAN, **environment})


def refused(words, *command, **environment):
    result = run(*command, **environment)
    assert result.returncode != 0 and words in result.stderr, result.stderr
    assert "Traceback" not in result.stderr
    return result


@pytest.mark.parametrize("words, arguments", [
    ("ARCH is one of: riscv64 aarch64; not x", ["ARCH=x"]),
    ("DISK=x: virtio, or nvme", ["DISK=x"]),
    ("PAYLOAD is one of: hello; not x", ["PAYLOAD=x"]),
    ("a folder without spaces", ["O=a b"]),
    ("IMAGE is booted as it is", ["IMAGE=x", "KERNEL=y"])])
def test_wrong_variables(words, arguments):
    refused(words, "make", "-s", "run-command", *arguments)


def test_wrong_bench():
    refused("BENCH is of: boot blk fs; not x", "make", "-s", "-n", "-o", "riscv64", "-o", "aarch64",
            "-o", "needs", "bench", "BENCH=x")


def test_names_with_anything_in_them():
    result = run("make", "-s", "run-command", "IMAGE=/tmp/a b,c's $$HOME.img",
                 "BOOTARGS=x='a  b' \"c\"")
    words = shlex.split(result.stdout)
    assert "file=/tmp/a b,,c's $HOME.img,format=raw,if=none,id=disk" in words
    assert words[words.index("-append") + 1] == "x='a  b' \"c\""


def test_run_disk(tmp_path):
    """The disk of `make run`, of files with odd names."""
    image, kernel = tmp_path / "a disk.img", tmp_path / "my kernel's"
    kernel.write_text("no kernel")
    (tmp_path / "d").mkdir()
    disk = ["tools/run-disk", "riscv64", image]
    refused("there is no file /gone", *disk, KERNEL="/gone")
    refused(f"{tmp_path}/d is a folder", *disk, KERNEL=f"{tmp_path}/d")
    refused(f"{tmp_path}/d is a folder", *disk, KERNEL=str(kernel), INITRD=f"{tmp_path}/d")
    assert not image.exists()
    result = run(*disk, KERNEL=str(kernel), CMDLINE="a=\"b  c\" it's \\n $HOME")
    assert result.returncode == 0, result.stderr
    text = run("mtype", "-i", f"{image}@@1M", "::extlinux/extlinux.conf").stdout
    assert "linux /kernel\n" in text and "menu label my kernel's\n" in text
    assert text.endswith("append a=\"b  c\" it's \\n $HOME\n")


@pytest.mark.parametrize("arguments", [[], ["x"], ["kernels", "x"], ["qemu10", "more"]])
def test_wrong_fetch(arguments, tmp_path):
    refused("say qemu10, kernels [riscv64|aarch64]", "tools/debian-fetch", *arguments,
            O=str(tmp_path))


def test_help(tmp_path):
    for tool in "debian-fetch", "setup", "mkdisk", "bootstate":
        result = run(f"tools/{tool}", "--help", O=str(tmp_path))
        assert result.returncode == 0 and not result.stderr
        assert tool in result.stdout
