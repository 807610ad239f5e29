# SPDX-License-Identifier: BSD-2-Clause
"""Debian's kernel with a userland that says what it sees, on disks laid out as real tools do it."""
import functools
import gzip
import os
import struct
import subprocess
from pathlib import Path

import images

USERLAND = images.BUILD / "debian-userland"
MARKER = "LINUX-IS-UP"

# What the init of the initramfs prints, each in a line "name=value", between two markers. From
# there on the kernel is silent (/proc/consoles waits until it is): what it says in the middle of a
# line makes two of it. The disk may take long; that an interrupt did not come, after which Linux's
# NVMe driver looks for itself in 30 s, is told.
INIT = f"""#!/bin/busybox sh
b=/bin/busybox
$b mkdir -p /proc /sys /dev /mnt
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev 2>/dev/null
for module in /modules/*; do $b insmod $module; done
disk= seconds=0
while [ -z "$disk" -a $seconds -lt 120 ]; do
    for d in /dev/vda1 /dev/nvme0n1p1; do [ -b $d ] && disk=$d; done
    [ -n "$disk" ] || $b sleep 1
    seconds=$((seconds + 1))
done
$b dmesg -n 1
$b cat /proc/consoles >/dev/null
echo {MARKER}
echo "cores=$($b nproc)"
echo "cmdline=$($b cat /proc/cmdline)"
echo "chosen=$($b ls /proc/device-tree/chosen | $b tr '\\n' ' ')"
cd /proc/device-tree/chosen
for name in linux,initrd-start linux,initrd-end kaslr-seed boot-hartid; do
    [ -e $name ] && echo "$name=$($b od -An -v -tx1 $name | $b tr -d ' \\n')"
done
for name in bootloader plinth,entry plinth,timeline stdout-path; do
    [ -e $name ] && echo "$name=$($b tr '\\0' ';' <$name)"
done
cd /proc/device-tree/plinth-test 2>/dev/null &&
    for name in *; do echo "test-$name=$($b od -An -v -tx1 $name | $b tr -d ' \\n')"; done
cd /
echo "iomem=$($b tr '\\n' ';' </proc/iomem)"
echo "crng=$($b dmesg | $b grep -m1 'crng init done')"
echo "kaslr=$($b dmesg | $b grep -m1 -i kaslr)"
echo "el=$($b dmesg | $b grep -o 'CPU: All CPU(s) started at EL[12]' | $b tail -c 4)"
echo "disk=$disk"
if $b mount -t vfat $disk /mnt; then
    echo "data=$($b sha256sum </mnt/data | $b cut -c1-64)"
    $b cat /sys/firmware/fdt >/mnt/fdt
    echo "written by Linux" >/mnt/from-linux && $b sync && echo "wrote=yes"
    $b umount /mnt
fi
echo "lost=$($b dmesg | $b grep -c 'completion polled')"
echo {MARKER}-DONE
$b poweroff -f
"""


def newc(files):
    """A cpio archive as Linux takes it: (name, mode, contents)."""
    out = bytearray()
    for number, (name, mode, data) in enumerate([*files, ("TRAILER!!!", 0, b"")], 1):
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out += b"070701" + b"".join(b"%08X" % f for f in fields) + name.encode() + b"\0"
        out += bytes(-len(out) % 4) + data
        out += bytes(-len(out) % 4)
    return bytes(out)


@functools.cache
def initramfs(arch):
    """Its path; made once in a test run."""
    path = images.BUILD / f"test-initramfs-{arch}-{os.getpid()}.gz"
    files = [("bin", 0o40755, b""), ("modules", 0o40755, b""), ("dev", 0o40755, b""),
             ("dev/console", 0o20600, b""),
             ("bin/busybox", 0o100755, (USERLAND / arch / "busybox").read_bytes()),
             ("init", 0o100755, INIT.encode())]
    files += [(f"modules/{m.name}", 0o100644, m.read_bytes())
              for m in sorted((USERLAND / arch / "modules").iterdir())]
    path.write_bytes(gzip.compress(newc(files), 1))
    return path


def pe(machine, sections):
    """A PE file with nothing but sections: what a UKI is to somebody without EFI."""
    at, body = 4096, b""
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, 16, 0) + bytes(16)
    for name, data in sections:
        padded = data + bytes(-len(data) % 512)
        head += struct.pack("<8sIIIIIIHHI", name, len(data), at, len(padded), at, 0, 0, 0, 0, 0)
        at += len(padded)
        body += padded
    return head.ljust(4096, b"\0") + body


PACKERS = {"plain": None, "gzip": ["gzip", "-1", "-c"], "zstd": ["zstd", "-q", "-1", "-c"],
           "lz4": ["lz4", "-q", "-1", "-c"], "xz": ["xz", "-0", "--check=crc32", "-c"]}


@functools.cache
def packed_kernel(arch, packing):
    kernel = images.kernel(arch)
    if packing == "plain":
        return kernel
    path = images.BUILD / f"test-kernel-{arch}-{packing}"
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists() or path.stat().st_mtime < kernel.stat().st_mtime:
        with open(kernel, "rb") as source, open(fresh, "wb") as to:
            subprocess.run(PACKERS[packing], stdin=source, stdout=to, check=True)
        fresh.rename(path)
    return path


