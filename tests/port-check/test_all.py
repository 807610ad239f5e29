# SPDX-License-Identifier: BSD-2-Clause
"""
Every board of the Linux tree, under the sanitizers: no crash, no report, no hang, and nothing that
is not said. port-check gives each board a process and 20 seconds, and ends with 3 where one went
wrong.
"""
import concurrent.futures
import json
import os
import subprocess

import pytest

from conftest import LINUX, OUT, PORT_CHECK, TOP

TIMEOUT_S = 900


@pytest.fixture(scope="module")
def blobs():
    subprocess.run([TOP / "tools/dts-compile", LINUX, OUT / "dtb"], check=True, timeout=TIMEOUT_S)
    return sorted((OUT / "dtb").rglob("*.dtb"))


def check(blobs, *options):
    """What it prints, from as many processes as there are processors."""
    def part(blobs):
        done = subprocess.run([PORT_CHECK, *options, *blobs], capture_output=True, text=True,
                              timeout=TIMEOUT_S)
        assert done.returncode in (0, 1), done.stderr[-4000:]
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr
        return done.stdout
    jobs = len(os.sched_getaffinity(0))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(part, [blobs[i::jobs] for i in range(jobs)]))


def test_every_source_has_a_blob(blobs):
    sources = [s for a in ("arm64", "riscv") for s in (LINUX / f"arch/{a}/boot/dts").rglob("*.dts")]
    assert len(sources) > 500
    assert len(blobs) == len(sources)


def test_facts(blobs):
    boards = [board for part in check(blobs, "--json") for board in json.loads(part)]
    assert len(boards) == len(blobs)
    for board in boards:
        if "error" in board:
            assert "no whole board" in board["error"] or "MMU" in board["error"], board
            continue
        architecture = "riscv64" if "/riscv64/" in board["file"] else "aarch64"
        assert board["cpu"]["architecture"] == architecture
        for node in board["nodes"]:
            where = board["file"], node["path"]
            assert node["binding"] in ("would bind", "bus") or node["reason"], where
            assert (node["binding"] == "would bind") == bool(node["driver"]), where
            if node["class"] == "pcie":
                assert node["binding"] != "would bind" or node["ecam_buses"], where
    whole = sum("error" not in board for board in boards)
    assert whole > 0.9 * len(boards)


def test_text(blobs):
    said = "".join(check(blobs, "--all"))
    assert said.count("\nIn short\n") > 0.9 * len(blobs)


def test_table(blobs):
    rows = [row for part in check(blobs, "--table") for row in part.splitlines() if row[0] != "#"]
    assert len(rows) == len(blobs)
