# SPDX-License-Identifier: BSD-2-Clause
"""What is remembered from boot to boot: tries, one boot only, a default; and the log of a boot."""
import re
import struct
import subprocess

import pytest

import images
import linux
import machine as machines
from machine import Machine
from test_boot import fat_of
from test_start import every_arch

BOOTSTATE = images.TOP / "tools/bootstate"


def kernel(arch):
    """A Linux Image that does nothing but power off."""
    if arch == "riscv64":
        head = struct.pack("<IIQQQIIQ", 0x0400006F, 0, 0x200000, 0x10000, 0, 2, 0, 0) + \
            b"RISCV\0\0\0RSC\x05" + bytes(4)
        code = [0x00800893, 0x00000073, 0x0000006F]                 # SBI: legacy shutdown
    else:
        head = struct.pack("<IIQQQQQQ", 0x14000010, 0, 0, 0x10000, 0xA, 0, 0, 0) + \
            b"ARMd" + bytes(4)
        code = [0x52800100, 0x72B08000, 0xD4000002, 0x14000000]     # PSCI: SYSTEM_OFF
    return (head + struct.pack(f"<{len(code)}I", *code)).ljust(4096, b"\0")


class Volume:
    """A disk that lasts over the boots of machines."""

    def __init__(self, start, arch, tmp_path, files):
        self.start, self.arch, self.tmp_path = start, arch, tmp_path
        root = tmp_path / "files"
        for name, text in {"k": kernel(arch), **files}.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.disk = linux.make_disk(tmp_path / "disk.img", [root], "--size", "40M")

    def machine(self, *arguments):
        return self.start(Machine(self.arch), "-kernel", images.binary(self.arch),
                          *linux.disk_arguments(self.disk, "pci"), *arguments)

    def boot(self):
        """Boot by itself to the end of its kernel: which entry that was, and what was said."""
        console = self.machine()
        console.expect(r"entering (.+?) at 0x")
        booted, said = console.child.match[1], console.before()
        assert console.ended() == 0
        return booted, said

    def monitor(self, *commands):
        console = self.machine("-append", "plinth.boot=monitor")
        console.summary()
        said = [console.command(c) for c in commands]
        console.close()
        return said

    def mtools(self, tool, *arguments):
        return subprocess.run([tool, *arguments[:0], "-i", f"{self.disk}@@1M", *arguments],
                              check=True, capture_output=True, text=True).stdout

    def names(self, folder):
        return set(self.mtools("mdir", "-b", f"::{folder}").replace(f"::/{folder}/", "").split())

    def tool(self, *arguments):
        """tools/bootstate on what is on the volume, and back."""
        out = self.tmp_path / "mounted"
        subprocess.run(["rm", "-rf", out], check=True)
        out.mkdir()
        self.mtools("mcopy", "-s", "-n", "::/", str(out))
        before = {p.relative_to(out) for p in out.rglob("*") if p.is_file()}
        said = subprocess.run([BOOTSTATE, "-d", out, *arguments], capture_output=True, text=True,
                              check=True).stdout
        after = {p.relative_to(out) for p in out.rglob("*") if p.is_file()}
        for gone in before - after:
            self.mtools("mdel", f"::{gone}")
        if (out / "plinth").is_dir():
            subprocess.run(["mmd", "-D", "s", "-i", f"{self.disk}@@1M", "::plinth"],
                           capture_output=True, check=False)
        for path in sorted(after):
            if path in after - before or path.parts[0] == "plinth":
                self.mtools("mcopy", "-o", str(out / path), f"::{path}")
        return said

    def check(self):
        images.run(["fsck.fat", "-n", fat_of(self.disk, self.tmp_path)], self.tmp_path)


def bls(title, version, linux="/k"):
    return f"title {title}\nsort-key test\nversion {version}\nlinux {linux}\n"


TWO = {"loader/loader.conf": "timeout 0\n",
       "loader/entries/new+3.conf": bls("New", 2), "loader/entries/old.conf": bls("Old", 1)}


