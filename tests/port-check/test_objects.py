# SPDX-License-Identifier: BSD-2-Clause
"""port-check finds out what the image would: by the same objects, with no other eyes on trees."""
import re
import subprocess

import pytest

from conftest import OUT, PORT_CHECK, TOP

# What moves, allocates and starts a machine of our own.
TARGET_ONLY = {"lib/start.o", "lib/heap.o", "boot/main.o"}


def linked(map_file, folder):
    """The objects that a linker says it loaded, without those of libc."""
    text = map_file.read_text(errors="replace")
    names = re.findall(r"^LOAD (\S+\.o)$", text, re.M) or re.findall(r"(\S+?\.o):\(", text)
    assert names, f"{map_file} names no object"
    top = f"{folder}/"
    objects = {n.partition(top)[2] for n in names if top in n}
    # what the build makes up by itself, such as the table of symbols, has no source
    return {o for o in objects if o.startswith("libfdt/") or (TOP / o).with_suffix(".c").exists()}


@pytest.mark.parametrize("arch", ["riscv64", "aarch64"])
def test_same_objects_as_the_image(arch):
    image = {o for o in linked(OUT / arch / "plinth.map", arch) if not o.startswith("arch/")}
    ours = linked(PORT_CHECK.with_suffix(".map"), "host")
    assert image - TARGET_ONLY == {
        o for o in ours if not o.startswith(("arch/", "tools/"))}
    assert any(o.startswith("libfdt/") for o in image) and "lib/dt_reg.o" in image


def undefined(path):
    listed = subprocess.run(["nm", "-u", path], capture_output=True, text=True, check=True)
    return {line.split()[-1] for line in listed.stdout.splitlines()}


def test_only_lib_reads_trees():
    objects = sorted((OUT / "host/tools/port-check").glob("*.o"))
    assert objects
    for path in objects:
        calls = {name for name in undefined(path) if name.startswith("fdt_")}
        # to write one property is not to read
        allowed = {"fdt_open_into", "fdt_add_subnode", "fdt_setprop"} \
            if path.stem == "memory" else set()
        assert calls <= allowed, f"{path.name} reads the tree by itself: {calls - allowed}"
