# SPDX-License-Identifier: BSD-2-Clause
"""Boards that we know: port-check must come to the same verdicts."""
import pytest

from boards import BOARDS


@pytest.fixture(params=BOARDS, ids=lambda b: b.tree.rpartition("/")[2])
def board(request):
    return request.param


@pytest.fixture
def found(board, facts):
    return facts(board.tree)


def enabled(found):
    return [n for n in found["nodes"] if n["binding"] != "disabled"]


def test_cpu(board, found):
    assert found["cpu"]["core"] == board.cpu
    assert found["cpu"]["architecture"] == ("aarch64" if board.cache == "dc by VA" else "riscv64")
    assert found["cpu"]["cache_backend"] == board.cache


def test_console(board, found):
    assert (found["console"]["node"], found["console"]["driver"]) == board.console


def test_pcie(board, found):
    hosts = [n for n in enabled(found) if n["class"] == "pcie"]
    assert {n["kind"] for n in hosts} == board.pcie
    assert {n["path"]: n["ecam_buses"] for n in hosts if n["binding"] == "would bind"} == board.ecam
    assert all(n["reason"] for n in hosts if n["binding"] != "would bind")


def test_dma(board, found):
    nodes = {n["path"]: n for n in enabled(found)}
    for path, (coherency, windows) in board.dma.items():
        dma = nodes[path]["dma"]
        assert dma["coherency"] == coherency, path
        ranges = [(int(r["bus"], 0), int(r["cpu"], 0), r["bytes"]) for r in dma["ranges"]]
        assert ranges == windows, path


def overlap(a, b):
    return a[0] < b[0] + b[1] and b[0] < a[0] + a[1]


def test_memory_and_plan(board, found):
    assert sum(m["bytes"] for m in found["memory"]) == (board.ram or 0)
    plan = found["plan"]
    if not board.ram:
        assert "memory" in plan["reason"]
        return
    places = [(int(plan[k]["start"], 0), plan[k]["bytes"]) for k in ("plinth", "load", "tree")]
    for i, place in enumerate(places):
        assert not any(overlap(place, other) for other in places[i + 1:])
        holds = [m for m in found["memory"] if int(m["start"], 0) <= place[0] and
                 place[0] + place[1] <= int(m["start"], 0) + m["bytes"]]
        assert [m["use"] for m in holds] == ["Plinth" if i == 0 else "free"]
    assert places[0][0] + places[0][1] <= 1 << 32
    assert places[1][0] % (2 << 20) == 0
    assert board.load in (None, places[1][0])