@every_arch
def test_tries_in_names(start, arch, tmp_path):
    """+3 becomes +2-1 and so on; then the next good entry boots, and goes on to."""
    v = Volume(start, arch, tmp_path, TWO)
    for name in ["new+2-1.conf", "new+1-2.conf", "new+0-3.conf"]:
        booted, _ = v.boot()
        assert booted == "New"
        assert v.names("loader/entries") == {name, "old.conf"}
        v.check()
    assert v.boot()[0] == "Old"
    assert v.boot()[0] == "Old"
    assert v.names("loader/entries") == {"new+0-3.conf", "old.conf"}
    said, = v.monitor("boot explain")
    assert re.search(r"New\n(.*\n)*? +tries +0 left, 3 done", said)
    assert "default: old, the first configured one" in said


@every_arch
def test_uki_is_counted(start, arch, tmp_path):
    """All of it lies in the file that gets another name."""
    machine = {"riscv64": 0x5064, "aarch64": 0xAA64}[arch]
    uki = linux.pe(machine, [(b".osrel", b"PRETTY_NAME=Uki\n"), (b".linux", kernel(arch))])
    v = Volume(start, arch, tmp_path, {"EFI/Linux/a+10.efi": uki})
    assert v.boot()[0] == "Uki"
    assert v.names("EFI/Linux") == {"a+9-1.efi"}
    assert v.boot()[0] == "Uki"
    assert v.names("EFI/Linux") == {"a+8-2.efi"}
    v.check()


@every_arch
def test_what_cannot_be_loaded_on_trial_falls_back_at_once(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, {**TWO, "loader/entries/new+3.conf": bls("New", 2, "/gone")})
    booted, said = v.boot()
    assert booted == "Old"
    assert "/gone: no such thing" in said
    assert "New could not be booted: falling back to Old" in said
    assert v.names("loader/entries") == {"new+2-1.conf", "old.conf"}


LABELS = {"extlinux/extlinux.conf": "default a\ntimeout 1\nlabel a\n\tlinux /k\n"
          "label b\n\tlinux /k\nlabel c d\n\tlinux /k\nlabel broken\n\tlinux /gone\n"}


@every_arch
def test_once_and_default_from_the_monitor(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, LABELS)
    assert v.boot()[0] == "a"
    with pytest.raises(subprocess.CalledProcessError):
        v.names("plinth")                       # nobody asked for it
    state, once = v.monitor("boot state", "boot once b")
    assert "nothing is remembered" in state
    assert "once\tb" in once
    assert v.names("plinth") == {"state.0", "state.1"}
    booted, said = v.boot()
    assert booted == "b"
    assert "b: remembered for one boot\n" in said
    assert v.boot()[0] == "a"
    v.monitor("boot default 3", "boot once b")
    said, = v.monitor("boot explain")
    assert "default: b, remembered for one boot" in said
    assert v.boot()[0] == "b"
    assert "default\tc d" in v.tool("show")
    assert v.boot()[0] == "c d"
    said, = v.monitor("boot explain")
    assert "default: c d, remembered as the default" in said
    v.monitor("boot default")
    assert v.boot()[0] == "a"
    v.check()


@every_arch
def test_default_from_the_menu(start, arch, tmp_path):
    """With a countdown of an hour, so that the key comes in time."""
    v = Volume(start, arch, tmp_path, {"extlinux/extlinux.conf": LABELS[
        "extlinux/extlinux.conf"].replace("timeout 1", "timeout 36000")})

    def menu(*expected_and_typed):
        console = v.machine()
        console.expect("a key shows the menu")
        console.send(" ")
        for expected, typed in expected_and_typed:
            console.expect(expected)
            console.send(typed)
        console.close()
    menu(("> .* a ", "2"), ("> .* b ", "d"), ("'b' is the default from now on", ""),
         ("> .* b .*, default", ""))
    said, = v.monitor("boot explain")
    assert "default: b, remembered as the default" in said
    menu(("> .* b .*, default", "d"), ("the configured one again", ""))
    said, = v.monitor("boot explain")
    assert "default: a, the first configured one" in said
    v.check()


