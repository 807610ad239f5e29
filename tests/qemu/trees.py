# SPDX-License-Identifier: BSD-2-Clause
"""Device trees for tests: QEMU's own, changed as source text, or broken byte by byte."""
import struct
import subprocess

MAGIC = 0xd00dfeed


def source(tree):
    """The tree in a file as dtc's source."""
    return source_of(tree.read_bytes())


def source_of(data):
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", "-"], input=data,
                          check=True, capture_output=True).stdout.decode()


def compiled(text, *options):
    """The bytes of a tree, or of an overlay, from its source."""
    return subprocess.run(["dtc", "-q", *options, "-I", "dts", "-O", "dtb", "-"],
                          input=text.encode(), check=True, capture_output=True).stdout


def edited(machine, directory, changes, *arguments, reserve=""):
    """QEMU's tree for a machine, with @changes merged after it by dtc, and /memreserve/ lines."""
    text = source(machine.tree(directory / "qemu.dtb", *arguments))
    text = text.replace("/dts-v1/;", "/dts-v1/;\n" + reserve) + changes
    path = directory / "edited.dtb"
    path.write_bytes(compiled(text))
    return path


def compact(tree):
    """A tree's bytes without the room that QEMU leaves at the end: totalsize is what is used."""
    data = tree.read_bytes()
    _, _, off_struct, off_strings, _, _, _, _, size_strings, size_struct = \
        struct.unpack_from(">10I", data)
    used = max(off_strings + size_strings, off_struct + size_struct)
    return patch(data[:used], 4, used)


def patch(data, offset, *words):
    """Big-endian 32-bit words written over the bytes at an offset."""
    new = bytearray(data)
    struct.pack_into(f">{len(words)}I", new, offset, *words)
    return bytes(new)


def field(data, index):
    """A field of the header (DT 0.4, 5.2): magic, totalsize, off_dt_struct, off_dt_strings, ..."""
    return struct.unpack_from(">I", data, 4 * index)[0]
