# SPDX-License-Identifier: BSD-2-Clause
"""tools/test-run names what failed, on one line each: often that is all that is kept of a run."""
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]

RED = """
import pytest

def test_right():
    pass

def test_wrong():
    assert "one\\ntwo" == "three"

@pytest.fixture
def broken():
    raise OSError("no such thing")

def test_without(broken):
    pass
"""


@pytest.fixture
def runner(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = importlib.machinery.SourceFileLoader("test_run", str(TOP / "tools/test-run"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("test_run", loader))
    loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    return module


def test_pytest_failures_are_named(runner, tmp_path, capsys):
    (tmp_path / "test_red.py").write_text(RED)
    result = runner.run(runner.Pytest("red", str(tmp_path)), 1)
    assert (result.passed, result.failed) == (1, 2)
    wrong, without = result.failures
    assert wrong.startswith("red: test_wrong: AssertionError: assert 'one") and "\n" not in wrong
    assert without.startswith("red: test_without: ") and "no such thing" in without
    said = capsys.readouterr().out
    assert said.index("FAILED red: 1 passed, 2 failed") < said.index(wrong) < said.index("    | ")


def test_cmocka_failures_are_named(runner, capsys):
    said = "[ RUN      ] a\n[  FAILED  ] a\n[  PASSED  ] 3 test(s).\n" \
        "[  FAILED  ] tests: 1 test(s), listed below:\n[  FAILED  ] a\n"
    step = runner.UnitTests("units", ["/bin/sh", "-c", f"printf '{said}'; exit 1"])
    result = runner.run(step, 1)
    assert (result.passed, result.failed, result.failures) == (3, 1, ["units: a"])
    assert "units: a" in capsys.readouterr().out


def test_a_command_is_named_by_its_step(runner):
    result = runner.run(runner.Step("build", ["/bin/false"]), 1)
    assert (result.failed, result.failures) == (1, ["build"])


def test_what_hangs_is_ended(runner):
    step = runner.UnitTests("units", ["/bin/sleep", "3600"])
    step.ends_within = 0.1
    assert runner.run(step, 1).failures == ["units"]
    assert "ended by signal 9" in step.log.read_text()