@every_arch
def test_bootstate_sets_what_plinth_obeys(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, LABELS)
    v.tool("init")
    v.tool("default", "broken")
    v.tool("try", "broken", "2")
    for left in "10":
        booted, said = v.boot()
        assert booted == "a"
        assert "falling back to a" in said
        assert f"tries broken\t{left}" in v.tool("show")
    booted, said = v.boot()
    assert booted == "a"
    assert "a: what is remembered cannot boot or has no tries left; this can" in said
    assert "falling back" not in said
    v.tool("once", "b")
    assert v.boot()[0] == "b"
    assert "once" not in v.tool("show")
    v.tool("good", "broken")
    assert "tries" not in v.tool("show")
    console = v.machine()               # on no trial, it is waited for somebody to look
    console.expect("'broken'.*a key shows|/gone: no such thing")
    console.expect("Enter: boot")
    v.check()


@every_arch
def test_bootstate_arms_and_blesses_names(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, {**TWO, "plinth/x": ""})
    v.tool("try", "old", "5")
    assert v.names("loader/entries") == {"new+3.conf", "old+5.conf"}
    v.boot()
    v.tool("good", "new")
    assert v.names("loader/entries") == {"new.conf", "old+5.conf"}
    assert v.boot()[0] == "New"
    assert v.names("loader/entries") == {"new.conf", "old+5.conf"}


@every_arch
def test_read_only_disk(start, arch, tmp_path):
    """Once would be for ever, and is not; a try goes uncounted, which is said."""
    v = Volume(start, arch, tmp_path, LABELS)
    v.tool("init")
    v.tool("once", "b")
    v.tool("try", "a", "3")

    def boot_read_only():
        console = v.start(Machine(arch), "-kernel", images.binary(arch), "-drive",
                          f"file={v.disk},format=raw,if=none,id=disk,readonly=on",
                          "-device", "virtio-blk-pci,drive=disk")
        console.expect(r"entering (.+?) at 0x")
        booted, said = console.child.match[1], console.before()
        assert console.ended() == 0
        return booted, said
    booted, said = boot_read_only()
    assert booted == "a"
    assert "b is not booted: it was to be booted once, and would be for ever" in said
    assert "cannot be written: " in said and "write-protected" in said
    assert "a: that it is booted is not recorded" in said


@every_arch
def test_damaged_state(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, {**LABELS, "plinth/state.0": b"?" * 512,
                                       "plinth/state.1": b""})
    booted, said = v.boot()
    assert booted == "a"
    assert "warning: virtio0p1:/plinth: state.0 and state.1 are damaged: nothing is" in said
    v.monitor("boot default b")
    assert v.boot()[0] == "b"
    assert "default\tb" in v.tool("show")
    v.check()


@every_arch
def test_log_of_the_boot(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, {**LABELS, "plinth/boot.log": b"old " * 50000})
    v.boot()
    log = v.mtools("mtype", "::plinth/boot.log")
    assert log.startswith("a, virtio0p1:/extlinux/extlinux.conf\n")
    assert "old" not in log
    assert re.search(r"^ +\d+\.\d{6} info +Plinth ", log, re.MULTILINE)
    steps = re.findall(r"debug +(\d+\.\d{3}) ms  (\S+)", log)
    assert [what for _, what in steps] == \
        ["reset", "entered", "tree", "devices", "configurations", "chosen", "/k:", "hand-off"]
    times = [float(at) for at, _ in steps]
    assert times == sorted(times)
    assert re.search(r"/k: 4 KiB in \d+\.\d{3} ms, \d+ MB/s", log)
    assert v.names("plinth") == {"boot.log"}
    v.check()


@every_arch
def test_timeline_on_request(start, arch, tmp_path):
    v = Volume(start, arch, tmp_path, LABELS)
    _, said = v.monitor("boot broken", "boot timeline")
    assert [line.split()[2] for line in said.splitlines()] == \
        ["reset", "entered", "tree", "devices", "configurations", "chosen"]