def console_of(arch):
    return {"riscv64": "ttyS0", "aarch64": "ttyAMA0"}[arch]


SUFFIX = {"plain": "", "gzip": ".gz", "zstd": ".zst", "lz4": ".lz4", "xz": ".xz"}


def entry_of(form, packing):
    """What the entry of lay_out is called."""
    return {"extlinux": "a", "bls": "test-1", "uki": "test",
            "bare": f"Image{SUFFIX[packing]}"}[form]


def lay_out(directory, arch, form, packing, arguments, tree=None, overlays=()):
    """The files of a bootable volume, in a directory and as SOURCE:/PLACE of tools/mkdisk. A tree
    is a file's bytes, overlays are (name, bytes)."""
    kernel, initrd = packed_kernel(arch, packing), initramfs(arch)

    def write(name, text):
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())

    write("data", os.urandom(1 << 20))
    if tree and form != "uki":
        write("t/board.dtb", tree)
    for name, data in overlays:
        write(f"t/{name}", data)
    names = " ".join(f"/t/{name}" for name, _ in overlays)
    if form == "extlinux":
        write("extlinux/extlinux.conf", "default a\ntimeout 0\nlabel a\n\tmenu label Test\n"
              f"\tlinux /kernel\n\tinitrd /initrd\n\tappend {arguments}\n" +
              ("\tfdt /t/board.dtb\n" if tree else "") +
              (f"\tfdtoverlays {names}\n" if names else ""))
        return [directory, f"{kernel}:/kernel", f"{initrd}:/initrd"]
    if form == "bls":
        write("loader/loader.conf", "timeout 0\ndefault test*\n")
        write("loader/entries/test-1.conf", "title Test\nversion 1\nlinux /m/linux\n"
              f"initrd /m/initrd\noptions {arguments}\n" +
              ("devicetree /t/board.dtb\n" if tree else "") +
              (f"devicetree-overlay {names}\n" if names else ""))
        return [directory, f"{kernel}:/m/linux", f"{initrd}:/m/initrd"]
    if form == "uki":
        machine = {"riscv64": 0x5064, "aarch64": 0xAA64}[arch]
        write("EFI/Linux/test.efi", pe(machine, [
            (b".osrel", b"ID=test\nPRETTY_NAME=Test\n"), (b".cmdline", arguments.encode() + b"\n"),
            (b".linux", kernel.read_bytes()), (b".initrd", initrd.read_bytes()),
            *([(b".dtb", tree)] if tree else [])]))
        return [directory]
    assert form == "bare"
    write("cmdline.txt", arguments + "\n")
    return [directory, f"{kernel}:/Image{SUFFIX[packing]}", f"{initrd}:/initrd.gz"]


def make_disk(path, sources, *options):
    subprocess.run([images.TOP / "tools/mkdisk", "-q", *options, path, *map(str, sources)],
                   check=True)
    return path


def disk_arguments(path, transport):
    drive = ["-drive", f"file={path},format=raw,if=none,id=disk"]
    return drive + {
        "mmio-v1": ["-device", "virtio-blk-device,drive=disk"],
        "mmio-v2": ["-global", "virtio-mmio.force-legacy=false",
                    "-device", "virtio-blk-device,drive=disk"],
        "pci": ["-device", "virtio-blk-pci,drive=disk"],
        "nvme": ["-device", "nvme,drive=disk,serial=test"],
    }[transport]


def report(console):
    """What Linux says of itself: name -> value. Then it has powered off."""
    console.expect(MARKER + r"\r?\n")
    console.expect(MARKER + "-DONE")
    pairs = [line.partition("=") for line in console.before().splitlines()]
    said = {name: value for name, _, value in pairs if value or name}
    assert said.get("disk"), f"Linux found no disk:\n{console.before()}"
    assert said["lost"] == "0", "interrupts did not come: Linux looked for completions itself"
    return said


def iomem(said):
    """The lines of /proc/iomem: (first byte, last byte, name, how deep)."""
    rows = []
    for line in said["iomem"].split(";"):
        place, colon, name = line.partition(" : ")
        if colon:
            start, end = (int(number, 16) for number in place.split("-"))
            rows.append((start, end, name, (len(place) - len(place.lstrip())) // 2))
    return rows


def check_memory(said, ram, memory):
    """As /proc/iomem has it: all of RAM is there, and in it the kernel, and what is kept."""
    rows = iomem(said)
    top = [row for row in rows if row[3] == 0 and ram <= row[0] < ram + memory]
    assert {name.lower() for _, _, name, _ in top} <= {"system ram", "reserved"}, top
    assert sum(end - start + 1 for start, end, _, _ in top) == memory, top
    inside = [row for row in rows if row[3] and ram <= row[0] < ram + memory]
    assert any(name == "Kernel code" for _, _, name, _ in inside), rows
    start, end = (int(said[f"linux,initrd-{which}"], 16) for which in ("start", "end"))
    assert any(name.lower() == "reserved" and first <= start and end - 1 <= last
               for first, last, name, _ in inside), (said["iomem"], hex(start), hex(end))


def file_of(disk, name, tmp_path):
    """A file of the volume, by mtools."""
    to = Path(tmp_path) / "out"
    subprocess.run(["mcopy", "-n", "-i", f"{disk}@@1M", f"::{name}", to], check=True)
    return to.read_bytes()
