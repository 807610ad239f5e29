# SPDX-License-Identifier: BSD-2-Clause
"""tools/bootstate on a folder: what it writes and where, what it refuses and in which words."""
import subprocess
import zlib
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools/bootstate"


@pytest.fixture
def boot(tmp_path):
    (tmp_path / "loader/entries").mkdir(parents=True)
    (tmp_path / "EFI/Linux").mkdir(parents=True)
    for name in ["loader/entries/a+3-1.conf", "loader/entries/b.conf", "EFI/Linux/u+2.efi"]:
        (tmp_path / name).touch()
    return tmp_path


def run(boot, *arguments):
    return subprocess.run([TOOL, "-d", boot, *arguments], capture_output=True, text=True,
                          check=False)


def good(boot, *arguments):
    result = run(boot, *arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(boot, *arguments):
    result = run(boot, *arguments)
    assert result.returncode == 1 and not result.stdout
    assert result.stderr.startswith("bootstate: ") and "Traceback" not in result.stderr
    return result.stderr


def files(boot):
    return sorted(str(p.relative_to(boot)) for p in boot.rglob("*") if p.is_file())


def state(boot, which):
    return (boot / f"plinth/state.{which}").read_bytes()


def test_the_older_one_is_written_over_in_place(boot):
    good(boot, "init")
    places = [(boot / f"plinth/state.{i}").stat().st_ino for i in (0, 1)]
    before = state(boot, 0), state(boot, 1)
    good(boot, "default", "b")
    after = state(boot, 0), state(boot, 1)
    assert sum(x != y for x, y in zip(before, after)) == 1
    good(boot, "once", "a")
    assert state(boot, 0) != state(boot, 1)
    assert [(boot / f"plinth/state.{i}").stat().st_ino for i in (0, 1)] == places
    newest = max((state(boot, i) for i in (0, 1)), key=lambda data: data[24:34])
    assert len(newest) == 512
    assert newest[:15] == b"plinth-state-1 "
    assert newest[15:23] == b"%08x" % zlib.crc32(newest[23:])
    assert newest[23:].rstrip(b"\n") == b" 0000000002\ndefault\tb\nonce\ta"


def test_one_that_is_damaged_does_not_count(boot):
    good(boot, "init")
    good(boot, "default", "old")
    good(boot, "default", "new")
    newer = max((0, 1), key=lambda i: state(boot, i)[24:34])
    path = boot / f"plinth/state.{newer}"
    path.write_bytes(path.read_bytes().replace(b"new", b"nEw"))
    assert "default\told\n" in good(boot, "show")
    good(boot, "init")                      # mends it, and what is remembered stays
    assert "default\told\n" in good(boot, "show")
    path.write_bytes(b"")
    (boot / f"plinth/state.{1 - newer}").write_bytes(b"\xff" * 512)
    assert "are damaged" in good(boot, "show")
    good(boot, "default", "again")
    assert "default\tagain\n" in good(boot, "show")


def test_files_are_counted_in_their_names(boot):
    assert "a\t3 tries left, 1 done" in good(boot, "show")
    good(boot, "try", "b", "4")
    good(boot, "try", "a", "1")
    good(boot, "good", "U")
    assert files(boot) == ["EFI/Linux/u.efi", "loader/entries/a+1.conf",
                           "loader/entries/b+4.conf"]
    good(boot, "good", "a")
    assert "loader/entries/a.conf" in files(boot)
    (boot / "loader/entries/b.conf").touch()
    assert "several files are called b" in refused(boot, "good", "b")


def test_others_are_counted_in_the_state(boot):
    assert "init" in refused(boot, "try", "label", "2")
    good(boot, "init")
    good(boot, "try", "a label", "2")
    assert "tries a label\t2\n" in good(boot, "show")
    good(boot, "good", "a label")
    assert "tries a label" not in good(boot, "show")
    assert "not counted" in good(boot, "good", "a label")


def test_refusals(boot):
    assert "no" in refused(boot / "gone", "show")
    good(boot, "init")
    assert "tab or a newline" in refused(boot, "try", "a\tb", "1")
    assert "tab or a newline" in refused(boot, "default", "a\nb")
    for i in range(4):
        good(boot, "try", str(i) * 90, "1")
    assert "512 bytes" in refused(boot, "try", "5" * 120, "1")
    assert "tries 3333" in good(boot, "show") and "tries 5" not in good(boot, "show")
    assert run(boot, "try", "b", "many").returncode == 2
    if not Path("/proc/device-tree/chosen/plinth,entry").exists():
        assert "say which entry is good" in refused(boot, "good")


def test_an_entry_that_nobody_knows(boot):
    """It is remembered, since another volume may have it, but that is said."""
    (boot / "extlinux").mkdir()
    (boot / "extlinux/extlinux.conf").write_text(
        "default L0\n  Label L0\n\tlinux /x\nlabel two words \n")
    good(boot, "init")
    for name in "a", "B", "u", "l0", "two words":
        assert not run(boot, "default", name).stderr
    assert not run(boot, "once").stderr
    for words in ["default", "l1"], ["once", "l1"], ["try", "l1", "3"]:
        result = run(boot, *words)
        assert result.returncode == 0
        assert f"no entry is called l1 on {boot}, where there are: L0, a, b, two words, u" in \
            result.stderr
    assert "tries l1\t3" in good(boot, "show")
