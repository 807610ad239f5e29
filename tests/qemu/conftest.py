# SPDX-License-Identifier: BSD-2-Clause
"""Starting machines for tests, keeping their consoles, the record of how the image was entered."""
import re
import shutil

import pytest

import images
import machine as machines


def is_worker(config):
    return hasattr(config, "workerinput")      # of pytest-xdist


def pytest_configure(config):
    if not is_worker(config):
        shutil.rmtree(images.CONSOLES, ignore_errors=True)
        images.CONSOLES.mkdir(parents=True)


@pytest.fixture
def start(request):
    """start(machine, *arguments): run a machine; its Console. Killed when the test is over."""
    consoles = []
    name = re.sub(r"[^\w.=+-]+", "_", request.node.nodeid.rpartition("/")[2])
    with open(images.CONSOLES / f"{name}.log", "a", encoding="utf-8") as log:
        request.node.stash[LOG] = images.CONSOLES / f"{name}.log"

        def start(machine, *arguments, **keywords):
            command = [*machine.command(), *map(str, arguments)]
            console = machines.Console(command, log, **keywords)
            consoles.append(console)
            return console

        yield start
        for console in consoles:
            console.close()


LOG = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    log = item.stash.get(LOG, None)
    if report.failed and log:
        text = machines.plain(log.read_bytes().decode(errors="replace"))
        report.sections.append((f"console, whole in {log}", "\n".join(text.splitlines()[-40:])))


def entries(arch):
    """The lines of the record, sorted."""
    return sorted(path.read_text() for path in (images.CONSOLES / "entries").glob(f"{arch}-*"))


def judge(arch, lines, image_hash):
    """What is wrong with a record: the ways that started other bytes than the image's."""
    return [f"{arch}: not the bytes of plinth.bin: {line.strip()}"
            for line in lines if line.split()[0] != image_hash]


def pytest_terminal_summary(terminalreporter):
    for line in RECORD:
        terminalreporter.write_line(line)


RECORD = []


def pytest_sessionfinish(session):
    """entries-<arch>.txt: every way the image was entered, with the hash of what was entered."""
    if is_worker(session.config):
        return
    for arch in images.ARCHES:
        lines = entries(arch)
        if not lines:
            continue
        (images.LOGS / f"entries-{arch}.txt").write_text("".join(lines))
        wrong = judge(arch, lines, images.sha256(images.binary(arch)))
        checksum = images.sha256(images.binary(arch))[:16]
        RECORD.append(f"{arch}: one image, {checksum}..., entered in "
                      f"{len(lines)} ways (test-logs/entries-{arch}.txt)")
        if wrong:
            RECORD.extend(wrong)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
