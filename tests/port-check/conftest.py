# SPDX-License-Identifier: BSD-2-Clause
"""Device trees, compiled, and what port-check says of them."""
import json
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
OUT = (TOP / os.environ.get("O", "build")).resolve()
LINUX = (TOP / (os.environ.get("LINUX") or OUT / "linux")).resolve()
PORT_CHECK = OUT / "host/port-check"
OWN = TOP / "tests/port-check/dts"
TIMEOUT_S = 120


def run(*words):
    return subprocess.run([PORT_CHECK, *map(str, words)], capture_output=True, text=True,
                          timeout=TIMEOUT_S)


def compiled(source, folder):
    blob = folder / source.with_suffix(".dtb").name
    done = subprocess.run([TOP / "tools/dts-compile", LINUX, source, blob], capture_output=True,
                          text=True)
    assert done.returncode == 0, done.stderr
    return blob


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """tree(name): the blob of dts/name.dts here, or of "arm64/vendor/board" in the Linux tree."""
    folder = tmp_path_factory.mktemp("dtb")
    made = {}

    def compile_named(name):
        if name not in made:
            arch, _, rest = name.partition("/")
            source = LINUX / f"arch/{arch}/boot/dts/{rest}.dts" if rest else OWN / f"{name}.dts"
            assert source.is_file(), f"{source} is missing"
            made[name] = compiled(source, folder)
        return made[name]
    return compile_named


@pytest.fixture(scope="session")
def facts(tree):
    """facts(name): the JSON of that board."""
    def check(name):
        done = run("--json", tree(name))
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)
    return check
