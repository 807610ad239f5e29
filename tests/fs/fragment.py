#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tests/fs/fragment.py interleave|shuffle IMAGE[@@OFFSET] [--seed N] PATH...: scatter files of a
FAT image.

The files named change places among the clusters that they have together. interleave: they take
turns, so with two files of one size each cluster is followed by a foreign one. shuffle: any order.
"""
import argparse
import random
import struct
import sys


class Fat:
    """As much of a FAT volume as moving files takes."""

    def __init__(self, image, start):
        self.file, self.start = image, start
        b = self.read(0, 512)
        self.sector, per_cluster, reserved, self.fats, root, total16 = struct.unpack_from(
            "<HBHBHH", b, 11)
        total = total16 or struct.unpack_from("<I", b, 32)[0]
        fat = struct.unpack_from("<H", b, 22)[0] or struct.unpack_from("<I", b, 36)[0]
        self.cluster = self.sector * per_cluster
        self.fat_at, self.fat_bytes = reserved * self.sector, fat * self.sector
        self.root_at, self.root_bytes = self.fat_at + self.fats * self.fat_bytes, root * 32
        self.data_at = self.root_at + -(-self.root_bytes // self.sector) * self.sector
        clusters = (total * self.sector - self.data_at) // self.cluster
        self.bits = 12 if clusters < 4085 else 16 if clusters < 65525 else 32
        self.root_cluster = struct.unpack_from("<I", b, 44)[0] if self.bits == 32 else 0
        self.table = bytearray(self.read(self.fat_at, self.fat_bytes))

    def read(self, offset, size):
        self.file.seek(self.start + offset)
        return self.file.read(size)

    def write(self, offset, data):
        self.file.seek(self.start + offset)
        self.file.write(data)

    def next(self, cluster):
        if self.bits == 12:
            pair = struct.unpack_from("<H", self.table, cluster * 3 // 2)[0]
            return pair >> 4 if cluster & 1 else pair & 0xfff
        if self.bits == 16:
            return struct.unpack_from("<H", self.table, cluster * 2)[0]
        return struct.unpack_from("<I", self.table, cluster * 4)[0] & 0xfffffff

    def set_next(self, cluster, value):
        if self.bits == 12:
            at = cluster * 3 // 2
            pair = struct.unpack_from("<H", self.table, at)[0]
            pair = pair & 0xf | value << 4 if cluster & 1 else pair & 0xf000 | value
            struct.pack_into("<H", self.table, at, pair)
        elif self.bits == 16:
            struct.pack_into("<H", self.table, cluster * 2, value)
        else:
            struct.pack_into("<I", self.table, cluster * 4, value)

    def chain(self, cluster):
        end = (1 << min(self.bits, 28)) - 9
        found = []
        while 2 <= cluster < end:
            found.append(cluster)
            cluster = self.next(cluster)
        return found

    def place(self, cluster):
        return self.data_at + (cluster - 2) * self.cluster

    def entries(self, cluster):
        """(name, where its entry lies, the entry) of a directory; long names where there are."""
        if cluster or self.root_cluster:
            places = [(self.place(c), self.cluster) for c in self.chain(cluster
                                                                       or self.root_cluster)]
        else:
            places = [(self.root_at, self.root_bytes)]
        name = ""
        for at, size in places:
            data = self.read(at, size)
            for i in range(0, size, 32):
                e = data[i:i + 32]
                if e[0] == 0:
                    return
                if e[0] == 0xe5:
                    name = ""
                elif e[11] == 0x0f:
                    part = (e[1:11] + e[14:26] + e[28:32]).decode("utf-16-le", "replace")
                    name = part.split("\0")[0] + name
                else:
                    short = e[:8].decode("latin1").rstrip()
                    extension = e[8:11].decode("latin1").rstrip()
                    yield name or short + (f".{extension}" if extension else ""), at + i, e
                    name = ""

    def find(self, path):
        cluster, at = 0, None
        for name in path.strip("/").split("/"):
            for found, at, e in self.entries(cluster):
                if found.casefold() == name.casefold():
                    cluster = struct.unpack_from("<H", e, 26)[0] | struct.unpack_from("<H", e, 20)[
                        0] << 16
                    break
            else:
                raise SystemExit(f"{path}: there is no {name}")
        return at, cluster

    def move(self, files, assign):
        """Give the files other clusters: assign(lists of clusters) -> the new lists."""
        found = [self.find(path) for path in files]
        old = [self.chain(cluster) for _, cluster in found]
        new = assign(old)
        data = [b"".join(self.read(self.place(c), self.cluster) for c in chain) for chain in old]
        for (entry, _), chain, contents in zip(found, new, data):
            for i, cluster in enumerate(chain):
                self.write(self.place(cluster), contents[i * self.cluster:(i + 1) * self.cluster])
                last = i + 1 == len(chain)
                self.set_next(cluster, (1 << min(self.bits, 28)) - 1 if last else chain[i + 1])
            if chain:
                self.write(entry + 20, struct.pack("<H", chain[0] >> 16))
                self.write(entry + 26, struct.pack("<H", chain[0] & 0xffff))
        for i in range(self.fats):
            self.write(self.fat_at + i * self.fat_bytes, self.table)


def interleave(chains):
    places = iter(sorted(c for chain in chains for c in chain))
    new = [[] for _ in chains]
    while any(len(n) < len(c) for n, c in zip(new, chains)):
        for n, c in zip(new, chains):
            if len(n) < len(c):
                n.append(next(places))
    return new


def shuffle(chains, seed=1):
    places = sorted(c for chain in chains for c in chain)
    random.Random(seed).shuffle(places)
    places = iter(places)
    return [[next(places) for _ in chain] for chain in chains]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how", choices=["interleave", "shuffle"])
    parser.add_argument("image", metavar="IMAGE[@@OFFSET]")
    parser.add_argument("path", nargs="+")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    name, _, offset = options.image.partition("@@")
    with open(name, "r+b") as image:
        Fat(image, int(offset or 0)).move(
            options.path, interleave if options.how == "interleave"
            else lambda chains: shuffle(chains, options.seed))


if __name__ == "__main__":
    sys.exit(main())
