# SPDX-License-Identifier: BSD-2-Clause
"""memcpy, memmove and memset, ours or the C library's, on the target."""
import pytest

import images
from machine import Machine
from test_examples import both, every_arch, program


@both
@every_arch
def test_copies_and_fills(start, arch, compiler):
    image = program(arch, compiler, "tests/qemu/programs/memory").with_suffix(".bin")
    console = start(Machine(arch), "-kernel", image)
    found = console.expect(r"memory: (\d+) cases, (\d+) wrong")
    assert int(found[1]) == 81 * 12 * (1 + 2 * 12) and int(found[2]) == 0, console.before()
    assert console.ended() == 0
