#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What is broken, and the sentence that says so.

    cases.py ARCH MACHINE DIRECTORY RAM    writes NAME/..., the files of a volume, and NAME.expect:
                                       a line for each entry of it, "id sentence"

An id of "-" is what `boot explain` says of the volume; a sentence that ends with " boots" is said,
and it boots anyway. ARCH is that of the Linux Images, MACHINE the number in ELF and PE headers.
tests/boot/broken_test.c takes all on the workstation, tests/qemu/test_broken.py most in QEMU.
"""
import functools
import gzip
import lzma
import pathlib
import struct
import subprocess
import sys

MIB = 1 << 20
MACHINES = {"riscv64": (243, 0x5064), "aarch64": (183, 0xAA64)}    # of ELF, of PE
OTHER = {"riscv64": "aarch64", "aarch64": "riscv64"}
NAMES = {"riscv64": "RISC-V", "aarch64": "arm64"}
CUT = "it ends in the middle"
ROOM = "more comes out than there is room for"


# ---- Files that are whole ----

def image(arch, memory=2 * MIB, offset=None, flags=0, size=8192):
    """A Linux Image as far as its header goes, with a body that does not pack well."""
    if offset is None:
        offset = 0x200000 if arch == "riscv64" else 0
    head = bytearray(64)
    struct.pack_into("<QQQ", head, 8, offset, memory, flags)
    if arch == "riscv64":
        head[48:56], head[56:60] = b"RISCV\0\0\0", b"RSC\x05"
    else:
        head[56:60] = b"ARM\x64"
    body, state = bytearray(), 1
    while len(body) < size - 64:
        state = (state * 1103515245 + 12345) % (1 << 31)
        body.append(state >> 16 & 0x3f)
    return bytes(head + body)


def pe(machine, sections, align=512):
    at, body = 4096, b""
    head = b"MZ".ljust(60, b"\0") + struct.pack("<I", 64) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", machine, len(sections), 0, 0, 0, 16, 0) + bytes(16)
    for name, data in sections:
        padded = data + bytes(-len(data) % align)
        head += struct.pack("<8sIIIIIIHHI", name, len(data), at, len(padded), at, 0, 0, 0, 0, 0)
        at += len(padded)
        body += padded
    return head.ljust(4096, b"\0") + body


def with_pe(arch, machine, size):
    """An Image that is an EFI program, too: its section says where the file ends."""
    whole = bytearray(image(arch, size=size))
    whole[0:2] = b"MZ"
    struct.pack_into("<I", whole, 60, 64)
    struct.pack_into("<4sHHIIIHH", whole, 64, b"PE\0\0", machine, 1, 0, 0, 0, 0, 0)
    struct.pack_into("<8sIIII", whole, 88, b".text", size, 4096, size - 4096, 4096)
    return bytes(whole)


def elf(machine, segments, entry=None, kind=2, bits=2, order=1, tables=None):
    """segments: (type, offset, physical, bytes in the file, bytes in memory)"""
    head = b"\x7fELF" + bytes([bits, order, 1]) + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", kind, machine, 1,
                        segments[0][2] if entry is None and segments else entry or 0, 64, 0, 0,
                        64, tables or 56, len(segments), 0, 0, 0)
    for kind, offset, at, in_file, in_memory in segments:
        head += struct.pack("<IIQQQQQQ", kind, 7, offset, at, at, in_file, in_memory, 4096)
    return head.ljust(8192, b"\x13")


def zboot(payload, name=b"gzip", offset=64, size=None):
    head = b"MZ\0\0zimg" + struct.pack("<II", offset, len(payload) if size is None else size)
    return (head + bytes(8) + name).ljust(64, b"\0") + payload


def tool(command, data):
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


pack_gzip = functools.partial(gzip.compress, mtime=0)
PACKERS = {
    "gzip": pack_gzip,
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "zstd": lambda data: tool(["zstd", "-q", "-c", "--check"], data),
    "lz4": lambda data: tool(["lz4", "-q", "-c"], data),
    "lz4-legacy": lambda data: tool(["lz4", "-q", "-l", "-c"], data),
}


def tree(source):
    return tool(["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-"], source.encode())


def changed(data, at, to):
    return data[:at] + to + data[at + len(to):]


# ---- Cases ----

def kernels(arch, machine):
    """name -> (file, sentence)"""
    good, other = image(arch), NAMES[OTHER[arch]]
    none = f"it is no {NAMES[arch]} Linux Image"
    cases = {
        "empty": (b"", "it is empty"),
        "ten-bytes": (good[:10], none),
        "63-bytes": (good[:63], none),
        "text": (b"#!/bin/sh\n" * 100, none),
        "zeroes": (bytes(4096), none),
        "other-arch": (image(OTHER[arch]), f"it is a Linux Image for {other}"),
        "big-endian": (image(arch, flags=1), "it is a big-endian kernel"),
        "too-big": (image(arch, memory=1 << 40),
                    "there is no place for the kernel (1 TiB) in free memory, whose largest"),
        "size-lies": (image(arch, memory=(1 << 64) - 1), "there is no place for the kernel ("),
        "text-offset": (image(arch, offset=1 << 44),
                        "its header says text_offset 0x100000000000, which cannot be"),
        "cut": (with_pe(arch, machine[1], 12288)[:9000],
                "it is cut off: a section is not in the file"),
        "cut-gzip": (pack_gzip(with_pe(arch, machine[1], 12288)[:9000]),
                     "unpacked, it is cut off: a section is not in the file"),
    }
    for name, pack in PACKERS.items():
        packed = pack(good)
        for where, at in ("head", 8), ("start", 40), ("middle", len(packed) // 2):
            cases[f"{name}-cut-{where}"] = packed[:at], CUT
        cases[f"{name}-cut-end"] = packed[:-1], CUT
        cases[f"{name}-junk"] = pack(b"junk" * 2000), f"unpacked, {none}"
        cases[f"{name}-other-arch"] = (pack(image(OTHER[arch])),
                                       f"unpacked, it is a Linux Image for {other}")
    packed = PACKERS["gzip"](good)
    half = len(packed) // 2
    cases |= {
        "gzip-damaged": (changed(packed, half, bytes(64)), "its gzip "),
        "gzip-sum": (changed(packed, len(packed) - 8, b"\1\2\3\4"), "its gzip checksum is wrong"),
        "gzip-flags": (changed(packed, 3, b"\xe0"), "a gzip header with unknown flags"),
        "gzip-of-nothing": (PACKERS["gzip"](b""), f"unpacked, {none}"),
        "gzip-of-gzip": (PACKERS["gzip"](packed), f"unpacked, {none}"),
        "gzip-too-big": (PACKERS["gzip"](image(arch, memory=1 << 40)),
                         "there is no place for the kernel (1 TiB)"),
        "gzip-text-offset": (PACKERS["gzip"](image(arch, offset=1 << 44)), "its header says text"),
        "zstd-damaged": (changed(PACKERS["zstd"](good), 2000, bytes(200)), "its zstd "),
        "xz-damaged": (changed(PACKERS["xz"](good), 2000, bytes(200)), "its xz data is damaged"),
        "lz4-damaged": (changed(PACKERS["lz4"](good), 2000, bytes(200)), "lz4"),
        "zboot-beyond": (zboot(packed, size=1 << 20),
                         "it is cut off: its packed kernel is not in the file"),
        "zboot-offset": (zboot(packed, offset=1 << 31),
                         "it is cut off: its packed kernel is not in the file"),
        "zboot-empty": (zboot(b""), "its packed kernel is empty"),
        "zboot-unknown": (zboot(b"\x5d\0\0\x80" + bytes(100), b"lzma"),
                          "its kernel is packed in a way that is not known here"),
        "zboot-name-lies": (zboot(bytes(100), b"gzip"),
                            "its kernel is packed in a way that is not known here"),
        "zboot-cut": (zboot(packed[:half]), CUT),
        "zboot-other-arch": (zboot(PACKERS["gzip"](image(OTHER[arch]))),
                             f"unpacked, it is a Linux Image for {other}"),
    }
    return cases


def programs(machine, ram):
    """ELF files; @ram is where some of it is free."""
    m, fine = machine[0], (1, 4096, ram, 100, 200)
    shift = (1, 4096, ram + 4096, 100, 200)
    far = 1 << 46
    cases = {
        "elf-32-bit": (elf(m, [fine], bits=1), "not of 64 bits, little-endian"),
        "elf-big-endian": (elf(m, [fine], order=2), "not of 64 bits, little-endian"),
        "elf-other-arch": (elf(62, [fine]), "it is an ELF file for another architecture"),
        "elf-object": (elf(m, [fine], kind=1), "not a program that was linked"),
        "elf-cut-header": (elf(m, [fine])[:40], "its ELF header is not whole"),
        "elf-cut-tables": (elf(m, [fine])[:100], "its ELF program headers are not whole"),
        "elf-cut": (elf(m, [(1, 4096, ram, 5000, 5000)]), "an ELF segment is not in the file"),
        "elf-tables": (elf(m, [fine], tables=32), "its ELF program headers are damaged"),
        "elf-size": (elf(m, [(1, 4096, ram, 200, 100)]), "an ELF segment has a size that cannot"),
        "elf-wraps": (elf(m, [(1, 4096, (1 << 64) - 4096, 100, 8192)]),
                      "an ELF segment has a size that cannot be"),
        "elf-overlap": (elf(m, [fine, (1, 4096, ram + 100, 10, 10)]),
                        "its ELF segments overlap in memory"),
        "elf-no-ram": (elf(m, [(1, 4096, far, 100, 100)]),
                       f"the program wants to be at {far:#x}, and there is no RAM at {far:#x}"),
        "elf-half-in-ram": (elf(m, [fine, (1, 4096, far, 100, 100)]),
                            "the program wants to be at 0x"),
        "elf-too-big": (elf(m, [(1, 4096, ram, 100, 1 << 44)]), "the program wants to be at "),
        "elf-nothing": (elf(m, [(4, 4096, ram, 10, 10)]), "there is nothing to load in this ELF"),
        "elf-entry": (elf(m, [fine], entry=ram + 200), "its ELF entry point is in none of its seg"),
        "elf-interpreter": (elf(m, [(3, 4096, ram, 10, 10), fine]), "for an operating system"),
        "elf-many": (elf(m, [(1, 4096, ram + 4096 * i, 10, 10) for i in range(17)]),
                     "it has too many ELF segments"),
    }
    cases["elf-gzip-no-ram"] = pack_gzip(cases["elf-no-ram"][0]), "there is no RAM at "
    cases["elf-gzip-cut"] = pack_gzip(elf(m, [shift])[:4100]), "is not in the file"
    return cases


OVERLAY = "/dts-v1/; /plugin/; / { fragment@0 { %s; __overlay__ { broken; }; }; };"


def labels(arch):
    """What else a label can name: name -> (its lines, files, sentence); @ is where the files are"""
    blob, base, found = tree("/dts-v1/; / { compatible = \"x\"; };"), {"k": image(arch)}, {
        "kernel-missing": ("linux @/gone", {}, "/gone: no such thing (ENOENT)"),
        "kernel-directory": ("linux @/d", {"d/x": b""}, "/d: is a directory (EISDIR)"),
        "kernel-in-file": ("linux @/k/x", {"k": b"x"}, "/k/x: "),
        "kernel-above-root": ("linux /../../gone", {}, "/../../gone: "),
        "kernel-long-name": (f"linux /{'x' * 300}", {}, "xx: no such thing (ENOENT)"),
        "no-kernel": ("append quiet", {}, "its label names no kernel"),
        "localboot": ("localboot 1", {}, "it says to boot without a kernel (localboot)"),
        "fit": ("fit /image.fit", {}, "it is a FIT image (/image.fit), which is not known here"),
        "fit-part": ("linux /image.fit#conf", {}, "it wants a part of a FIT image"),
    }

    def add(name, line, files, sentence):
        found[name] = f"linux @/k\n{line}", {**base, **files}, sentence

    add("initrd-missing", "initrd @/gone", {}, "/gone: no such thing (ENOENT)")
    add("initrd-second", "initrd @/i,@/gone", {"i": b"x"}, "/gone: no such thing (ENOENT)")
    add("initrd-directory", "initrd @/d", {"d/x": b""}, "/d: is a directory (EISDIR)")
    add("fdt-missing", "fdt @/gone", {}, "/gone: no such thing (ENOENT)")
    add("fdt-empty", "fdt @/t", {"t": b""}, "/t: ")
    add("fdt-text", "fdt @/t", {"t": b"/dts-v1/;\n" * 20}, "/t: ")
    add("fdt-cut", "fdt @/t", {"t": blob[:-10]}, "/t: ")
    add("fdt-damaged", "fdt @/t", {"t": changed(blob, 60, b"\xff" * 8)}, "/t: ")
    add("fdt-large", "fdt @/t", {"t": bytes(3 * MIB)}, "/t: it is too large for a device tree")
    add("overlay-missing", "fdtoverlays @/gone", {}, "/gone: no such thing (ENOENT)")
    add("overlay-large", "fdtoverlays @/o", {"o": bytes(3 * MIB)},
        "/o: it is too large for an overlay")
    add("overlay-no-fragments", "fdtoverlays @/o", {"o": blob},
        "/o: it has no fragments: is it a device tree of its own?")
    add("overlay-cut", "fdtoverlays @/o", {"o": blob[:-10]}, "/o: ")
    for name, target, sentence in (
            ("path", 'target-path = "/soc/nothing@5"',
             "/o: the device tree has no node /soc/nothing@5, where fragment@0 goes"),
            ("label", "target = <&nothing>", "/o: "),
            ("no-target", "x", "/o: fragment@0 has neither target nor target-path"),
            ("phandle", "target = <0x7777>",
             "/o: the target of fragment@0 is no phandle of the device tree")):
        add(f"overlay-{name}", "fdtoverlays @/o", {"o": tree(OVERLAY % target)}, sentence)
    add("overlay-second", "fdtoverlays @/a @/o",
        {"a": tree(OVERLAY % 'target-path = "/"'), "o": tree(OVERLAY % 'target-path = "/none"')},
        "/o: the device tree has no node /none, where fragment@0 goes")
    return found


def ukis(arch, machine):
    """name -> (file, sentence)"""
    good = [(b".osrel", b"ID=x\n"), (b".cmdline", b"quiet"), (b".linux", image(arch))]
    whole = pe(machine[1], good)
    twice = "it has two sections called "
    return {
        "uki-empty": (b"", "it is too short for an EFI program"),
        "uki-text": (b"x" * 5000, "it is no EFI program (no MZ header)"),
        "uki-no-pe": (changed(whole, 64, b"NE"), "it is no EFI program (no PE header)"),
        "uki-pe-beyond": (changed(whole, 60, b"\xff" * 4), "it is no EFI program"),
        "uki-other-arch": (pe(0x8664, good), "it is an EFI program for another architecture"),
        "uki-no-kernel": (pe(machine[1], good[:2]), "(no .linux section)"),
        "uki-empty-kernel": (pe(machine[1], good[:2] + [(b".linux", b"")]), "(no .linux section)"),
        "uki-cut": (whole[:6000], "it is cut off: a section is not in the file"),
        "uki-cut-tables": (whole[:100], "it is cut off: a section is not in the file"),
        "uki-many": (changed(whole, 70, b"\xff\xff"), "it has too many sections"),
        "uki-two-kernels": (pe(machine[1], good + good[2:]), twice + ".linux"),
        "uki-two-initrds": (pe(machine[1], good + [(b".initrd", b"x")] * 2), twice + ".initrd"),
        "uki-long-cmdline": (pe(machine[1], [(b".cmdline", b"x" * 20000)] + good[2:]),
                             "its section .cmdline cannot be read"),
        "uki-junk-kernel": (pe(machine[1], good[:2] + [(b".linux", b"junk" * 50)]),
                            "it is no "),
        "uki-bad-tree": (pe(machine[1], good + [(b".dtb", b"junk" * 50)]), ".efi: "),
    }


def configurations(arch):
    """name -> (files, id, sentence)"""
    good, conf, entry = image(arch), "extlinux/extlinux.conf", "loader/entries/a.conf"
    fine, nothing = b"label a\nlinux /k\n", "there is no label in it"
    no_text, large = "it is not a text file", "it is larger than 64 KiB"
    return {
        "conf-nul": ({conf: fine + b"\0", "k": good}, "-", no_text),
        "conf-utf-16": ({conf: fine.decode().encode("utf-16")}, "-", no_text),
        "conf-large": ({conf: fine + b"#" * 70000}, "-", large),
        "conf-directory": ({conf + "/x": b""}, "-", "it is a directory"),
        "conf-empty": ({conf: b""}, "-", nothing),
        "conf-no-label": ({conf: b"default a\ntimeout 5\n# label a\n"}, "-", nothing),
        "conf-junk": ({conf: bytes(range(1, 256)) * 20}, "-", nothing),
        "conf-default": ({conf: b"default b\n" + fine, "k": good}, "-",
                         "its default, 'b', is none of its entries boots"),
        "conf-default-pattern": ({conf: b"default ?\n" + fine, "k": good}, "-",
                                 "its default, '?', is none of its entries boots"),
        "conf-include": ({conf: fine + b"include more.conf\n", "k": good}, "-",
                         "line 3: 'include' is not known here, and skipped boots"),
        "conf-long-line": ({conf: fine + b"x" * 5000 + b"\n", "k": good}, "-",
                           f"line 3: '{'x' * 40}' is not known here, and skipped boots"),
        "conf-control": ({conf: b"label a\n\x1b[2Jlinux /k\n"}, "-",
                         "line 2: '?[2Jlinux' is not known here"),
        "bls-no-kernel": ({entry: b"title x\n"}, "a", "it names no kernel (linux)"),
        "bls-empty": ({entry: b""}, "a", "it names no kernel (linux)"),
        "bls-other-arch": ({entry: b"linux /k\narchitecture ia64\n", "k": good}, "a",
                           "it is for another architecture (ia64, this is "),
        "bls-efi": ({entry: b"efi /shell.efi\n"}, "a", "it names an EFI program (/shell.efi)"),
        "bls-nul": ({entry: b"linux /k\n\0", "k": good}, "-", no_text),
        "bls-large": ({entry: b"linux /k\n" * 8000, "k": good}, "-", large),
        "bls-missing": ({entry: b"linux /gone\n"}, "a", "/gone: no such thing (ENOENT)"),
        "bls-timeout": ({"loader/loader.conf": b"timeout soon\n", entry: b"linux /k\n",
                         "k": good}, "-", "timeout soon is no time boots"),
        "bare-empty": ({"Image": b""}, "Image", "/Image: it is empty"),
        "bare-cut": ({"boot/vmlinuz": pack_gzip(good)[:1000]}, "vmlinuz", f"/vmlinuz: {CUT}"),
    }


def volumes(arch, machine, ram):
    """name -> (files, [(id, sentence)]); @ram: an address where something is free."""
    found = {name: (files, [(id_, sentence)])
             for name, (files, id_, sentence) in configurations(arch).items()}
    for volume, cases in (
            ("kernels", {n: ("linux @/k", {"k": data}, sentence)
                         for n, (data, sentence) in kernels(arch, machine).items()}),
            ("programs", {n: ("linux @/k", {"k": data}, sentence)
                          for n, (data, sentence) in programs(machine, ram).items()}),
            ("labels", labels(arch))):
        conf, files = "", {}
        for name, (lines, its, _) in cases.items():
            conf += f"label {name}\n{lines.replace('@', '/' + name)}\n"
            files |= {f"{name}/{path}": data for path, data in its.items()}
        found[volume] = ({"extlinux/extlinux.conf": conf.encode(), **files},
                         [(name, case[2]) for name, case in cases.items()])
    programs_of_efi = ukis(arch, machine)
    found["ukis"] = ({f"EFI/Linux/{n}.efi": data for n, (data, _) in programs_of_efi.items()},
                     [(name, sentence) for name, (_, sentence) in programs_of_efi.items()])
    return found


def write(volume, directory):
    """The files of one."""
    for path, data in volume[0].items():
        to = directory / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)


def main():
    arch, number, directory = sys.argv[1], int(sys.argv[2], 0), pathlib.Path(sys.argv[3])
    for name, volume in volumes(arch, (number, number), int(sys.argv[4], 0)).items():
        write(volume, directory / name)
        (directory / f"{name}.expect").write_text(
            "".join(f"{id_} {sentence}\n" for id_, sentence in volume[1]))


if __name__ == "__main__":
    main()
