# SPDX-License-Identifier: BSD-2-Clause
"""A machine in QEMU, and its console.

Machine says what is built in; start() runs it and gives a Console that a test reads and types
on. Everything the console said is kept in build/test-logs/qemu/, headed by the command line.
"""
import ctypes
import dataclasses
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import pexpect

import images

# For every wait. Generous: the machine may be emulated on a busy box. No test asks how long.
DEADLINE_S = 300

PROMPT = "plinth> "

# Last words: Plinth's, early and late, U-Boot's, Linux's.
DIED = ("Plinth has crashed|Plinth cannot go on|Plinth: [^\r\n]*stopped|### ERROR ###|ERROR: |"
        "Synchronous Abort|Kernel panic|unpacking failed")


def qemu_versions():
    """What there is to test on: the system's QEMU, and QEMU 10 if the system's is older."""
    return ["system"] if system_qemu_major() >= 10 else ["system", "qemu10"]


def system_qemu_major():
    path = shutil.which("qemu-system-riscv64")
    if not path:
        raise RuntimeError("no qemu-system-riscv64 here; `make setup` says what to install")
    text = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return int(re.search(r"version (\d+)", text).group(1))


def qemu_command(arch, version):
    program = f"qemu-system-{arch}"
    return [program if version == "system" else str(images.QEMU10 / program)]


@dataclasses.dataclass(frozen=True)
class Machine:
    arch: str
    qemu: str = "system"
    model: str = "virt"
    memory: str = "256M"
    smp: int = 1
    cpu: str | None = None
    gic: str | None = None
    highmem: bool | None = None
    virtualization: bool = False
    options: tuple = ()             # further -M properties, "name=value"

    def command(self):
        onoff = {True: "on", False: "off"}
        model = [self.model, *self.options]
        if self.gic:
            model.append(f"gic-version={self.gic}")
        if self.highmem is not None:
            model.append(f"highmem={onoff[self.highmem]}")
        if self.virtualization:
            model.append("virtualization=on")
        cpu = self.cpu or ("cortex-a57" if self.arch == "aarch64" else None)
        command = [*qemu_command(self.arch, self.qemu), "-M", ",".join(model),
                   "-m", self.memory, "-smp", str(self.smp)]
        return command + (["-cpu", cpu] if cpu else [])

    def tree(self, path, *arguments):
        """Write the device tree QEMU would hand over to @path."""
        command = self.command()
        command[command.index("-M") + 1] += f",dumpdtb={path}"
        subprocess.run([*command, *arguments, "-display", "none", "-nic", "none"],
                       capture_output=True, check=True, timeout=DEADLINE_S)
        return path


def size(text):
    """Bytes of a machine's memory: 256M, 8G."""
    return int(text[:-1]) << {"M": 20, "G": 30}[text[-1]]


def load(path, address):
    """Arguments that put a file at an address before the machine starts."""
    return ["-device", f"loader,file={path},addr={address:#x},force-raw=on"]


ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def plain(text):
    """Without the line editor's escape sequences and carriage returns."""
    return ESCAPE.sub("", text).replace("\r", "")


def shown(text):
    """What a terminal shows in the end: of a line that was written over, the last that was."""
    lines = [line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n")]
    return plain("\n".join(lines))


def before_qemu():
    """In the child: no QEMU outlives a test run that was killed; the terminal adds no '\\r'."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)     # PR_SET_PDEATHSIG
    terminal = termios.tcgetattr(0)
    terminal[1] &= ~termios.ONLCR
    termios.tcsetattr(0, termios.TCSANOW, terminal)


class Console:
    """One run of a machine. read everything up to a pattern, type lines, close() always."""

    def __init__(self, command, log, monitor=False, serial="chardev:console"):
        self.directory = Path(tempfile.mkdtemp(prefix="plinth-"))
        command = [*command, "-display", "none", "-nic", "none", "-no-user-config",
                   "-chardev", "stdio,id=console,signal=off", "-serial", serial]
        self.monitor = self.directory / "monitor"
        command += ["-monitor", f"unix:{self.monitor},server=on,wait=off" if monitor else "none"]
        self.log = log
        log.write(f"$ {shlex.join(command)}\n")
        log.flush()
        self.child = pexpect.spawn(
            command[0], command[1:], timeout=DEADLINE_S, encoding="utf-8", codec_errors="replace",
            preexec_fn=before_qemu, echo=False, dimensions=(40, 200), maxread=65536)
        self.child.logfile_read = log
        self.child.delaybeforesend = None

    def expect(self, *patterns, stops=False, timeout=DEADLINE_S):
        """Read up to the first of the patterns; its match. Fails with what came instead, and
        (unless the test provokes that: @stops) as soon as Plinth or U-Boot says that it died."""
        wanted = [*patterns, *([] if stops else [DIED])]
        try:
            found = self.child.expect(wanted, timeout=timeout)
        except pexpect.TIMEOUT:
            raise AssertionError(f"{timeout} s without {patterns}; the console ends:\n"
                                 f"{self.tail()}") from None
        except pexpect.EOF:
            raise AssertionError(f"QEMU {self.end()} before {patterns}; the console ends:\n"
                                 f"{self.tail()}") from None
        if found == len(patterns):
            raise AssertionError(f"it died before {patterns}:\n{self.tail()}\n"
                                 f"{self.child.after}{self.quiet(2)}")
        return self.child.match

    def end(self):
        """How QEMU came to its end, once its console is closed."""
        deadline = time.monotonic() + DEADLINE_S
        while self.child.isalive() and time.monotonic() < deadline:
            time.sleep(0.05)
        number = self.child.signalstatus
        return f"died of {signal.Signals(number).name}" if number else "ended"

    def tail(self, lines=25):
        return "\n".join(plain(self.child.before or "").splitlines()[-lines:])

    def before(self):
        """What came before the last match."""
        return plain(self.child.before)

    def send(self, text):
        self.child.send(text)

    def line(self, text):
        self.child.send(text + "\r")

    def prompt(self, prompt=PROMPT):
        """Read up to a prompt on a new line (an edited line is redrawn after a '\\r' only), or
        where a bar was."""
        self.expect(r"(?:\n|\r\x1b\[K)" + re.escape(prompt))
        return self.before()

    def command(self, text, prompt=PROMPT):
        """Type a line at the prompt; what it printed (the echo is cut off), at the next prompt.
        What was there for a while only, such as a bar, is not part of it."""
        self.line(text)
        self.prompt(prompt)
        wiped = self.child.after.removesuffix(prompt).removeprefix("\n")
        return shown(self.child.before + wiped).partition("\n")[2]

    def summary(self):
        """From the first line of Plinth to its prompt."""
        self.expect(r"Plinth [^\r\n]*")
        first = self.child.after
        return first + self.prompt()

    def after_stop(self):
        """Plinth said it stopped: what came from the last match up to a second or so after that."""
        self.expect("[Ss]topped", stops=True)
        return self.before() + self.quiet()

    def quiet(self, seconds=1):
        """What comes in a while in which nothing should (a negative can only be sampled)."""
        try:
            self.child.expect(pexpect.EOF, timeout=seconds)
        except pexpect.TIMEOUT:
            pass
        return self.before()

    def ended(self):
        """Wait until QEMU exits; its status."""
        self.expect(pexpect.EOF, stops=True)
        self.child.close()
        return self.child.exitstatus

    def ask(self, command):
        """A command to QEMU's own monitor (start with monitor=True); its answer."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(DEADLINE_S)
            deadline = time.monotonic() + DEADLINE_S
            while not self.monitor.exists() and time.monotonic() < deadline:
                time.sleep(0.05)        # QEMU has not got that far
            s.connect(str(self.monitor))
            answer = b""

            def read():
                nonlocal answer
                answer = b""
                while not answer.endswith(b"(qemu) "):
                    piece = s.recv(65536)
                    assert piece, f"QEMU's monitor closed; it said {answer!r}"
                    answer += piece
            read()
            s.sendall(command.encode() + b"\n")
            read()
        text = plain(answer.decode(errors="replace"))
        return text.partition("\n")[2].rpartition("(qemu) ")[0]

    def ask_until(self, command, pattern):
        """Ask until the answer has the pattern; that answer."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            answer = self.ask(command)
            if re.search(pattern, answer):
                return answer
            assert time.monotonic() < deadline, \
                f"no {pattern!r} in the answer to {command}:\n{answer}"
            time.sleep(0.1)

    def file_has(self, path, wanted, times=1):
        """Wait until a file that QEMU writes has these bytes, so many times; all of it."""
        deadline = time.monotonic() + DEADLINE_S
        while not (path.exists() and path.read_bytes().count(wanted) >= times):
            assert time.monotonic() < deadline, f"{path} has not {times} {wanted!r}"
            assert self.child.isalive(), self.tail()
            time.sleep(0.1)
        return path.read_bytes()

    def close(self):
        if self.child.isalive():
            os.kill(self.child.pid, signal.SIGKILL)
            self.child.wait()           # close() would give up after a moment
        self.child.close(force=True)
        self.log.write("\n")
        shutil.rmtree(self.directory, ignore_errors=True)
